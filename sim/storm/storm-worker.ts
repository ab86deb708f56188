import { runStorm } from "./run-storm.ts";
import type { FromWorker } from "./run-worlds.ts";

/** One world of several: `storm-worker.ts <kills> <seed> [folder]`, started and listened to by its parent. */
const [kills, seed] = process.argv.slice(2, 4).map(Number);
const tell = (message: FromWorker): void => void process.send?.(message);
const report = await runStorm({
  kills: kills ?? 0,
  seed: seed ?? 0,
  keepIn: process.argv[4],
  onKill: (_, name) => tell({ kind: "kill", name }),
});
tell({ kind: "report", report: { ...report, byPoint: [...report.byPoint] } });
process.disconnect();
