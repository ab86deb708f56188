import { generateKeyPairSync } from "node:crypto";
import { parseArgs } from "node:util";
import { exitReport } from "./exit-report.ts";
import { tableOf } from "./figures.ts";
import { runJournalBench } from "./journal.ts";
import { machineLines } from "./machine.ts";
import { runQueueBench } from "./queues.ts";
import { runSoak } from "./soak.ts";
import { runSignBench, runTradePathBench } from "./trade-path.ts";

/** `pnpm bench`: prints the figures that docs quote. Only the targets of exits are judged. */
const { values } = parseArgs({
  options: {
    /** Samples of each figure that is not under load. */
    trades: { type: "string", default: "60" },
    /** How long each phase under load lasts. */
    seconds: { type: "string", default: "20" },
    positions: { type: "string", default: "10000" },
    pools: { type: "string", default: "1000" },
    updates: { type: "string", default: "5000" },
    /** One update in so many crosses a trigger; a soak must not run out of positions. */
    "cross-every": { type: "string" },
    /** Only the table of exits and buys: their full load takes minutes to set up. */
    exits: { type: "boolean", default: false },
    /** Only the full load, for minutes. */
    soak: { type: "boolean", default: false },
    minutes: { type: "string", default: "10" },
  },
});

process.stdout.write(`${machineLines()}\n\n`);
const load = {
  positions: Number(values.positions),
  mints: Number(values.pools),
  updatesPerSecond: Number(values.updates),
};
if (values.soak) {
  const crossEvery = Number(values["cross-every"] ?? "1000");
  await runSoak({ ...load, crossEvery }, Number(values.minutes));
} else {
  if (!values.exits) await printOthers();
  const crossEvery = Number(values["cross-every"] ?? "100");
  const seconds = Number(values.seconds);
  const table = await exitReport({
    samples: Number(values.trades),
    load: { ...load, crossEvery, seconds },
  });
  process.stdout.write(`\n${table}\n`);
}

async function printOthers(): Promise<void> {
  const { privateKey } = generateKeyPairSync("ed25519");
  process.stdout.write(`${tableOf([runSignBench(2_000, privateKey)])}\n\n`);
  process.stdout.write(`${tableOf(await runJournalBench())}\n\n`);
  process.stdout.write(`${tableOf(await runQueueBench())}\n\n`);
  process.stdout.write(`${tableOf(await runTradePathBench(Number(values.trades)))}\n\n`);
}
