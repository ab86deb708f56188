import { afterAll, beforeAll, describe, test } from "vitest";
import type { WalletRow } from "@raptor/shared/domain/rows.ts";
import type { Route } from "@raptor/executor/ports/venue.ts";
import type { MarketToken } from "../models/market.ts";
import { deriveTokenAccount, TOKEN_PROGRAM, tokenProgramId } from "../models/token-accounts.ts";
import { createAttempt, createOrder, VenueWorld } from "./venue-world.ts";

/** Exits against the pools' own programs: venue, signer, sockets and chain are the real ones. */
const SEED = 21;
const SPENT = 200_000_000n;
const POLLS_MAX = 3_000;
const POLL_MS = 20;
const world = new VenueWorld(SEED);

beforeAll(() => world.start());
afterAll(() => world.close());

interface Trader {
  wallet: WalletRow;
  wrapped: string;
}

function requestOf(trader: Trader, token: MarketToken, side: "buy" | "sell", quantityIn: bigint) {
  const { mint } = token;
  return { wallet: trader.wallet.address, mint, side, quantityIn, slippageBps: 1_000 };
}

async function end(
  trader: Trader,
  token: MarketToken,
  side: "buy" | "sell",
  quantityIn: bigint,
  route: Route,
) {
  const order = createOrder(trader.wallet, token, side, quantityIn);
  const bound = { kind: "blockHeight" } as const;
  const { wallet, wrapped } = trader;
  const prepared = await world.venue.prepare(order, wallet, wrapped, route, 1, bound);
  if (prepared.outcome !== "prepared") throw new Error(prepared.reason);
  const row = createAttempt(order, prepared.attempt, world.clock.nowMs());
  const sent = await world.venue.submit(row);
  if (sent.outcome !== "accepted") throw new Error(JSON.stringify(sent));
  const report = await world.follow(row);
  return { report, logs: world.chain.history.get(row.identity)?.logs ?? [] };
}

async function trade(...given: Parameters<typeof end>) {
  const { report, logs } = await end(...given);
  if (report.state !== "landed") throw new Error(JSON.stringify(report, String));
  return { ...report, logs };
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

async function directRoute(
  trader: Trader,
  token: MarketToken,
  quantityIn: bigint,
  side: "buy" | "sell" = "sell",
): Promise<Route> {
  for (let count = 0; count < POLLS_MAX; count += 1) {
    const route = world.venue.routeAtHand(requestOf(trader, token, side, quantityIn));
    if (route !== undefined) return route;
    await world.clock.sleep(POLL_MS);
  }
  throw new Error(`expected the pool of ${token.spec.kind} to be at hand`);
}

describe("a trade against the pool itself", () => {
  test.for(["pump-curve", "pumpswap", "raydium-cpmm", "raydium-v4"] as const)(
    "sells for exactly what was quoted from its accounts, %s",
    async (kind, { expect }) => {
      const token = world.token(kind);
      const { trader, held } = await holding(token);
      expect(held).toBeGreaterThan(0n);
      const route = await directRoute(trader, token, held);
      const report = await trade(trader, token, "sell", held, route);
      expect(report.notionalLamports).toBe(route.quantityOut);
      const { program } = world.onChain.venues.bookOf(token);
      expect(report.logs).toContain(`Program ${program} invoke [1]`);
      expect(world.quantityOf(trader.wallet.address, token)).toBe(0n);
    },
  );

  test.for(["pump-curve", "pumpswap", "raydium-cpmm", "raydium-v4"] as const)(
    "buys exactly what was quoted from its accounts, %s",
    async (kind, { expect }) => {
      const token = world.token(kind);
      const { trader, held } = await holding(token);
      const route = await directRoute(trader, token, SPENT, "buy");
      const report = await trade(trader, token, "buy", SPENT, route);
      const { program } = world.onChain.venues.bookOf(token);
      expect(report.logs).toContain(`Program ${program} invoke [1]`);
      expect(world.quantityOf(trader.wallet.address, token) - held).toBe(route.quantityOut);
      expect(report.notionalLamports).toBeLessThanOrEqual(SPENT);
      expect(report.notionalLamports).toBeGreaterThan(SPENT - 10n);
    },
  );

  test("of a frozen holding reverts on the chain and keeps it", async ({ expect }) => {
    const token = world.token("raydium-cpmm");
    const { trader, held } = await holding(token);
    const route = await directRoute(trader, token, held);
    const { address } = trader.wallet;
    const account = deriveTokenAccount(address, token.mint, TOKEN_PROGRAM);
    world.chain.accounts.setFrozen(account, true);
    const { report } = await end(trader, token, "sell", held, route);
    expect(report).toMatchObject({ state: "reverted" });
    expect(world.quantityOf(address, token)).toBe(held);
  });

  test("against a pool without its SOL finds no way to sell", async ({ expect }) => {
    const token = world.market.tokens.filter(({ spec }) => spec.kind === "pumpswap")[1];
    if (token === undefined) throw new Error("expected a second pool");
    const { trader, held } = await holding(token);
    await directRoute(trader, token, held);
    world.market.rug(token.mint);
    const request = requestOf(trader, token, "sell", held);
    await expect.poll(() => world.venue.routeAtHand(request), { timeout: 60_000 }).toBeUndefined();
    await expect(world.venue.fetchRoute(request)).rejects.toThrow();
    expect(world.quantityOf(trader.wallet.address, token)).toBe(held);
  });

  test("follows a curve to the pool that it moves to", async ({ expect }) => {
    const token = world.market.tokens.filter(({ spec }) => spec.kind === "pump-curve")[1];
    if (token === undefined) throw new Error("expected a second curve");
    const { trader, held } = await holding(token);
    await directRoute(trader, token, held);
    world.onChain.venues.complete(token.mint);
    while (token.venue === "pump") await world.clock.sleep(POLL_MS);
    const route = await directRoute(trader, token, held);
    const report = await trade(trader, token, "sell", held, route);
    expect(report.notionalLamports).toBe(route.quantityOut);
    expect(world.quantityOf(trader.wallet.address, token)).toBe(0n);
  });
});
