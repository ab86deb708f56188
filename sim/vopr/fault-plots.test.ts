import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import { describe, it } from "vitest";
import { createPrng } from "../models/prng.ts";
import { startChain } from "./chain-host.ts";
import { FaultPlots } from "./fault-plots.ts";
import { Network } from "./network.ts";
import { drawPlots, hasOneNonce, type Plots } from "./plots.ts";
import { World } from "./world.ts";

type Prepared = EventPayloads["AttemptPrepared"];

const NO_PLOTS: Plots = { isBackLate: false, isHistoryOlder: false, heldUp: 0 };
const ACCOUNT = "nonce-account";

function prepared(slot: string, bound: Prepared["bound"]): Prepared {
  return {
    attemptId: "o:1",
    orderId: "o",
    n: 1,
    venue: "solana",
    identity: "signature",
    payload: "",
    bound,
    exclusionGroup: "g",
    slot,
    costCapLamports: "0",
    quantityOutMin: "0",
    route: {},
    witness: { lamports: "0", quantity: "0" },
    epoch: 1,
  };
}

/** A world with a chain and no desk; what the plots do to it is told in order. */
function stage(plots: Plots) {
  const world = new World(1_800_000_000_000);
  const nothing = (): void => undefined;
  const network = new Network(world, createPrng(1), {
    onFault: nothing,
    onRequest: nothing,
    onAnswered: nothing,
    onDelivered: nothing,
    onTrace: nothing,
  });
  const chain = startChain(world, network, createPrng(2), {
    skipChance: 0,
    hasPools: false,
    onLanded: nothing,
    onFault: nothing,
  });
  const told: string[] = [];
  const downs: number[] = [];
  const aways: number[] = [];
  const subject = new FaultPlots(plots, createPrng(3), {
    world,
    chain,
    onFault: (name) => told.push(name),
    onTrace: nothing,
    onAway: (ms) => aways.push(ms),
    executor: { kill: (_, ms = 0) => downs.push(ms) },
    forks: { takeBackFrom: () => true },
  });
  return { world, chain, told, downs, aways, plots: subject };
}

describe("the plots", () => {
  it("keep a desk away for longer than a buy may wait, once a seed", ({ expect }) => {
    const { plots, downs, aways } = stage({ ...NO_PLOTS, isBackLate: true });
    const buy = prepared("open:w:M.SOLANA:buy", {
      kind: "nonce",
      account: ACCOUNT,
      value: "v",
    });
    for (let at = 0; at < 20; at++) plots.onPrepared(buy);
    expect(downs).toHaveLength(1);
    expect(downs[0]).toBeGreaterThan(30_000);
    expect(aways).toEqual(downs);
  });

  it("hold every history behind a late landing until its bound is final", ({ expect }) => {
    const { plots, world, chain } = stage({ ...NO_PLOTS, isHistoryOlder: true });
    const { slots } = chain.chain;
    const { blockhash, lastValidBlockHeight } = slots.lifetimeOf(slots.head);
    const bound = { kind: "blockHeight", blockhash, lastValidBlockHeight } as const;
    plots.onPrepared(prepared("open:w:M.SOLANA:buy", bound));
    const finalized = (): number => slots.blockAt(slots.head.finalizedSlot).height;
    while (finalized() <= lastValidBlockHeight) world.runFor(400);
    expect(plots.isUnderWay).toBe(true);
    for (const node of chain.nodes) {
      const { slot } = slots.blockAt(slots.slot - node.historyLagSlots);
      expect(slots.blockAt(slot).height).toBeLessThan(lastValidBlockHeight - 40);
    }
    world.runFor(15_000);
    expect(plots.isUnderWay).toBe(false);
    expect(chain.nodes.map((node) => node.historyLagSlots)).toEqual([0, 0, 0]);
  });

  it("hold up a sell on a nonce and leave prices as they were", ({ expect }) => {
    const { plots, world, chain, told } = stage({ ...NO_PLOTS, heldUp: 1 });
    const before = chain.market.tokens().map(({ priceE9 }) => priceE9);
    const sell = prepared("close:p", { kind: "nonce", account: ACCOUNT, value: "v" });
    for (let at = 0; at < 3; at++) {
      plots.onPrepared(sell);
      world.runFor(30_000);
    }
    expect(told.filter((name) => name === "plot/sell held up")).toHaveLength(3);
    expect(told).toContain("plot/prices fall");
    expect(plots.isUnderWay).toBe(false);
    expect(chain.market.tokens().map(({ priceE9 }) => priceE9)).toEqual(before);
  });

  it("are each told by one of fifty fitting seeds at least, and by few others", ({ expect }) => {
    const seeds = Array.from({ length: 2_000 }, (_, at) => at + 1);
    const partOf = (isTold: (seed: number) => boolean): number =>
      seeds.filter(isTold).length / seeds.length;
    const parts = [
      partOf((seed) => drawPlots(seed, "held").isBackLate),
      partOf((seed) => drawPlots(seed, "mixed").isHistoryOlder),
      partOf((seed) => drawPlots(seed, "whipsaw").heldUp > 0),
      partOf((seed) => hasOneNonce(seed, "forks")),
    ];
    for (const part of parts) expect(part).toBeGreaterThan(0.05);
    expect(partOf((seed) => drawPlots(seed, "blind").isHistoryOlder)).toBe(0);
    expect(partOf((seed) => drawPlots(seed, "forks").heldUp > 0)).toBeLessThan(0.15);
  });
});
