import fc from "fast-check";
import {
  ComputeBudgetProgram,
  StakeProgram,
  SystemProgram,
  SYSVAR_RECENT_BLOCKHASHES_PUBKEY,
  type AccountMeta,
  type PublicKey,
  type TransactionInstruction,
} from "@solana/web3.js";
import { describe, test } from "vitest";
import type { SwapIntent } from "../ports/signer.ts";
import { checkSwap } from "./check-swap.ts";
import { judge } from "./fixtures/harm-oracle.ts";
import {
  advance,
  ATA,
  caseOf,
  compile,
  compileList,
  instruction,
  intentOf,
  JUPITER,
  named,
  nonceOf,
  otherAccountOf,
  partsOf,
  TIP_TARGETS,
  TOKEN,
  TOKEN_2022,
  tokenAccountOf,
  WSOL,
  type SwapCase,
} from "./fixtures/swap-message.ts";

/**
 * Whatever is changed in an honest message, what the signer still accepts must be harmless in the
 * eyes of a second decoder; a decoder that cannot read it at all counts as harm.
 */
const TIPS = [
  { to: TIP_TARGETS[0], lamports: 10_000n },
  { to: TIP_TARGETS[2], lamports: 5_000n },
];
const CASES: SwapCase[] = (["buy", "sell"] as const).flatMap((side) =>
  (["legacy", 0] as const).flatMap((version) =>
    [
      { shared: true, tokenProgram: TOKEN },
      { shared: false, tokenProgram: TOKEN_2022 },
      { shared: false, handsOn: true, tokenProgram: TOKEN },
      { shared: false, handsOn: true, tokenProgram: TOKEN_2022 },
      { shared: true, tokenProgram: TOKEN, nonce: 3 },
      { shared: false, handsOn: true, tokenProgram: TOKEN, nonce: 0 },
      { shared: true, tokenProgram: TOKEN, nonce: 3, tips: TIPS },
      { shared: false, handsOn: true, tokenProgram: TOKEN_2022, tips: TIPS.slice(1) },
    ].map((change) => caseOf({ side, version, ...change })),
  ),
);

class Counts {
  readonly #byKind = new Map<string, number>();
  readonly #intents = new Map<SwapCase, SwapIntent>();
  refused = 0;
  accepted = 0;

  /** What was accepted and is harmful; stays empty when all is well. */
  readonly harms: string[] = [];

  add(swap: SwapCase, bytes: Buffer, honest: Buffer, what: string): void {
    const intent = this.#intents.get(swap) ?? intentOf(swap);
    this.#intents.set(swap, intent);
    if (checkSwap(intent, bytes).length > 0) {
      this.refused += 1;
      return;
    }
    this.accepted += 1;
    const verdict = judge(bytes, honest, intent);
    if ("harm" in verdict) this.harms.push(`${what}: ${verdict.harm}`);
    else this.#byKind.set(verdict.harmless, (this.#byKind.get(verdict.harmless) ?? 0) + 1);
  }

