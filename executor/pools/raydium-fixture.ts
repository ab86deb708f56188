import { createHash } from "node:crypto";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import { accountTag } from "./discriminator.ts";
import { createdAddress, keyBytes } from "./program-address.ts";
import { TOKEN_PROGRAM, WSOL_MINT } from "./programs.ts";
import type { PoolRef } from "./direct-pool.ts";

/** An address that a name stands for. */
export function key(name: string): string {
  return encodeBase58(createHash("sha256").update(name).digest());
}

export interface CpmmCase {
  /** SOL is the first of the two tokens. */
  readonly isSolFirst?: boolean;
  readonly sol: bigint;
  readonly tokens: bigint;
  readonly tradeRate?: bigint;
  readonly creatorRate?: bigint;
  readonly creatorFeeOn?: number;
  /** Protocol, fund and creator fees that are still in the vaults, SOL and tokens. */
  readonly owed?: readonly [bigint, bigint];
  readonly status?: number;
  readonly mintBytes?: Uint8Array;
  readonly tokenProgram?: string;
  /** Bytes of the pool's account; all of them unless told. */
  readonly poolBytes?: number;
}

export const TOKEN = key("token");
export const POOL = key("pool");

/** A token account or a mint as far as pools read them. */
export function holding(quantity: bigint, bytes = 165, at = 64): Uint8Array {
  const data = Buffer.alloc(bytes);
  data.writeBigUInt64LE(quantity, at);
  return data;
}

export function cpmmAccounts(given: CpmmCase): { ref: PoolRef; accounts: Map<string, Uint8Array> } {
  const { sol, tokens, isSolFirst = true } = given;
  const tokenProgram = given.tokenProgram ?? TOKEN_PROGRAM;
  const order = <T>(ofSol: T, ofToken: T): [T, T] =>
    isSolFirst ? [ofSol, ofToken] : [ofToken, ofSol];
  const pool = Buffer.alloc(637);
  pool.set(accountTag("PoolState"));
  const keys = [
    key("config"),
    key("creator"),
    key("vault 0"),
    key("vault 1"),
    key("lp"),
    ...order(WSOL_MINT, TOKEN),
    ...order(TOKEN_PROGRAM, tokenProgram),
    key("observation"),
  ];
  for (const [at, address] of keys.entries()) pool.set(keyBytes(address), 8 + at * 32);
  pool[329] = given.status ?? 0;
  const owed = order(given.owed?.[0] ?? 0n, given.owed?.[1] ?? 0n);
  for (const [at, amount] of owed.entries()) pool.writeBigUInt64LE(amount, 341 + at * 8);
  pool[389] = given.creatorFeeOn ?? 0;
  pool[390] = given.creatorRate === undefined ? 0 : 1;
  const config = Buffer.alloc(236);
  config.set(accountTag("AmmConfig"));
  const rates = [given.tradeRate ?? 2_500n, 120_000n, 40_000n];
  for (const [at, rate] of rates.entries()) config.writeBigUInt64LE(rate, 12 + at * 8);
  config.writeBigUInt64LE(given.creatorRate ?? 0n, 108);
  const held = order(sol + (given.owed?.[0] ?? 0n), tokens + (given.owed?.[1] ?? 0n));
  const vaults = [key("vault 0"), key("vault 1")] as const;
  const watch = [POOL, ...vaults, key("config"), TOKEN];
  const bytes = [pool.subarray(0, given.poolBytes ?? 637), ...held.map((x) => holding(x)), config];
  const mint = given.mintBytes ?? holding(1_000_000_000_000_000n, 82, 36);
  return {
    ref: { kind: "raydium-cpmm", mint: TOKEN, address: POOL, tokenProgram, watch },
    accounts: new Map([...bytes, mint].map((data, at) => [watch[at] ?? "", data])),
  };
}

/** The first number that gives the market an address nobody holds a key of. */
function signerNonce(): number {
  for (let nonce = 0; nonce < 256; nonce += 1) {
    const seeds = [keyBytes(key("market")), Uint8Array.of(nonce, 0, 0, 0, 0, 0, 0, 0)];
    if (createdAddress(key("market program"), seeds) !== undefined) return nonce;
  }
  throw new Error("expected a nonce below 256");
}

export interface V4Case {
  readonly isSolFirst?: boolean;
  readonly sol: bigint;
  readonly tokens: bigint;
  /** Profits that belong to the protocol, SOL and tokens. */
  readonly owed?: readonly [bigint, bigint];
  readonly status?: bigint;
}

export function v4Accounts(given: V4Case): { ref: PoolRef; accounts: Map<string, Uint8Array> } {
  const { sol, tokens, isSolFirst = false } = given;
  const order = <T>(ofSol: T, ofToken: T): [T, T] =>
    isSolFirst ? [ofSol, ofToken] : [ofToken, ofSol];
  const pool = Buffer.alloc(752);
  pool.writeBigUInt64LE(given.status ?? 6n, 0);
  const fees = [5n, 10_000n, 25n, 10_000n, 12n, 100n, 25n, 10_000n];
  for (const [at, part] of fees.entries()) pool.writeBigUInt64LE(part, 128 + at * 8);
  const owed = order(given.owed?.[0] ?? 0n, given.owed?.[1] ?? 0n);
  for (const [at, amount] of owed.entries()) pool.writeBigUInt64LE(amount, 192 + at * 8);
  const keys = [
    key("vault 0"),
    key("vault 1"),
    ...order(WSOL_MINT, TOKEN),
    key("lp"),
    key("open orders"),
    key("market"),
    key("market program"),
    key("target orders"),
  ];
  for (const [at, address] of keys.entries()) pool.set(keyBytes(address), 336 + at * 32);
  const market = Buffer.alloc(388);
  market[45] = signerNonce();
  const named = [
    [117, "market vault 0"],
    [165, "market vault 1"],
    [253, "event queue"],
    [285, "bids"],
    [317, "asks"],
  ] as const;
  for (const [at, name] of named) market.set(keyBytes(key(name)), at);
  const held = order(sol + (given.owed?.[0] ?? 0n), tokens + (given.owed?.[1] ?? 0n));
  const watch = [POOL, key("vault 0"), key("vault 1"), key("market"), TOKEN];
  const mint = holding(1_000_000_000_000_000n, 82, 36);
  const bytes = [pool, ...held.map((x) => holding(x)), market, mint];
  return {
    ref: { kind: "raydium-v4", mint: TOKEN, address: POOL, tokenProgram: TOKEN_PROGRAM, watch },
    accounts: new Map(bytes.map((data, at) => [watch[at] ?? "", data])),
  };
}
