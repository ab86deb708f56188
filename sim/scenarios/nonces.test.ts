/** Durable nonces from the venue's own code to the chain and back, with the real signer's checks. */
import { afterAll, beforeAll, describe, test } from "vitest";
import type { AttemptRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Lifetime, PreparedAttempt } from "@raptor/executor/ports/venue.ts";
import { type MarketToken, priceE9Of } from "../models/market.ts";
import { createAttempt, createOrder, VenueWorld } from "./venue-world.ts";

const world = new VenueWorld(23);
const SPENT = 100_000_000n;
const RENT = 1_447_680n;
/** Far more than finality takes, because a busy machine makes few blocks in many tries. */
const TRIES_MAX = 2_000;

beforeAll(() => world.start());
afterAll(() => world.close());

interface Trader {
  wallet: WalletRow;
  wrapped: string;
}

async function createTrader(nonces: number): Promise<Trader & { account: string }> {
  const trader = await world.createWallet();
  const { wallet, wrapped } = trader;
  const indexes = Array.from({ length: nonces }, (_, index) => index);
  const made = await world.venue.createNonces(wallet, wrapped, indexes);
  if (made.outcome !== "done") throw new Error(made.reason);
  return { ...trader, account: world.venue.nonceAddress(wallet.address, 0) };
}

async function prepareBuy(
  { wallet, wrapped }: Trader,
  token: MarketToken,
  lifetime: Lifetime,
  n = 1,
): Promise<{ row: AttemptRow; attempt: PreparedAttempt }> {
  const order = createOrder(wallet, token, "buy", SPENT);
  const route = await world.venue.fetchRoute({
    wallet: wallet.address,
    mint: token.mint,
    side: "buy",
    quantityIn: SPENT,
    slippageBps: order.slippageBpsMax,
  });
  for (let tries = 0; ; tries++) {
    try {
      const prepared = await world.venue.prepare(order, wallet, wrapped, route, n, lifetime);
      if (prepared.outcome !== "prepared") throw new Error(prepared.reason);
      const { attempt } = prepared;
      return { attempt, row: createAttempt(order, attempt, world.clock.nowMs()) };
    } catch (error) {
      // A new value counts from its finality on; the engine asks again as well.
      const isWaiting = isRaptorError(error, "RAPTOR_VENUE__UNAVAILABLE") && tries < TRIES_MAX;
      if (!isWaiting || lifetime.kind !== "nonce" || lifetime.value !== null) throw error;
      await world.clock.sleep(20);
    }
  }
}

async function pass(slots: number): Promise<void> {
  const end = world.chain.slot() + slots;
  while (world.chain.slot() < end) await world.clock.sleep(20);
}

function valueOf({ bound }: PreparedAttempt): string {
  if (bound.kind !== "nonce") throw new Error("expected an attempt on a nonce");
  return bound.value;
}