  print(title: string): void {
    const kinds = [...this.#byKind].map(([kind, count]) => `  ${count} accepted: ${kind}\n`);
    process.stdout.write(`${title}: ${this.refused} refused\n${kinds.join("")}`);
  }
}

describe("a change of single bytes", { timeout: 300_000 }, () => {
  const REPLACEMENTS = [0, 1, 255];

  test("is refused or harmless at every byte of every kind of message", ({ expect }) => {
    const counts = new Counts();
    for (const swap of CASES) {
      const honest = compile(swap, partsOf(swap));
      for (let at = 0; at < honest.length; at++) {
        const old = honest[at] ?? 0;
        const flips = Array.from({ length: 8 }, (_, bit) => old ^ (1 << bit));
        for (const value of new Set([...flips, ...REPLACEMENTS])) {
          if (value === old) continue;
          const bytes = Buffer.from(honest);
          bytes[at] = value;
          counts.add(swap, bytes, honest, `byte ${at} to ${value}`);
        }
      }
    }
    counts.print("single bytes");
    expect(counts.harms).toEqual([]);
    expect(counts.refused).toBeGreaterThan(60_000);
    expect(counts.accepted).toBeGreaterThan(2_000);
  });

  test("of a length, a removed or an inserted byte is always refused or harmless", ({ expect }) => {
    const counts = new Counts();
    for (const swap of CASES) {
      const honest = compile(swap, partsOf(swap));
      for (let at = 0; at < honest.length; at++) {
        const shorter = Buffer.concat([honest.subarray(0, at), honest.subarray(at + 1)]);
        counts.add(swap, shorter, honest, `byte ${at} removed`);
        for (const value of [0, 1, 255]) {
          const rest = honest.subarray(at);
          const longer = Buffer.concat([honest.subarray(0, at), Buffer.of(value), rest]);
          counts.add(swap, longer, honest, `byte ${at}: ${value} inserted`);
        }
      }
    }
    counts.print("removed and inserted bytes");
    expect(counts.harms).toEqual([]);
    expect(counts.refused).toBeGreaterThan(20_000);
  });
});

type Change =
  | { kind: "account"; at: number; place: number; key: number; isWritable: boolean }
  | { kind: "extra"; at: number; key: number; isWritable: boolean }
  | { kind: "data"; at: number; place: number; value: number }
  | { kind: "number"; at: number; place: number; by: number }
  | { kind: "program"; at: number; key: number }
  | { kind: "drop"; at: number }
  | { kind: "repeat"; at: number; to: number }
  | { kind: "swap"; at: number; to: number }
  | { kind: "insert"; at: number; foreign: number };

const index = fc.nat(40);
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    kind: fc.constant("account" as const),
    at: index,
    place: index,
    key: index,
    isWritable: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("extra" as const),
    at: index,
    key: index,
    isWritable: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("data" as const), at: index, place: index, value: fc.nat(255) }),
  fc.record({
    kind: fc.constant("number" as const),
    at: index,
    place: index,
    by: fc.constantFrom(-2, -1, 1, 2, 256, 65_536),
  }),
  fc.record({ kind: fc.constant("program" as const), at: index, key: index }),
  fc.record({ kind: fc.constant("drop" as const), at: index }),
  fc.record({ kind: fc.constant("repeat" as const), at: index, to: index }),
  fc.record({ kind: fc.constant("swap" as const), at: index, to: index }),
  fc.record({ kind: fc.constant("insert" as const), at: index, foreign: index }),
);

function keysFor(swap: SwapCase): PublicKey[] {
  const { wallet, mint, tokenProgram } = swap;
  return [
    named("a stranger"),
    wallet,
    mint,
    WSOL,
    tokenAccountOf(wallet, WSOL, TOKEN),
    tokenAccountOf(wallet, mint, tokenProgram),
    tokenAccountOf(named("a stranger"), mint, tokenProgram),
    TOKEN,
    TOKEN_2022,
    ATA,
    JUPITER,
    SystemProgram.programId,
    StakeProgram.programId,
    otherAccountOf(swap),
    nonceOf(wallet, 0),
    nonceOf(wallet, 3),
    nonceOf(named("a stranger"), 3),
    SYSVAR_RECENT_BLOCKHASHES_PUBKEY,
    ...TIP_TARGETS,
    ...["pool state", "pool vault a", "unused"].map(named),
  ];
}

function foreignFor(swap: SwapCase): TransactionInstruction[] {
  const [stranger = swap.wallet] = keysFor(swap);
  const token = tokenAccountOf(swap.wallet, swap.mint, swap.tokenProgram);
  const owner = { pubkey: swap.wallet, isSigner: true, isWritable: true };
  const [from, to] = [token, stranger].map((pubkey) => ({
    pubkey,
    isSigner: false,
    isWritable: true,
  })) as [AccountMeta, AccountMeta];
  const u64 = Buffer.alloc(8, 1);
  return [
    SystemProgram.transfer({ fromPubkey: swap.wallet, toPubkey: stranger, lamports: 1 }),
    ...TIP_TARGETS.map((toPubkey) =>
      SystemProgram.transfer({ fromPubkey: swap.wallet, toPubkey, lamports: 9_000 }),
    ),
    SystemProgram.assign({ accountPubkey: swap.wallet, programId: stranger }),
    instruction(TOKEN, [from, to, owner], Buffer.concat([Buffer.of(3), u64])),
    instruction(TOKEN, [from, to, owner], Buffer.concat([Buffer.of(4), u64])),
    instruction(TOKEN, [from, owner], Buffer.concat([Buffer.of(6, 2, 1), stranger.toBuffer()])),
    instruction(TOKEN, [from, to, owner], Buffer.of(9)),
    instruction(stranger, [owner], Buffer.of(1)),
    ...nonceInstructions(swap.wallet, stranger),
    ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 900_000 }),
    ComputeBudgetProgram.setComputeUnitLimit({ units: 1_400_000 }),
  ];
}

