import { installSynchronousSubtle } from "./subtle.ts";
import { type Counts } from "./coverage.ts";
import { SeedRun } from "./seed-run.ts";
import { installVirtualGlobals } from "./virtual-globals.ts";

export interface Violation {
  checker: string;
  detail: string;
  /** Virtual milliseconds since the start of the seed. */
  atMs: number;
}

export interface SeedOptions {
  /** Holds the journal; give each process its own, best in memory. */
  directory: string;
  onTrace?(line: string): void;
}

export interface SeedResult {
  seed: number;
  violations: Violation[];
  journalEvents: number;
  journalHash: string;
  traceHash: string;
  virtualMs: number;
  worldEvents: number;
  counts: Counts;
  /** Of the processor, which other work on the machine changes least. */
  cpuMs: number;
}

/**
 * One world from its first moment to rest. Synchronous; must be called from a turn of the event
 * loop and never from inside a promise, because promises are run inside.
 */
export function runSeed(seed: number, options: SeedOptions): SeedResult {
  const startCpu = process.cpuUsage();
  installSynchronousSubtle();
  // First of all, so that everything in the world is made of what the world has.
  const restore = installVirtualGlobals(() => run.nowMs, seed);
  const onUnhandled = (error: unknown): void => run.onUnhandled(error);
  let run: SeedRun;
  try {
    run = new SeedRun(seed, options);
    process.on("unhandledRejection", onUnhandled);
    const result = run.run();
    const { user, system } = process.cpuUsage(startCpu);
    return { ...result, cpuMs: (user + system) / 1_000 };
  } finally {
    process.off("unhandledRejection", onUnhandled);
    restore();
  }
}
