import { ProgramFailure } from "./account-checks.ts";
import type { Curve } from "./pump-accounts.ts";
import type { FeeRates } from "./pump-fees.ts";
import { buyForBudget, buyTokens, type CurveTrade, sellTokens } from "./pump-math.ts";
import type { CurveInstructionName } from "./pump-rules.ts";

export const PUMP_ERRORS = {
  notAuthorized: 6000,
  tooMuchSolRequired: 6002,
  tooLittleSolReceived: 6003,
  bondingCurveComplete: 6005,
  buyZeroAmount: 6020,
  notEnoughTokensToBuy: 6021,
  sellZeroAmount: 6022,
  notEnoughTokensToSell: 6023,
  overflow: 6024,
  notEnoughSolForFees: 6041,
  belowMinTokensOut: 6042,
  buybackNotAuthorized: 6057,
  unsupportedQuoteMint: 6063,
} as const;

interface TradeInput {
  curve: Curve;
  rates: FeeRates;
  /** The instruction's two amounts. */
  first: bigint;
  second: bigint;
  /** What the user's token account holds. */
  held: bigint;
}

/** @throws ProgramFailure with the code of the program */
export function computeTrade(name: CurveInstructionName, input: TradeInput): CurveTrade {
  const { curve, rates, first, second } = input;
  if (name === "sell_v2") return computeSell(input);
  if (first === 0n) throw new ProgramFailure(PUMP_ERRORS.buyZeroAmount, "Buy zero amount");
  if (name === "buy_v2") {
    if (first > curve.realToken) {
      throw new ProgramFailure(PUMP_ERRORS.notEnoughTokensToBuy, "Not enough tokens to buy");
    }
    const trade = buyTokens(curve, rates, first);
    if (trade.net + trade.protocolFee + trade.creatorFee > second) {
      const message = "slippage: Too much SOL required to buy the given amount of tokens";
      throw new ProgramFailure(PUMP_ERRORS.tooMuchSolRequired, message);
    }
    return trade;
  }
  const trade = buyForBudget(curve, rates, first);
  if (trade === undefined) {
    const message = "Buy: Not enough SOL to cover for fees";
    throw new ProgramFailure(PUMP_ERRORS.notEnoughSolForFees, message);
  }
  if (trade.tokens === 0n) throw new ProgramFailure(PUMP_ERRORS.buyZeroAmount, "Buy zero amount");
  if (trade.tokens < second) {
    const message = "Slippage: Would buy less tokens than expected min_tokens_out";
    throw new ProgramFailure(PUMP_ERRORS.belowMinTokensOut, message);
  }
  return trade;
}

function computeSell({ curve, rates, first, second, held }: TradeInput): CurveTrade {
  if (first === 0n) throw new ProgramFailure(PUMP_ERRORS.sellZeroAmount, "Sell zero amount");
  if (first > held) {
    throw new ProgramFailure(PUMP_ERRORS.notEnoughTokensToSell, "Not enough tokens to sell");
  }
  const trade = sellTokens(curve, rates, first);
  const fees = trade.protocolFee + trade.creatorFee;
  if (trade.net > curve.realQuote || fees > trade.net) {
    throw new ProgramFailure(PUMP_ERRORS.overflow, "Overflow");
  }
  if (trade.net - fees < second) {
    const message = "slippage: Too little SOL received to sell the given amount of tokens";
    throw new ProgramFailure(PUMP_ERRORS.tooLittleSolReceived, message);
  }
  return trade;
}