function nonceInstructions(wallet: PublicKey, stranger: PublicKey): TransactionInstruction[] {
  const noncePubkey = nonceOf(wallet, 3);
  return [
    advance(wallet, noncePubkey),
    advance(wallet, nonceOf(stranger, 3)),
    SystemProgram.nonceWithdraw({
      noncePubkey,
      authorizedPubkey: wallet,
      toPubkey: stranger,
      lamports: 1_447_680,
    }),
    SystemProgram.nonceAuthorize({
      noncePubkey,
      authorizedPubkey: wallet,
      newAuthorizedPubkey: stranger,
    }),
  ];
}

function apply(list: TransactionInstruction[], changed: Change, swap: SwapCase): void {
  const at = changed.at % list.length;
  const item = list[at] as TransactionInstruction;
  const copy = instruction(item.programId, [...item.keys], Buffer.from(item.data));
  const keys = keysFor(swap);
  if (changed.kind === "drop") list.splice(at, 1);
  else if (changed.kind === "repeat") list.splice(changed.to % (list.length + 1), 0, copy);
  else if (changed.kind === "insert") {
    const foreign = foreignFor(swap);
    list.splice(at, 0, foreign[changed.foreign % foreign.length] as TransactionInstruction);
  } else if (changed.kind === "swap") {
    const to = changed.to % list.length;
    [list[at], list[to]] = [list[to] as TransactionInstruction, item];
  } else {
    list[at] = copy;
    if (changed.kind === "program") copy.programId = keys[changed.key % keys.length] as PublicKey;
    else if (changed.kind === "account" && copy.keys.length > 0) {
      const pubkey = keys[changed.key % keys.length] as PublicKey;
      const place = changed.place % copy.keys.length;
      const { isSigner = false } = copy.keys[place] ?? {};
      copy.keys[place] = { pubkey, isSigner, isWritable: changed.isWritable };
    } else if (changed.kind === "extra") {
      const pubkey = keys[changed.key % keys.length] as PublicKey;
      copy.keys.push({ pubkey, isSigner: false, isWritable: changed.isWritable });
    } else if (changed.kind === "data" && copy.data.length > 0) {
      copy.data[changed.place % copy.data.length] = changed.value;
    } else if (changed.kind === "number" && copy.data.length >= 8) {
      const place = changed.place % (copy.data.length - 7);
      const value = BigInt.asUintN(64, copy.data.readBigUInt64LE(place) + BigInt(changed.by));
      copy.data.writeBigUInt64LE(value, place);
    }
  }
}

describe("a change of instructions, accounts and amounts", { timeout: 300_000 }, () => {
  test("is refused or harmless, one to three changes at a time", ({ expect }) => {
    const counts = new Counts();
    const honest = CASES.map((swap) => compile(swap, partsOf(swap)));
    fc.assert(
      fc.property(
        fc.nat(CASES.length - 1),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        (which, changes) => {
          const swap = CASES[which] as SwapCase;
          const list = Object.values(partsOf(swap)).filter((part) => part !== undefined);
          for (const changed of changes) if (list.length > 0) apply(list, changed, swap);
          const bytes = compileList(swap, list);
          counts.add(swap, bytes, honest[which] as Buffer, JSON.stringify(changes));
          expect(counts.harms).toEqual([]);
        },
      ),
      { numRuns: 3_000, seed: 20_261_121 },
    );
    counts.print("changed instructions");
    expect(counts.refused).toBeGreaterThan(1_500);
    expect(counts.accepted).toBeGreaterThan(50);
  });

  test("of random bytes in random number never makes the check throw", ({ expect }) => {
    const bytes = fc.uint8Array({ maxLength: 400 });
    fc.assert(
      fc.property(bytes, fc.constantFrom(...CASES), (noise, swap) => {
        expect(checkSwap(intentOf(swap), noise).length).toBeGreaterThan(0);
        const honest = compile(swap, partsOf(swap));
        const mixed = Buffer.concat([honest.subarray(0, noise.length * 2), noise]);
        expect(checkSwap(intentOf(swap), mixed).length).toBeGreaterThan(0);
      }),
      { numRuns: 300, seed: 7 },
    );
  });
});
