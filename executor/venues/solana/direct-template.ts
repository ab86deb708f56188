import { assert } from "@raptor/shared/errors/raptor-error.ts";
import { decodeBase58, encodeBase58 } from "@raptor/shared/values/base58.ts";
import { type DirectPool, poolInstruction } from "../../pools/direct-pool.ts";
import type { Tip } from "./lane.ts";
import type { SwapPlan } from "./swap-instructions.ts";
import { compileSwapMessage } from "./swap-message.ts";

/** What differs between two transactions of one wallet against one pool. */
export interface DirectNumbers {
  /** The blockhash, or the value of the nonce, as 32 bytes. */
  lifetime: Uint8Array;
  /** The account of that nonce as 32 bytes; exactly where the plan has one. */
  nonceAccount: Uint8Array | undefined;
  unitLimit: number;
  unitPriceMicroLamports: bigint;
  quantityIn: bigint;
  quantityOutMin: bigint;
  /** As many as the template has. */
  tips: readonly Pick<Tip, "account" | "lamports">[];
}

/** A compiled message with the places of its numbers. */
export interface DirectTemplate {
  readonly bytes: Uint8Array;
  readonly lifetimeAt: number;
  readonly nonceAccountAt: number | undefined;
  readonly unitLimitAt: number;
  readonly unitPriceAt: number;
  /** The swap's own input, and for a buy that wraps SOL the transfer before it. */
  readonly quantityInAt: readonly number[];
  readonly quantityOutMinAt: number;
  readonly tipsAt: readonly { accountAt: number; lamportsAt: number }[];
}

export type CompiledTemplate =
  | { ok: true; template: DirectTemplate }
  | { ok: false; reason: string };

/** Everything of a plan but the swap itself, which is made for the pool here. */
export type DirectPlan = Pick<SwapPlan, "side" | "accounts" | "isNative"> & {
  /** Whether the message begins with the advance of a nonce. */
  hasNonce: boolean;
  tipCount: number;
};

/** Values that no honest trade has, so that their places show in the compiled bytes. */
const MARK = {
  lifetime: Uint8Array.from({ length: 32 }, (_, at) => (at * 83 + 151) % 256),
  nonceAccount: Uint8Array.from({ length: 32 }, (_, at) => (at * 59 + 201) % 256),
  unitLimit: 0x000a_7c31,
  unitPrice: 0x7e91_c35a_d2f0_61b7n,
  quantityIn: 0x5ac3_1d97_e64b_80f1n,
  quantityOutMin: 0x3fb2_6e08_c91d_a47dn,
};
/** Length and kind of the two requests of the compute budget. */
const LIMIT_HEAD = Buffer.of(5, 2);
const PRICE_HEAD = Buffer.of(9, 3);
const U64_MAX = 2n ** 64n - 1n;
/** A system transfer of a tip: its length, its kind, its lamports. */
const TIP_HEAD = Buffer.of(12, 2, 0, 0, 0);

function tipMark(n: number): { account: Uint8Array; lamports: bigint } {
  return {
    account: Uint8Array.from({ length: 32 }, (_, at) => (at * 29 + 113 + n) % 256),
    lamports: 0x2d94_7be3_50a8_c601n + BigInt(n),
  };
}

/**
 * Compiles a direct swap once; `patchTemplate` then makes each real one from it by writing five
 * numbers. Compiling takes most of a millisecond, patching two millionths of a second.
 */
