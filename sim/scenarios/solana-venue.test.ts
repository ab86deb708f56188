import { afterAll, beforeAll, describe, test } from "vitest";
import type { OrderRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import type { PreparedAttempt } from "@raptor/executor/ports/venue.ts";
import { createPriceFeed } from "@raptor/executor/market/price-feed.ts";
import { type MarketToken, priceE9Of } from "../models/market.ts";
import { createAttempt, createOrder, VenueWorld } from "./venue-world.ts";

/** Far more than finality takes, because a busy machine makes few blocks in many tries. */
const TRIES_MAX = 2_000;
const world = new VenueWorld(11);

beforeAll(() => world.start());
afterAll(() => world.close());

interface Trader {
  wallet: WalletRow;
  wrapped: string;
}

async function quoteAndPrepare(
  trader: Trader,
  token: MarketToken,
  side: "buy" | "sell",
  quantityIn: bigint,
) {
  const { wallet, wrapped } = trader;
  const order: OrderRow = createOrder(wallet, token, side, quantityIn);
  const route = await world.venue.fetchRoute({
    wallet: wallet.address,
    mint: token.mint,
    side,
    quantityIn,
    slippageBps: order.slippageBpsMax,
  });
  const lifetime = { kind: "blockHeight" } as const;
  const prepared = await world.venue.prepare(order, wallet, wrapped, route, 1, lifetime);
  return { order, route, prepared };
}

async function prepareOrFail(
  ...input: Parameters<typeof quoteAndPrepare>
): Promise<{ order: OrderRow; attempt: PreparedAttempt }> {
  const { order, prepared } = await quoteAndPrepare(...input);
  if (prepared.outcome !== "prepared") throw new Error(prepared.reason);
  return { order, attempt: prepared.attempt };
}

async function trade(trader: Trader, token: MarketToken, side: "buy" | "sell", quantityIn: bigint) {
  const { order, attempt } = await prepareOrFail(trader, token, side, quantityIn);
  const row = createAttempt(order, attempt, world.clock.nowMs());
  const sent = await world.venue.submit(row);
  if (sent.outcome !== "accepted") throw new Error(JSON.stringify(sent));
  const report = await world.follow(row);
  if (report.state !== "landed") throw new Error(JSON.stringify(report, String));
  return { attempt, report };
}

describe.each(["normal", "token-2022", "transfer-fee"] as const)("a %s token", (kind) => {
  test("is bought and sold, and the ledger equals the chain to the lamport", async ({ expect }) => {
    const token = world.token(kind);
    const trader = await world.createWallet();
    const { address } = trader.wallet;
    const start = world.chain.lamportsOf(address);
    const bought = await trade(trader, token, "buy", 500_000_000n);
    const held = world.quantityOf(address, token);
    const afterBuy = world.chain.lamportsOf(address);
    expect(bought.report.quantity).toBe(held);
    expect(held).toBeGreaterThanOrEqual(bought.attempt.quantityOutMin);
    expect(bought.report.notionalLamports).toBe(500_000_000n);
    const { feeLamports, rentLamports, notionalLamports } = bought.report;
    expect(start - afterBuy).toBe(notionalLamports + feeLamports + rentLamports);
    expect(start - afterBuy).toBeLessThanOrEqual(bought.attempt.costCapLamports);

    const sold = await trade(trader, token, "sell", held);
    expect(world.quantityOf(address, token)).toBe(0n);
    expect(sold.report.quantity).toBe(held);
    const gained = world.chain.lamportsOf(address) - afterBuy;
    expect(sold.report.notionalLamports - sold.report.feeLamports).toBe(gained);
    expect(sold.report.rentLamports).toBe(0n);
  });
});

describe("an attempt", () => {
  test("becomes settled once the block is finalized", async ({ expect }) => {
    const trader = await world.createWallet();
    const { attempt, report } = await trade(trader, world.token("normal"), "buy", 100_000_000n);
    let state = "pending";
    for (let n = 0; n < TRIES_MAX && state === "pending"; n++) {
      ({ state } = await world.venue.fetchSettlement(
        attempt.identity,
        attempt.bound,
        report.venueSlot,
      ));
      await world.clock.sleep(20);
    }
    expect(state).toBe("settled");
  });

  test("that was never sent is proven dead after its bound, and not before", async ({ expect }) => {
    const { order, attempt } = await prepareOrFail(
      await world.createWallet(),
      world.token("normal"),
      "buy",
      100_000_000n,
    );
    const row = createAttempt(order, attempt, world.clock.nowMs());
    const early = await world.venue.fetchAttempt(row);
    expect(early.state).toBe("pending");
    const report = await world.follow(row);
    if (report.state !== "dead") throw new Error(JSON.stringify(report, String));
    const proof = report.proof as { providers: Record<string, { height: number }> };
    expect(Object.keys(proof.providers)).toHaveLength(2);
    if (attempt.bound.kind !== "blockHeight") throw new Error("expected a bound in heights");
    for (const { height } of Object.values(proof.providers)) {
      expect(height).toBeGreaterThan(attempt.bound.lastValidBlockHeight);
    }
  });

  test("whose price ran away is reverted and costs its fee", async ({ expect }) => {
    const token = world.token("young");
    const trader = await world.createWallet();
    const start = world.chain.lamportsOf(trader.wallet.address);
    const { order, attempt } = await prepareOrFail(trader, token, "buy", 100_000_000n);
    world.market.setPrice(token.mint, priceE9Of(token) * 2n);
    const row = createAttempt(order, attempt, world.clock.nowMs());
    await world.venue.submit(row);
    const report = await world.follow(row);
    if (report.state !== "reverted") throw new Error(JSON.stringify(report, String));
    expect(report.venueError).toContain("6001");
    expect(start - world.chain.lamportsOf(trader.wallet.address)).toBe(report.costLamports);
    expect(report.costLamports).toBeGreaterThan(0n);
  });

  test("is news on the stream before anybody polls", async ({ expect }) => {
    const { order, attempt } = await prepareOrFail(
      await world.createWallet(),
      world.token("normal"),
      "buy",
      100_000_000n,
    );
    const row = createAttempt(order, attempt, world.clock.nowMs());
    const news = Promise.withResolvers<void>();
    const unwatch = world.venue.watchAttempt(row, () => news.resolve());
    await world.venue.submit(row);
    const outcome = await Promise.race([
      news.promise.then(() => "news"),
      world.clock.sleep(60_000).then(() => "silence"),
    ]);
    unwatch();
    expect(outcome).toBe("news");
    expect((await world.follow(row)).state).toBe("landed");
  });

  test("is unknown when the nodes take it and do not answer, and is found", async ({ expect }) => {
    const { order, attempt } = await prepareOrFail(
      await world.createWallet(),
      world.token("normal"),
      "buy",
      100_000_000n,
    );
    for (const node of world.faults.nodes) {
      // Twice: what meets a closed connection is sent once more.
      node.add({ on: "sendTransaction", kind: "accept-no-answer", count: 2 });
    }
    const row = createAttempt(order, attempt, world.clock.nowMs());
    expect((await world.venue.submit(row)).outcome).toBe("unknown");
    expect((await world.follow(row)).state).toBe("landed");
  });
});

describe("a malicious route answer", () => {
  test.for([
    "drain-sol",
    "set-authority",
    "approve",
    "foreign-program",
    "lower-min-out",
    "platform-fee",
    "wrong-destination",
    "hidden-in-table",
  ])("%s is refused with an alert and nothing is signed", async (kind, { expect }) => {
    const trader = await world.createWallet();
    await world.addMalice(kind);
    const lines = world.log.length;
    const { prepared } = await quoteAndPrepare(trader, world.token("normal"), "buy", 100_000_000n);
    expect(prepared).toMatchObject({ outcome: "refused", alert: true });
    // A stream may have something to say beside it.
    const levels = world.log.slice(lines).map(({ level }) => level);
    expect(levels).toContain("error");
  });

  test("huge-out is refused by the simulation", async ({ expect }) => {
    await world.addMalice("huge-out");
    const { prepared } = await quoteAndPrepare(
      await world.createWallet(),
      world.token("normal"),
      "buy",
      100_000_000n,
    );
    expect(prepared.outcome).toBe("refused");
  });

  test("garbage is a clear error, and the next order works", async ({ expect }) => {
    await world.addMalice("garbage");
    const trader = await world.createWallet();
    const token = world.token("normal");
    const garbage = quoteAndPrepare(trader, token, "buy", 100_000_000n);
    await expect(garbage).rejects.toMatchObject({ code: "RAPTOR_VENUE__BAD_ANSWER" });
    const { prepared } = await quoteAndPrepare(trader, token, "buy", 100_000_000n);
    expect(prepared.outcome).toBe("prepared");
  });
});

describe("a token's report", () => {
  test("refuses what the chain shows to be unsafe, in words", async ({ expect }) => {
    const reasons = async (kind: MarketToken["spec"]["kind"]): Promise<string> =>
      (await world.venue.fetchInstrument(world.token(kind).mint)).refusals.join(" ");
    expect(await reasons("normal")).toBe("");
    expect(await reasons("freeze-authority")).toContain("freeze");
    expect(await reasons("mint-authority")).toContain("create more");
    expect(await reasons("permanent-delegate")).toContain("permanent delegate");
    expect(await reasons("transfer-fee")).toContain("Every transfer costs");
    expect(await reasons("suspicious")).toContain("suspicious");
  });

  test("says that a wallet's address is no token", async ({ expect }) => {
    const { wallet } = await world.createWallet();
    const report = world.venue.fetchInstrument(wallet.address);
    await expect(report).rejects.toMatchObject({ code: "RAPTOR_VENUE__NO_ROUTE" });
  });
});

test("the price feed follows the market", async ({ expect }) => {
  const token = world.token("thin");
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const settings = { pollMs: 20, staleMs: 5_000, jumpBpsMax: 5_000 };
  const feed = createPriceFeed({ source: world.jupiter, clock: world.clock, log, settings });
  const instrument = `${token.mint}.SOLANA`;
  const raised = priceE9Of(token) * 4n;
  const seen = Promise.withResolvers<bigint>();
  feed.onUpdate(({ priceE9 }) => {
    if (priceE9 > raised / 2n) seen.resolve(priceE9);
  });
  feed.watch(instrument);
  feed.start();
  await world.clock.sleep(100);
  world.market.setPrice(token.mint, raised);
  const priceE9 = await seen.promise;
  feed.stop();
  expect(Number(priceE9) / Number(raised)).toBeCloseTo(1, 3);
  expect(feed.health().ok).toBe(true);
});
