import {
  ComputeBudgetProgram,
  PublicKey,
  SystemProgram,
  type AccountMeta,
  type TransactionInstruction,
} from "@solana/web3.js";
import { describe, test } from "vitest";
import { checkSwap } from "./check-swap.ts";
import {
  caseOf,
  compile,
  compileList,
  createAccount,
  EVENT_AUTHORITY,
  instruction,
  intentOf,
  jupiterSwap,
  JUPITER,
  named,
  partsOf,
  readonly,
  signer,
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
const sell = caseOf({ side: "sell", quantityIn: 1_000_000n, quotedOut: 400_000_000n });
const direct = caseOf({ shared: false });
const wsolOf = (swap: SwapCase): PublicKey => tokenAccountOf(swap.wallet, WSOL, TOKEN);
const mintOf = (swap: SwapCase): PublicKey =>
  tokenAccountOf(swap.wallet, swap.mint, swap.tokenProgram);

function reasonsFor(swap: SwapCase, change: Partial<Parts>): string[] {
  return checkSwap(intentOf(swap), compile(swap, { ...partsOf(swap), ...change }));
}

function reasonsWith(swap: SwapCase, extra: TransactionInstruction): string[] {
  return checkSwap(intentOf(swap), compileList(swap, [...Object.values(partsOf(swap)), extra]));
}

describe("an honest message", () => {
  for (const side of ["buy", "sell"] as const) {
    for (const version of ["legacy", 0] as const) {
      for (const shared of [true, false]) {
        for (const tokenProgram of [TOKEN, TOKEN_2022]) {
          const name = `${side}, ${version}, shared ${shared}, ${tokenProgram.toBase58().slice(0, 6)}`;
          test(`is accepted: ${name}`, ({ expect }) => {
            const swap = caseOf({ side, version, shared, tokenProgram });
            expect(reasonsFor(swap, {})).toEqual([]);
          });
        }
      }
    }
  }

  test("may come without account creations and without a compute budget", ({ expect }) => {
    const { wrap, sync, swap, close } = partsOf(buy);
    expect(checkSwap(intentOf(buy), compileList(buy, [wrap, sync, swap, close]))).toEqual([]);
  });

  test("may name the destination in the optional place", ({ expect }) => {
    const swap = jupiterSwap(direct, { accounts: { 7: writable(mintOf(direct)) } });
    expect(reasonsFor(direct, { swap })).toEqual([]);
  });
});

const transfer = (from: PublicKey, to: PublicKey, lamports: bigint): TransactionInstruction =>
  SystemProgram.transfer({ fromPubkey: from, toPubkey: to, lamports });
const token = (data: string, keys: AccountMeta[], program = TOKEN): TransactionInstruction =>
  instruction(program, keys, Buffer.from(data, "hex"));
const { wallet, mint } = buy;
const mintAccount = mintOf(buy);
const wsolAccount = wsolOf(buy);

describe("an instruction beside the swap", () => {
  const extras: [string, TransactionInstruction, RegExp][] = [
    ["SOL to a stranger", transfer(wallet, STRANGER, 1n), /SOL goes to another account/],
    ["a second wrap", transfer(wallet, wsolAccount, buy.quantityIn), /a second wrap/],
    [
      "a nonce advance",
      SystemProgram.nonceAdvance({ noncePubkey: STRANGER, authorizedPubkey: wallet }),
      /not a transfer/,
    ],
    [
      "an assignment of the wallet",
      SystemProgram.assign({ accountPubkey: wallet, programId: STRANGER }),
      /not a transfer/,
    ],
    [
      "a token transfer",
      token("030100000000000000", [writable(mintAccount), writable(STRANGER), signer(wallet)]),
      /neither a synchronisation/,
    ],
    [
      "an approval",
      token("04ffffffffffffffff", [writable(mintAccount), readonly(STRANGER), signer(wallet)]),
      /neither a synchronisation/,
    ],
    [
      "a change of owner",
      token(`060201${"07".repeat(32)}`, [writable(mintAccount), signer(wallet)]),
      /neither a synchronisation/,
    ],
    [
      "a burn",
      token("080100000000000000", [writable(mintAccount), writable(mint), signer(wallet)]),
      /neither a synchronisation/,
    ],
    [
      "a closing to a stranger",
      token("09", [writable(mintAccount), writable(STRANGER), signer(wallet)]),
      /an account is closed/,
    ],
    [
      "a closing of the token account",
      token("09", [writable(mintAccount), writable(wallet), signer(wallet)]),
      /an account is closed/,
    ],
    [
      "a Token-2022 instruction",
      token("09", [writable(wsolAccount), writable(wallet), signer(wallet)], TOKEN_2022),
      /other token program/,
    ],
    [
      "a foreign program",
      instruction(named("some program"), [signer(wallet)], Buffer.of(1)),
      /not on the list/,
    ],
    [
      "a memo",
      instruction(
        new PublicKey("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr"),
        [],
        Buffer.from("hi"),
      ),
      /not on the list/,
    ],
    ["a second swap", jupiterSwap(buy), /a second swap/],
    [
      "the swap program's event call",
      instruction(
        JUPITER,
        [readonly(EVENT_AUTHORITY)],
        Buffer.from("e445a52e51cb9a1d40c6cde8260871e2", "hex"),
      ),
      /own event call/,
    ],
    [
      "a token account for a stranger",
      createAccount(wallet, mint, TOKEN, STRANGER),
      /not the wallet's own/,
    ],
    [
      "a token account of another mint",
      createAccount(wallet, named("other mint"), TOKEN),
      /not the wallet's own/,
    ],
    ["a heap request", ComputeBudgetProgram.requestHeapFrame({ bytes: 32_768 }), /compute budget/],
    [
      "a second unit price",
      ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 1 }),
      /a second unitPrice/,
    ],
  ];
  for (const [name, extra, reason] of extras) {
    test(`is refused: ${name}`, ({ expect }) => {
      expect(reasonsWith(buy, extra).join()).toMatch(reason);
    });
  }

  test("an account creation that is not idempotent", ({ expect }) => {
    const created = createAccount(wallet, mint, TOKEN);
    for (const data of [Buffer.alloc(0), Buffer.of(0), Buffer.of(1, 0)]) {
      const createMint = instruction(created.programId, created.keys, data);
      expect(reasonsFor(buy, { createMint }).join()).toMatch(/not the idempotent one/);
    }
  });

  test("a wrap, a synchronisation or a creation of the token account in a sell", ({ expect }) => {
    const { wrap, sync, createMint } = partsOf(caseOf({ ...sell, side: "buy" }));
    expect(reasonsFor(sell, { wrap }).join()).toMatch(/a sell transfers SOL/);
    expect(reasonsFor(sell, { sync }).join()).toMatch(/did not fund/);
    expect(reasonsFor(sell, { createMint }).join()).toMatch(/not the wallet's own/);
  });
});

