import { fileURLToPath } from "node:url";

const CONFIG = fileURLToPath(new URL("../../wrangler.toml", import.meta.url));

export interface EdgeProcess {
  close(): Promise<void>;
}

/** The real edge, bundled by wrangler and run by workerd on a real port. */
export async function startEdge(
  port: number,
  vars: Readonly<Record<string, string>>,
): Promise<EdgeProcess> {
  process.env["CLOUDFLARE_CF_FETCH_ENABLED"] = "false";
  process.env["WRANGLER_SEND_METRICS"] = "false";
  process.env["WRANGLER_LOG"] = "error";
  const { unstable_startWorker: startWorker } = await import("wrangler");
  const bindings = Object.fromEntries(
    Object.entries(vars).map(([name, value]) => [name, { type: "plain_text" as const, value }]),
  );
  const worker = await startWorker({
    config: CONFIG,
    bindings,
    dev: {
      server: { hostname: "127.0.0.1", port },
      logLevel: "error",
      inspector: false,
      watch: false,
      persist: false,
    },
  });
  await worker.ready;
  return { close: () => worker.dispose() };
}
