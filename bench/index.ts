import { generateKeyPairSync } from "node:crypto";
import { cpus, totalmem, type } from "node:os";
import { parseArgs } from "node:util";
import { runExitFloor } from "./exit-floor.ts";
import { runExitLoad } from "./exit-load.ts";
import { EXIT_PAUSE_MS, runExitIdle } from "./exit-path.ts";
import { tableOf } from "./figures.ts";
import { runJournalBench } from "./journal.ts";
import { runQueueBench } from "./queues.ts";
import { runSignBench, runTradePathBench } from "./trade-path.ts";

/** `pnpm bench`: prints the figures that docs quote. Nothing here passes or fails. */
const { values } = parseArgs({
  options: {
    trades: { type: "string", default: "60" },
    seconds: { type: "string", default: "20" },
    /** Only the figures of exits: their full load takes minutes to set up. */
    exits: { type: "boolean", default: false },
  },
});

function machine(): string {
  const gib = (totalmem() / 2 ** 30).toFixed(0);
  const model = cpus()[0]?.model ?? "unknown processor";
  return `${cpus().length} x ${model}, ${gib} GiB, ${type()}, Node ${process.version}`;
}

process.stdout.write(`${machine()}\n\n`);
const { privateKey } = generateKeyPairSync("ed25519");
if (!values.exits) {
  process.stdout.write(`${tableOf([runSignBench(2_000, privateKey)])}\n\n`);
  process.stdout.write(`${tableOf(await runJournalBench())}\n\n`);
  process.stdout.write(`${tableOf(await runQueueBench())}\n\n`);
  process.stdout.write(`${tableOf(await runTradePathBench(Number(values.trades)))}\n\n`);
}
const load = { positions: 10_000, mints: 1_000, updatesPerSecond: 5_000, crossEvery: 100 };
const exits = [
  runSignBench(2_000, privateKey),
  ...(await runExitFloor(Number(values.trades), EXIT_PAUSE_MS)),
  ...(await runExitIdle(Number(values.trades))),
  ...(await runExitLoad({ ...load, seconds: Number(values.seconds) })),
];
process.stdout.write(`${tableOf(exits)}\n`);
