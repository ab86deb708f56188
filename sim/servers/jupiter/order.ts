import {
  AddressLookupTableAccount,
  ComputeBudgetProgram,
  PublicKey,
  TransactionMessage,
  type TransactionInstruction,
  VersionedTransaction,
} from "@solana/web3.js";
import type { LookupTable } from "../../models/market-on-chain.ts";
import { usdOfLamports } from "../../models/market.ts";
import { BPS_ONE, minimumOut } from "../../models/pool-math.ts";
import { NATIVE_MINT } from "../../models/token-accounts.ts";
import { json, type SimResponse } from "../http.ts";
import { encodeQuote, GARBAGE } from "./build.ts";
import type { Desk } from "./desk.ts";
import { checkFunds, type Shortage } from "./funds.ts";
import { createMakerInstructions, makerTakes } from "./maker-order.ts";
import { corruptAnswer } from "./malice.ts";
import type { CachedOrder, OrderBook } from "./order-book.ts";
import { BadRequest, parseSwapParameters, type SwapParameters } from "./parameters.ts";
import { associatedAccount, createSwapAnswer, createSwapInstruction } from "./swap-answer.ts";
import type { SwapAnswer } from "./swap-answer.ts";

const UNITS_MAX = 300_000;
const SIGNATURE_LAMPORTS = 5_000;
const RENT_LAMPORTS = 2_039_280;
const YOUNG_MS = 86_400_000;
const MAKER_EXPIRY_MS = 30_000;
/** A maker beats the pool by this much, or nobody would take his orders. */
const MAKER_EDGE_BPS = 10n;
/** Stands in for the taker of a price-only order, so that one path makes every quote. */
const NOBODY = PublicKey.default.toBase58();

/** GET /swap/v2/order: a quote and, with a taker, a transaction that only waits for signatures. */
export function answerOrder(desk: Desk, book: OrderBook, query: URLSearchParams): SimResponse {
  const startedMs = desk.clock.monotonicMs();
  if (query.has("receiver")) throw new BadRequest("receiver is not offered here");
  const parsed = parseSwapParameters(query);
  const isMaker = makerTakes(desk, parsed);
  const feeBps = isMaker ? 0 : orderFeeBps(desk, parsed);
  const parameters = withOrderFee(desk, parsed, feeBps);
  const answer = createSwapAnswer(desk, parameters, parameters.taker ?? NOBODY);
  if (isMaker) answer.shownOut = (answer.shownOut * (BPS_ONE + MAKER_EDGE_BPS)) / BPS_ONE;
  const malice = desk.malice.take();
  if (malice === "garbage") return GARBAGE;
  if (malice !== undefined) corruptAnswer(desk, answer, malice);
  const shortage = isMaker || parsed.taker === undefined ? undefined : checkFunds(desk, answer);
  const order = createOrder(desk, answer, isMaker);
  const requestId = book.add(order);
  return json(200, {
    mode: query.has("slippageBps") || query.has("priorityFeeLamports") ? "manual" : "ultra",
    ...encodeQuote(desk, answer),
    ...encodeValues(desk, answer, feeBps),
    ...encodeFees(answer, isMaker ? desk.onChain.maker.publicKey : undefined),
    swapType: isMaker ? "rfq" : "aggregator",
    router: isMaker ? "jupiterz" : "metis",
    transaction: parsed.taker === undefined ? null : transactionText(order, shortage),
    lastValidBlockHeight: String(answer.lastValidBlockHeight),
    requestId,
    totalTime: Math.round(desk.clock.monotonicMs() - startedMs),
    taker: parsed.taker ?? null,
    ...(isMaker ? encodeMaker(desk, order, requestId) : {}),
    ...(shortage === undefined ? {} : { ...shortage, error: shortage.errorMessage }),
  });
}

function transactionText(order: CachedOrder, shortage: Shortage | undefined): string {
  return shortage === undefined ? Buffer.from(order.wire).toString("base64") : "";
}

function createOrder(desk: Desk, answer: SwapAnswer, isMaker: boolean): CachedOrder {
  const maker = desk.onChain.maker.publicKey;
  const payer = answer.parameters.payer;
  const expireAtMs = desk.clock.nowMs() + MAKER_EXPIRY_MS;
  const instructions = isMaker
    ? createMakerInstructions(desk, answer, BigInt(Math.floor(expireAtMs / 1_000)))
    : [
        ComputeBudgetProgram.setComputeUnitLimit({ units: UNITS_MAX }),
        ...answer.computeBudget,
        ...answer.setup,
        createSwapInstruction(desk, answer),
        ...answer.other,
        ...(answer.cleanup === null ? [] : [answer.cleanup]),
      ];
  const feePayer = isMaker ? maker : payer === undefined ? answer.taker : new PublicKey(payer);
  return {
    router: isMaker ? "jupiterz" : "metis",
    wire: compile(feePayer, answer, instructions),
    lastValidBlockHeight: answer.lastValidBlockHeight,
    expireAtMs,
    quote: answer.quote,
    shownOut: answer.shownOut,
    feeBps: answer.parameters.platformFeeBps,
    inputMint: answer.parameters.inputMint,
    outputMint: answer.parameters.outputMint,
    destination: answer.destination.toBase58(),
  };
}

