import { describe, it } from "vitest";
import { CRASH_POINTS, nameOf } from "./crash-points.ts";
import { judgeStorm } from "./judge-storm.ts";

const NONE = { tries: 5, kills: 4, unresolved: 2, livedMs: 9_000 };
const points = Array.from({ length: 6 }, (_, at) => [`point ${at}`, NONE] as const);
const GOOD = {
  kills: 24,
  unresolvedKills: 12,
  fills: 5,
  byPoint: new Map(points),
  lost: [],
  double: [],
  missingReceipts: [],
  ownEnds: [],
  journal: "holds",
};

describe("a storm", () => {
  it("is clean when it met the desk at work and found nothing", ({ expect }) => {
    expect(judgeStorm(GOOD)).toEqual([]);
  });

  it("that never met the desk at work is no success", ({ expect }) => {
    const idle = { ...GOOD, fills: 0, unresolvedKills: 0, byPoint: new Map(points.slice(0, 1)) };
    expect(judgeStorm(idle)).toEqual([
      "proves nothing: nothing was bought or sold",
      "proves little: 0 of 24 kills met an undecided attempt",
      "proves little: 1 different points were met",
    ]);
  });

  it("does not count a point that was planned and never met", ({ expect }) => {
    const byPoint = points.map(([name], at) => [name, { ...NONE, kills: at < 3 ? 4 : 0 }] as const);
    expect(judgeStorm({ ...GOOD, byPoint: new Map(byPoint) })).toEqual([
      "proves little: 3 different points were met",
    ]);
  });

  it("of a thousand and more must have met every named point once in a hundred kills", ({
    expect,
  }) => {
    const names = CRASH_POINTS.map(nameOf);
    const met = (kills: number) => names.map((name) => [name, { ...NONE, kills }] as const);
    const long = { ...GOOD, kills: 2_000, unresolvedKills: 1_000 };
    expect(judgeStorm({ ...long, byPoint: new Map(met(20)) })).toEqual([]);
    const byPoint = new Map([...met(20), ["after submit", { ...NONE, kills: 19 }]] as const);
    expect(judgeStorm({ ...long, byPoint })).toEqual([
      'proves little: "after submit" was met 19 times',
    ]);
  });

  it("fails by each thing that was lost, done twice or not told, and by each end of its own", ({
    expect,
  }) => {
    for (const one of ["lost", "double", "missingReceipts", "ownEnds"] as const) {
      expect(judgeStorm({ ...GOOD, [one]: ["order o1"] })).toEqual(["order o1"]);
    }
    expect(judgeStorm({ ...GOOD, journal: "broken" })).toEqual(["the journal: broken"]);
  });
});
