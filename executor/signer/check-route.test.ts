import {
  ComputeBudgetProgram,
  SystemProgram,
  type AccountMeta,
  type PublicKey,
  type TransactionInstruction,
} from "@solana/web3.js";
import { describe, test } from "vitest";
import { checkSwap } from "./check-swap.ts";
import {
  amountsAt,
  caseOf,
  compile,
  instruction,
  intentOf,
  jupiterSwap,
  JUPITER,
  named,
  partsOf,
  readonly,
  TOKEN,
  TOKEN_2022,
  tokenAccountOf,
  writable,
  WSOL,
  type Parts,
  type SwapCase,
} from "./fixtures/swap-message.ts";

const STRANGER = named("a stranger");
const buy = caseOf();
const direct = caseOf({ shared: false });
const wsolOf = (swap: SwapCase): PublicKey => tokenAccountOf(swap.wallet, WSOL, TOKEN);

function reasonsFor(swap: SwapCase, change: Partial<Parts>): string[] {
  return checkSwap(intentOf(swap), compile(swap, { ...partsOf(swap), ...change }));
}

const transfer = (from: PublicKey, to: PublicKey, lamports: bigint): TransactionInstruction =>
  SystemProgram.transfer({ fromPubkey: from, toPubkey: to, lamports });
const { wallet } = buy;
const wsolAccount = wsolOf(buy);

describe("an amount outside the intent", () => {
  const changes: [string, (data: Buffer, at: number) => void, RegExp][] = [
    ["one unit more in", (data, at) => data.writeBigUInt64LE(buy.quantityIn + 1n, at), /input/],
    ["one unit less in", (data, at) => data.writeBigUInt64LE(buy.quantityIn - 1n, at), /input/],
    [
      "a quote one unit lower",
      (data, at) => data.writeBigUInt64LE(buy.quotedOut - 1n, at + 8),
      /at least 900000 out, was 899999/,
    ],
    [
      "one bps more slippage",
      (data, at) => data.writeUInt16LE(buy.slippageBps + 1, at + 16),
      /slippage/,
    ],
    ["full slippage", (data, at) => data.writeUInt16LE(65_535, at + 16), /slippage/],
    ["a platform fee", (data, at) => data.writeUInt16LE(1, at + 18), /platform fee/],
    [
      "a share of positive slippage",
      (data, at) => data.writeUInt16LE(1, at + 20),
      /positive slippage/,
    ],
  ];
  for (const [name, data, reason] of changes) {
    test(`is refused: ${name}`, ({ expect }) => {
      for (const shared of [true, false]) {
        const swap = caseOf({ shared });
        const changed = jupiterSwap(swap, { data: (bytes) => data(bytes, amountsAt(swap)) });
        const reasons = reasonsFor(swap, { swap: changed });
        expect(reasons.join()).toMatch(reason);
      }
    });
  }

  test("a wrap that differs by one lamport", ({ expect }) => {
    for (const lamports of [buy.quantityIn - 1n, buy.quantityIn + 1n]) {
      const wrap = transfer(wallet, wsolAccount, lamports);
      expect(reasonsFor(buy, { wrap }).join()).toMatch(/lamports to be wrapped/);
    }
  });

  test("a network fee one lamport above the cap, with and without a unit limit", ({ expect }) => {
    const price = ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 1_000_001n });
    expect(reasonsFor(buy, { price }).join()).toMatch(/at most 205000, was 205001/);
    const limit = ComputeBudgetProgram.setComputeUnitLimit({ units: 200_001 });
    expect(reasonsFor(buy, { limit }).join()).toMatch(/at most 205000, was 205001/);
    const { limit: _unused, ...rest } = partsOf(buy);
    expect(checkSwap(intentOf(buy), compile(buy, rest)).join()).toMatch(/was 1405000/);
    const free = ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 0 });
    const units = ComputeBudgetProgram.setComputeUnitLimit({ units: 1_400_001 });
    expect(reasonsFor(buy, { price: free, limit: units }).join()).toMatch(/compute units/);
    const huge = ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 2n ** 64n - 1n });
    expect(reasonsFor(buy, { price: huge }).join()).toMatch(/network fee/);
  });
});