function compile(
  payerKey: PublicKey,
  answer: SwapAnswer,
  instructions: TransactionInstruction[],
): Uint8Array {
  const message = new TransactionMessage({
    payerKey,
    recentBlockhash: answer.blockhash,
    instructions,
  }).compileToV0Message(answer.tables.map(readTable));
  return new VersionedTransaction(message).serialize();
}

function readTable(table: LookupTable): AddressLookupTableAccount {
  return new AddressLookupTableAccount({
    key: new PublicKey(table.address),
    state: {
      deactivationSlot: 0xffff_ffff_ffff_ffffn,
      lastExtendedSlot: 0,
      lastExtendedSlotStartIndex: 0,
      addresses: table.addresses.map((address) => new PublicKey(address)),
    },
  });
}

/** Ten basis points, and fifty while the token is younger than a day. */
function orderFeeBps(desk: Desk, parameters: SwapParameters): number {
  const mint = parameters.inputMint === NATIVE_MINT ? parameters.outputMint : parameters.inputMint;
  const token = desk.market.find(mint);
  if (token === undefined) return 0;
  return desk.clock.nowMs() - token.createdAtMs < YOUNG_MS ? 50 : 10;
}

/** The fee is written into the instruction and into the answer: nothing is taken in silence. */
function withOrderFee(desk: Desk, parameters: SwapParameters, feeBps: number): SwapParameters {
  const token = desk.market.find(parameters.outputMint) ?? desk.market.find(parameters.inputMint);
  if (feeBps === 0 || token === undefined) {
    return { ...parameters, platformFeeBps: 0 };
  }
  const collector = new PublicKey(desk.feeCollector);
  desk.chain.createTokenAccount(desk.feeCollector, parameters.outputMint);
  const feeAccount = associatedAccount(collector, parameters.outputMint, token).toBase58();
  return { ...parameters, platformFeeBps: feeBps, feeAccount };
}

function encodeValues(desk: Desk, answer: SwapAnswer, feeBps: number): Record<string, unknown> {
  const { quote, parameters } = answer;
  const token = quote.token;
  const priceLamports = (quantity: bigint): bigint => (quantity * token.lamports) / token.quantity;
  const isBuy = quote.side === "buy";
  const inLamports = isBuy ? quote.quantityIn : priceLamports(quote.quantityIn);
  const outLamports = isBuy ? priceLamports(answer.shownOut) : answer.shownOut;
  const impactPercent = -quote.priceImpactPpm / 10_000;
  return {
    inUsdValue: usdOfLamports(desk.market, inLamports),
    outUsdValue: usdOfLamports(desk.market, outLamports),
    swapUsdValue: usdOfLamports(desk.market, inLamports),
    priceImpact: impactPercent,
    priceImpactPct: String(impactPercent / 100),
    feeMint: parameters.outputMint,
    feeBps,
    platformFee: {
      amount: String((quote.vaultOut * BigInt(feeBps)) / BPS_ONE),
      feeBps,
      feeMint: parameters.outputMint,
    },
  };
}

function encodeFees(answer: SwapAnswer, maker: PublicKey | undefined): Record<string, unknown> {
  const { parameters, taker } = answer;
  const payer = maker?.toBase58() ?? parameters.payer ?? taker.toBase58();
  const priority = Number((parameters.computeUnitPrice * BigInt(UNITS_MAX)) / 1_000_000n);
  return {
    signatureFeeLamports: SIGNATURE_LAMPORTS * (maker === undefined ? 1 : 2),
    signatureFeePayer: payer,
    prioritizationFeeLamports: maker === undefined ? priority : 0,
    prioritizationFeePayer: payer,
    rentFeeLamports: RENT_LAMPORTS,
    rentFeePayer: payer,
    gasless: payer !== taker.toBase58(),
  };
}

function encodeMaker(desk: Desk, order: CachedOrder, requestId: string): Record<string, unknown> {
  return {
    otherAmountThreshold: String(minimumOut(order.shownOut, 0)),
    slippageBps: 0,
    quoteId: requestId,
    maker: desk.onChain.maker.publicKey.toBase58(),
    expireAt: String(Math.floor(order.expireAtMs / 1_000)),
  };
}
