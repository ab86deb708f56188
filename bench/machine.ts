import { availableParallelism, cpus, loadavg, totalmem, type } from "node:os";

/** Above this share of the cores other programs take turns with what is measured. */
const BUSY_SHARE = 0.25;

/** What the figures are measured on, and whether it is quiet: before anything is started. */
export function machineLines(): string {
  const gib = (totalmem() / 2 ** 30).toFixed(0);
  const model = cpus()[0]?.model ?? "unknown processor";
  const cores = availableParallelism();
  const [last = 0, lastFive = 0] = loadavg();
  const averages = `${last.toFixed(2)} (1 min), ${lastFive.toFixed(2)} (5 min)`;
  const load = `load average ${averages} at the start`;
  const isBusy = last > cores * BUSY_SHARE;
  const verdict = isBusy ? "BUSY: times are upper ends" : "quiet";
  return `${cores} x ${model}, ${gib} GiB, ${type()}, Node ${process.version}\n${load}: ${verdict}`;
}
