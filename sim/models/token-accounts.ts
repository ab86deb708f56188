import {
  AccountLayout,
  ACCOUNT_SIZE,
  ACCOUNT_TYPE_SIZE,
  AccountState,
  createAssociatedTokenAccountIdempotentInstruction,
  createTransferCheckedInstruction,
  getAssociatedTokenAddressSync,
  MINT_SIZE,
  MintLayout,
  TOKEN_2022_PROGRAM_ID,
  TOKEN_PROGRAM_ID,
} from "@solana/spl-token";
import { type Keypair, PublicKey, type TransactionInstruction } from "@solana/web3.js";
import type { ChainAccount } from "./account-history.ts";
import type { PlainInstruction } from "./plain-message.ts";

export const TOKEN_PROGRAM = TOKEN_PROGRAM_ID.toBase58();
export const TOKEN_2022_PROGRAM = TOKEN_2022_PROGRAM_ID.toBase58();
export const NATIVE_MINT = "So11111111111111111111111111111111111111112";
export const TOKEN_PROGRAMS: readonly string[] = [TOKEN_PROGRAM, TOKEN_2022_PROGRAM];

export interface NewMint {
  mint?: Keypair;
  decimals: number;
  tokenProgram: "token" | "token-2022";
  supply: bigint;
  /** Owner whose associated token account receives the whole supply. */
  holder: string;
  mintAuthority?: string | null;
  freezeAuthority?: string | null;
  /** Token-2022 only. */
  transferFeeBps?: number;
  /** Token-2022 only. */
  permanentDelegate?: string;
  /** Token-2022 only: every new account is frozen until the freeze authority thaws it. */
  isBornFrozen?: boolean;
  /** Token-2022 only: a program that every transfer calls and that may refuse it. */
  transferHook?: string;
  /** Token-2022 only: the mint describes itself, as launchpads make it. */
  metadata?: { name: string; symbol: string };
}

export interface TokenHolding {
  mint: string;
  owner: string;
  quantity: bigint;
}

const QUANTITY_AT = 64;
const SUPPLY_AT = 36;
const MINT_DECIMALS_AT = 44;
const ACCOUNT_TYPE_MINT = 1;
const TRANSFER_FEE_CONFIG = 1;
const DEFAULT_ACCOUNT_STATE = 6;
const PERMANENT_DELEGATE = 12;
const TRANSFER_HOOK = 14;
const METADATA_POINTER = 18;
const TOKEN_METADATA = 19;
const STATE_AT = 108;
const NO_FEE_LIMIT = 0xffff_ffff_ffff_ffffn;

export function toPlain(instruction: TransactionInstruction): PlainInstruction {
  return {
    programId: instruction.programId.toBase58(),
    accounts: instruction.keys.map(({ pubkey, isSigner, isWritable }) => ({
      pubkey: pubkey.toBase58(),
      isSigner,
      isWritable,
    })),
    data: instruction.data,
  };
}

export function tokenProgramId(kind: NewMint["tokenProgram"]): string {
  return kind === "token" ? TOKEN_PROGRAM : TOKEN_2022_PROGRAM;
}

export function encodeMint(options: NewMint): Uint8Array {
  const { mintAuthority, freezeAuthority } = options;
  const base = Buffer.alloc(MINT_SIZE);
  MintLayout.encode(
    {
      mintAuthorityOption: mintAuthority ? 1 : 0,
      mintAuthority: new PublicKey(mintAuthority ?? PublicKey.default),
      supply: 0n,
      decimals: options.decimals,
      isInitialized: true,
      freezeAuthorityOption: freezeAuthority ? 1 : 0,
      freezeAuthority: new PublicKey(freezeAuthority ?? PublicKey.default),
    },
    base,
  );
  const extensions = encodeExtensions(options);
  if (extensions.length === 0) return base;
  if (options.tokenProgram !== "token-2022") throw new Error("expected Token-2022 for extensions");
  const padding = Buffer.alloc(ACCOUNT_SIZE - MINT_SIZE);
  const accountType = Buffer.alloc(ACCOUNT_TYPE_SIZE, ACCOUNT_TYPE_MINT);
  return Buffer.concat([base, padding, accountType, extensions]);
}

