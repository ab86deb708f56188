import { afterAll, beforeAll, describe, test } from "vitest";
import type { Route } from "@raptor/executor/ports/venue.ts";
import { QUIET_LANDING } from "@raptor/executor/venues/solana/landing-desk.ts";
import type { TipService } from "@raptor/executor/venues/solana/tip-lane.ts";
import { type Lanes, startLanes } from "../local/lanes.ts";
import type { MarketToken } from "../models/market.ts";
import { tokenProgramId } from "../models/token-accounts.ts";
import { createAttempt, createOrder, VenueWorld } from "./venue-world.ts";

/** Trades against pools' own programs with tips inside: venue, signer, lanes and chain are real. */
const SEED = 23;
const SPENT = 200_000_000n;
const POLL_MS = 20;
const POLLS_MAX = 3_000;
const TIPS = 15_000n;
const world = new VenueWorld(SEED);
let lanes: Lanes;

beforeAll(() =>
  world.start(async () => {
    const { chain, clock } = world;
    const conduct = { lossShare: 0, delayMs: [0, 5] } as const;
    lanes = await startLanes({ chain, clock, seed: SEED, jupiterKey: "desk", conduct });
    const common = { requestsPerSecond: 50, key: undefined, sendsBundles: false };
    const jito: TipService = {
      ...common,
      taker: "jito",
      urls: [lanes.jito.url],
      tipLamports: 10_000n,
      requestsPerSecond: 1,
    };
    const helius: TipService = {
      ...common,
      taker: "helius",
      urls: [`${lanes.heliusSender.url}/fast`],
      tipLamports: 5_000n,
    };
    return { ...QUIET_LANDING, services: [jito, helius] };
  }),
);

afterAll(async () => {
  await world.close();
  await lanes.close();
});

type Trader = Awaited<ReturnType<VenueWorld["createWallet"]>>;
type Side = "buy" | "sell";

function requestOf({ wallet }: Trader, { mint }: MarketToken, side: Side, quantityIn: bigint) {
  return { wallet: wallet.address, mint, side, quantityIn, slippageBps: 1_000 };
}

async function trade(trader: Trader, token: MarketToken, side: Side, route: Route) {
  const { wallet, wrapped } = trader;
  const order = createOrder(wallet, token, side, route.quantityIn);
  const bound = { kind: "blockHeight" } as const;
  const prepared = await world.venue.prepare(order, wallet, wrapped, route, 1, bound);
  if (prepared.outcome !== "prepared") throw new Error(prepared.reason);
  const row = createAttempt(order, prepared.attempt, world.clock.nowMs());
  const sent = await world.venue.submit(row);
  if (sent.outcome !== "accepted") throw new Error(JSON.stringify(sent));
  const report = await world.follow(row);
  if (report.state !== "landed") throw new Error(JSON.stringify(report, String));
  return { report, row };
}

async function routeAtHand(trader: Trader, token: MarketToken, side: Side, quantityIn: bigint) {
  for (let count = 0; count < POLLS_MAX; count += 1) {
    const route = world.venue.routeAtHand(requestOf(trader, token, side, quantityIn));
    if (route !== undefined) return route;
    await world.clock.sleep(POLL_MS);
  }
  throw new Error(`expected the pool of ${token.spec.kind} to be at hand`);
}

describe.each(["pump-curve", "pumpswap", "raydium-cpmm", "raydium-v4"] as const)(
  "an exit against a pool of %s",
  (kind) => {
    test("is signed with its tips, reaches the lanes, and is booked to the lamport", async ({
      expect,
    }) => {
      const token = world.token(kind);
      const trader = await world.createWallet();
      const { address } = trader.wallet;
      const entry = await world.venue.fetchRoute(requestOf(trader, token, "buy", SPENT));
      const bought = await trade(trader, token, "buy", entry);
      expect(bought.report.notionalLamports).toBe(SPENT);
      const tokenProgram = tokenProgramId(token.spec.tokenProgram);
      world.venue.keepReady({ wallet: address, mint: token.mint, tokenProgram });
      const held = world.quantityOf(address, token);
      const route = await routeAtHand(trader, token, "sell", held);
      const before = world.chain.lamportsOf(address);
      const { report, row } = await trade(trader, token, "sell", route);
      expect(report.notionalLamports).toBe(route.quantityOut);
      expect(report.feeLamports).toBeGreaterThanOrEqual(TIPS + 5_000n);
      const gained = world.chain.lamportsOf(address) - before;
      expect(gained).toBe(report.notionalLamports - report.feeLamports - report.rentLamports);
      // The other lanes may have landed it before this one had read it.
      const arrived = () => lanes.heliusSender.gate.counts.signatures;
      await expect.poll(arrived, { timeout: 60_000 }).toContain(row.identity);
      expect(world.quantityOf(address, token)).toBe(0n);
    });
  },
);
