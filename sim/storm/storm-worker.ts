import { runStorm } from "./run-storm.ts";
import type { FromWorker } from "./run-worlds.ts";

/** One world of several, started by its parent: `<kills> <seed> <minutes> [folder]`. */
const [kills, seed, minutesMax] = process.argv.slice(2, 5).map(Number);
const tell = (message: FromWorker): void => void process.send?.(message);
const report = await runStorm({
  kills: kills ?? 0,
  seed: seed ?? 0,
  minutesMax,
  keepIn: process.argv[5],
  onKill: (_, name) => tell({ kind: "kill", name }),
});
const last: FromWorker = {
  kind: "report",
  report: { ...report, byPoint: [...report.byPoint] },
};
// A long report is lost when the channel is closed before all of it has left.
process.send?.(last, () => process.disconnect());
