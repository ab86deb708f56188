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

const CREATE_WITH_SEED = 3;
const ADVANCE_NONCE = 4;
const WITHDRAW_NONCE = 5;
const INITIALIZE_NONCE = 6;

/** Must be the first instruction: only there the runtime takes the nonce for the lifetime. */
export function advanceNonce(wallet: string, account: string): JupiterInstruction {
  return system(
    [writable(account), readonly(RECENT_BLOCKHASHES_SYSVAR), signer(wallet)],
    encodeU32(ADVANCE_NONCE),
  );
}

/** Creates the account and gives it to the wallet, which is also the base of its address. */
export function createNonce(wallet: string, index: number): JupiterInstruction[] {
  const account = deriveNonceAddress(wallet, index);
  const seed = Buffer.from(nonceSeed(index));
  const creation = Buffer.concat([
    encodeU32(CREATE_WITH_SEED),
    keyBytes(wallet),
    encodeU64(BigInt(seed.length)),
    seed,
    encodeU64(NONCE_RENT_LAMPORTS),
    encodeU64(BigInt(NONCE_BYTES)),
    keyBytes(SYSTEM_PROGRAM),
  ]);
  const initialization = Buffer.concat([encodeU32(INITIALIZE_NONCE), keyBytes(wallet)]);
  return [
    system([{ pubkey: wallet, isSigner: true, isWritable: true }, writable(account)], creation),
    system(
      [writable(account), readonly(RECENT_BLOCKHASHES_SYSVAR), readonly(RENT_SYSVAR)],
      initialization,
    ),
  ];
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
