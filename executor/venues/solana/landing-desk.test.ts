import type { AttemptReport } from "../../ports/venue.ts";
import { describe, test } from "vitest";
import { createAttemptRow, createFakeChain, SIGNATURE } from "./fake-chain.ts";
import { evenPrng } from "./fake-net.ts";
import { LandingDesk, type LandingSettings, QUIET_LANDING } from "./landing-desk.ts";
import { UNIT_PRICE_FLOOR } from "./priority-fee.ts";

function createDesk(change: Partial<LandingSettings> = {}) {
  const chain = createFakeChain();
  const gauges = new Map<string, number>();
  const desk = new LandingDesk({
    ...chain,
    prng: evenPrng,
    nodeUrls: [0, 1].map((at) => `https://node${at}.example/`),
    slotNow: () => 100,
    httpTimeoutMs: 1_000,
    feeLamportsMax: 1_000_000n,
    settings: { ...QUIET_LANDING, ...change },
    metrics: {
      count: () => undefined,
      gauge: (name, value, labels) => void gauges.set(`${name} ${labels?.["lane"] ?? ""}`, value),
      observeMs: () => undefined,
    },
  });
  return { ...chain, desk, gauges };
}

const LANDED: AttemptReport = {
  state: "landed",
  fillId: "f1",
  quantity: 1n,
  notionalLamports: 1n,
  feeLamports: 7_000n,
  rentLamports: 0n,
  venueSlot: 103,
  evidence: {},
};

describe("what is kept at hand", () => {
  test("is nothing, and nobody is asked, when it is switched off", async ({ expect }) => {
    const { desk, clock, net } = createDesk();
    desk.start();
    await clock.advance(60_000);
    await desk.stop();
    expect(net.calls).toEqual([]);
    expect(desk.health()).toEqual([]);
  });

  test("asks about fees without counting a failure against a node", async ({ expect }) => {
    const { desk, clock, nodes, rpc, net } = createDesk({ feePollMs: 200 });
    for (const node of nodes) {
      node.broken.set("getRecentPrioritizationFees", { status: 500, body: "oops" });
    }
    desk.start();
    await clock.advance(20_000);
    expect(net.calls.length).toBeGreaterThan(50);
    expect(rpc.providers.map(({ breaker }) => breaker.state())).toEqual(["closed", "closed"]);
    expect(rpc.providers.map((provider) => provider.silentMs())).toEqual([0, 0]);
    expect(desk.fees.unitPrice("sell", 1, 100_000)).toBe(UNIT_PRICE_FLOOR);
    const stopped = desk.stop();
    await clock.advance(200);
    await stopped;
  });
});

describe("an attempt that landed", () => {
  test("counts once for every lane that had taken it, with the delay in slots", async ({
    expect,
  }) => {
    const { desk, nodes, gauges } = createDesk();
    for (const node of nodes) node.broken.set("sendTransaction", { result: SIGNATURE });
    const attempt = createAttemptRow("buy");
    await desk.lanes.submit(attempt.payload, attempt.identity);
    await desk.follow(attempt, Promise.resolve({ state: "pending", detail: "not seen" }));
    expect(gauges.size).toBe(0);
    await desk.follow(attempt, Promise.resolve(LANDED));
    await desk.follow(attempt, Promise.resolve(LANDED));
    expect(gauges.get("lane_landed node0.example")).toBe(1);
    expect(gauges.get("lane_slot_delay node1.example")).toBe(3);
    expect(gauges.get("lane_fee_lamports node1.example")).toBe(7_000);
  });
});

test("a person's choice of protection outranks the desk's", ({ expect }) => {
  const jito = {
    taker: "jito" as const,
    urls: ["https://jito.example/"],
    requestsPerSecond: 1,
    tipLamports: 10_000n,
    key: undefined,
    sendsBundles: true,
  };
  const services = [jito];
  const { desk } = createDesk({ services, mevProtect: "entries" });
  const isProtected = (side: "buy" | "sell", protect?: "off" | "all"): boolean =>
    desk.plan(side, 1, protect).landing.isProtected;
  expect([isProtected("buy"), isProtected("sell")]).toEqual([true, false]);
  expect([isProtected("buy", "off"), isProtected("sell", "all")]).toEqual([false, true]);
});
