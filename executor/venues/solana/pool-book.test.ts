import { describe, test } from "vitest";
import type { PoolPrice } from "../../ports/market.ts";
import { settle } from "./fake-net.ts";
import { createPoolBook } from "./pool-book.ts";
import {
  CURVE,
  curveAccounts,
  MINT,
  SWAP,
  swapAccounts,
  vaultAccount,
} from "./pool-bytes-fixture.ts";
import { addressOf, createStreamWorld, type FakeAccount } from "./streams-fixture.ts";

const BASE = 1_000_000_000_000n;
const QUOTE = 30_000_000_000n;
const [, BASE_VAULT, QUOTE_VAULT] = SWAP.watch as [string, string, string];

function priceOf(base: bigint, quote: bigint): bigint {
  return (quote * 10n ** 6n * 10n ** 9n) / base;
}

async function start(accounts: ReadonlyMap<string, FakeAccount>) {
  const world = createStreamWorld();
  const { rpc, streams, clock, log, node } = world;
  const put = (more: ReadonlyMap<string, FakeAccount>): void => {
    for (const [address, account] of more) node.accounts.set(address, account);
  };
  put(accounts);
  const one = node.open("one.example");
  const book = createPoolBook({ rpc, streams, clock, log });
  const prices: PoolPrice[] = [];
  book.onPrice((price) => prices.push(price));
  book.track(MINT);
  await settle();
  node.answer(one);
  await settle();
  /** Both halves of a trade, or one of them. */
  function tell(account: string, quantity: bigint, slot: number): void {
    node.accounts.set(account, vaultAccount(quantity));
    node.tell(one, account, vaultAccount(quantity), slot);
  }
  const told = (): bigint[] => prices.map(({ priceE9 }) => priceE9);
  /** A connection that lives, while time passes. */
  async function pass(ms: number): Promise<void> {
    for (let at = 0; at < ms; at += 100) {
      node.slot += 1;
      node.beat(one);
      await clock.advance(Math.min(100, ms - at));
    }
  }
  return { ...world, one, book, prices, told, tell, put, pass };
}

describe("a curve", () => {
  test("is found from its token alone and priced with every frame at once", async ({ expect }) => {
    const { book, node, one, told, prices } = await start(curveAccounts(BASE, QUOTE));
    expect(told()).toEqual([priceOf(BASE, QUOTE)]);
    expect(book.stateOf(MINT)).toMatchObject({ isFresh: true, pool: { kind: "pump" } });
    const next = curveAccounts(BASE - 10n ** 10n, QUOTE + 10n ** 9n).get(CURVE.address);
    node.tell(one, CURVE.address, next as FakeAccount, 1_005);
    expect(prices.at(-1)).toMatchObject({
      instrument: `${MINT}.SOLANA`,
      priceE9: priceOf(BASE - 10n ** 10n, QUOTE + 10n ** 9n),
      slot: 1_005,
    });
  });

  test("that tells the same again has no news", async ({ expect }) => {
    const { node, one, told } = await start(curveAccounts(BASE, QUOTE));
    const same = node.accounts.get(CURVE.address) as FakeAccount;
    node.tell(one, CURVE.address, same, 1_005);
    expect(told()).toHaveLength(1);
  });

  test("that is full waits for its pool, and goes on there by itself", async ({ expect }) => {
    const { book, node, one, told, put } = await start(curveAccounts(BASE, QUOTE));
    const full = curveAccounts(BASE, QUOTE, true).get(CURVE.address) as FakeAccount;
    node.tell(one, CURVE.address, full, 1_005);
    node.accounts.set(CURVE.address, full);
    expect(book.stateOf(MINT)).toBeUndefined();
    expect(book.statusOf(MINT).state).toBe("migrating");
    node.answer(one);
    await settle();
    expect(book.stateOf(MINT)).toBeUndefined();
    const pool = swapAccounts(BASE / 4n, QUOTE * 3n);
    put(pool);
    for (const [address, account] of pool) node.tell(one, address, account, 1_010);
    expect(book.stateOf(MINT)).toMatchObject({ pool: { kind: "pumpswap" } });
    expect(book.statusOf(MINT).state).toBe("live");
    expect(told().at(-1)).toBe(priceOf(BASE / 4n, QUOTE * 3n));
  });

  test("that is not full after all trades on", async ({ expect }) => {
    const { book, node, one } = await start(curveAccounts(BASE, QUOTE));
    const full = curveAccounts(BASE, QUOTE, true).get(CURVE.address) as FakeAccount;
    node.tell(one, CURVE.address, full, 1_005);
    const back = curveAccounts(BASE, QUOTE).get(CURVE.address) as FakeAccount;
    node.tell(one, CURVE.address, back, 1_006);
    expect(book.stateOf(MINT)).toMatchObject({ pool: { kind: "pump" } });
    expect(book.statusOf(MINT).state).toBe("live");
  });
});

