import {
  ComputeBudgetProgram,
  type PublicKey,
  SystemProgram,
  type TransactionInstruction,
} from "@solana/web3.js";
import fc from "fast-check";
import { describe, test } from "vitest";
import { checkNonceSetup } from "./check-nonce-setup.ts";
import {
  compileNonces,
  createNonce,
  creationOf,
  fillingOf,
  instructionsOf,
  judgeNonces,
  type NonceIntent,
  OWNER,
  reclaimOf,
  voidOf,
} from "./fixtures/nonce-message.ts";
import { instruction, named, nonceOf } from "./fixtures/swap-message.ts";

/** Small enough for three more instructions: the library cannot write more than a packet. */
const INTENTS: NonceIntent[] = [
  creationOf(0),
  creationOf(5, 63),
  fillingOf("890880", 7),
  fillingOf("2000000", 1),
  reclaimOf(2),
  voidOf(2),
];
const VERSIONS = ["legacy", 0] as const;
const HONEST = INTENTS.flatMap((intent) =>
  VERSIONS.map((version) => ({
    intent,
    version,
    bytes: compileNonces(instructionsOf(intent), version),
  })),
);

/** Judges what the signer takes; a message that the library cannot read counts as harm. */
class Counts {
  refused = 0;
  accepted = 0;
  readonly harms: string[] = [];

  add(intent: NonceIntent, bytes: Uint8Array, what: string): void {
    if (checkNonceSetup(intent, bytes).length > 0) {
      this.refused += 1;
      return;
    }
    this.accepted += 1;
    const harm = judgeNonces(bytes, intent);
    if (harm !== undefined) this.harms.push(`${what}: ${harm}`);
  }
}

test("honest messages of every kind are accepted and harmless to a second decoder", ({
  expect,
}) => {
  for (const { intent, bytes } of HONEST) {
    expect(checkNonceSetup(intent, bytes)).toEqual([]);
    expect(judgeNonces(bytes, intent)).toBeUndefined();
  }
});

describe("a change of single bytes of a nonce message", { timeout: 300_000 }, () => {
  test("is refused or harmless at every byte", ({ expect }) => {
    const counts = new Counts();
    for (const { intent, bytes } of HONEST) {
      for (let at = 0; at < bytes.length; at++) {
        const old = bytes[at] ?? 0;
        const flips = Array.from({ length: 8 }, (_, bit) => old ^ (1 << bit));
        for (const value of new Set([...flips, 0, 1, 255])) {
          if (value === old) continue;
          const changed = Buffer.from(bytes);
          changed[at] = value;
          counts.add(intent, changed, `byte ${at} to ${value}`);
        }
      }
    }
    expect(counts.harms).toEqual([]);
    expect(counts.refused).toBeGreaterThan(15_000);
    expect(counts.accepted).toBeGreaterThan(1_000);
  });

  test("is refused or harmless when a byte is removed or inserted", ({ expect }) => {
    const counts = new Counts();
    for (const { intent, bytes } of HONEST) {
      for (let at = 0; at <= bytes.length; at++) {
        const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
        counts.add(intent, Buffer.concat([head, tail.subarray(1)]), `byte ${at} removed`);
        for (const value of [0, 1, 128, 255]) {
          const longer = Buffer.concat([head, Buffer.of(value), tail]);
          counts.add(intent, longer, `byte ${at}: ${value} inserted`);
        }
      }
    }
    expect(counts.harms).toEqual([]);
    expect(counts.refused).toBeGreaterThan(10_000);
  });
});

