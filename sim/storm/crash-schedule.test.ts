import { describe, it } from "vitest";
import { createPrng } from "../models/prng.ts";
import { CRASH_POINTS, type CrashPoint } from "./crash-points.ts";
import { CrashSchedule, planDeath } from "./crash-schedule.ts";

function run(tries: number, isMet: (point: CrashPoint) => boolean): Map<CrashPoint, number> {
  const schedule = new CrashSchedule(createPrng(7));
  const met = new Map(CRASH_POINTS.map((point) => [point, 0]));
  for (let at = 0; at < tries; at++) {
    const point = schedule.next(() => true);
    if (isMet(point)) met.set(point, (met.get(point) ?? 0) + 1);
    else schedule.missed(point);
  }
  return met;
}

describe("the schedule of crash points", () => {
  it("meets each point equally often when every try succeeds", ({ expect }) => {
    const met = run(20 * CRASH_POINTS.length, () => true);
    expect(new Set(met.values())).toEqual(new Set([20]));
  });

  it("tries a point that is hard to meet more often than the others", ({ expect }) => {
    const prng = createPrng(8);
    const isHard = ({ what }: CrashPoint): boolean => what === "AttemptDead";
    const met = run(40 * CRASH_POINTS.length, (point) => !isHard(point) || prng.nextFloat() < 0.4);
    expect(Math.min(...met.values())).toBeGreaterThanOrEqual(25);
  });

  it("lets a point that cannot be met take at most eight times its share", ({ expect }) => {
    const met = run(40 * CRASH_POINTS.length, ({ what }) => what !== "submit");
    const others = [...met].filter(([{ what }]) => what !== "submit").map(([, kills]) => kills);
    expect(Math.min(...others)).toBeGreaterThanOrEqual(32);
  });

  it("gives a point that was not possible for a while its turns later", ({ expect }) => {
    const schedule = new CrashSchedule(createPrng(9));
    for (let at = 0; at < 500; at++) schedule.next(({ what }) => what !== "AttemptDead");
    const next = [1, 2, 3, 4].map(() => schedule.next(() => true).what);
    expect(next).toEqual(["AttemptDead", "AttemptDead", "AttemptDead", "AttemptDead"]);
  });

  it("lets a desk die at the first time or the second, and at the first of what comes once", ({
    expect,
  }) => {
    const prng = createPrng(10);
    const hitsOf = (what: CrashPoint["what"]): number[] => {
      const hits = Array.from({ length: 40 }, () => planDeath({ when: "after", what }, prng).hit);
      return [...new Set(hits)].toSorted();
    };
    expect(hitsOf("JobAccepted")).toEqual([1, 2]);
    expect(hitsOf("EpochStarted")).toEqual([1]);
  });
});