describe("a pool with two vaults", () => {
  const SOLD = (BASE * 11n) / 10n;
  const LEFT = (BASE * QUOTE) / SOLD;

  async function startSwap() {
    return start(new Map([...curveAccounts(BASE, QUOTE, true), ...swapAccounts(BASE, QUOTE)]));
  }

  test("is priced when both halves of a trade are there, in whatever order", async ({ expect }) => {
    for (const isBaseFirst of [true, false]) {
      const { told, tell } = await startSwap();
      expect(told()).toEqual([priceOf(BASE, QUOTE)]);
      if (isBaseFirst) tell(BASE_VAULT, SOLD, 1_005);
      else tell(QUOTE_VAULT, LEFT, 1_005);
      expect(told()).toHaveLength(1);
      if (isBaseFirst) tell(QUOTE_VAULT, LEFT, 1_005);
      else tell(BASE_VAULT, SOLD, 1_005);
      expect(told()).toEqual([priceOf(BASE, QUOTE), priceOf(SOLD, LEFT)]);
    }
  });

  test("does not mix halves of two trades of one slot", async ({ expect }) => {
    const { told, tell } = await startSwap();
    tell(BASE_VAULT, SOLD, 1_005);
    tell(QUOTE_VAULT, LEFT, 1_005);
    tell(BASE_VAULT, BASE, 1_005);
    expect(told()).toHaveLength(2);
    tell(QUOTE_VAULT, QUOTE, 1_005);
    expect(told().at(-1)).toBe(priceOf(BASE, QUOTE));
  });

  test("does not mix halves of two slots, however alike", async ({ expect }) => {
    const { told, tell } = await startSwap();
    const step = BASE / 100n;
    const quoteAt = (base: bigint): bigint => (BASE * QUOTE) / base;
    tell(BASE_VAULT, BASE + step, 1_005);
    tell(BASE_VAULT, BASE + 2n * step, 1_006);
    tell(QUOTE_VAULT, quoteAt(BASE + step), 1_005);
    expect(told()).toHaveLength(1);
    tell(QUOTE_VAULT, quoteAt(BASE + 2n * step), 1_006);
    expect(told().at(-1)).toBe(priceOf(BASE + 2n * step, quoteAt(BASE + 2n * step)));
  });

  test("asks for both when one half stays away, and then believes them", async ({ expect }) => {
    const { told, tell, pass, node, book } = await startSwap();
    const count = node.reads.length;
    tell(QUOTE_VAULT, QUOTE * 2n, 1_005);
    expect(book.stateOf(MINT)?.isFresh).toBe(true);
    node.slot = 1_006;
    await pass(40);
    expect(told()).toHaveLength(1);
    await pass(60);
    expect(node.reads).toHaveLength(count + 1);
    expect(told().at(-1)).toBe(priceOf(BASE, QUOTE * 2n));
    expect(book.stateOf(MINT)?.isFresh).toBe(true);
  });

  test("that lost nine tenths on both sides fakes no jump on the way", async ({ expect }) => {
    const { told, tell, pass, node } = await startSwap();
    tell(QUOTE_VAULT, QUOTE / 10n, 1_005);
    tell(BASE_VAULT, BASE / 10n, 1_005);
    node.slot = 1_006;
    await pass(100);
    expect(told()).toEqual([priceOf(BASE, QUOTE)]);
  });

  test("is not fresh while one half is missing and no poll answers", async ({ expect }) => {
    const { tell, pass, node, book } = await startSwap();
    node.isHttpDown = true;
    tell(QUOTE_VAULT, QUOTE * 2n, 1_005);
    await pass(100);
    expect(book.stateOf(MINT)).toMatchObject({ isFresh: false, pool: { quoteReserve: QUOTE } });
    expect(book.health().ok).toBe(true);
    await pass(5_000);
    expect(book.health().ok).toBe(false);
  });
});