const STRANGER = named("a stranger");
const KEYS: PublicKey[] = [
  STRANGER,
  OWNER,
  SystemProgram.programId,
  ComputeBudgetProgram.programId,
  ...[0, 1, 2, 5, 7, 63].map((index) => nonceOf(OWNER, index)),
  nonceOf(STRANGER, 0),
];
const FOREIGN: TransactionInstruction[] = [
  SystemProgram.transfer({ fromPubkey: OWNER, toPubkey: STRANGER, lamports: 1 }),
  SystemProgram.assign({ accountPubkey: OWNER, programId: STRANGER }),
  ...createNonce(9).instructions,
  ...createNonce(0, { lamports: 9_000_000_000 }).instructions,
  ...createNonce(0, { authority: STRANGER }).instructions,
  ...[0, 2].flatMap((index) => {
    const nonce = { noncePubkey: nonceOf(OWNER, index), authorizedPubkey: OWNER };
    return [
      SystemProgram.nonceAdvance(nonce),
      SystemProgram.nonceAuthorize({ ...nonce, newAuthorizedPubkey: STRANGER }),
      SystemProgram.nonceWithdraw({ ...nonce, toPubkey: STRANGER, lamports: 1_447_680 }),
    ];
  }),
  instruction(STRANGER, [{ pubkey: OWNER, isSigner: true, isWritable: true }], Buffer.of(1)),
  ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 2_000_000 }),
];

const change = fc.record({
  kind: fc.constantFrom("drop", "repeat", "swap", "insert", "account", "extra", "program", "data"),
  at: fc.nat(20),
  to: fc.nat(20),
  key: fc.nat(40),
  value: fc.nat(255),
});

function apply(list: TransactionInstruction[], { kind, at, to, key, value }: Change): void {
  const place = at % list.length;
  const item = list[place] as TransactionInstruction;
  const pubkey = KEYS[key % KEYS.length] as PublicKey;
  const copy = instruction(item.programId, [...item.keys], Buffer.from(item.data));
  if (kind === "drop") list.splice(place, 1);
  else if (kind === "repeat") list.splice(to % (list.length + 1), 0, copy);
  else if (kind === "insert") list.splice(place, 0, FOREIGN[key % FOREIGN.length] ?? copy);
  else if (kind === "swap") {
    const other = to % list.length;
    [list[place], list[other]] = [list[other] as TransactionInstruction, item];
  } else {
    list[place] = copy;
    if (kind === "program") copy.programId = pubkey;
    if (kind === "extra") copy.keys.push({ pubkey, isSigner: false, isWritable: true });
    if (kind === "data" && copy.data.length > 0) copy.data[to % copy.data.length] = value;
    const meta = copy.keys[to % Math.max(copy.keys.length, 1)];
    if (kind === "account" && meta !== undefined) {
      copy.keys[to % copy.keys.length] = { ...meta, pubkey };
    }
  }
}

type Change = typeof change extends fc.Arbitrary<infer Value> ? Value : never;

describe("a change of instructions and accounts of a nonce message", () => {
  test("is refused or harmless, one to three changes at a time", ({ expect }) => {
    const counts = new Counts();
    fc.assert(
      fc.property(
        fc.constantFrom(...HONEST),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        ({ intent, version }, changes) => {
          const list = instructionsOf(intent);
          for (const changed of changes) if (list.length > 0) apply(list, changed);
          counts.add(intent, compileNonces(list, version), JSON.stringify(changes));
          expect(counts.harms).toEqual([]);
        },
      ),
      { numRuns: 4_000, seed: 20_261_204 },
    );
    expect(counts.refused).toBeGreaterThan(2_000);
    expect(counts.accepted).toBeGreaterThan(50);
  });

  test("never makes the check throw for random bytes", ({ expect }) => {
    fc.assert(
      fc.property(fc.constantFrom(...HONEST), fc.uint8Array({ maxLength: 300 }), (one, noise) => {
        expect(checkNonceSetup(one.intent, noise).length).toBeGreaterThan(0);
        const mixed = Buffer.concat([one.bytes.subarray(0, noise.length), noise]);
        expect(checkNonceSetup(one.intent, mixed).length).toBeGreaterThan(0);
      }),
      { numRuns: 300, seed: 11 },
    );
  });
});
