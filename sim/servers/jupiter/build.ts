import { PublicKey, type TransactionInstruction } from "@solana/web3.js";
import { POOL_LABEL } from "../../models/jupiter-layout.ts";
import { type MarketToken, usdOfLamports } from "../../models/market.ts";
import { minimumOut } from "../../models/pool-math.ts";
import { json, type SimResponse } from "../http.ts";
import type { Desk } from "./desk.ts";
import { corruptAnswer } from "./malice.ts";
import { BadRequest, parseSwapParameters } from "./parameters.ts";
import { createSwapAnswer, createSwapInstruction, type SwapAnswer } from "./swap-answer.ts";

/** An answer that claims success and holds nothing that a client could parse. */
export const GARBAGE: SimResponse = {
  status: 200,
  headers: { "content-type": "application/json" },
  body: "<html><body>upstream connect error</body></html>",
};

/** GET /swap/v2/build: a quote and loose instructions; the caller assembles and lands them. */
export function answerBuild(desk: Desk, query: URLSearchParams): SimResponse {
  const parameters = parseSwapParameters(query);
  if (parameters.taker === undefined) throw new BadRequest("taker is required");
  const answer = createSwapAnswer(desk, parameters, parameters.taker);
  const malice = desk.malice.take();
  if (malice === "garbage") return GARBAGE;
  if (malice !== undefined) corruptAnswer(desk, answer, malice);
  const nowMs = desk.clock.nowMs();
  return json(200, {
    ...encodeQuote(desk, answer),
    priceImpactPct: String(answer.quote.priceImpactPpm / 1_000_000),
    computeBudgetInstructions: answer.computeBudget.map(encodeInstruction),
    setupInstructions: answer.setup.map(encodeInstruction),
    swapInstruction: encodeInstruction(createSwapInstruction(desk, answer)),
    cleanupInstruction: answer.cleanup === null ? null : encodeInstruction(answer.cleanup),
    otherInstructions: answer.other.map(encodeInstruction),
    tipInstruction: answer.tip === null ? null : encodeInstruction(answer.tip),
    addressesByLookupTableAddress: Object.fromEntries(
      answer.tables.map(({ address, addresses }) => [address, addresses]),
    ),
    blockhashWithMetadata: {
      blockhash: [...new PublicKey(answer.blockhash).toBytes()],
      lastValidBlockHeight: answer.lastValidBlockHeight,
      fetchedAt: {
        secs_since_epoch: Math.floor(nowMs / 1_000),
        nanos_since_epoch: Math.floor(nowMs % 1_000) * 1_000_000,
      },
    },
  });
}

/** The fields that orders and builds share. */
export function encodeQuote(desk: Desk, answer: SwapAnswer): Record<string, unknown> {
  const { parameters, quote, shownOut } = answer;
  const solSide = quote.side === "buy" ? quote.vaultIn : quote.vaultOut;
  return {
    inputMint: parameters.inputMint,
    outputMint: parameters.outputMint,
    inAmount: String(parameters.quantityIn),
    outAmount: String(shownOut),
    otherAmountThreshold: String(minimumOut(shownOut, parameters.slippageBps)),
    swapMode: "ExactIn",
    slippageBps: parameters.slippageBps,
    routePlan: [
      {
        swapInfo: {
          ammKey: quote.token.pool,
          label: labelOf(desk, quote.token),
          inputMint: parameters.inputMint,
          outputMint: parameters.outputMint,
          inAmount: String(quote.quantityIn),
          outAmount: String(shownOut),
        },
        percent: 100,
        bps: 10_000,
        usdValue: usdOfLamports(desk.market, solSide),
      },
    ],
  };
}

function labelOf({ onChain }: Desk, token: MarketToken): string {
  return token.venue === undefined ? POOL_LABEL : onChain.venues.bookOf(token).label;
}

export function encodeInstruction(instruction: TransactionInstruction): Record<string, unknown> {
  return {
    programId: instruction.programId.toBase58(),
    accounts: instruction.keys.map(({ pubkey, isSigner, isWritable }) => ({
      pubkey: pubkey.toBase58(),
      isSigner,
      isWritable,
    })),
    data: instruction.data.toString("base64"),
  };
}