describe("nonce accounts", () => {
  test("are created once for their rent and a fee, and asking again costs nothing", async ({
    expect,
  }) => {
    const { wallet, wrapped } = await world.createWallet();
    const start = world.chain.lamportsOf(wallet.address);
    const made = await world.venue.createNonces(wallet, wrapped, [0, 1, 2, 3, 4, 5]);
    if (made.outcome !== "done") throw new Error(made.reason);
    expect(made.accounts.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
    for (const { value, lamports } of made.accounts) {
      expect([typeof value, lamports]).toEqual(["string", RENT]);
    }
    const { sent, rentLamports } = made.evidence as {
      sent: { feeLamports: string }[];
      rentLamports: string;
    };
    expect(sent).toHaveLength(2);
    const fees = sent.reduce((sum, { feeLamports }) => sum + BigInt(feeLamports), 0n);
    const afterwards = world.chain.lamportsOf(wallet.address);
    expect(start - afterwards).toBe(fees + BigInt(rentLamports));
    expect(BigInt(rentLamports)).toBe(6n * world.venue.nonceRentLamports);
    const again = await world.venue.createNonces(wallet, wrapped, [5, 0, 6]);
    if (again.outcome !== "done") throw new Error(again.reason);
    expect(again.evidence).toMatchObject({ rentLamports: String(RENT) });
    const views = await world.venue.fetchNonces(wallet.address, 8);
    expect(views.map(({ value }) => value !== null)).toEqual([...Array(7).fill(true), false]);
  });

  test("give everything back to their wallet when they are reclaimed, once", async ({ expect }) => {
    const { wallet, wrapped } = await createTrader(2);
    const start = world.chain.lamportsOf(wallet.address);
    const back = await world.venue.reclaimNonce(wallet, wrapped, 1);
    if (back.outcome !== "done") throw new Error(back.reason);
    const { sent, returnedLamports } = back.evidence as {
      sent: { feeLamports: string }[];
      returnedLamports: string;
    };
    expect(returnedLamports).toBe(String(RENT));
    const gained = world.chain.lamportsOf(wallet.address) - start;
    expect(gained).toBe(RENT - BigInt(sent[0]?.feeLamports ?? "0"));
    expect(back.accounts).toMatchObject([{ index: 1, value: null, lamports: 0n }]);
    const again = await world.venue.reclaimNonce(wallet, wrapped, 1);
    expect(again).toMatchObject({ outcome: "done", evidence: { sent: [], returnedLamports: "0" } });
    expect((await world.venue.fetchNonces(wallet.address, 2))[0]?.value).not.toBeNull();
  });

  test("are not created by a wallet that cannot pay for them", async ({ expect }) => {
    const { wallet, wrapped } = await world.createWallet();
    world.chain.setLamports(wallet.address, 1_500_000n);
    await pass(10);
    const made = await world.venue.createNonces(wallet, wrapped, [0]);
    expect(made).toMatchObject({ outcome: "refused", alert: false });
    expect(world.chain.lamportsOf(wallet.address)).toBe(1_500_000n);
  });

  test("are set up where a stranger sent lamports before, and these come back too", async ({
    expect,
  }) => {
    const { wallet, wrapped } = await world.createWallet();
    const [little, much] = [1, 2].map((index) => world.venue.nonceAddress(wallet.address, index));
    world.chain.setLamports(little ?? "", 900_000n);
    world.chain.setLamports(much ?? "", 5_000_000n);
    await pass(10);
    const made = await world.venue.createNonces(wallet, wrapped, [0, 1, 2]);
    if (made.outcome !== "done") throw new Error(made.reason);
    expect(made.accounts.map(({ lamports }) => lamports)).toEqual([RENT, RENT, 5_000_000n]);
    expect(made.accounts.map(({ value }) => typeof value)).toEqual(["string", "string", "string"]);
    expect(made.evidence).toMatchObject({ rentLamports: String(RENT + RENT - 900_000n) });
    const back = await world.venue.reclaimNonce(wallet, wrapped, 2);
    expect(back).toMatchObject({ outcome: "done", evidence: { returnedLamports: "5000000" } });
  });
});

describe("an attempt on a nonce", () => {
  test("lands, is settled, and names its value as bound and group", async ({ expect }) => {
    const trader = await createTrader(1);
    const token = world.token("normal");
    const { account } = trader;
    const { attempt, row } = await prepareBuy(trader, token, {
      kind: "nonce",
      account,
      value: null,
    });
    const value = valueOf(attempt);
    expect(attempt.bound).toEqual({ kind: "nonce", account, value });
    expect(attempt.exclusionGroup).toBe(`nonce:${account}:${value}`);
    expect(world.venue.boundSecondsLeft(attempt.bound)).toBeNull();
    expect((await world.venue.submit(row)).outcome).toBe("accepted");
    const report = await world.follow(row);
    if (report.state !== "landed") throw new Error(JSON.stringify(report, String));
    expect(report.quantity).toBe(world.quantityOf(trader.wallet.address, token));
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

  test("shares one turn with its dearer replacement, and the loser is dead by that alone", async ({
    expect,
  }) => {
    const trader = await createTrader(1);
    const token = world.token("normal");
    const { account } = trader;
    const first = await prepareBuy(trader, token, { kind: "nonce", account, value: null });
    const value = valueOf(first.attempt);
    const second = await prepareBuy(trader, token, { kind: "nonce", account, value }, 2);
    expect(second.attempt.exclusionGroup).toBe(first.attempt.exclusionGroup);
    expect(second.attempt.identity).not.toBe(first.attempt.identity);
    const priceOf = ({ route }: PreparedAttempt) => BigInt(String(route["unitPriceMicroLamports"]));
    expect(priceOf(second.attempt)).toBe(2n * priceOf(first.attempt));
    // Long after any blockhash would have ended.
    await pass(170);
    expect(await world.venue.fetchAttempt(first.row)).toEqual({
      state: "pending",
      detail: "nonce not advanced: it may still be executed",
    });
    await world.venue.submit(second.row);
    expect((await world.follow(second.row)).state).toBe("landed");
    await world.venue.submit(first.row);
    await pass(50);
    expect(await world.venue.fetchAttempt(first.row)).toMatchObject({
      state: "dead",
      proof: { value, spender: second.attempt.identity },
    });
    await expect(
      prepareBuy(trader, token, { kind: "nonce", account, value }, 3),
    ).rejects.toMatchObject({ code: "RAPTOR_VENUE__UNAVAILABLE" });
    const held = world.quantityOf(trader.wallet.address, token);
    const next = await prepareBuy(trader, token, { kind: "nonce", account, value: null });
    expect(valueOf(next.attempt)).not.toBe(value);
    expect(world.quantityOf(trader.wallet.address, token)).toBe(held);
  });

  test("that is reverted says when that is final, and has used the nonce up", async ({
    expect,
  }) => {
    const trader = await createTrader(1);
    const token = world.token("young");
    const { account } = trader;
    const { attempt, row } = await prepareBuy(trader, token, {
      kind: "nonce",
      account,
      value: null,
    });
    world.market.setPrice(token.mint, priceE9Of(token) * 2n);
    await world.venue.submit(row);
    const report = await world.follow(row);
    if (report.state !== "reverted") throw new Error(JSON.stringify(report, String));
    const [view] = await world.venue.fetchNonces(trader.wallet.address, 1);
    expect(view?.value).not.toBe(valueOf(attempt));
    await pass(45);
    const later = await world.venue.fetchAttempt(row);
    expect(later).toMatchObject({ state: "reverted", evidence: { commitment: "finalized" } });
  });
});
