import { describe, it } from "vitest";
import { createSharedHealth, healthReport, type HealthReport } from "./health.ts";

type Phase = HealthReport["body"]["phase"];
const NAMES = ["journal", "intake", "rpc 1", "jupiter", "prices", "queue", "telegram"];

function report(phase: Phase, broken: readonly string[], isDeep: boolean): HealthReport {
  return healthReport({
    phase,
    tradingState: phase === "halted" ? "halted" : "active",
    epoch: 3,
    version: "1.2.3",
    dependencies: NAMES.map((name) => ({
      name,
      ok: !broken.includes(name),
      detail: `${name} detail`,
    })),
    isDeep,
  });
}

describe("health", () => {
  it.for<[Phase, string[], number, number]>([
    ["ready", [], 200, 200],
    ["halted", [], 200, 200],
    ["starting", [], 503, 503],
    ["reconciling", [], 503, 503],
    ["draining", [], 503, 503],
    ["ready", ["rpc 1"], 200, 503],
    ["ready", ["jupiter"], 200, 503],
    ["ready", ["prices"], 200, 503],
    ["ready", ["queue"], 200, 503],
    ["ready", ["telegram"], 200, 503],
    ["halted", ["rpc 1", "jupiter", "prices", "queue", "telegram"], 200, 503],
    ["ready", ["journal"], 503, 503],
    ["ready", ["intake"], 503, 503],
    ["halted", ["journal"], 503, 503],
  ])("of a desk that is %s without %j is %i, and %i when looked at deeply", (row, { expect }) => {
    const [phase, broken, shallow, deep] = row;
    expect(report(phase, broken, false).status).toBe(shallow);
    expect(report(phase, broken, true).status).toBe(deep);
    expect(report(phase, broken, true).body.ok).toBe(deep === 200);
  });

  it("names every dependency, well or not", ({ expect }) => {
    const { body } = report("ready", ["queue"], false);
    expect(Object.keys(body.dependencies)).toEqual(NAMES);
    expect(body.dependencies["queue"]).toEqual({ ok: false, detail: "queue detail" });
    expect(body).toMatchObject({ phase: "ready", epoch: 3, version: "1.2.3", ok: true });
  });
});

describe("a shared look", () => {
  function createLooks(): {
    nowMs: number;
    looks: boolean[];
    ask: (d: boolean) => Promise<unknown>;
  } {
    const world = { nowMs: 0, looks: [] as boolean[] };
    const ask = createSharedHealth(
      async (isDeep) => {
        world.looks.push(isDeep);
        return report("ready", [], isDeep);
      },
      { monotonicMs: () => world.nowMs },
    );
    return Object.assign(world, { ask });
  }

  it("serves a flood with a few looks a second", async ({ expect }) => {
    const world = createLooks();
    for (world.nowMs = 0; world.nowMs < 1_000; world.nowMs++) await world.ask(false);
    expect(world.looks).toHaveLength(4);
  });

  it("never passes a shallow look off as a deep one", async ({ expect }) => {
    const world = createLooks();
    await Promise.all([world.ask(false), world.ask(true), world.ask(false), world.ask(true)]);
    expect(world.looks).toEqual([false, true]);
  });
});
