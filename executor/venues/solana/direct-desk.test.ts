import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { describe, test } from "vitest";
import type { Signer } from "../../ports/signer.ts";
import type { Route, RouteRequest } from "../../ports/venue.ts";
import { createDirectDesk } from "./direct-desk.ts";
import { evenPrng, FakeNet, settle } from "./fake-net.ts";
import { ORDER, WALLET } from "./fake-swap-world.ts";
import { LandingDesk, QUIET_LANDING } from "./landing-desk.ts";
import { createPoolBook } from "./pool-book.ts";
import { CURVE, curveAccounts, MINT } from "./pool-bytes-fixture.ts";
import { TOKEN_PROGRAM } from "./programs.ts";
import { addressOf, createStreamWorld } from "./streams-fixture.ts";
import { createWarmAccounts } from "./warm-accounts.ts";

const BASE = 1_000_000_000_000_000n;
const QUOTE = 40_000_000_000n;
const FALL_RULE = { wildBps: 3_000, confirmMs: 400, silentMs: 2_400 };
const PRICE_CHECK = { expectedPriceE9: null, deviationBpsMax: 2_000 };
const SELL: RouteRequest = {
  wallet: addressOf(1),
  mint: MINT,
  side: "sell",
  quantityIn: 1_000_000_000_000n,
  slippageBps: 500,
  priceCheck: PRICE_CHECK,
  fallRule: FALL_RULE,
};
const signer: Signer = {
  sign: () => Promise.reject(new Error("expected no signing")),
  createWallet: () => Promise.reject(new Error("expected no new wallet")),
  checkWallet: () => Promise.reject(new Error("expected no check")),
};

/** Nobody else knows a way. */
function nobody(): Promise<Route> {
  return Promise.reject(new RaptorError("RAPTOR_VENUE__NO_ROUTE", { reason: "nobody was to ask" }));
}

/** A desk that follows one curve over a connection that lives. */
async function start() {
  const world = createStreamWorld();
  const { rpc, sockets, streams, clock, log, node } = world;
  const put = (base: bigint, quote: bigint): void => {
    for (const [address, account] of curveAccounts(base, quote))
      node.accounts.set(address, account);
  };
  put(BASE, QUOTE);
  const one = node.open("one.example");
  const pools = createPoolBook({ rpc, streams, clock, log });
  const connection = {
    rpc,
    sockets: sockets.flat(),
    streams,
    pools,
    warm: createWarmAccounts(streams),
    health: () => [],
    start: () => {},
    stop: () => {},
  };
  const landing = new LandingDesk({
    net: new FakeNet(),
    clock,
    prng: evenPrng,
    log,
    rpc,
    nodeUrls: ["https://node0.example/"],
    slotNow: () => node.slot,
    httpTimeoutMs: 1_000,
    feeLamportsMax: 1_000_000n,
    settings: QUIET_LANDING,
  });
  const desk = createDirectDesk({
    clock,
    log,
    signer,
    settings: { priorityFeeLamportsMax: 1_000_000n },
    connection,
    landing,
    walletAccounts: { expect: () => {} },
    knownDecimals: () => 6,
  });
  pools.track(MINT);
  await settle();
  node.answer(one);
  await settle();
  /** What one trade, or one slot of trades, leaves behind. */
  function tell(base: bigint, quote: bigint): void {
    node.slot += 1;
    node.beat(one);
    put(base, quote);
    const account = node.accounts.get(CURVE.address);
    if (account === undefined) throw new Error("expected a curve");
    node.tell(one, CURVE.address, account, node.slot);
  }
  const least = (request = SELL): bigint | undefined => desk.routeAtHand(request)?.quantityOutMin;
  return { ...world, desk, tell, least };
}

