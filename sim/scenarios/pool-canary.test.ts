import { afterAll, beforeAll, describe, test } from "vitest";
import type { WalletRow } from "@raptor/shared/domain/rows.ts";
import type { Route } from "@raptor/executor/ports/venue.ts";
import type { MarketToken } from "../models/market.ts";
import type { ProgramModel } from "../models/program-model.ts";
import { tokenProgramId } from "../models/token-accounts.ts";
import { createAttempt, createOrder, VenueWorld } from "./venue-world.ts";

/** A pool's program changes under the desk; venue, signer, sockets and chain are the real ones. */
const SEED = 23;
const SPENT = 200_000_000n;
const KINDS = ["pump-curve", "pumpswap", "raydium-cpmm", "raydium-v4"] as const;
/** What a program of this framework answers to an instruction that it does not know. */
const UNKNOWN_INSTRUCTION = 101;
const AGAIN_MS = 60_000;
const POLL = { timeout: 60_000, interval: 100 };
const world = new VenueWorld(SEED);
const models = new Map<string, ProgramModel>();

beforeAll(async () => {
  const register = world.chain.registerModel.bind(world.chain);
  world.chain.registerModel = (model) => {
    models.set(model.programId, model);
    register(model);
  };
  await world.start();
});
afterAll(() => world.close());

interface Trader {
  wallet: WalletRow;
  wrapped: string;
}

function requestOf({ wallet }: Trader, { mint }: MarketToken, side: "buy" | "sell", sum: bigint) {
  return { wallet: wallet.address, mint, side, quantityIn: sum, slippageBps: 1_000 };
}

async function prepare(
  trader: Trader,
  token: MarketToken,
  side: "buy" | "sell",
  sum: bigint,
  route: Route,
) {
  const order = createOrder(trader.wallet, token, side, sum);
  const lifetime = { kind: "blockHeight" } as const;
  const { wallet, wrapped } = trader;
  return { order, ...(await world.venue.prepare(order, wallet, wrapped, route, 1, lifetime)) };
}

async function trade(...given: Parameters<typeof prepare>): Promise<void> {
  const prepared = await prepare(...given);
  if (prepared.outcome !== "prepared") throw new Error(prepared.reason);
  const row = createAttempt(prepared.order, prepared.attempt, world.clock.nowMs());
  const sent = await world.venue.submit(row);
  if (sent.outcome !== "accepted") throw new Error(JSON.stringify(sent));
  const report = await world.follow(row);
  if (report.state !== "landed") throw new Error(JSON.stringify(report, String));
}

/** A wallet that bought through the aggregator, with its exit kept ready. */
async function holding(token: MarketToken): Promise<{ trader: Trader; held: bigint }> {
  const trader = await world.createWallet();
  const route = await world.venue.fetchRoute(requestOf(trader, token, "buy", SPENT));
  await trade(trader, token, "buy", SPENT, route);
  const tokenProgram = tokenProgramId(token.spec.tokenProgram);
  world.venue.keepReady({ wallet: trader.wallet.address, mint: token.mint, tokenProgram });
  return { trader, held: world.quantityOf(trader.wallet.address, token) };
}

function programs() {
  const line = world.venue.health().find(({ name }) => name === "pool programs");
  if (line === undefined) throw new Error("expected the programs in the health report");
  return line;
}

function modelOf(token: MarketToken): ProgramModel {
  const model = models.get(world.onChain.venues.bookOf(token).program);
  if (model === undefined) throw new Error("expected the program of this pool");
  return model;
}

function alerts(): string[] {
  return world.log
    .filter(({ message }) => message.includes("refuses what it used to take"))
    .map(({ level, message }) => `${level} ${message}`);
}

describe("the test of the pools' programs", () => {
  test("passes on all of them while they are what they were", async ({ expect }) => {
    for (const kind of KINDS) await holding(world.token(kind));
    const passed = "pump.fun passed, PumpSwap passed, Raydium CPMM passed, Raydium AMM v4 passed";
    await expect.poll(() => programs().detail, POLL).toBe(passed);
    expect(programs().ok).toBe(true);
  });

  test("ends buys and direct sells of a changed program alone, and opens them again", async ({
    expect,
  }) => {
    const token = world.token("pumpswap");
    const { trader, held } = await holding(token);
    const sell = requestOf(trader, token, "sell", held);
    const buy = requestOf(trader, token, "buy", SPENT);
    await expect.poll(() => world.venue.routeAtHand(sell), POLL).toBeDefined();
    const route = world.venue.routeAtHand(sell);
    if (route === undefined) throw new Error("expected the pool to be at hand");

    const model = modelOf(token);
    world.chain.registerModel({
      programId: model.programId,
      authorities: () => model.authorities(),
      interpret: () => ({ kind: "error", code: UNKNOWN_INSTRUCTION, logs: [] }),
    });
    const refused = await prepare(trader, token, "sell", held, route);
    expect(refused.outcome).toBe("refused");
    await expect.poll(() => programs().ok, POLL).toBe(false);
    expect(alerts()).toHaveLength(1);
    expect(alerts()[0]).toMatch(/^error PumpSwap refuses/);

    expect(world.venue.routeAtHand(sell)).toBeUndefined();
    expect(world.venue.routeAtHand(buy)).toBeUndefined();
    await expect(world.venue.fetchRoute(buy)).rejects.toMatchObject({
      code: "RAPTOR_VENUE__NO_ROUTE",
      context: { reason: expect.stringContaining("no SOL left the wallet") as string },
    });
    const other = world.token("raydium-cpmm");
    const otherBuy = requestOf(trader, other, "buy", SPENT);
    expect((await world.venue.fetchRoute(otherBuy)).quantityOut).toBeGreaterThan(0n);
    const around = await world.venue.fetchRoute(sell);
    expect(around.evidence["router"]).not.toBe("direct");
    await trade(trader, token, "sell", held, around);
    expect(world.quantityOf(trader.wallet.address, token)).toBe(0n);

    world.chain.registerModel(model);
    world.clock.shift(AGAIN_MS);
    await expect.poll(() => programs().ok, POLL).toBe(true);
    await expect.poll(() => world.venue.routeAtHand(buy), POLL).toBeDefined();
    expect(alerts()).toHaveLength(1);
  });
});
