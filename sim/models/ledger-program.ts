import type { ChainAccount } from "./account-history.ts";
import { type ChainError, instructionError } from "./chain-error.ts";
import { JUPITER_PROGRAM_ID, parseRoute, ROUTES } from "./jupiter-layout.ts";
import {
  encodeTokenAccount,
  systemAccount,
  TOKEN_ACCOUNT_BYTES,
  TOKEN_RENT_LAMPORTS,
  tokenQuantityOf,
} from "./ledger-accounts.ts";
import { carryOut, type ModelFailure, runModel } from "./ledger-models.ts";
import { accessOfShelf } from "./ledger-pool-chain.ts";
import { runNonceStep } from "./ledger-nonce.ts";
import type { LedgerMarket } from "./ledger-market.ts";
import { minimumOut } from "./pool-math.ts";
import type { Block } from "./slots.ts";
import { NATIVE_MINT, TOKEN_PROGRAM } from "./token-accounts.ts";
import type { WireTransaction } from "./wire-transaction.ts";

const SYSTEM_PROGRAM = "11111111111111111111111111111111";
const ATA_PROGRAM = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL";
const COMPUTE_BUDGET_PROGRAM = "ComputeBudget111111111111111111111111111111";
/** A system account may hold nothing, or at least this. */
const WALLET_RENT_LAMPORTS = 890_880n;
const TOKEN_TRANSFER_CHECKED = 12;
const TOKEN_CLOSE_ACCOUNT = 9;
const TOKEN_SYNC_NATIVE = 17;
const SYSTEM_TRANSFER = 2;
const SLIPPAGE_EXCEEDED = 6_001;
const INSUFFICIENT_FUNDS = 1;

export type ReadAccount = (pubkey: string) => ChainAccount | undefined;

export interface LedgerRun {
  err: ChainError | null;
  /** Accounts after the run; undefined for one that was closed. Only of a run without error. */
  writes: Map<string, ChainAccount | undefined>;
}

class Failure extends Error {
  readonly reason: string | { Custom: number };
  constructor(reason: string | { Custom: number }) {
    super("an instruction failed");
    this.reason = reason;
  }
}

interface Step {
  programId: string;
  accounts: string[];
  data: Buffer;
  signers: ReadonlySet<string>;
  blockhash: string;
}

/** What a transaction does to accounts, as plain transfers; all of it or nothing. */
export function runLedgerTransaction(
  transaction: WireTransaction,
  read: ReadAccount,
  market: LedgerMarket,
  block: Pick<Block, "slot" | "blockhash">,
): LedgerRun {
  const work = new WorkingSet(read);
  for (const [index, step] of stepsOf(transaction, block.blockhash).entries()) {
    try {
      const model = market.pools?.programs.get(step.programId);
      if (model === undefined) runStep(step, work, market);
      else demand(runModel(model, { transaction, at: index, slot: block.slot }, work));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return { err: instructionError(index, error.reason), writes: new Map() };
    }
  }
  const payer = transaction.staticKeys[0] as string;
  const left = work.lamports(payer);
  if (left > 0n && left < WALLET_RENT_LAMPORTS) {
    return { err: { InsufficientFundsForRent: { account_index: 0 } }, writes: new Map() };
  }
  return { err: null, writes: work.writes };
}

function stepsOf({ instructions, staticKeys, header }: WireTransaction, blockhash: string): Step[] {
  const signers = new Set(staticKeys.slice(0, header.signerCount));
  return instructions.map(({ programIndex, accountIndexes, data }) => ({
    programId: staticKeys[programIndex] as string,
    accounts: accountIndexes.map((index) => staticKeys[index] as string),
    data: Buffer.from(data),
    signers,
    blockhash,
  }));
}

function runStep(step: Step, work: WorkingSet, market: LedgerMarket): void {
  switch (step.programId) {
    case COMPUTE_BUDGET_PROGRAM:
      return;
    case SYSTEM_PROGRAM:
      return runSystem(step, work);
    case ATA_PROGRAM:
      return createTokenAccount(step, work);
    case TOKEN_PROGRAM:
      return runToken(step, work);
    case JUPITER_PROGRAM_ID:
      return runSwap(step, work, market);
    default:
      throw new Failure("UnsupportedProgramId");
  }
}

function demand(failure: ModelFailure | undefined): void {
  if (failure !== undefined) throw new Failure(failure);
}

function runSystem(step: Step, work: WorkingSet): void {
  const { accounts, data } = step;
  if (data.readUInt32LE(0) !== SYSTEM_TRANSFER) {
    const reason = runNonceStep(step, work);
    if (reason !== undefined) throw new Failure(reason);
    return;
  }
  const lamports = data.readBigUInt64LE(4);
  const [from = "", to = ""] = accounts;
  if (work.lamports(from) < lamports) throw new Failure({ Custom: INSUFFICIENT_FUNDS });
  work.addLamports(from, -lamports);
  work.addLamports(to, lamports);
}