describe("a sell while the newest price is wild", () => {
  test("is not quoted from a price that only one slot has told", async ({ expect }) => {
    const { least, tell } = await start();
    const fair = least() ?? 0n;
    expect(fair).toBeGreaterThan(0n);
    tell(BASE * 10n, QUOTE / 10n);
    expect(least()).toBeUndefined();
    tell(BASE, QUOTE);
    expect(least()).toBe(fair);
  });

  test("is quoted from it at once when another slot says the same or less", async ({ expect }) => {
    const { least, tell } = await start();
    const fair = least() ?? 0n;
    tell(BASE * 10n, QUOTE / 10n);
    tell(BASE * 11n, QUOTE / 11n);
    expect(least()).toBeGreaterThan(0n);
    expect(least()).toBeLessThan(fair / 50n);
  });

  test("waits for the next slot and asks for what that one gives", async ({ expect }) => {
    const { desk, clock, least, tell } = await start();
    const fair = least();
    tell(BASE * 10n, QUOTE / 10n);
    const asked = desk.routeOr(SELL, nobody);
    await clock.advance(100);
    tell(BASE, QUOTE);
    await clock.advance(100);
    expect((await asked).quantityOutMin).toBe(fair);
  });

  test("waits for what a late slot takes back, however late it is told", async ({ expect }) => {
    const { desk, clock, least, tell, node } = await start();
    const fair = least();
    tell(BASE * 10n, QUOTE / 10n);
    const asked = desk.routeOr(SELL, nobody);
    // The next slot has begun; what happened in it is not told yet.
    node.slot += 1;
    node.beat(node.connection("one.example"));
    await clock.advance(1_300);
    tell(BASE, QUOTE);
    await clock.advance(100);
    expect((await asked).quantityOutMin).toBe(fair);
  });

  /** A crash, and when a sell is quoted from it; `whole` tells that the next slot is whole. */
  async function quoteOfCrash(whole: boolean) {
    const { desk, clock, least, tell, node } = await start();
    const fair = least() ?? 0n;
    tell(BASE * 10n, QUOTE / 10n);
    const given: Route[] = [];
    void desk.routeOr(SELL, nobody).then((route) => given.push(route));
    node.slot += 2;
    if (whole) node.beat(node.connection("one.example"));
    let ms = 0;
    for (; given.length === 0 && ms < 5_000; ms += 20) await clock.advance(20);
    return { ms, least: least(), given: given[0]?.quantityOutMin ?? 0n, fair };
  }

  test("is quoted from a crash when the next slot is whole and tells nothing", async ({
    expect,
  }) => {
    const { ms, least, given, fair } = await quoteOfCrash(true);
    expect(ms).toBeGreaterThanOrEqual(400);
    expect(ms).toBeLessThan(460);
    expect(given).toBeGreaterThan(0n);
    expect(given).toBeLessThan(fair / 50n);
    expect(least).toBe(given);
  });

  test("is quoted from a crash also where no slot is told any more", async ({ expect }) => {
    const { ms, given } = await quoteOfCrash(false);
    expect(ms).toBeGreaterThanOrEqual(2_400);
    expect(ms).toBeLessThan(2_460);
    expect(given).toBeGreaterThan(0n);
  });

  test("waits no longer than 400 ms where slot after slot falls", async ({ expect }) => {
    const { desk, clock, tell } = await start();
    let given: Route | undefined;
    tell(BASE * 2n, QUOTE / 2n);
    void desk.routeOr(SELL, nobody).then((route) => (given = route));
    for (let fall = 2n; fall <= 8n; fall += 1n) {
      tell(BASE * fall ** 2n, QUOTE / fall ** 2n);
      await clock.advance(100);
    }
    expect(given?.quantityOutMin).toBeGreaterThan(0n);
  });

  test("that panics, a buy, and a fall that is not wild wait for nothing", async ({ expect }) => {
    const { desk, least, tell } = await start();
    const { fallRule: _, ...panic } = SELL;
    tell((BASE * 5n) / 4n, (QUOTE * 4n) / 5n);
    expect(least()).toBeUndefined();
    expect(desk.routeAtHand(panic)).toBeDefined();
    tell(BASE, QUOTE);
    tell((BASE * 21n) / 20n, (QUOTE * 20n) / 21n);
    expect(least()).toBeGreaterThan(0n);
  });
});

test("a pool's account that tells of no trade confirms no price", async ({ expect }) => {
  const { desk, node, tell, least } = await start();
  tell(BASE * 10n, QUOTE / 10n);
  const socket = node.connection("one.example");
  node.slot += 1;
  node.beat(socket);
  const fees = CURVE.watch[2] ?? "";
  const account = node.accounts.get(fees);
  if (account === undefined) throw new Error("expected a fee configuration");
  const bytes = Buffer.from(account.bytes);
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
  node.tell(socket, fees, { ...account, bytes }, node.slot);
  expect(desk.priceAtHand(MINT, 6)).toBeDefined();
  expect(least()).toBeUndefined();
});

