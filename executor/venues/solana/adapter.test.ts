import { Keypair, SystemProgram, TransactionMessage } from "@solana/web3.js";
import { describe, test } from "vitest";
import type { Signer } from "../../ports/signer.ts";
import type { RouteRequest } from "../../ports/venue.ts";
import { createSolanaVenue } from "./adapter.ts";
import { QUIET_LANDING } from "./landing-desk.ts";
import { BOUND, createAttemptRow, createFakeChain } from "./fake-chain.ts";
import { evenPrng, type FakeAnswer, FakeClock, FakeLog, FakeNet } from "./fake-net.ts";
import { BOUGHT_MINT, createBuildBody, TAKER } from "./jupiter-fixture.ts";
import { createJupiter } from "./jupiter.ts";

const REQUEST: RouteRequest = {
  wallet: TAKER,
  mint: BOUGHT_MINT,
  side: "buy",
  quantityIn: 100_000_000n,
  slippageBps: 100,
};
const NO_ROUTE: FakeAnswer = { status: 400, body: '{"error":"No routes found"}' };
const signer: Signer = {
  sign: () => Promise.reject(new Error("expected no signing")),
  createWallet: () => Promise.reject(new Error("expected no new wallet")),
  checkWallet: () => Promise.reject(new Error("expected no check")),
};

function createWorld(web: (path: string) => FakeAnswer, net = new FakeNet()) {
  const clock = new FakeClock();
  const log = new FakeLog();
  net.web = (url) => web(url.pathname);
  const settings = { url: "https://jup.example", apiKey: undefined, timeoutMs: 1_000 };
  const jupiter = createJupiter({ net, clock, settings });
  const venue = createSolanaVenue({
    net,
    clock,
    prng: evenPrng,
    log,
    signer,
    jupiter,
    settings: {
      providers: [0, 1].map((n) => ({
        url: `https://node${n}.example/?key=hush-hush`,
        wsUrl: `wss://node${n}.example/?key=hush-hush`,
      })),
      httpTimeoutMs: 1_000,
      priorityFeeLamportsMax: 1_000_000n,
      transferFeeBpsMax: 100,
      landing: QUIET_LANDING,
    },
  });
  return { venue, clock, log, net };
}

/** `/swap/v2/order`, 200: the fields that we read. */
function order(transaction: string): FakeAnswer {
  const body = { router: "jupiterz", requestId: "r1", gasless: true, transaction };
  return { status: 200, body: JSON.stringify(body) };
}

function makerTransaction(): string {
  const maker = Keypair.fromSeed(Buffer.alloc(32, 2)).publicKey;
  const message = new TransactionMessage({
    payerKey: maker,
    recentBlockhash: TAKER,
    instructions: [SystemProgram.transfer({ fromPubkey: maker, toPubkey: maker, lamports: 1 })],
  }).compileToV0Message();
  const bytes = Buffer.concat([Buffer.of(1), Buffer.alloc(64), message.serialize()]);
  return bytes.toString("base64");
}

describe("a route", () => {
  test("is the build answer, with the least output computed by us", async ({ expect }) => {
    const { venue } = createWorld(() => ({ status: 200, body: JSON.stringify(createBuildBody()) }));
    expect(await venue.fetchRoute(REQUEST)).toMatchObject({
      quantityIn: 100_000_000n,
      quantityOut: 42_000_000n,
      quantityOutMin: 41_580_000n,
      priceImpactBps: 12,
      label: "Raydium",
    });
  });

  test.for<[string, Record<string, unknown>]>([
    ["another mint", { outputMint: TAKER }],
    ["another amount", { inAmount: "100000001" }],
    ["another slippage", { slippageBps: 5_000 }],
  ])("for %s is no answer to our question", async ([, change], { expect }) => {
    const body = JSON.stringify({ ...createBuildBody(), ...change });
    const { venue } = createWorld(() => ({ status: 200, body }));
    const code = "RAPTOR_VENUE__BAD_ANSWER";
    await expect(venue.fetchRoute(REQUEST)).rejects.toMatchObject({ code });
  });

  test.for<[string | null, number]>([
    ["0", 0],
    ["0.00004", 1],
    ["-0.25", 2_500],
    ["1.5e-7", 1],
    ["1", 10_000],
    ["7", 10_000],
    [null, 10_000],
    ["NaN", 10_000],
  ])(
    "reads an impact of %s as %i bps, and the unreadable as all",
    async ([ratio, bps], { expect }) => {
      const body = JSON.stringify({ ...createBuildBody(), priceImpactPct: ratio });
      const { venue } = createWorld(() => ({ status: 200, body }));
      expect((await venue.fetchRoute(REQUEST)).priceImpactBps).toBe(bps);
    },
  );

  test("that only a market maker offers is declined with the reason", async ({ expect }) => {
    const { venue } = createWorld((path) =>
      path === "/swap/v2/build" ? NO_ROUTE : order(makerTransaction()),
    );
    const error: unknown = await venue.fetchRoute(REQUEST).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "RAPTOR_VENUE__NO_ROUTE" });
    expect(String(error)).toContain("declined: somebody else pays its fee");
  });

  test("is missing without more words when no order is offered either", async ({ expect }) => {
    for (const answer of [NO_ROUTE, order(""), { failure: "timeout" } as const]) {
      const { venue } = createWorld((path) => (path === "/swap/v2/build" ? NO_ROUTE : answer));
      const code = "RAPTOR_VENUE__NO_ROUTE";
      await expect(venue.fetchRoute(REQUEST)).rejects.toMatchObject({ code });
    }
  });
});

describe("the start", () => {
  test("does not wait for nodes that do not answer", async ({ expect }) => {
    const { venue, clock, net } = createWorld(() => NO_ROUTE);
    net.fetch = () => new Promise(() => undefined);
    const started = venue.start().then(() => "started");
    await clock.advance(1_000);
    expect(await started).toBe("started");
    expect(net.sockets).toHaveLength(2);
    expect(venue.health().filter(({ name }) => /^(rpc|stream)/.test(name))).toHaveLength(4);
    expect(JSON.stringify(venue.health())).not.toContain("hush-hush");
    await venue.stop();
    expect(net.sockets.every(({ isClosed }) => isClosed)).toBe(true);
  });
});

describe("the wait for a bound", () => {
  test("is unknown before a height is, and then counts down", async ({ expect }) => {
    const { net, nodes } = createFakeChain();
    const { venue } = createWorld(() => NO_ROUTE, net);
    const attempt = createAttemptRow("buy");
    expect(venue.boundSecondsLeft(attempt.bound)).toBeNull();
    nodes[0].finalizedHeight = BOUND - 49;
    nodes[1].finalizedHeight = BOUND - 99;
    await venue.fetchAttempt(attempt);
    expect(venue.boundSecondsLeft(attempt.bound)).toBe(43);
    nodes[0].finalizedHeight = BOUND + 10;
    nodes[1].finalizedHeight = BOUND + 1;
    expect((await venue.fetchAttempt(attempt)).state).toBe("dead");
    expect(venue.boundSecondsLeft(attempt.bound)).toBe(0);
  });
});