describe("a swap with other accounts or another meaning", () => {
  const places: [string, SwapCase, number, AccountMeta, RegExp][] = [
    ["a stranger as shared destination", buy, 5, writable(STRANGER), /destination account/],
    ["a stranger as direct destination", direct, 2, writable(STRANGER), /destination account/],
    ["a stranger in the optional place", direct, 7, writable(STRANGER), /output goes to another/],
    ["another source", buy, 2, writable(STRANGER), /source account/],
    ["another mint", buy, 7, readonly(named("other mint")), /destination mint/],
    ["another token program", buy, 9, readonly(TOKEN_2022), /destination token program/],
    ["another event authority", buy, 10, readonly(STRANGER), /event authority/],
    ["another program in its own place", buy, 11, readonly(STRANGER), /the program account/],
    ["the wallet among the venue's accounts", buy, 13, writable(wallet), /handed on/],
    ["the wallet as the shared source", buy, 3, writable(wallet), /handed on/],
  ];
  for (const [name, swap, at, meta, reason] of places) {
    test(`is refused: ${name}`, ({ expect }) => {
      const changed = jupiterSwap(swap, { accounts: { [at]: meta } });
      expect(reasonsFor(swap, { swap: changed }).join()).toMatch(reason);
    });
  }

  const selectors = {
    route: "e517cb977ae3ad2a",
    shared_accounts_route: "c1209b3341d69c81",
    exact_out_route: "d033ef977b2bed5c",
    shared_accounts_exact_out_route: "b0d169a89a7d453e",
    exact_out_route_v2: "9d8ab85215f4f324",
    shared_accounts_exact_out_route_v2: "3560e5cad8bbfa18",
    route_with_token_ledger: "96564774a75d0e68",
    shared_accounts_route_with_token_ledger: "e6798f50779f6aaa",
    set_token_ledger: "e455b9704e4f4d02",
  };
  for (const [name, selector] of Object.entries(selectors)) {
    test(`the instruction ${name}`, ({ expect }) => {
      const swap = jupiterSwap(buy, { data: (data) => data.write(selector, "hex") });
      expect(reasonsFor(buy, { swap }).join()).toMatch(/the swap program is asked for/);
    });
  }

  test("an old route with honest amounts glued behind the ones that count", ({ expect }) => {
    const amounts = (quantityIn: bigint, out: bigint, slippage: number): Buffer => {
      const bytes = Buffer.alloc(19);
      bytes.writeBigUInt64LE(quantityIn, 0);
      bytes.writeBigUInt64LE(out, 8);
      bytes.writeUInt16LE(slippage, 16);
      return bytes;
    };
    const data = Buffer.concat([
      Buffer.from("e517cb977ae3ad2a" + "01000000" + "07640001", "hex"),
      amounts(10n ** 12n, 0n, 10_000),
      amounts(buy.quantityIn, buy.quotedOut, buy.slippageBps),
    ]);
    const keys = [readonly(TOKEN), ...jupiterSwap(direct).keys];
    const reasons = reasonsFor(direct, { swap: instruction(JUPITER, keys, data) });
    expect(reasons.join()).toMatch(/asked for route, whose amounts stand behind/);
  });

  test("a swap cut short", ({ expect }) => {
    const whole = jupiterSwap(buy);
    for (const length of [0, 7, 8, 9, 20, 34]) {
      const swap = instruction(JUPITER, whole.keys, whole.data.subarray(0, length));
      expect(reasonsFor(buy, { swap }).length).toBe(1);
    }
    const swap = instruction(JUPITER, whole.keys.slice(0, 11), whole.data);
    expect(reasonsFor(buy, { swap }).join()).toMatch(/program account/);
  });
});
