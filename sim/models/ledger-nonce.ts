import { createHash } from "node:crypto";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import type { ChainAccount } from "./account-history.ts";
import { deriveDurableNonce, NONCE_ACCOUNT_BYTES, SYSTEM_PROGRAM } from "./durable-nonce.ts";
import { pubkeyBytes } from "./plain-message.ts";

/** What an instruction of the system program fails with. */
export type SystemFailure = string | { Custom: number };

export interface SystemStep {
  accounts: readonly string[];
  data: Buffer;
  signers: ReadonlySet<string>;
  /** The block's own: a nonce advanced in it holds a value that follows from this. */
  blockhash: string;
}

/** Accounts that a running transaction sees and changes. */
export interface NonceAccounts {
  get(pubkey: string): ChainAccount | undefined;
  put(pubkey: string, account: ChainAccount | undefined): void;
  lamports(pubkey: string): bigint;
  addLamports(pubkey: string, change: bigint): void;
}

const NONCE_RENT_LAMPORTS = 1_447_680n;
const CREATE_WITH_SEED = 3;
const ADVANCE = 4;
const WITHDRAW = 5;
const INITIALIZE = 6;
const ALLOCATE_WITH_SEED = 9;
const ALREADY_IN_USE = { Custom: 0 };
const INSUFFICIENT_FUNDS = { Custom: 1 };
const SEED_MISMATCH = { Custom: 5 };
const BLOCKHASH_NOT_EXPIRED = { Custom: 7 };

/** The nonce instructions of the system program; undefined when the instruction succeeded. */
export function runNonceStep(step: SystemStep, work: NonceAccounts): SystemFailure | undefined {
  switch (step.data.readUInt32LE(0)) {
    case CREATE_WITH_SEED:
      return createWithSeed(step, work);
    case ADVANCE:
      return advance(step, work);
    case WITHDRAW:
      return withdraw(step, work);
    case ALLOCATE_WITH_SEED:
      return allocateWithSeed(step, work);
    case INITIALIZE:
      return initialize(step, work);
    default:
      return "InvalidInstructionData";
  }
}

function createWithSeed(
  { accounts, data, signers }: SystemStep,
  work: NonceAccounts,
): SystemFailure | undefined {
  const [from = "", to = ""] = accounts;
  const base = encodeBase58(data.subarray(4, 36));
  const seedEnd = 44 + Number(data.readBigUInt64LE(36));
  const lamports = data.readBigUInt64LE(seedEnd);
  const space = Number(data.readBigUInt64LE(seedEnd + 8));
  const owner = encodeBase58(data.subarray(seedEnd + 16, seedEnd + 48));
  if (deriveSeeded(base, data.subarray(44, seedEnd), owner) !== to) return SEED_MISMATCH;
  if (!signers.has(base) || !signers.has(from)) return "MissingRequiredSignature";
  if (work.lamports(to) > 0n) return ALREADY_IN_USE;
  if (work.lamports(from) < lamports) return INSUFFICIENT_FUNDS;
  work.addLamports(from, -lamports);
  work.put(to, { lamports, owner, executable: false, data: new Uint8Array(space) });
  return undefined;
}

/** For an address that holds lamports already; who owns it stays as it is. */
function allocateWithSeed(
  { accounts, data, signers }: SystemStep,
  work: NonceAccounts,
): SystemFailure | undefined {
  const [pubkey = ""] = accounts;
  const base = encodeBase58(data.subarray(4, 36));
  const seedEnd = 44 + Number(data.readBigUInt64LE(36));
  const owner = encodeBase58(data.subarray(seedEnd + 8, seedEnd + 40));
  if (deriveSeeded(base, data.subarray(44, seedEnd), owner) !== pubkey) return SEED_MISMATCH;
  if (!signers.has(base)) return "MissingRequiredSignature";
  const account = work.get(pubkey);
  if (account !== undefined && (account.owner !== SYSTEM_PROGRAM || account.data.length > 0)) {
    return ALREADY_IN_USE;
  }
  const space = Number(data.readBigUInt64LE(seedEnd));
  const lamports = account?.lamports ?? 0n;
  work.put(pubkey, { lamports, owner, executable: false, data: new Uint8Array(space) });
  return undefined;
}

function deriveSeeded(base: string, seed: Uint8Array, owner: string): string {
  const hash = createHash("sha256").update(pubkeyBytes(base)).update(seed);
  return encodeBase58(hash.update(pubkeyBytes(owner)).digest());
}

function initialize({ accounts, data, blockhash }: SystemStep, work: NonceAccounts) {
  const [pubkey = ""] = accounts;
  const account = nonceOf(work.get(pubkey));
  if (account === undefined || isInitialized(account.data)) return "InvalidAccountData";
  if (account.lamports < NONCE_RENT_LAMPORTS) return "InsufficientFunds";
  const state = Buffer.alloc(NONCE_ACCOUNT_BYTES);
  state.writeUInt32LE(1, 0);
  state.writeUInt32LE(1, 4);
  state.set(data.subarray(4, 36), 8);
  state.set(deriveDurableNonce(blockhash), 40);
  state.writeBigUInt64LE(5_000n, 72);
  work.put(pubkey, { ...account, data: state });
  return undefined;
}

function advance(step: SystemStep, work: NonceAccounts): SystemFailure | undefined {
  const [pubkey = ""] = step.accounts;
  const account = nonceOf(work.get(pubkey));
  if (account === undefined || !isInitialized(account.data)) return "InvalidAccountData";
  if (!step.signers.has(authorityOf(account.data))) return "MissingRequiredSignature";
  const next = deriveDurableNonce(step.blockhash);
  if (valueOf(account.data).equals(next)) return BLOCKHASH_NOT_EXPIRED;
  const data = Buffer.from(account.data);
  data.set(next, 40);
  work.put(pubkey, { ...account, data });
  return undefined;
}

/** A part leaves the rent behind; all of it closes the account, but not in the block of its use. */
function withdraw(step: SystemStep, work: NonceAccounts): SystemFailure | undefined {
  const [pubkey = "", to = ""] = step.accounts;
  const account = nonceOf(work.get(pubkey));
  if (account === undefined) return "InvalidAccountData";
  const lamports = step.data.readBigUInt64LE(4);
  const isLive = isInitialized(account.data);
  if (lamports > account.lamports) return "InsufficientFunds";
  if (!step.signers.has(isLive ? authorityOf(account.data) : pubkey)) {
    return "MissingRequiredSignature";
  }
  const left = account.lamports - lamports;
  if (left > 0n && left < NONCE_RENT_LAMPORTS) return "InsufficientFunds";
  if (left === 0n && isLive && valueOf(account.data).equals(deriveDurableNonce(step.blockhash))) {
    return BLOCKHASH_NOT_EXPIRED;
  }
  work.put(pubkey, left === 0n ? undefined : { ...account, lamports: left });
  work.addLamports(to, lamports);
  return undefined;
}

function nonceOf(account: ChainAccount | undefined): ChainAccount | undefined {
  if (account?.owner !== SYSTEM_PROGRAM) return undefined;
  return account.data.length === NONCE_ACCOUNT_BYTES ? account : undefined;
}

function isInitialized(data: Uint8Array): boolean {
  return Buffer.from(data).readUInt32LE(4) === 1;
}

function authorityOf(data: Uint8Array): string {
  return encodeBase58(data.subarray(8, 40));
}

function valueOf(data: Uint8Array): Buffer {
  return Buffer.from(data.subarray(40, 72));
}