describe("a token without a pool of its own", () => {
  test("says so, and is looked at again when somebody names one", async ({ expect }) => {
    const accounts = swapAccounts(BASE, QUOTE);
    const pool = accounts.get(SWAP.address) as FakeAccount;
    accounts.delete(SWAP.address);
    const { book, node } = await start(accounts);
    expect(book.statusOf(MINT).state).toBe("none");
    const elsewhere = BASE_VAULT.replace(/.$/, (last) => (last === "1" ? "2" : "1"));
    node.accounts.set(elsewhere, pool);
    book.hint(MINT, elsewhere);
    await settle();
    expect(book.stateOf(MINT)).toMatchObject({ pool: { ref: { address: elsewhere } } });
  });

  test("is looked for again, less and less often, until it has one", async ({ expect }) => {
    const { book, node, pass, put } = await start(new Map());
    expect(book.statusOf(MINT).state).toBe("none");
    const searches = (): number => node.reads.filter((asked) => asked[0] === MINT).length;
    const before = searches();
    await pass(60_000);
    expect(searches() - before).toBe(4);
    put(curveAccounts(BASE, QUOTE));
    await pass(70_000);
    expect(book.stateOf(MINT)).toMatchObject({ pool: { kind: "pump" } });
    const found = searches();
    await pass(200_000);
    expect(searches()).toBe(found);
  });

  test("is not looked for any more once nobody tracks it", async ({ expect }) => {
    const { book, node, pass } = await start(new Map());
    book.untrack(MINT);
    const before = node.reads.length;
    await pass(60_000);
    expect(node.reads).toHaveLength(before);
    book.track(MINT);
    book.stop();
    await pass(60_000);
    expect(node.reads).toHaveLength(before);
  });

  test("is not fooled by accounts that are no pools, or another token's", async ({ expect }) => {
    const accounts = swapAccounts(BASE, QUOTE);
    const pool = accounts.get(SWAP.address) as FakeAccount;
    accounts.set(SWAP.address, { ...pool, owner: MINT });
    const { book, node } = await start(accounts);
    book.hint(MINT, SWAP.address);
    book.hint(MINT, BASE_VAULT);
    book.hint(MINT, "jupiterz");
    await settle();
    expect(book.statusOf(MINT).state).toBe("none");
    expect(node.reads.flat()).not.toContain("jupiterz");
  });
});

describe("the book", () => {
  test("counts who tracks, and leaves nothing subscribed in the end", async ({ expect }) => {
    const { book, one, streams } = await start(curveAccounts(BASE, QUOTE));
    book.track(MINT);
    book.untrack(MINT);
    expect(book.stateOf(MINT)).toBeDefined();
    book.untrack(MINT);
    expect(book.stateOf(MINT)).toBeUndefined();
    expect(streams.health().detail).toContain("0 accounts");
    const gone = one.sent.filter(({ method }) => method === "accountUnsubscribe");
    expect(gone).toHaveLength(CURVE.watch.length);
  });

  test("looks for many pools with few questions, and never for one that has left", async ({
    expect,
  }) => {
    const { book, node } = await start(curveAccounts(BASE, QUOTE));
    const count = node.reads.length;
    for (let n = 0; n < 45; n++) book.track(addressOf(n));
    book.untrack(addressOf(44));
    await settle();
    const reads = node.reads.slice(count);
    expect(reads).toHaveLength(5);
    expect(reads.every(({ length }) => length <= 100)).toBe(true);
    expect(reads.flat()).toContain(addressOf(43));
    expect(reads.flat()).not.toContain(addressOf(44));
    expect(book.statusOf(addressOf(43)).state).toBe("none");
  });

  test("looks again while no node answers", async ({ expect }) => {
    const world = createStreamWorld();
    const { rpc, streams, clock, log, node } = world;
    for (const [address, account] of curveAccounts(BASE, QUOTE))
      node.accounts.set(address, account);
    node.isHttpDown = true;
    node.open("one.example");
    const book = createPoolBook({ rpc, streams, clock, log });
    book.track(MINT);
    await settle();
    expect(book.statusOf(MINT).state).toBe("searching");
    node.isHttpDown = false;
    await clock.advance(60_000);
    expect(book.statusOf(MINT).state).toBe("live");
  });
});
