import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { SeedResult } from "./run-seed.ts";
import type { SeedOrder } from "./seed-worker.ts";

const ENTRY = fileURLToPath(new URL("../vopr.ts", import.meta.url));
export const WORKER_FLAG = "--serve-seeds";

export interface CrewOptions {
  jobs: number;
  isDeterminismChecked: boolean;
  /** The next seed to run, or nothing when enough were run. */
  next(): number | undefined;
  onResult(result: SeedResult): void;
}

/** Runs seeds in several processes; each takes the next one when it is done with its last. */
export async function runCrew(options: CrewOptions): Promise<void> {
  await Promise.all(Array.from({ length: options.jobs }, () => runWorker(options)));
}

function runWorker(options: CrewOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(ENTRY, [WORKER_FLAG], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    let seed: number | undefined;
    const order = (): void => {
      seed = options.next();
      if (seed === undefined) return child.disconnect();
      giveOrder(child, { seed, isDeterminismChecked: options.isDeterminismChecked });
    };
    child.on("message", (result: SeedResult) => {
      options.onResult(result);
      order();
    });
    child.on("error", reject);
    child.on("exit", (code) => {
      if (seed === undefined) return resolve();
      reject(new Error(`the process that ran seed ${seed} ended with ${code}`));
    });
    order();
  });
}

function giveOrder(child: ChildProcess, order: SeedOrder): void {
  child.send(order);
}
