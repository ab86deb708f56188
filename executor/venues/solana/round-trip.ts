import { PublicKey, TransactionMessage } from "@solana/web3.js";
import { type DirectPool, poolInstruction, quotePool } from "../../pools/direct-pool.ts";
import { rentLamportsMax } from "../../pools/trade-rent.ts";
import type { JupiterInstruction } from "./jupiter-answers.ts";
import { LAMPORTS_PER_SIGNATURE, UNITS_MAX } from "./priority-fee.ts";
import { COMPUTE_BUDGET_PROGRAM } from "./programs.ts";
import {
  createSwapInstructions,
  deriveSwapAccounts,
  encodeInstruction,
  setUnitLimit,
  type SwapPlan,
} from "./swap-instructions.ts";
import { MESSAGE_BYTES_MAX } from "./swap-message.ts";

/** A message that is only ever simulated: one small buy and the sale of what it brings. */
export interface RoundTrip {
  /** Of the pool. */
  programId: string;
  message: Uint8Array;
  /** Which of its instructions are the pool's own. */
  trades: readonly number[];
  /** Each half must give what our own arithmetic says, for a pool in which nobody trades. */
  isExact: boolean;
}

/** Its buy and its sale. */
export type TripHalf = 0 | 1;

/** Enough for every pool's rounding, little enough for every wallet. */
const SPENT_LAMPORTS = 1_000_000n;
/** So much the price may move between the pool's state and the run, in 1/10,000. */
const MARGIN_BPS = 500n;
/** So much less than our own quote is another arithmetic: no rounding comes near it. */
const EXACT_MARGIN_BPS = 100n;
/** So much more than our own quote is another arithmetic too. */
const MORE_MARGIN_BPS = 100n;
/** Below this much of the token a single unit is more than that. */
const QUANTITY_MIN = 10_000n;
/** The sale's quote is of the pool before the buy, whose own impact must not look like a gift. */
const IMPACT_BPS_MAX = 25;
const ALL_BPS = 10_000n;
/** The node puts a real one in its place. */
const ANY_BLOCKHASH = "11111111111111111111111111111111";
/** The wallet's accounts of the token and of wrapped SOL, with the largest extensions traded. */
const OWN_RENT_LAMPORTS = 5_000_000n;
/** What keeps the wallet itself open. */
const WALLET_RENT_LAMPORTS = 890_880n;

/** So much SOL the wallet must hold for its lack to be no reason of a failure. */
export function roundTripLamports(pool: DirectPool): bigint {
  const rent = rentLamportsMax(pool, "buy") + rentLamportsMax(pool, "sell");
  const own = OWN_RENT_LAMPORTS + WALLET_RENT_LAMPORTS + LAMPORTS_PER_SIGNATURE;
  return SPENT_LAMPORTS + rent + own;
}

/**
 * Built of the very instructions that trades are made of, their set-up included. The sale takes the
 * least that the buy must bring. An exact one asks in both halves for what our own quotes say, less
 * a little; the sale's quote is of the pool before the buy, which can only have made it dearer. Any
 * other takes whatever the sale gives: only the program itself can refuse it.
 * With `more`, that half asks for a little more than our quote and ought to be refused.
 * Undefined when the pool gives nothing for so little, or too little to tell more from rounding, or
 * when the message does not fit into a packet.
 */
export function createRoundTrip(
  pool: DirectPool,
  wallet: string,
  isExact = false,
  more?: TripHalf,
): RoundTrip | undefined {
  const bought = quotePool(pool, "buy", SPENT_LAMPORTS);
  const quantity = less(bought.quantityOut, isExact ? EXACT_MARGIN_BPS : MARGIN_BPS);
  const isWhole = bought.quantityInUsed === SPENT_LAMPORTS;
  const sold = quotePool(pool, "sell", quantity).quantityOut;
  if (!isWhole || quantity === 0n || sold === 0n) return undefined;
  const isTelling = quantity >= QUANTITY_MIN && bought.priceImpactBps <= IMPACT_BPS_MAX;
  if (more !== undefined && !isTelling) return undefined;
  const least = less(sold, EXACT_MARGIN_BPS);
  const leastBought = more === 0 ? beyond(bought.quantityOut) : quantity;
  const leastSold = more === 1 ? beyond(sold) : isExact && least > 0n ? least : 1n;
  const buy = planOf(pool, wallet, "buy", SPENT_LAMPORTS, leastBought);
  const sell = planOf(pool, wallet, "sell", quantity, leastSold);
  const instructions = [
    setUnitLimit(UNITS_MAX),
    ...[buy, sell].flatMap(createSwapInstructions).filter(isNoBudget),
  ];
  const message = compile(wallet, instructions);
  if (message === undefined) return undefined;
  const { programId } = buy.swap;
  const trades = [buy, sell].map(({ swap }) => instructions.indexOf(swap));
  return { programId, message, trades, isExact };
}

function less(quantity: bigint, marginBps: bigint): bigint {
  return (quantity * (ALL_BPS - marginBps)) / ALL_BPS;
}

function beyond(quantity: bigint): bigint {
  return (quantity * (ALL_BPS + MORE_MARGIN_BPS)) / ALL_BPS;
}

function planOf(
  pool: DirectPool,
  wallet: string,
  side: "buy" | "sell",
  quantityIn: bigint,
  quantityOutMin: bigint,
): SwapPlan {
  const { mint, tokenProgram } = pool.ref;
  const order = { wallet, side, quantityIn, quantityOutMin };
  const { programId, accounts, data } = poolInstruction(pool, order);
  return {
    side,
    accounts: deriveSwapAccounts(wallet, mint, tokenProgram),
    quantityIn,
    unitLimit: UNITS_MAX,
    unitPriceMicroLamports: 0n,
    swap: { programId, accounts: [...accounts], data: Buffer.from(data).toString("base64") },
    isNative: pool.kind === "pump",
    guard: undefined,
    nonceAccount: undefined,
  };
}

/** A transaction may set its budget once; both trades share one. */
function isNoBudget({ programId }: JupiterInstruction): boolean {
  return programId !== COMPUTE_BUDGET_PROGRAM;
}

function compile(
  wallet: string,
  instructions: readonly JupiterInstruction[],
): Uint8Array | undefined {
  const message = new TransactionMessage({
    payerKey: new PublicKey(wallet),
    recentBlockhash: ANY_BLOCKHASH,
    instructions: instructions.map(encodeInstruction),
  });
  try {
    const bytes = message.compileToV0Message().serialize();
    return bytes.length <= MESSAGE_BYTES_MAX ? bytes : undefined;
  } catch (error) {
    // The library says in no other way that there are too many accounts or bytes.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
