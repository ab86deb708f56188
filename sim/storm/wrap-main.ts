import { registerHooks } from "node:module";

const MAIN = new URL("../../executor/main.ts", import.meta.url);
const REAL = new URL("../../executor/create-executor.ts", import.meta.url);

/**
 * Runs the production main with the module that wires the rooms replaced as it is loaded, so that
 * production code holds no trace of crash points or clocks.
 */
export async function runMainWith(wiring: URL): Promise<void> {
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      const isWiring = found.url === REAL.href && context.parentURL === MAIN.href;
      return isWiring ? { ...found, url: wiring.href } : found;
    },
  });
  await import(MAIN.href);
}
