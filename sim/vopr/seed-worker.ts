import { flushCompileCache } from "node:module";
import { mkdtempSync, rmSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runSeed, type SeedResult } from "./run-seed.ts";

/** A directory in memory where there is one: a simulated journal must not wait for a disk. */
const SHARED_MEMORY = "/dev/shm";

export function createSeedDirectory(): string {
  return mkdtempSync(join(existsSync(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir(), "raptor-sim-"));
}

export interface SeedOrder {
  seed: number;
  isDeterminismChecked: boolean;
}

/** Runs seeds for a parent process, one after the other, until it hangs up. */
export function serveSeeds(): void {
  // Nobody reads the stacks of the thousands of errors that are part of a seed; --trace has them.
  Error.stackTraceLimit = 0;
  // Written now, because a process of the hunt for mutants is ended without a word.
  flushCompileCache();
  const directory = createSeedDirectory();
  const clean = (): void => rmSync(directory, { recursive: true, force: true });
  process.on("disconnect", () => process.exit(0));
  process.on("exit", clean);
  process.on("message", ({ seed, isDeterminismChecked }: SeedOrder) => {
    // A seed must begin in a turn of its own, outside of every promise.
    setImmediate(() => {
      process.send?.(
        isDeterminismChecked ? runTwice(seed, directory) : runSeed(seed, { directory }),
      );
    });
  });
}

/** The second run must leave the same bytes and the same trace; if not, that is the finding. */
export function runTwice(seed: number, directory: string): SeedResult {
  const first = runSeed(seed, { directory });
  const second = runSeed(seed, { directory });
  const isSame =
    first.journalHash === second.journalHash &&
    first.traceHash === second.traceHash &&
    first.journalEvents === second.journalEvents;
  if (isSame) return first;
  const detail =
    `journal ${first.journalHash} (${first.journalEvents} events) and ${second.journalHash} ` +
    `(${second.journalEvents}), trace ${first.traceHash} and ${second.traceHash}`;
  const violation = { checker: "14 determinism", detail, atMs: first.virtualMs };
  return { ...first, violations: [...first.violations, violation] };
}