function encodeExtensions(options: NewMint): Buffer {
  const { transferFeeBps, permanentDelegate, isBornFrozen, transferHook, metadata } = options;
  const extensions: Buffer[] = [];
  if (transferFeeBps !== undefined) {
    const value = Buffer.alloc(108);
    // Two authorities (none), the withheld quantity, then the older and the newer fee.
    for (const at of [72, 90]) {
      value.writeBigUInt64LE(0n, at);
      value.writeBigUInt64LE(NO_FEE_LIMIT, at + 8);
      value.writeUInt16LE(transferFeeBps, at + 16);
    }
    extensions.push(encodeExtension(TRANSFER_FEE_CONFIG, value));
  }
  if (permanentDelegate !== undefined) {
    const value = new PublicKey(permanentDelegate).toBuffer();
    extensions.push(encodeExtension(PERMANENT_DELEGATE, value));
  }
  if (isBornFrozen === true) {
    extensions.push(encodeExtension(DEFAULT_ACCOUNT_STATE, Buffer.of(AccountState.Frozen)));
  }
  if (transferHook !== undefined) {
    const value = Buffer.concat([Buffer.alloc(32), new PublicKey(transferHook).toBuffer()]);
    extensions.push(encodeExtension(TRANSFER_HOOK, value));
  }
  if (metadata !== undefined) {
    const mint = options.mint?.publicKey.toBuffer() ?? Buffer.alloc(32);
    const nobody = Buffer.alloc(32);
    const texts = [metadata.name, metadata.symbol, ""].map(encodeText);
    const none = Buffer.alloc(4);
    extensions.push(encodeExtension(METADATA_POINTER, Buffer.concat([nobody, mint])));
    const value = Buffer.concat([nobody, mint, ...texts, none]);
    extensions.push(encodeExtension(TOKEN_METADATA, value));
  }
  return Buffer.concat(extensions);
}

function encodeText(text: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(Buffer.byteLength(text));
  return Buffer.concat([length, Buffer.from(text)]);
}

function encodeExtension(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(type, 0);
  head.writeUInt16LE(value.length, 2);
  return Buffer.concat([head, value]);
}

/** Deriving one takes longer than creating it, and every world asks for the same ones again. */
const DERIVED_MAX = 20_000;
const derived = new Map<string, string>();

export function deriveTokenAccount(owner: string, mint: string, tokenProgram: string): string {
  const id = `${owner}/${mint}/${tokenProgram}`;
  const known = derived.get(id);
  if (known !== undefined) return known;
  const address = getAssociatedTokenAddressSync(
    new PublicKey(mint),
    new PublicKey(owner),
    true,
    new PublicKey(tokenProgram),
  ).toBase58();
  const oldest = derived.keys().next();
  if (derived.size >= DERIVED_MAX && oldest.done !== true) derived.delete(oldest.value);
  derived.set(id, address);
  return address;
}

export function encodeTokenAccountCreation(
  payer: string,
  owner: string,
  mint: string,
  tokenProgram: string,
): PlainInstruction {
  return toPlain(
    createAssociatedTokenAccountIdempotentInstruction(
      new PublicKey(payer),
      new PublicKey(deriveTokenAccount(owner, mint, tokenProgram)),
      new PublicKey(owner),
      new PublicKey(mint),
      new PublicKey(tokenProgram),
    ),
  );
}

/** The holding in a token account; nothing for mints and for accounts of other programs. */
export function parseTokenHolding(account: ChainAccount | undefined): TokenHolding | undefined {
  if (account === undefined || !TOKEN_PROGRAMS.includes(account.owner)) return undefined;
  const { data } = account;
  if (data.length < ACCOUNT_SIZE) return undefined;
  if (data.length > ACCOUNT_SIZE && data[ACCOUNT_SIZE] === ACCOUNT_TYPE_MINT) return undefined;
  const raw = AccountLayout.decode(data);
  if (raw.state === AccountState.Uninitialized) return undefined;
  return { mint: raw.mint.toBase58(), owner: raw.owner.toBase58(), quantity: raw.amount };
}

/** Who may spend from a token account beside its owner. */
export function parseTokenDelegate(account: ChainAccount | undefined): string | null {
  if (parseTokenHolding(account) === undefined || account === undefined) return null;
  const { delegateOption, delegate } = AccountLayout.decode(account.data);
  return delegateOption === 0 ? null : delegate.toBase58();
}

export function parseMintDecimals(account: ChainAccount | undefined): number | undefined {
  if (account === undefined || !TOKEN_PROGRAMS.includes(account.owner)) return undefined;
  return account.data[MINT_DECIMALS_AT];
}

export function addQuantity(account: ChainAccount, delta: bigint): ChainAccount {
  return addAt(account, QUANTITY_AT, delta);
}

/** Whether its owner may move what it holds. */
export function withFrozen(account: ChainAccount, isFrozen: boolean): ChainAccount {
  const data = Buffer.from(account.data);
  data[STATE_AT] = isFrozen ? AccountState.Frozen : AccountState.Initialized;
  return { ...account, data };
}

export function addSupply(account: ChainAccount, delta: bigint): ChainAccount {
  return addAt(account, SUPPLY_AT, delta);
}

function addAt(account: ChainAccount, at: number, delta: bigint): ChainAccount {
  const data = Buffer.from(account.data);
  data.writeBigUInt64LE(data.readBigUInt64LE(at) + delta, at);
  return { ...account, data };
}

export interface TokenMove {
  from: string;
  to: string;
  owner: string;
  mint: string;
  tokenProgram: string;
  decimals: number;
  quantity: bigint;
}

export function encodeTokenMove(move: TokenMove): PlainInstruction {
  return toPlain(
    createTransferCheckedInstruction(
      new PublicKey(move.from),
      new PublicKey(move.mint),
      new PublicKey(move.to),
      new PublicKey(move.owner),
      move.quantity,
      move.decimals,
      [],
      new PublicKey(move.tokenProgram),
    ),
  );
}
