import type { World } from "../local/start-world.ts";
import { pause } from "../scenarios/person.ts";
import { readyLines } from "./desk-log.ts";
import { countUnresolved } from "./journal-look.ts";

export interface DeployDrill {
  /** Attempts that were not decided when the process was told to stop. */
  unresolved: number;
  /** From SIGTERM to the end of the process. */
  stopMs: number;
  /** From the start of the next process to a desk that takes jobs. */
  readyMs: number;
  /** From the open journal to armed exits, as the desk itself says. */
  armedAfterMs: number;
  armedExits: number;
}

const LOAD_MS = 900;

/** What a release does to a desk that trades: SIGTERM, an end by itself, the next process. */
export async function drillDeploy(
  world: World,
  logFile: string,
  load: (isOver: () => boolean) => Promise<void>,
): Promise<DeployDrill> {
  const { executor, file } = world;
  await executor.start();
  let isOver = false;
  const work = load(() => isOver);
  await pause(LOAD_MS);
  const unresolved = countUnresolved(file.dataDir);
  const stoppedMs = performance.now();
  await executor.stop("SIGTERM");
  const stopMs = performance.now() - stoppedMs;
  isOver = true;
  await work;
  const seen = readyLines(logFile).length;
  const startedMs = performance.now();
  await executor.start();
  const readyMs = performance.now() - startedMs;
  // The line is written beside the work and may come a moment later.
  while (readyLines(logFile).length === seen) await pause(10);
  const { armedAfterMs, armedExits } = JSON.parse(
    readyLines(logFile).at(-1) ?? "{}",
  ) as DeployDrill;
  return { unresolved, stopMs, readyMs, armedAfterMs, armedExits };
}
