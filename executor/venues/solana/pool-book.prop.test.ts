import fc from "fast-check";
import { describe, test } from "vitest";
import { settle } from "./fake-net.ts";
import { createPoolBook } from "./pool-book.ts";
import { curveAccounts, MINT, SWAP, swapAccounts, vaultAccount } from "./pool-bytes-fixture.ts";
import { addressOf, createStreamWorld } from "./streams-fixture.ts";

const SEED = 20_261_121;
const BASE = 1_000_000_000_000n;
const QUOTE = 30_000_000_000n;
const [, BASE_VAULT, QUOTE_VAULT] = SWAP.watch as [string, string, string];

/** What happens to the pool in one slot, and what becomes of the two frames that tell it. */
const slotArbitrary = fc.record({
  /** In percent of the base reserve: a sell above 0, a buy below. */
  swap: fc.integer({ min: -60, max: 150 }),
  /** In percent of both reserves that is left. */
  liquidity: fc.constantFrom(100n, 100n, 100n, 100n, 10n, 400n),
  isBaseFirst: fc.boolean(),
  frames: fc.tuple(
    fc.constantFrom("told", "told", "told", "twice", "lost", "late"),
    fc.constantFrom("told", "told", "told", "twice", "lost", "late"),
  ),
  waitMs: fc.constantFrom(0, 10, 30, 70, 200),
});

describe("prices of a pool with two vaults", () => {
  test("are all prices that it had, and the last one is the true one", async ({ expect }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(slotArbitrary, { minLength: 1, maxLength: 12 }), async (slots) => {
        const { clock, log, node, rpc, streams } = createStreamWorld();
        const accounts = [...curveAccounts(BASE, QUOTE, true), ...swapAccounts(BASE, QUOTE)];
        for (const [address, account] of accounts) node.accounts.set(address, account);
        const one = node.open("one.example");
        const book = createPoolBook({ rpc, streams, clock, log });
        const told: bigint[] = [];
        book.onPrice(({ priceE9 }) => told.push(priceE9));
        book.track(MINT);
        await settle();
        node.answer(one);
        await settle();
        let [base, quote] = [BASE, QUOTE];
        const real = new Set([priceOf(base, quote)]);
        let late: (() => void)[] = [];
        for (const { swap, liquidity, isBaseFirst, frames, waitMs } of slots) {
          node.slot += 1;
          const swapped = (base * BigInt(100 + swap)) / 100n;
          quote = (((base * quote) / swapped) * liquidity) / 100n;
          base = (swapped * liquidity) / 100n;
          real.add(priceOf(base, quote));
          const { slot } = node;
          const halves = [
            { vault: BASE_VAULT, quantity: base, fate: frames[0] },
            { vault: QUOTE_VAULT, quantity: quote, fate: frames[1] },
          ];
          const held: (() => void)[] = [];
          for (const { vault, quantity, fate } of isBaseFirst ? halves : halves.toReversed()) {
            const account = vaultAccount(quantity);
            node.accounts.set(vault, account);
            const tell = (): void => node.tell(one, vault, account, slot);
            if (fate === "late") held.push(tell);
            else if (fate !== "lost") tell();
            if (fate === "twice") tell();
          }
          for (const tell of late) tell();
          late = held;
          node.beat(one);
          await clock.advance(waitMs);
        }
        for (let n = 0; n < 80; n++) {
          node.slot += 1;
          node.beat(one);
          await clock.advance(100);
        }
        expect(told.filter((price) => !real.has(price))).toEqual([]);
        expect(told.at(-1)).toBe(priceOf(base, quote));
        book.stop();
        streams.stop();
      }),
      { numRuns: 150 },
    );
  });
});

const PLACES = 3;
const MINTS = [1, 2, 3, 4, 5, 6].map((n) => addressOf(700_000 + n));
const holds = fc.array(fc.record({ mint: fc.constantFrom(...MINTS), isLeaving: fc.boolean() }), {
  minLength: 30,
  maxLength: 80,
});

describe("places for tokens", () => {
  test("go to all who hold one, nobody loses one to somebody else's leaving", ({ expect }) => {
    fc.assert(
      fc.property(holds, (moves) => {
        const { clock, log, rpc, streams } = createStreamWorld();
        const book = createPoolBook({ rpc, streams, clock, log, trackedMax: PLACES });
        const holders = new Map<string, number>();
        const hasPlace = (mint: string): boolean => book.statusOf(mint).state !== "untracked";
        for (const { mint, isLeaving } of moves) {
          const held = holders.get(mint) ?? 0;
          // Every untrack belongs to a track before it.
          if (isLeaving && held === 0) continue;
          const before = MINTS.filter(hasPlace);
          holders.set(mint, isLeaving ? held - 1 : held + 1);
          if (isLeaving) book.untrack(mint);
          else book.track(mint);
          const wanted = MINTS.filter((one) => (holders.get(one) ?? 0) > 0);
          const placed = MINTS.filter(hasPlace);
          expect(placed.filter((one) => !wanted.includes(one))).toEqual([]);
          expect(placed).toHaveLength(Math.min(PLACES, wanted.length));
          const lost = before.filter((one) => wanted.includes(one) && !placed.includes(one));
          expect(lost).toEqual([]);
        }
        book.stop();
        streams.stop();
      }),
      { numRuns: 200, seed: SEED },
    );
  });
});

function priceOf(base: bigint, quote: bigint): bigint {
  return (quote * 10n ** 6n * 10n ** 9n) / base;
}
