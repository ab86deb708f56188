import { VersionedTransaction } from "@solana/web3.js";
import { NATIVE_MINT } from "../../models/token-accounts.ts";
import type { TransactionRecord } from "../../models/transaction-record.ts";
import { json, type SimResponse } from "../http.ts";
import type { Desk } from "./desk.ts";
import type { CachedOrder, OrderBook } from "./order-book.ts";
import { outAfterFee } from "./swap-answer.ts";

const POLL_MS = 100;
/** Longer than a blockhash lives, so that the height decides and not this bound. */
const POLLS_MAX = 1_200;

const TRANSFER_CHECKED = 12;

const PROGRAM_ERRORS: Readonly<Record<number, string>> = {
  6001: "Slippage tolerance exceeded",
  6008: "Not enough account keys",
  6014: "Token program ID is invalid",
  6024: "Insufficient funds",
};

/** POST /swap/v2/execute: lands the transaction of an order and reports what became of it. */
export async function answerExecute(
  desk: Desk,
  book: OrderBook,
  body: string,
): Promise<SimResponse> {
  const request = parseBody(body);
  if (request === undefined) return refuse(-2, "Invalid request body");
  const order = book.find(request.requestId);
  if (order === undefined) return refuse(-1, "Order not found, it might have expired");
  const transaction = parseTransaction(request.signedTransaction);
  if (transaction === undefined) return refuse(-2, "Invalid signed transaction");
  const expected = VersionedTransaction.deserialize(order.wire).message.serialize();
  if (!Buffer.from(transaction.message.serialize()).equals(expected)) {
    return refuse(-3, "Invalid message bytes");
  }
  const base = order.router === "jupiterz" ? -2_000 : -1_000;
  if (order.router === "jupiterz") {
    if (desk.clock.nowMs() > order.expireAtMs) return failed(-2_003, "Quote expired");
    transaction.sign([desk.onChain.maker]);
  }
  if (transaction.signatures.some((signature) => signature.every((byte) => byte === 0))) {
    return failed(base === -1_000 ? -1_003 : -2_002, "Transaction is not fully signed");
  }
  if (desk.chain.blockHeight() > order.lastValidBlockHeight) {
    return failed(base === -1_000 ? -1_004 : -2_000, "Invalid block height");
  }
  return land(desk, order, transaction);
}

async function land(
  desk: Desk,
  order: CachedOrder,
  transaction: VersionedTransaction,
): Promise<SimResponse> {
  const isMaker = order.router === "jupiterz";
  let signature: string;
  try {
    signature = desk.chain.submit(transaction.serialize());
  } catch (error) {
    const why = error instanceof Error ? error.message : "no reason given";
    return failed(isMaker ? -2_002 : -1_002, `Invalid transaction: ${why}`);
  }
  for (let count = 0; count < POLLS_MAX; count += 1) {
    const record = desk.chain.history.get(signature);
    if (record !== undefined) return report(desk, order, record);
    if (desk.chain.blockHeight() > order.lastValidBlockHeight) break;
    await desk.clock.sleep(POLL_MS);
  }
  return failed(isMaker ? -2_000 : -1_000, "Failed to land", signature);
}

function report(desk: Desk, order: CachedOrder, record: TransactionRecord): SimResponse {
  const { signature, err } = record;
  const slot = String(record.block.slot);
  if (err !== null) {
    const code = customCode(err);
    const message = PROGRAM_ERRORS[code ?? 0] ?? `custom program error: #${code ?? "unknown"}`;
    return json(200, { status: "Failed", signature, slot, code: code ?? -1_001, error: message });
  }
  const inputAmount = String(order.quote.quantityIn);
  const isMaker = order.router === "jupiterz";
  const routed = isMaker ? order.shownOut : routedOut(desk, order, record);
  const outputAmount = String(routed);
  return json(200, {
    status: "Success",
    signature,
    slot,
    code: 0,
    totalInputAmount: inputAmount,
    totalOutputAmount: String(isMaker ? routed : receivedOf(order, routed)),
    inputAmountResult: inputAmount,
    outputAmountResult: outputAmount,
    swapEvents: [
      { inputMint: order.inputMint, inputAmount, outputMint: order.outputMint, outputAmount },
    ],
  });
}

/** What left the pool's vault in that transaction. */
function routedOut(desk: Desk, order: CachedOrder, record: TransactionRecord): bigint {
  const pool = desk.onChain.pools.get(order.quote.token.mint);
  if (pool === undefined) throw new Error("expected a pool for every quoted token");
  if (pool.token.venue !== undefined) return movedTo(order.destination, record);
  const vault = order.outputMint === NATIVE_MINT ? pool.solVault : pool.tokenVault;
  const index = record.keys.findIndex(({ pubkey }) => pubkey === vault);
  const [before, after] = [record.preTokenBalances, record.postTokenBalances].map(
    (balances) => balances.find(({ accountIndex }) => accountIndex === index)?.quantity ?? 0n,
  );
  return (before ?? 0n) - (after ?? 0n);
}

/** What a pool with a program of its own paid: the account itself may be closed again by now. */
function movedTo(destination: string, { inner }: TransactionRecord): bigint {
  let sum = 0n;
  for (const { accounts, data } of [...inner.values()].flat()) {
    const isMove = data[0] === TRANSFER_CHECKED && accounts[2] === destination;
    if (isMove) sum += Buffer.from(data).readBigUInt64LE(1);
  }
  return sum;
}

/** After the order's fee and what the token itself withholds. */
function receivedOf(order: CachedOrder, vaultOut: bigint): bigint {
  if (order.quote.token.venue !== undefined) return vaultOut;
  return outAfterFee({ ...order.quote, vaultOut }, order.feeBps);
}

function customCode(err: unknown): number | undefined {
  const match = /"Custom":(\d+)/.exec(JSON.stringify(err) ?? "");
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

function parseBody(body: string): { signedTransaction: string; requestId: string } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    // The caller is told so with status 400; there is nothing else to know about bad JSON.
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { signedTransaction, requestId } = value as Record<string, unknown>;
  if (typeof signedTransaction !== "string" || typeof requestId !== "string") return undefined;
  return { signedTransaction, requestId };
}

function parseTransaction(text: string): VersionedTransaction | undefined {
  try {
    return VersionedTransaction.deserialize(Buffer.from(text, "base64"));
  } catch {
    // Any bytes may arrive here; the caller answers with the documented code.
    return undefined;
  }
}

function refuse(code: number, error: string): SimResponse {
  return json(400, { code, error });
}

function failed(code: number, error: string, signature?: string): SimResponse {
  return json(200, {
    status: "Failed",
    ...(signature === undefined ? {} : { signature }),
    slot: "0",
    code,
    error,
  });
}