describe("one account more or less than needed is refused", () => {
  for (const name of ["limit", "createWsol", "createMint", "wrap", "sync", "close"] as const) {
    test(`in ${name}`, ({ expect }) => {
      const part = partsOf(buy)[name] ?? partsOf(buy).swap;
      const lists = [STRANGER, wallet].map((extra) => [...part.keys, readonly(extra)]);
      if (part.keys.length > 0) lists.push(part.keys.slice(0, -1));
      for (const keys of lists) {
        const changed = instruction(part.programId, keys, part.data);
        expect(reasonsFor(buy, { [name]: changed }).length).toBeGreaterThan(0);
      }
    });
  }
});

describe("a needed instruction that is missing or misplaced is refused", () => {
  for (const part of ["wrap", "sync", "close"] as const) {
    test(`no ${part}`, ({ expect }) => {
      expect(reasonsFor(buy, { [part]: undefined }).join()).toMatch(`no ${part}`);
    });
  }

  test("no swap", ({ expect }) => {
    const { wrap, sync, close } = partsOf(buy);
    const bytes = compileList(buy, [wrap, sync, close]);
    expect(checkSwap(intentOf(buy), bytes)).toEqual(["the message has no swap"]);
  });

  test("closing before swapping, swapping before wrapping", ({ expect }) => {
    const { wrap, sync, swap, close } = partsOf(buy);
    const check = (...list: (TransactionInstruction | undefined)[]) =>
      checkSwap(intentOf(buy), compileList(buy, list)).join();
    expect(check(wrap, sync, close, swap)).toMatch(/expected swap before close/);
    expect(check(swap, wrap, sync, close)).toMatch(/expected sync before swap/);
    expect(check(sync, wrap, swap, close)).toMatch(/expected wrap before sync/);
  });
});
