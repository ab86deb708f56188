import { decodeBase58 } from "@raptor/shared/values/base58.ts";
import { assert } from "@raptor/shared/errors/raptor-error.ts";
import type { JupiterInstruction } from "./jupiter-answers.ts";
import {
  deriveNonceAddress,
  NONCE_BYTES,
  NONCE_RENT_LAMPORTS,
  nonceSeed,
} from "./nonce-account.ts";
import { RECENT_BLOCKHASHES_SYSVAR, RENT_SYSVAR, SYSTEM_PROGRAM } from "./programs.ts";

const TRANSFER = 2;
const CREATE_WITH_SEED = 3;
const ADVANCE_NONCE = 4;
const WITHDRAW_NONCE = 5;
const INITIALIZE_NONCE = 6;
const ALLOCATE_WITH_SEED = 9;

/** Must be the first instruction: only there the runtime takes the nonce for the lifetime. */
export function advanceNonce(wallet: string, account: string): JupiterInstruction {
  return system(
    [writable(account), readonly(RECENT_BLOCKHASHES_SYSVAR), signer(wallet)],
    encodeU32(ADVANCE_NONCE),
  );
}

/**
 * Sets the account up and gives it to the wallet, which is also the base of its address. Where
 * somebody sent lamports before, the chain refuses to create; filling it up comes to the same.
 */
export function createNonce(
  wallet: string,
  index: number,
  heldLamports: bigint,
): JupiterInstruction[] {
  const account = deriveNonceAddress(wallet, index);
  const initialization = Buffer.concat([encodeU32(INITIALIZE_NONCE), keyBytes(wallet)]);
  const own = { pubkey: wallet, isSigner: true, isWritable: true };
  const base = encodeBase(wallet, index);
  const space = Buffer.concat([encodeU64(BigInt(NONCE_BYTES)), keyBytes(SYSTEM_PROGRAM)]);
  const rent = encodeU64(NONCE_RENT_LAMPORTS);
  const creation = Buffer.concat([encodeU32(CREATE_WITH_SEED), base, rent, space]);
  const allocation = Buffer.concat([encodeU32(ALLOCATE_WITH_SEED), base, space]);
  const missing = NONCE_RENT_LAMPORTS - heldLamports;
  const steps =
    heldLamports === 0n
      ? [system([own, writable(account)], creation)]
      : [
          ...(missing > 0n ? [transfer(own, account, missing)] : []),
          system([writable(account), signer(wallet)], allocation),
        ];
  return [
    ...steps,
    system(
      [writable(account), readonly(RECENT_BLOCKHASHES_SYSVAR), readonly(RENT_SYSVAR)],
      initialization,
    ),
  ];
}

function transfer(from: Accounts[number], to: string, lamports: bigint): JupiterInstruction {
  const data = Buffer.concat([encodeU32(TRANSFER), encodeU64(lamports)]);
  return system([from, writable(to)], data);
}

/** Base and seed, from which the system program works the address out again. */
function encodeBase(wallet: string, index: number): Buffer {
  const seed = Buffer.from(nonceSeed(index));
  return Buffer.concat([keyBytes(wallet), encodeU64(BigInt(seed.length)), seed]);
}

/** All lamports at once close the account; they go to the wallet that owns it. */
export function withdrawNonce(
  wallet: string,
  account: string,
  lamports: bigint,
): JupiterInstruction {
  return system(
    [
      writable(account),
      writable(wallet),
      readonly(RECENT_BLOCKHASHES_SYSVAR),
      readonly(RENT_SYSVAR),
      signer(wallet),
    ],
    Buffer.concat([encodeU32(WITHDRAW_NONCE), encodeU64(lamports)]),
  );
}

type Accounts = JupiterInstruction["accounts"];

function system(accounts: Accounts, data: Buffer): JupiterInstruction {
  return { programId: SYSTEM_PROGRAM, accounts, data: data.toString("base64") };
}

function writable(pubkey: string): Accounts[number] {
  return { pubkey, isSigner: false, isWritable: true };
}

function readonly(pubkey: string): Accounts[number] {
  return { pubkey, isSigner: false, isWritable: false };
}

function signer(pubkey: string): Accounts[number] {
  return { pubkey, isSigner: true, isWritable: false };
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

function keyBytes(address: string): Uint8Array {
  const bytes = decodeBase58(address);
  assert(bytes?.length === 32, "an address has 32 bytes");
  return bytes;
}