function createTokenAccount({ accounts }: Step, work: WorkingSet): void {
  const [payer = "", account = "", owner = "", mint = ""] = accounts;
  if (work.get(account) !== undefined) return;
  if (work.lamports(payer) < TOKEN_RENT_LAMPORTS) {
    throw new Failure({ Custom: INSUFFICIENT_FUNDS });
  }
  work.addLamports(payer, -TOKEN_RENT_LAMPORTS);
  work.put(account, {
    lamports: TOKEN_RENT_LAMPORTS,
    owner: TOKEN_PROGRAM,
    executable: false,
    data: encodeTokenAccount(mint, owner, 0n),
  });
}

function runToken({ accounts, data }: Step, work: WorkingSet): void {
  const [account = "", other = "", third = ""] = accounts;
  if (data[0] === TOKEN_SYNC_NATIVE) {
    const held = work.token(account);
    return work.setQuantity(account, held.lamports - TOKEN_RENT_LAMPORTS);
  }
  if (data[0] === TOKEN_CLOSE_ACCOUNT) {
    const held = work.token(account);
    work.addLamports(other, held.lamports);
    return work.put(account, undefined);
  }
  if (data[0] === TOKEN_TRANSFER_CHECKED) {
    const quantity = data.readBigUInt64LE(1);
    work.addQuantity(account, -quantity);
    return work.addQuantity(third, quantity);
  }
  throw new Failure("InvalidInstructionData");
}

/** Priced when it executes, as a pool does; where there is no pool of a program, it is endless. */
function runSwap({ accounts, data }: Step, work: WorkingSet, market: LedgerMarket): void {
  const parsed = parseRoute(data);
  if (parsed === undefined) throw new Failure({ Custom: 101 });
  const shape = ROUTES[parsed.name];
  const at = (index: number): string => accounts[index] as string;
  const { quantityIn, quotedOut, slippageBps } = parsed.route;
  const inputMint = at(shape.sourceMint);
  const outMin = minimumOut(quotedOut, slippageBps);
  const mint = inputMint === NATIVE_MINT ? at(shape.destinationMint) : inputMint;
  if (market.pools?.has(mint) === true) {
    const side = inputMint === NATIVE_MINT ? "buy" : "sell";
    const swap = market.pools.swap(mint, side, quantityIn, accessOfShelf(work));
    if (swap === undefined) throw new Failure({ Custom: 6_002 });
    if (swap.quantityOut < outMin) throw new Failure({ Custom: SLIPPAGE_EXCEEDED });
    const taker = { source: at(shape.source), destination: at(shape.destination) };
    const legs = market.pools.legs(swap, { authority: at(shape.userAuthority), ...taker });
    return demand(carryOut(legs.transfers, legs.writes, work));
  }
  const out = market.quote(inputMint, at(shape.destinationMint), quantityIn);
  if (out === undefined) throw new Failure({ Custom: 6_002 });
  if (out < outMin) throw new Failure({ Custom: SLIPPAGE_EXCEEDED });
  work.addQuantity(at(shape.source), -quantityIn);
  if (inputMint === NATIVE_MINT) work.addLamports(at(shape.source), -quantityIn);
  work.addQuantity(at(shape.destination), out);
  if (inputMint !== NATIVE_MINT) work.addLamports(at(shape.destination), out);
}

/** Accounts as this run sees them. */
class WorkingSet {
  readonly writes = new Map<string, ChainAccount | undefined>();
  readonly #read: ReadAccount;

  constructor(read: ReadAccount) {
    this.#read = read;
  }

  get(pubkey: string): ChainAccount | undefined {
    return this.writes.has(pubkey) ? this.writes.get(pubkey) : this.#read(pubkey);
  }

  put(pubkey: string, account: ChainAccount | undefined): void {
    this.writes.set(pubkey, account);
  }

  lamports(pubkey: string): bigint {
    return this.get(pubkey)?.lamports ?? 0n;
  }

  addLamports(pubkey: string, change: bigint): void {
    const account = this.get(pubkey) ?? systemAccount(0n);
    this.put(pubkey, { ...account, lamports: account.lamports + change });
  }

  /** @throws Failure when there is no such token account. */
  token(pubkey: string): ChainAccount {
    const account = this.get(pubkey);
    if (account?.data.length !== TOKEN_ACCOUNT_BYTES) throw new Failure("InvalidAccountData");
    return account;
  }

  setQuantity(pubkey: string, quantity: bigint): void {
    const account = this.token(pubkey);
    const data = Buffer.from(account.data);
    data.writeBigUInt64LE(quantity, 64);
    this.put(pubkey, { ...account, data });
  }

  addQuantity(pubkey: string, change: bigint): void {
    const quantity = tokenQuantityOf(this.token(pubkey)) + change;
    if (quantity < 0n) throw new Failure({ Custom: INSUFFICIENT_FUNDS });
    this.setQuantity(pubkey, quantity);
  }
}
