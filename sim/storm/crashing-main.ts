import { runMainWith } from "./wrap-main.ts";

/** The production main with crash points. */
await runMainWith(new URL("crashing-executor.ts", import.meta.url));
