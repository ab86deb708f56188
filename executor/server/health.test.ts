import { describe, it } from "vitest";
import { NetFailure, type Net } from "@raptor/shared/seams/net.ts";
import { Secret } from "@raptor/shared/values/secret.ts";
import { ReconcileSchedule } from "../notify/reconcile-schedule.ts";
import {
  createJournalProbe,
  createSharedHealth,
  healthReport,
  type HealthReport,
} from "./health.ts";
import { startTestServer } from "./http-fixture.ts";

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

  it("of a desk that starts is not told once the desk is ready", async ({ expect }) => {
    const world = { nowMs: 0, phase: "starting" as Phase };
    const ask = createSharedHealth(async (isDeep) => report(world.phase, [], isDeep), {
      monotonicMs: () => world.nowMs,
    });
    expect((await ask(false)).status).toBe(503);
    world.phase = "ready";
    world.nowMs = 19;
    expect((await ask(false)).status).toBe(503);
    world.nowMs = 20;
    expect((await ask(false)).status).toBe(200);
  });

  it("never passes a shallow look off as a deep one", async ({ expect }) => {
    const world = createLooks();
    await Promise.all([world.ask(false), world.ask(true), world.ask(false), world.ask(true)]);
    expect(world.looks).toEqual([false, true]);
  });
});

describe("a look at the journal", () => {
  it("writes at most once a second, whoever asks, and says the same meanwhile", ({ expect }) => {
    let [probes, nowMs, isBroken] = [0, 0, false];
    const store = {
      headSeq: () => 7,
      probe: () => {
        probes++;
        if (isBroken) throw new Error("the disk is full");
      },
    };
    const look = createJournalProbe(store, { monotonicMs: () => nowMs });
    const seen = new Set<string>();
    for (; nowMs < 1_000; nowMs++) seen.add(JSON.stringify(look()));
    expect([...seen]).toEqual(['{"name":"journal","ok":true,"detail":"seq 7"}']);
    expect(probes).toBe(1);
    isBroken = true;
    expect(look()).toEqual({ name: "journal", ok: false, detail: "the disk is full" });
    isBroken = false;
    nowMs += 999;
    expect(look().ok).toBe(false);
    nowMs += 1;
    expect(look().ok).toBe(true);
    expect(probes).toBe(3);
  });
});

describe("a flood of deep looks on the public port", () => {
  it("makes at most one outside call in five seconds", async ({ expect }) => {
    const world = { nowMs: 0, calls: 0 };
    const clock = {
      nowMs: () => world.nowMs,
      monotonicMs: () => world.nowMs,
      sleep: () => Promise.resolve(),
      defer: setImmediate,
    };
    const net: Net = {
      fetch: async () => {
        world.calls++;
        await new Promise((resolve) => setTimeout(resolve, 20));
        throw new NetFailure("timeout", "queue.test");
      },
      connect: () => {
        throw new Error("no socket is needed");
      },
    };
    const schedule = new ReconcileSchedule({
      net,
      clock,
      log: { debug() {}, info() {}, warn() {}, error() {} },
      qstashUrl: "https://queue.test",
      token: new Secret("t".repeat(16)),
      environment: "test",
      destination: "https://edge.test/cron/reconcile",
      cron: "*/5 * * * *",
    });
    const health = createSharedHealth(async (isDeep) => {
      if (isDeep) await schedule.checkWhenOld();
      return report("ready", schedule.health().ok ? [] : ["queue"], isDeep);
    }, clock);
    const { url, server } = await startTestServer({ health });
    const flood = async (): Promise<Set<number>> => {
      const asked = Array.from({ length: 200 }, async () => {
        const response = await fetch(`${url}/health?deep=1`);
        await response.arrayBuffer();
        return response.status;
      });
      return new Set(await Promise.all(asked));
    };
    const callsAfter: number[] = [];
    for (const pauseMs of [0, 300, 4_000, 1_000, 4_000]) {
      world.nowMs += pauseMs;
      expect(await flood()).toEqual(new Set([503]));
      callsAfter.push(world.calls);
    }
    await server.close();
    expect(callsAfter).toEqual([1, 1, 1, 2, 2]);
  });
});
