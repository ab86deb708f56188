import { describe, test } from "vitest";
import { FakeClock, settle } from "./fake-net.ts";
import { FeeBook } from "./fee-book.ts";
import type { FeeSource } from "./fee-source.ts";
import { priorityFeeLamports, UNIT_PRICE_FLOOR } from "./priority-fee.ts";

const UNITS = 100_000;
const MARKET = "62qc2CNXwrYqQScmEdiZFFAnJR262PxWEuNQtxfafNgV";

interface Said {
  name: string;
  price: bigint | undefined;
}

function createBook(sources: Said[], feeLamportsMax = 1_000_000n) {
  const clock = new FakeClock();
  const asked: string[] = [];
  const fakes = sources.map((said): FeeSource => ({
    name: said.name,
    fetchUnitPrice: async (accounts) => {
      asked.push(accounts.join(","));
      return said.price;
    },
  }));
  const settings = { pollMs: 5_000, staleMs: 60_000, feeLamportsMax };
  return { book: new FeeBook({ sources: fakes, clock, settings }), clock, asked };
}

describe("the price of a compute unit at hand", () => {
  test("is the floor before any source has answered, and when all are broken", async ({
    expect,
  }) => {
    const { book } = createBook([{ name: "broken", price: undefined }]);
    expect(book.unitPrice("sell", 1, UNITS)).toBe(UNIT_PRICE_FLOOR);
    await book.refresh();
    expect(book.unitPrice("sell", 1, UNITS)).toBe(UNIT_PRICE_FLOOR);
    expect(book.health().detail).toContain("no fresh figure");
  });

  test("comes from the first source with a fresh word, else from the next", async ({ expect }) => {
    const first: Said = { name: "estimate", price: 70_000n };
    const second: Said = { name: "recent", price: 30_000n };
    const { book, clock } = createBook([first, second]);
    await book.refresh();
    expect(book.unitPrice("buy", 1, UNITS)).toBe(70_000n);
    first.price = undefined;
    await clock.advance(60_001);
    await book.refresh();
    expect(book.unitPrice("buy", 1, UNITS)).toBe(30_000n);
    second.price = undefined;
    await clock.advance(60_001);
    expect(book.unitPrice("buy", 1, UNITS)).toBe(UNIT_PRICE_FLOOR);
  });

  test("is never held back by a source that hangs", async ({ expect }) => {
    const clock = new FakeClock();
    const hang: FeeSource = { name: "hangs", fetchUnitPrice: () => new Promise(() => undefined) };
    const settings = { pollMs: 5_000, staleMs: 60_000, feeLamportsMax: 1_000_000n };
    const book = new FeeBook({ sources: [hang], clock, settings });
    book.start();
    await settle();
    expect(book.unitPrice("sell", 1, UNITS)).toBe(UNIT_PRICE_FLOOR);
  });

  test("takes the route's own proposal when it is higher", async ({ expect }) => {
    const { book } = createBook([{ name: "one", price: 30_000n }]);
    await book.refresh();
    expect(book.unitPrice("buy", 1, UNITS, { suggested: 50_000n })).toBe(50_000n);
    expect(book.unitPrice("buy", 1, UNITS, { suggested: 20_000n })).toBe(30_000n);
  });

  test("doubles with each try of an exit or replacement, never of a fresh buy", async ({
    expect,
  }) => {
    const { book } = createBook([{ name: "one", price: 30_000n }]);
    await book.refresh();
    const tries = [1, 2, 3, 4];
    const prices = tries.map((n) => book.unitPrice("sell", n, UNITS));
    expect(prices).toEqual([30_000n, 60_000n, 120_000n, 240_000n]);
    expect(tries.map((n) => book.unitPrice("buy", n, UNITS))).toEqual(Array(4).fill(30_000n));
    expect(book.unitPrice("buy", 2, UNITS, { isReplacement: true })).toBe(60_000n);
  });

  test("with the tips stays within the cap, at any try and any size", async ({ expect }) => {
    const { book } = createBook([{ name: "one", price: 900_000_000n }], 50_000n);
    await book.refresh();
    for (const n of [1, 2, 7, 900]) {
      for (const units of [1, 40_000, UNITS, 1_400_000]) {
        for (const tipLamports of [0n, 10_000n, 49_999n, 50_000n, 90_000n]) {
          const price = book.unitPrice("sell", n, units, { tipLamports });
          const left = tipLamports > 50_000n ? 0n : 50_000n - tipLamports;
          expect(priorityFeeLamports(units, price)).toBeLessThanOrEqual(left);
        }
      }
    }
  });
});

describe("watched accounts", () => {
  test("have a figure of their own once it was asked for", async ({ expect }) => {
    const said: Said = { name: "one", price: 30_000n };
    const { book, asked, clock } = createBook([said]);
    book.start();
    await clock.advance(0);
    said.price = 80_000n;
    const accountsKey = book.watch(["pool", "vault"]);
    expect(book.unitPrice("buy", 1, UNITS, { accountsKey })).toBe(30_000n);
    await settle();
    expect(book.unitPrice("buy", 1, UNITS, { accountsKey })).toBe(80_000n);
    expect(book.unitPrice("buy", 1, UNITS)).toBe(30_000n);
    expect(asked).toEqual([MARKET, "pool,vault"]);
    book.watch(["pool", "vault"]);
    expect(asked).toHaveLength(2);
    book.unwatch(accountsKey);
    expect(book.unitPrice("buy", 1, UNITS, { accountsKey })).toBe(30_000n);
  });

  test("are not asked about any more when no trade wants them", async ({ expect }) => {
    const { book, asked, clock } = createBook([{ name: "one", price: 30_000n }]);
    book.watch(["pool"]);
    await clock.advance(600_001);
    await book.refresh();
    expect(asked).toEqual([MARKET]);
  });

  test("are bounded: the longest unwanted one makes room", async ({ expect }) => {
    const { book, asked } = createBook([{ name: "one", price: 30_000n }]);
    for (let n = 0; n < 40; n++) book.watch([`pool${n}`]);
    await book.refresh();
    expect(asked).toHaveLength(8);
    expect(asked).toContain(MARKET);
    expect(asked).toContain("pool39");
    expect(asked).not.toContain("pool0");
  });
});
