import fc from "fast-check";
import { describe, it } from "vitest";
import { Life } from "./life-fixture.ts";
import { step } from "./steps-fixture.ts";

const SEED = 20_260_105;
const RUNS = 150;

describe("a desk through presses, crashes, full disks, kill switches and a lying venue", () => {
  it(`keeps every promise and comes to rest (seed ${SEED}, ${RUNS} lives)`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const life = new Life();
        try {
          await life.run(steps);
        } finally {
          life.jobs.desk.close();
        }
      }),
      { seed: SEED, numRuns: RUNS },
    );
  }, 120_000);
});
