import { decodeBase58 } from "@raptor/shared/values/base58.ts";
import { describe, test } from "vitest";
import { settle } from "./fake-net.ts";
import { deriveNonceAddress } from "./nonce-account.ts";
import { deriveTokenAccount, SYSTEM_PROGRAM, TOKEN_PROGRAM } from "./programs.ts";
import { addressOf, createStreamWorld, type FakeAccount } from "./streams-fixture.ts";
import { createWarmAccounts } from "./warm-accounts.ts";

const WALLET = addressOf(1);
const MINT = addressOf(2);
const VALUE = addressOf(3);
const TOKENS = deriveTokenAccount(WALLET, MINT, TOKEN_PROGRAM);
const NONCE = deriveNonceAddress(WALLET, 0);

function key(address: string): Uint8Array {
  return decodeBase58(address) ?? new Uint8Array();
}

function tokens(owner: string, quantity: bigint): FakeAccount {
  const bytes = Buffer.alloc(165);
  bytes.set(key(MINT), 0);
  bytes.set(key(owner), 32);
  bytes.writeBigUInt64LE(quantity, 64);
  bytes.writeUInt8(1, 108);
  return { bytes };
}

function nonce(authority: string): FakeAccount {
  const bytes = Buffer.alloc(80);
  bytes.writeUInt32LE(1, 0);
  bytes.writeUInt32LE(1, 4);
  bytes.set(key(authority), 8);
  bytes.set(key(VALUE), 40);
  return { bytes, owner: SYSTEM_PROGRAM };
}

async function start(accounts: Record<string, FakeAccount>) {
  const world = createStreamWorld();
  const { node, streams } = world;
  for (const [address, account] of Object.entries(accounts)) node.accounts.set(address, account);
  const one = node.open("one.example");
  const warm = createWarmAccounts(streams);
  warm.keepWallet(WALLET);
  warm.keepToken(WALLET, MINT, TOKEN_PROGRAM);
  warm.keepNonce(WALLET, NONCE);
  node.answer(one);
  await settle();
  return { ...world, one, warm };
}

describe("warm accounts", () => {
  test("are answered at once, with slot and freshness", async ({ expect }) => {
    const { warm, node, one } = await start({
      [WALLET]: { bytes: new Uint8Array(), lamports: 7, owner: SYSTEM_PROGRAM },
      [TOKENS]: tokens(WALLET, 1_000n),
      [NONCE]: nonce(WALLET),
    });
    expect(warm.lamportsOf(WALLET)).toMatchObject({ value: 7n, slot: 1_000, isFresh: true });
    expect(warm.tokenBalanceOf(WALLET, MINT)).toMatchObject({ value: 1_000n, isFresh: true });
    expect(warm.nonceValueOf(WALLET, NONCE)).toMatchObject({ value: VALUE, isFresh: true });
    node.tell(one, TOKENS, tokens(WALLET, 400n), 1_004);
    expect(warm.tokenBalanceOf(WALLET, MINT)).toMatchObject({ value: 400n, slot: 1_004 });
    one.onClose("gone");
    expect(warm.tokenBalanceOf(WALLET, MINT)).toMatchObject({ value: 400n, isFresh: false });
  });

  test("know an account that is not there from one that nobody has read", async ({ expect }) => {
    const { warm } = await start({});
    expect(warm.tokenBalanceOf(WALLET, MINT)?.value).toBe(0n);
    expect(warm.lamportsOf(WALLET)?.value).toBe(0n);
    expect(warm.nonceValueOf(WALLET, NONCE)?.value).toBeNull();
    expect(warm.tokenBalanceOf(WALLET, WALLET)).toBeUndefined();
  });

  test("have nothing to sell while it is frozen", async ({ expect }) => {
    const frozen = tokens(WALLET, 1_000n);
    frozen.bytes[108] = 2;
    const { warm, node, one } = await start({ [TOKENS]: frozen });
    expect(warm.tokenBalanceOf(WALLET, MINT)).toBeUndefined();
    node.tell(one, TOKENS, tokens(WALLET, 1_000n), 1_004);
    expect(warm.tokenBalanceOf(WALLET, MINT)).toMatchObject({ value: 1_000n, isFresh: true });
  });

  test("believe nothing of accounts that belong to somebody else", async ({ expect }) => {
    const { warm } = await start({ [TOKENS]: tokens(MINT, 1_000n), [NONCE]: nonce(MINT) });
    expect(warm.tokenBalanceOf(WALLET, MINT)).toBeUndefined();
    expect(warm.nonceValueOf(WALLET, NONCE)?.value).toBeNull();
  });

  test("are kept until the last holder drops them", async ({ expect }) => {
    const { warm, streams } = await start({ [TOKENS]: tokens(WALLET, 1n) });
    warm.keepToken(WALLET, MINT, TOKEN_PROGRAM);
    warm.dropToken(WALLET, MINT);
    expect(warm.tokenBalanceOf(WALLET, MINT)).toBeDefined();
    warm.dropToken(WALLET, MINT);
    expect(warm.tokenBalanceOf(WALLET, MINT)).toBeUndefined();
    warm.dropWallet(WALLET);
    warm.dropNonce(WALLET, NONCE);
    expect(streams.health().detail).toContain("0 accounts");
  });
});
