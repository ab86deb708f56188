import { PublicKey, TransactionInstruction } from "@solana/web3.js";
import { createClosingGuards, type ClosingGuard } from "./closing-guards.ts";
import type { JupiterInstruction } from "./jupiter-answers.ts";
import type { Tip } from "./lane.ts";
import { advanceNonce } from "./nonce-instructions.ts";
import {
  ATA_PROGRAM,
  COMPUTE_BUDGET_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_PROGRAM,
  WSOL_MINT,
} from "./programs.ts";
import { deriveTokenAccount } from "./programs.ts";
import { transferSol } from "./system-transfer.ts";
import { createTip } from "./tip-instruction.ts";

export interface SwapAccounts {
  wallet: string;
  mint: string;
  tokenProgram: string;
  /** The wallet's own accounts of the token and of wrapped SOL. */
  tokenAccount: string;
  wsolAccount: string;
}

export interface SwapPlan {
  side: "buy" | "sell";
  accounts: SwapAccounts;
  quantityIn: bigint;
  unitLimit: number;
  unitPriceMicroLamports: bigint;
  swap: JupiterInstruction;
  /** The swap takes and pays SOL itself: nothing is wrapped around it. */
  isNative?: boolean;
  /** Needed when the swap hands the wallet's signature on to the route's venues. */
  guard: ClosingGuard | undefined;
  /** The wallet's nonce account whose value the message stands on, in place of a blockhash. */
  nonceAccount: string | undefined;
  /** Paid out of what is left behind the swap. */
  tips?: readonly Tip[];
}

const SET_UNIT_LIMIT = 2;
const SET_UNIT_PRICE = 3;
const ATA_CREATE_IDEMPOTENT = 1;
const TOKEN_CLOSE_ACCOUNT = 9;
const TOKEN_SYNC_NATIVE = 17;

export function deriveSwapAccounts(
  wallet: string,
  mint: string,
  tokenProgram: string,
): SwapAccounts {
  return {
    wallet,
    mint,
    tokenProgram,
    tokenAccount: deriveTokenAccount(wallet, mint, tokenProgram),
    wsolAccount: deriveTokenAccount(wallet, WSOL_MINT, TOKEN_PROGRAM),
  };
}

/** All instructions of a swap: every one is ours, only the swap itself comes from outside. */
export function createSwapInstructions(plan: SwapPlan): JupiterInstruction[] {
  const { accounts } = plan;
  return [
    ...(plan.nonceAccount === undefined ? [] : [advanceNonce(accounts.wallet, plan.nonceAccount)]),
    setUnitLimit(plan.unitLimit),
    setUnitPrice(plan.unitPriceMicroLamports),
    ...createSetup(plan),
    plan.swap,
    ...(plan.isNative === true ? [] : [closeWrapped(accounts)]),
    ...(plan.guard === undefined ? [] : createClosingGuards(accounts, plan.guard)),
    ...(plan.tips ?? []).map((tip) => createTip(accounts.wallet, tip)),
  ];
}

function createSetup({ side, accounts, quantityIn, isNative }: SwapPlan): JupiterInstruction[] {
  const createToken =
    side === "sell"
      ? []
      : [createOwnAccount(accounts, accounts.mint, accounts.tokenProgram, accounts.tokenAccount)];
  if (isNative === true) return createToken;
  const createWsol = createOwnAccount(accounts, WSOL_MINT, TOKEN_PROGRAM, accounts.wsolAccount);
  if (side === "sell") return [createWsol];
  const wrap = transferSol(accounts.wallet, accounts.wsolAccount, quantityIn);
  return [...createToken, createWsol, wrap, syncWrapped(accounts)];
}

/** What the route service may suggest beside the swap; all of it we would do ourselves. */
export function createKnownSetups(
  side: "buy" | "sell",
  accounts: SwapAccounts,
  quantityIn: bigint,
): { setup: JupiterInstruction[]; cleanup: JupiterInstruction[] } {
  const createWsol = createOwnAccount(accounts, WSOL_MINT, TOKEN_PROGRAM, accounts.wsolAccount);
  const setup = [createWsol];
  if (side === "buy") {
    const { mint, tokenProgram, tokenAccount } = accounts;
    setup.push(
      createOwnAccount(accounts, mint, tokenProgram, tokenAccount),
      transferSol(accounts.wallet, accounts.wsolAccount, quantityIn),
      syncWrapped(accounts),
    );
  }
  return { setup, cleanup: [closeWrapped(accounts)] };
}

/** The compute unit price that an instruction sets, when it is one that sets it. */
export function parseUnitPrice(instruction: JupiterInstruction): bigint | undefined {
  const data = Buffer.from(instruction.data, "base64");
  const isPrice =
    instruction.programId === COMPUTE_BUDGET_PROGRAM &&
    instruction.accounts.length === 0 &&
    data.length === 9 &&
    data[0] === SET_UNIT_PRICE;
  return isPrice ? data.readBigUInt64LE(1) : undefined;
}

export function encodeInstruction(instruction: JupiterInstruction): TransactionInstruction {
  return new TransactionInstruction({
    programId: new PublicKey(instruction.programId),
    keys: instruction.accounts.map(({ pubkey, isSigner, isWritable }) => ({
      pubkey: new PublicKey(pubkey),
      isSigner,
      isWritable,
    })),
    data: Buffer.from(instruction.data, "base64"),
  });
}

export function setUnitLimit(units: number): JupiterInstruction {
  const data = Buffer.alloc(5);
  data.writeUInt8(SET_UNIT_LIMIT, 0);
  data.writeUInt32LE(units, 1);
  return { programId: COMPUTE_BUDGET_PROGRAM, accounts: [], data: data.toString("base64") };
}

export function setUnitPrice(microLamports: bigint): JupiterInstruction {
  const data = Buffer.alloc(9);
  data.writeUInt8(SET_UNIT_PRICE, 0);
  data.writeBigUInt64LE(microLamports, 1);
  return { programId: COMPUTE_BUDGET_PROGRAM, accounts: [], data: data.toString("base64") };
}

function createOwnAccount(
  { wallet }: SwapAccounts,
  mint: string,
  tokenProgram: string,
  account: string,
): JupiterInstruction {
  return {
    programId: ATA_PROGRAM,
    accounts: [
      { pubkey: wallet, isSigner: true, isWritable: true },
      { pubkey: account, isSigner: false, isWritable: true },
      { pubkey: wallet, isSigner: false, isWritable: false },
      { pubkey: mint, isSigner: false, isWritable: false },
      { pubkey: SYSTEM_PROGRAM, isSigner: false, isWritable: false },
      { pubkey: tokenProgram, isSigner: false, isWritable: false },
    ],
    data: Buffer.of(ATA_CREATE_IDEMPOTENT).toString("base64"),
  };
}

function syncWrapped({ wsolAccount }: SwapAccounts): JupiterInstruction {
  return {
    programId: TOKEN_PROGRAM,
    accounts: [{ pubkey: wsolAccount, isSigner: false, isWritable: true }],
    data: Buffer.of(TOKEN_SYNC_NATIVE).toString("base64"),
  };
}

function closeWrapped({ wallet, wsolAccount }: SwapAccounts): JupiterInstruction {
  return {
    programId: TOKEN_PROGRAM,
    accounts: [
      { pubkey: wsolAccount, isSigner: false, isWritable: true },
      { pubkey: wallet, isSigner: false, isWritable: true },
      { pubkey: wallet, isSigner: true, isWritable: false },
    ],
    data: Buffer.of(TOKEN_CLOSE_ACCOUNT).toString("base64"),
  };
}
