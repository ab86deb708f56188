import { fileURLToPath } from "node:url";

const CONFIG = fileURLToPath(new URL("../../wrangler.toml", import.meta.url));

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

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
  const before = new Map(SIGNALS.map((signal) => [signal, process.listeners(signal)]));
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
  // The bundler's own handlers end this process at once; the world has to stop in order first.
  for (const signal of SIGNALS) {
    for (const listener of process.listeners(signal)) {
      if (before.get(signal)?.includes(listener) !== true) process.off(signal, listener);
    }
  }
  return { close: () => worker.dispose() };
}
