// Tells `cloudflare:workers` which module the tests run as the Worker.
declare namespace Cloudflare {
  interface GlobalProps {
    mainModule: typeof import("../index.ts");
  }
}