describe("a sell", () => {
  const { fallRule: _, ...sell } = SELL;

  test("into a pool that was emptied goes another way, whatever its price says", async ({
    expect,
  }) => {
    const { desk, tell, least } = await start();
    const priceE9 = desk.priceAtHand(MINT, 6);
    const poolCheck = { deviationBpsMax: PRICE_CHECK.deviationBpsMax };
    expect(desk.routeAtHand(sell)?.evidence).toMatchObject({ poolCheck });
    expect(least(sell)).toBeGreaterThan(0n);
    tell(BASE / 1_000n, QUOTE / 1_000n);
    expect(desk.priceAtHand(MINT, 6)).toBe(priceE9);
    expect(least(sell)).toBeUndefined();
    await expect(desk.routeOr(sell, nobody)).rejects.toThrow("nobody was to ask");
    const { priceCheck: __, ...question } = sell;
    expect(least(question)).toBeGreaterThan(0n);
  });

  test("that has failed against its pool goes there again only where nobody else takes it", async ({
    expect,
  }) => {
    const { desk, least } = await start();
    const avoiding = { ...sell, avoidsDirect: true };
    expect(least(avoiding)).toBeUndefined();
    const found = await desk.routeOr(sell, nobody);
    const elsewhere = { ...found, label: "elsewhere" };
    await expect(desk.routeOr(avoiding, () => Promise.resolve(elsewhere))).resolves.toBe(elsewhere);
    for (const code of ["NO_ROUTE", "UNAVAILABLE", "RATE_LIMITED"] as const) {
      const fails = () => Promise.reject(new RaptorError(`RAPTOR_VENUE__${code}`, {}));
      await expect(desk.routeOr(avoiding, fails)).resolves.toMatchObject({ label: "pump.fun" });
    }
  });

  test("that goes back to its pool waits until its price is believed", async ({ expect }) => {
    const { desk, clock, tell, least } = await start();
    const fair = least();
    tell(BASE * 10n, QUOTE / 10n);
    const asked = desk.routeOr({ ...SELL, avoidsDirect: true }, nobody);
    await clock.advance(100);
    tell(BASE, QUOTE);
    await clock.advance(3_000);
    await expect(asked).resolves.toMatchObject({ quantityOutMin: fair });
  });

  test("of a token whose pool is not told of now has not been asked for everywhere", async ({
    expect,
  }) => {
    const { desk, clock, node } = await start();
    const noRoute = () => Promise.reject(new RaptorError("RAPTOR_VENUE__NO_ROUTE", {}));
    node.isHttpDown = true;
    await clock.advance(5_000);
    const code = "RAPTOR_VENUE__UNAVAILABLE";
    await expect(desk.routeOr(sell, noRoute)).rejects.toMatchObject({ code });
    const other = { ...sell, mint: addressOf(77) };
    await expect(desk.routeOr(other, noRoute)).rejects.toMatchObject({
      code: "RAPTOR_VENUE__NO_ROUTE",
    });
  });
});

describe("a buy", () => {
  const buy: RouteRequest = {
    wallet: addressOf(1),
    mint: MINT,
    side: "buy",
    quantityIn: 100_000_000n,
    slippageBps: 500,
  };
  const at = (expectedPriceE9: bigint | null): RouteRequest => ({
    ...buy,
    priceCheck: { expectedPriceE9, deviationBpsMax: 1_500 },
  });

  test("is not checked against its own pool alone", async ({ expect }) => {
    const { desk, least } = await start();
    expect(least(at(null))).toBeUndefined();
    await expect(desk.routeOr(at(null), nobody)).rejects.toThrow("nobody was to ask");
    expect(least(buy)).toBeGreaterThan(0n);
  });

  test("is doubted when its pool is dearer than the price it was ordered at", async ({
    expect,
  }) => {
    const { desk } = await start();
    const priceE9 = desk.priceAtHand(MINT, 6) ?? 0n;
    expect(desk.routeAtHand(at(priceE9))).not.toHaveProperty("priceDoubt");
    const checked = { deviationBpsMax: 1_500, decimals: 6, listedPriceE9: null };
    const ordered = { ...checked, expectedPriceE9: String(priceE9) };
    expect(desk.routeAtHand(at(priceE9))?.evidence).toMatchObject({ priceCheck: ordered });
    const doubt = desk.routeAtHand(at(priceE9 / 2n))?.priceDoubt;
    expect(doubt?.reason).toContain("worse than the price it was ordered at");
  });
});

test("a buy is protected as its person has chosen, also where the desk's settings say no", async ({
  expect,
}) => {
  const { desk } = await start();
  const wallet = { ...WALLET, address: SELL.wallet };
  const order = { ...ORDER, instrument: `${MINT}.SOLANA`, tokenProgram: TOKEN_PROGRAM };
  const route = desk.routeAtHand({
    wallet: wallet.address,
    mint: MINT,
    side: "buy",
    quantityIn: 1_000_000n,
    slippageBps: 100,
    protect: "entries",
  });
  if (route === undefined) throw new Error("expected the pool to be at hand");
  const made = await desk.prepare(order, wallet, "wrapped", route, 1, { kind: "blockHeight" });
  expect(made).toMatchObject({ outcome: "refused", alert: false });
  expect(made.outcome === "refused" && made.reason).toContain("no lane that keeps the order");
});

describe("a sell that its own pool answers with nothing", () => {
  test("is too small, where nobody else knows a way either", async ({ expect }) => {
    const { desk } = await start();
    const dust = { ...SELL, quantityIn: 1n };
    expect(desk.routeAtHand(dust)).toBeUndefined();
    const asked = desk.routeOr(dust, nobody);
    await expect(asked).rejects.toMatchObject({ code: "RAPTOR_VENUE__TOO_SMALL" });
  });
});