export function compileTemplate(plan: DirectPlan, pool: DirectPool): CompiledTemplate {
  const marks = Array.from({ length: plan.tipCount }, (_, n) => tipMark(n));
  const compiled = compileSwapMessage(
    {
      side: plan.side,
      accounts: plan.accounts,
      ...(plan.isNative === undefined ? {} : { isNative: plan.isNative }),
      nonceAccount: plan.hasNonce ? encodeBase58(MARK.nonceAccount) : undefined,
      swap: encodeSwap(plan, pool),
      quantityIn: MARK.quantityIn,
      unitLimit: MARK.unitLimit,
      unitPriceMicroLamports: MARK.unitPrice,
      guard: undefined,
      tips: marks.map(({ account, lamports }) => ({
        taker: "jito",
        account: encodeBase58(account),
        lamports,
      })),
    },
    [],
    encodeBase58(MARK.lifetime),
  );
  if (!compiled.ok) return compiled;
  // Memory of its own: a slice of the shared pool would keep all of that for as long as itself.
  const bytes = Buffer.alloc(compiled.message.length);
  bytes.set(compiled.message);
  const lifetimeAt = placeOf(bytes, Buffer.from(MARK.lifetime), 0);
  // Strangers choose addresses, and may choose one that spells the mark of a number: numbers are
  // looked for only behind all addresses, in the instructions.
  const from = lifetimeAt + MARK.lifetime.length;
  const unitLimit = Buffer.concat([LIMIT_HEAD, encodeU32(MARK.unitLimit)]);
  const unitPrice = Buffer.concat([PRICE_HEAD, encodeU64(MARK.unitPrice)]);
  const template = {
    bytes,
    lifetimeAt,
    nonceAccountAt: plan.hasNonce ? placeOf(bytes, Buffer.from(MARK.nonceAccount), 0) : undefined,
    unitLimitAt: placeOf(bytes, unitLimit, from) + LIMIT_HEAD.length,
    unitPriceAt: placeOf(bytes, unitPrice, from) + PRICE_HEAD.length,
    quantityInAt: placesOf(bytes, encodeU64(MARK.quantityIn), from),
    quantityOutMinAt: placeOf(bytes, encodeU64(MARK.quantityOutMin), from),
    tipsAt: marks.map(({ account, lamports }) => {
      const tip = Buffer.concat([TIP_HEAD, encodeU64(lamports)]);
      return {
        accountAt: placeOf(bytes, Buffer.from(account), 0),
        lamportsAt: placeOf(bytes, tip, from) + TIP_HEAD.length,
      };
    }),
  };
  const isWrapped = plan.side === "buy" && plan.isNative !== true;
  assert(template.quantityInAt.length === (isWrapped ? 2 : 1), "the input stands where it must");
  return { ok: true, template };
}

/** A message of its own: the template stays as it is. */
export function patchTemplate(template: DirectTemplate, numbers: DirectNumbers): Buffer {
  const { quantityIn, quantityOutMin, unitPriceMicroLamports, unitLimit, lifetime } = numbers;
  assert(lifetime.length === 32, "a lifetime has 32 bytes");
  for (const amount of [quantityIn, quantityOutMin, unitPriceMicroLamports]) {
    assert(amount >= 0n && amount <= U64_MAX, "an amount fits into 64 bits");
  }
  const { nonceAccount } = numbers;
  assert(
    (nonceAccount === undefined) === (template.nonceAccountAt === undefined),
    "a nonce's account stands where the template has a nonce",
  );
  const message = Buffer.from(template.bytes);
  message.set(lifetime, template.lifetimeAt);
  if (nonceAccount !== undefined) message.set(nonceAccount, template.nonceAccountAt);
  message.writeUInt32LE(unitLimit, template.unitLimitAt);
  message.writeBigUInt64LE(unitPriceMicroLamports, template.unitPriceAt);
  for (const at of template.quantityInAt) message.writeBigUInt64LE(quantityIn, at);
  message.writeBigUInt64LE(quantityOutMin, template.quantityOutMinAt);
  assert(numbers.tips.length === template.tipsAt.length, "as many tips as places for them");
  for (const [n, { account, lamports }] of numbers.tips.entries()) {
    const place = template.tipsAt[n];
    assert(place !== undefined, "a tip has its place");
    message.set(keyBytes(account), place.accountAt);
    message.writeBigUInt64LE(lamports, place.lamportsAt);
  }
  return message;
}

function encodeSwap({ accounts, side }: DirectPlan, pool: DirectPool): SwapPlan["swap"] {
  const {
    programId,
    accounts: keys,
    data,
  } = poolInstruction(pool, {
    wallet: accounts.wallet,
    side,
    quantityIn: MARK.quantityIn,
    quantityOutMin: MARK.quantityOutMin,
  });
  return { programId, accounts: [...keys], data: Buffer.from(data).toString("base64") };
}

function placeOf(bytes: Buffer, mark: Buffer, from: number): number {
  const [place, ...others] = placesOf(bytes, mark, from);
  assert(place !== undefined && others.length === 0, "a mark stands in one place");
  return place;
}

function placesOf(bytes: Buffer, mark: Buffer, from: number): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(mark, from); at !== -1; at = bytes.indexOf(mark, at + 1)) {
    places.push(at);
  }
  return places;
}

function encodeU32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function encodeU64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

export function keyBytes(text: string): Uint8Array {
  const bytes = decodeBase58(text);
  assert(bytes?.length === 32, "32 bytes in base58");
  return bytes;
}
