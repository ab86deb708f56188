import { runMainWith } from "../sim/storm/wrap-main.ts";

/** The production main with clocks at its edges. */
await runMainWith(new URL("probed-executor.ts", import.meta.url));
