import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

/**
 * The production main with clocks at its edges: the module that wires the rooms is wrapped as it is
 * loaded, so that production code holds no trace of a measurement.
 */
const MAIN = new URL("../executor/main.ts", import.meta.url);
const REAL = new URL("../executor/create-executor.ts", import.meta.url);
const WRAPPED = new URL("probed-executor.ts", import.meta.url);

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    const isWiring = found.url === REAL.href && context.parentURL === MAIN.href;
    return isWiring ? { ...found, url: WRAPPED.href } : found;
  },
});

await import(fileURLToPath(MAIN));
