import { rmSync } from "node:fs";
import { describe, it } from "vitest";
import { parseSimArguments } from "./arguments.ts";
import { runCrew } from "./crew.ts";
import { createSeedDirectory, runTwice } from "./seed-worker.ts";
import type { SeedResult } from "./run-seed.ts";

const SMOKE_SEEDS = 60;
const TWICE_SEEDS = 4;

async function runSeeds(from: number, count: number, isDeterminismChecked: boolean) {
  const results: SeedResult[] = [];
  let at = from;
  await runCrew({
    jobs: 2,
    isDeterminismChecked,
    next: () => (at < from + count ? at++ : undefined),
    onResult: (result) => results.push(result),
  });
  return results;
}

/** Outside of every promise, where a seed must begin. */
function inOwnTurn<T>(work: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        resolve(work());
      } catch (error) {
        reject(error);
      }
    });
  });
}

describe("the simulator", () => {
  it(
    "finds every promise kept in a first handful of seeds",
    { timeout: 120_000 },
    async ({ expect }) => {
      const results = await runSeeds(1, SMOKE_SEEDS, false);
      expect(results).toHaveLength(SMOKE_SEEDS);
      const broken = results.filter(({ violations }) => violations.length > 0);
      expect(broken.map(({ seed, violations }) => ({ seed, first: violations[0] }))).toEqual([]);
    },
  );

  it(
    "leaves the same journal and the same trace in another process",
    { timeout: 60_000 },
    async ({ expect }) => {
      const theirs = await runSeeds(9_001, TWICE_SEEDS, true);
      expect(theirs.flatMap(({ violations }) => violations)).toEqual([]);
      const directory = createSeedDirectory();
      try {
        for (const { seed, journalHash, traceHash } of theirs) {
          const own = await inOwnTurn(() => runTwice(seed, directory));
          expect([own.journalHash, own.traceHash]).toEqual([journalHash, traceHash]);
        }
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    },
  );

  it(
    "lets people press at least twenty times and ends every seed at rest",
    { timeout: 60_000 },
    async ({ expect }) => {
      for (const { counts, journalEvents } of await runSeeds(500, 6, false)) {
        const presses = Object.values(counts.acts).reduce((sum, count) => sum + count, 0);
        expect(presses).toBeGreaterThanOrEqual(20);
        expect(journalEvents).toBeGreaterThan(20);
      }
    },
  );
});

describe("the simulator's words", () => {
  it("are read as they are written in its usage", ({ expect }) => {
    expect(parseSimArguments(["--seeds", "7", "--from", "3", "--jobs", "1"])).toMatchObject({
      command: { kind: "seeds", from: 3, count: 7 },
      jobs: 1,
    });
    expect(parseSimArguments(["--seed", "9", "--trace"])).toMatchObject({
      command: { kind: "one", seed: 9 },
      isTraced: true,
    });
    expect(parseSimArguments(["--minutes", "1.5", "--no-regressions"])).toMatchObject({
      command: { kind: "minutes", from: 1, minutes: 1.5 },
      hasRegressions: false,
    });
  });

  it.for([["--seed"], ["--seeds", "many"], ["--sedes", "5"], ["12"]])(
    "are refused with the usage when they say nothing: %j",
    (argv, { expect }) => {
      expect(() => parseSimArguments(argv)).toThrow("usage: pnpm sim");
    },
  );
});
