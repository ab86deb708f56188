import { describe, it } from "vitest";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import { settle } from "./fake-net.ts";
import { deriveNonceAddress } from "./nonce-account.ts";
import { NonceBook } from "./nonce-book.ts";
import { SYSTEM_PROGRAM } from "./programs.ts";
import { addressOf, createStreamWorld } from "./streams-fixture.ts";
import { createWarmAccounts } from "./warm-accounts.ts";

const WALLET = addressOf(1);
const ACCOUNT = deriveNonceAddress(WALLET, 0);
const [FIRST, SECOND] = [addressOf(11), addressOf(12)];

function nonceBytes(value: string, authority = WALLET): Buffer {
  const bytes = Buffer.alloc(80);
  bytes.writeUInt32LE(1, 0);
  bytes.writeUInt32LE(1, 4);
  bytes.set(keyOf(authority), 8);
  bytes.set(keyOf(value), 40);
  return bytes;
}

function keyOf(address: string): Uint8Array {
  for (let n = 0; n < 100; n++) {
    const bytes = Buffer.alloc(32, 7);
    bytes.writeUInt32BE(n, 0);
    if (encodeBase58(bytes) === address) return bytes;
  }
  throw new Error(`expected an address of the fixture, was ${address}`);
}

async function createBook(value: string) {
  const world = createStreamWorld();
  const { rpc, clock, node, streams } = world;
  node.accounts.set(ACCOUNT, { bytes: nonceBytes(value), owner: SYSTEM_PROGRAM });
  const one = node.open("one.example");
  const warm = createWarmAccounts(streams);
  const book = new NonceBook({ rpc, clock, warm });
  book.keep(WALLET, ACCOUNT);
  book.start();
  await settle();
  node.answer(one);
  /** A connection that lives, while time passes. */
  async function pass(ms: number): Promise<void> {
    for (let at = 0; at < ms; at += 100) {
      node.slot += 1;
      node.beat(one);
      await clock.advance(100);
    }
  }
  /** The account changes, and its stream says so. */
  function change(bytes: Buffer): void {
    node.slot += 1;
    const account = { bytes, owner: SYSTEM_PROGRAM };
    node.accounts.set(ACCOUNT, account);
    node.tell(one, ACCOUNT, account, node.slot);
  }
  await pass(3_000);
  return { ...world, book, pass, change };
}

describe("a nonce's value at hand", () => {
  it("is one that was read as final, and still stands", async ({ expect }) => {
    const { book } = await createBook(FIRST);
    expect(book.ready(WALLET, ACCOUNT)?.value).toBe(FIRST);
  });

  it("is gone the moment its stream shows another, and back once that was read", async ({
    expect,
  }) => {
    const { book, change, pass } = await createBook(FIRST);
    change(nonceBytes(SECOND));
    expect(book.ready(WALLET, ACCOUNT)).toBeUndefined();
    await pass(5_000);
    expect(book.ready(WALLET, ACCOUNT)?.value).toBe(SECOND);
  });

  it("is never again one on which an attempt has ended, however late a node is", async ({
    expect,
  }) => {
    const { book, change, pass } = await createBook(FIRST);
    book.forget(ACCOUNT, FIRST);
    await pass(5_000);
    expect(book.ready(WALLET, ACCOUNT)).toBeUndefined();
    book.forget(ACCOUNT, addressOf(13));
    await pass(5_000);
    expect(book.ready(WALLET, ACCOUNT)).toBeUndefined();
    change(nonceBytes(SECOND));
    await pass(5_000);
    expect(book.ready(WALLET, ACCOUNT)?.value).toBe(SECOND);
  });

  it("is never one that somebody else may advance", async ({ expect }) => {
    const { book, change, pass } = await createBook(FIRST);
    change(nonceBytes(FIRST, addressOf(2)));
    expect(book.ready(WALLET, ACCOUNT)).toBeUndefined();
    await pass(5_000);
    expect(book.ready(WALLET, ACCOUNT)).toBeUndefined();
  });

  it("is not given out for an account that nobody keeps", async ({ expect }) => {
    const { book } = await createBook(FIRST);
    book.drop(ACCOUNT);
    expect(book.ready(WALLET, ACCOUNT)).toBeUndefined();
  });

  it("is not given out while its stream is silent", async ({ expect }) => {
    const { book, clock } = await createBook(FIRST);
    await clock.advance(20_000);
    expect(book.ready(WALLET, ACCOUNT)).toBeUndefined();
  });
});
