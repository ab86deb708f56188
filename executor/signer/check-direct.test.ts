import { describe, test } from "vitest";
import { checkSwap } from "./check-swap.ts";
import { DIRECT_KINDS, directSwap, type DirectKind } from "./fixtures/direct-message.ts";
import {
  caseOf,
  compileList,
  intentOf,
  named,
  otherAccountOf,
  partsOf,
  type Parts,
  readonly,
  signer,
  type SwapCase,
  TOKEN_2022,
  writable,
} from "./fixtures/swap-message.ts";

const SIDES = ["buy", "sell"] as const;
const CASES = DIRECT_KINDS.flatMap((kind) => SIDES.map((side) => [kind, side] as const));
type Change = Parameters<typeof directSwap>[2];

/** Without lookup tables: a direct swap needs none, and so may use none. */
function directCase(change: Partial<SwapCase>): SwapCase {
  return caseOf({ version: "legacy", ...change });
}

function partsFor(kind: DirectKind, swap: SwapCase, change?: Change): Partial<Parts> {
  const { createWsol, wrap, sync, close, ...rest } = partsOf(swap);
  const swapped = directSwap(kind, swap, change);
  // In the order of a message: what wraps SOL before the swap, what unwraps it behind.
  const { advance, limit, price, createMint } = rest;
  const before = { advance, limit, price, createMint };
  return kind === "pump"
    ? { ...before, swap: swapped }
    : { ...before, createWsol, wrap, sync, swap: swapped, close };
}

function judge(
  kind: DirectKind,
  swap: SwapCase,
  change?: Change,
  more: Partial<Parts> = {},
): string {
  const bytes = compileList(swap, Object.values({ ...partsFor(kind, swap, change), ...more }));
  return checkSwap(intentOf(swap), bytes).join("; ");
}

describe("a swap against a pool's own program", () => {
  test.for(CASES)("is signed: %s %s", ([kind, side], { expect }) => {
    for (const tokenProgram of [undefined, TOKEN_2022]) {
      const swap = directCase({ side, ...(tokenProgram === undefined ? {} : { tokenProgram }) });
      expect(judge(kind, swap)).toBe("");
    }
  });

  test.for(CASES)("is signed on a nonce: %s %s", ([kind, side], { expect }) => {
    expect(judge(kind, directCase({ side, nonce: 3 }))).toBe("");
  });

  test.for(CASES)("is refused with another input or minimum: %s %s", ([kind, side], { expect }) => {
    const swap = directCase({ side });
    const at = kind === "raydium-v4" ? 1 : 8;
    for (const [place, delta] of [
      [at, 1n],
      [at, -1n],
      [at + 8, -1n],
      [at + 8, 1n],
    ] as const) {
      const data = (bytes: Buffer): Buffer => {
        bytes.writeBigUInt64LE(bytes.readBigUInt64LE(place) + delta, place);
        return bytes;
      };
      expect(judge(kind, swap, { data })).toMatch(/expected an input|expected a least output/);
    }
  });

  test.for(CASES)("is refused with bytes behind its amounts: %s %s", ([kind, side], { expect }) => {
    const data = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.of(0)]);
    expect(judge(kind, directCase({ side }), { data })).toContain("bytes of data");
  });

  test.for(CASES)(
    "is refused when it names others in the wallet's place: %s %s",
    ([kind, side], { expect }) => {
      const swap = directCase({ side });
      const honest = directSwap(kind, swap).keys;
      const own = [swap.wallet, ...partsOwn(swap)].map((key) => key.toBase58());
      for (const [at, { pubkey }] of honest.entries()) {
        if (!own.includes(pubkey.toBase58())) continue;
        const accounts = { [at]: writable(named("somebody else")) };
        expect(judge(kind, swap, { accounts })).toContain("is not the intended");
      }
    },
  );

  test.for(CASES)(
    "is refused when the wallet or its other tokens stand elsewhere: %s %s",
    ([kind, side], { expect }) => {
      const swap = directCase({ side });
      const stranger = directSwap(kind, swap).keys.findIndex(({ pubkey }) =>
        pubkey.equals(named(`${kind} account 2`)),
      );
      const at = stranger === -1 ? 0 : stranger;
      for (const meta of [signer(swap.wallet), writable(otherAccountOf(swap))]) {
        expect(judge(kind, swap, { accounts: { [at]: meta } })).not.toBe("");
      }
    },
  );

  test.for(CASES)("is refused for the other side: %s %s", ([kind, side], { expect }) => {
    const swap = directCase({ side });
    const other = directCase({ side: side === "buy" ? "sell" : "buy" });
    const parts = { ...partsFor(kind, swap), swap: directSwap(kind, other) };
    const bytes = compileList(swap, Object.values(parts));
    expect(checkSwap(intentOf(swap), bytes)).not.toEqual([]);
  });

  test("is refused when it is asked twice", ({ expect }) => {
    const swap = directCase({ side: "sell" });
    const list = Object.values(partsFor("pump", swap));
    const bytes = compileList(swap, [...list, directSwap("pump", swap)]);
    expect(checkSwap(intentOf(swap), bytes).join()).toContain("a second swap");
  });

  test("is refused with another instruction of the same program", ({ expect }) => {
    const swap = directCase({ side: "sell" });
    const data = (bytes: Buffer): Buffer => {
      bytes[0] = 0;
      return bytes;
    };
    expect(judge("pump", swap, { data })).toContain("the pool's program is asked for");
  });

  test("is refused when an account comes from a lookup table", ({ expect }) => {
    const swap = caseOf({ side: "sell" });
    const accounts = { 20: readonly(named("pool state")) };
    expect(judge("pump", swap, { accounts })).toContain("lookup table");
  });
});

describe("SOL around a swap", () => {
  test("is not wrapped for the curve, which takes it itself", ({ expect }) => {
    const swap = directCase({ side: "buy" });
    const { wrap, createWsol, sync, close } = partsOf(swap);
    for (const more of [{ wrap }, { createWsol }, { sync }, { close }]) {
      expect(judge("pump", swap, undefined, more as Partial<Parts>)).not.toBe("");
    }
  });

  test("must be unwrapped after a swap with a pool", ({ expect }) => {
    const swap = directCase({ side: "sell" });
    const { close: _close, ...rest } = partsFor("pumpswap", swap);
    const bytes = compileList(swap, Object.values(rest));
    expect(checkSwap(intentOf(swap), bytes)).toEqual(["the message has no close"]);
  });
});

function partsOwn(swap: SwapCase) {
  const { keys } = directSwap("raydium-cpmm", swap);
  return [keys[4]?.pubkey, keys[5]?.pubkey].filter((key) => key !== undefined);
}

test.for(CASES)(
  "is refused above a fee that nobody can allow: %s %s",
  ([kind, side], { expect }) => {
    const judged = (unitPrice: bigint): string => {
      const swap = directCase({ side, unitPrice });
      const bytes = compileList(swap, Object.values(partsFor(kind, swap)));
      const intent = { ...intentOf(swap), feeLamportsMax: String(2n ** 64n - 1n) };
      return checkSwap(intent, bytes).join("; ");
    };
    // 200,000 units: 0.1 SOL to the lamport, and one more.
    expect(judged(500_000_000n)).toBe("");
    expect(judged(500_000_001n)).toContain("at most 100005000 lamports ever, was 100005001");
  },
);
