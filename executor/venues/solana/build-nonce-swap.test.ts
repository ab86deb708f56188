import { PublicKey, SystemProgram, VersionedTransaction } from "@solana/web3.js";
import { describe, test } from "vitest";
import type { Lifetime } from "../../ports/venue.ts";
import { NONCE_ACCOUNT, prepare, preparedOf, type World } from "./fake-swap-world.ts";
import { STRANGER, TAKER } from "./jupiter-fixture.ts";
import { deriveNonceAddress } from "./nonce-account.ts";

const VALUE = "EkSnNWid2cvwEVnVx9aBqawnmiCNiDgp3gUdkDPTKN1N";
const NEXT = "GrAkKfEpTKQuVHG2Y97Y2FF4i7y7Q5AHLK94JBy7Y5yv";
const FRESH: Lifetime = { kind: "nonce", account: NONCE_ACCOUNT, value: null };
const AGAIN: Lifetime = { kind: "nonce", account: NONCE_ACCOUNT, value: VALUE };
const SETTLED = { confirmed: VALUE, finalized: VALUE };

function onNonce(change: Partial<World> = {}) {
  return prepare({ lifetime: FRESH, nonce: SETTLED, ...change });
}

test("nonce accounts stand where web3.js derives them", async ({ expect }) => {
  for (const index of [0, 9, 63]) {
    const seed = `raptor-nonce-${index}`;
    const owner = SystemProgram.programId;
    const expected = await PublicKey.createWithSeed(new PublicKey(TAKER), seed, owner);
    expect(deriveNonceAddress(TAKER, index)).toBe(expected.toBase58());
  }
});

describe("a swap on a nonce", () => {
  test("advances it first and stands on its value, which is bound and group too", async ({
    expect,
  }) => {
    const { outcome, requests } = await onNonce();
    const attempt = preparedOf(outcome);
    expect(attempt.bound).toEqual({ kind: "nonce", account: NONCE_ACCOUNT, value: VALUE });
    expect(attempt.exclusionGroup).toBe(`nonce:${NONCE_ACCOUNT}:${VALUE}`);
    expect(attempt.route["nonce"]).toMatchObject({
      index: 0,
      account: NONCE_ACCOUNT,
      value: VALUE,
    });
    const { message } = VersionedTransaction.deserialize(Buffer.from(attempt.payload, "base64"));
    expect(message.recentBlockhash).toBe(VALUE);
    const [first] = message.compiledInstructions;
    expect(Buffer.from(first?.data ?? []).toString("hex")).toBe("04000000");
    const named = first?.accountKeyIndexes.map((at) => message.staticAccountKeys[at]?.toBase58());
    expect(named).toEqual([NONCE_ACCOUNT, "SysvarRecentB1ockHashes11111111111111111111", TAKER]);
    expect(requests[0]?.intent.nonce).toEqual({ index: 0, value: VALUE });
  });

  test("is simulated with that very value, so that a used one is noticed", async ({ expect }) => {
    const { net } = await onNonce();
    const options = net.calls
      .filter(({ method }) => method === "simulateTransaction")
      .map(({ params }) => params[1]);
    expect(options).not.toEqual([]);
    for (const one of options) expect(one).toMatchObject({ replaceRecentBlockhash: false });
    await expect(onNonce({ simulationError: "BlockhashNotFound" })).rejects.toMatchObject({
      code: "RAPTOR_VENUE__UNAVAILABLE",
    });
  });

  const unusable: [string, World["nonce"], RegExp][] = [
    ["moved a moment ago", { confirmed: NEXT, finalized: VALUE }, /not final/],
    ["was created a moment ago", { confirmed: VALUE }, /not final/],
    ["does not exist", {}, /does not exist yet/],
  ];
  for (const [name, nonce, reason] of unusable) {
    test(`waits while the nonce ${name}`, async ({ expect }) => {
      await expect(onNonce({ nonce })).rejects.toMatchObject({
        code: "RAPTOR_VENUE__UNAVAILABLE",
        context: { reason: expect.stringMatching(reason) as string },
      });
    });
  }

  test("never stands on a nonce of somebody else", async ({ expect }) => {
    const lifetime: Lifetime = { ...AGAIN, account: deriveNonceAddress(STRANGER, 0) };
    await expect(onNonce({ lifetime })).rejects.toThrow(/one of the wallet's own/);
  });
});

describe("a replacement on the same value", () => {
  const priceOf = async (change: Partial<World>): Promise<bigint> => {
    const { outcome } = await onNonce(change);
    return BigInt(String(preparedOf(outcome).route["unitPriceMicroLamports"]));
  };

  test("bids twice as much each time, up to the cap", async ({ expect }) => {
    const first = await priceOf({ n: 1 });
    expect(await priceOf({ n: 3 })).toBe(first);
    expect(await priceOf({ n: 2, lifetime: AGAIN })).toBe(2n * first);
    expect(await priceOf({ n: 3, lifetime: AGAIN })).toBe(4n * first);
    // 120,000 units: the most that a million lamports buy.
    expect(await priceOf({ n: 900, lifetime: AGAIN })).toBe(8_333_333n);
  });

  test("is not built once the value has moved on", async ({ expect }) => {
    const nonce = { confirmed: NEXT, finalized: NEXT };
    await expect(onNonce({ lifetime: AGAIN, nonce })).rejects.toMatchObject({
      context: { reason: expect.stringContaining("was used up") as string },
    });
  });
});
