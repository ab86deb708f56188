import { ProgramFailure } from "./account-checks.ts";
import {
  ammBuyBase,
  ammBuyForBudget,
  type AmmReserves,
  ammSellBase,
  type AmmTrade,
  receivedOf,
  spentOf,
} from "./amm-math.ts";
import { AMM_ERRORS, type AmmInstructionName } from "./amm-rules.ts";
import type { FeeRates } from "./pump-fees.ts";

interface TradeInput {
  reserves: AmmReserves;
  rates: FeeRates;
  /** The instruction's two amounts. */
  first: bigint;
  second: bigint;
  /** What the vault holds without the virtual part: no sale can pay out more. */
  realQuote: bigint;
}

/** @throws ProgramFailure with the code of the program */
export function computeAmmTrade(name: AmmInstructionName, input: TradeInput): AmmTrade {
  const { reserves, first } = input;
  if (first === 0n) {
    const isQuote = name === "buy_exact_quote_in";
    const code = isQuote ? AMM_ERRORS.zeroQuote : AMM_ERRORS.zeroBase;
    throw new ProgramFailure(code, "The amount is zero");
  }
  if (name === "sell") return computeSell(input);
  if (name === "buy_exact_quote_in") return computeBudgetBuy(input);
  if (first >= reserves.base) {
    throw new ProgramFailure(AMM_ERRORS.moreThanReserves, "The pool holds less than that");
  }
  const trade = ammBuyBase(reserves, input.rates, first);
  if (spentOf(trade) > input.second) slippage();
  return trade;
}

function computeBudgetBuy({ reserves, rates, first, second }: TradeInput): AmmTrade {
  const trade = ammBuyForBudget(reserves, rates, first);
  if (trade === undefined) {
    const message = "buy: Not enough quote tokens to cover for fees";
    throw new ProgramFailure(AMM_ERRORS.notEnoughForFees, message);
  }
  if (trade.base === 0n) throw new ProgramFailure(AMM_ERRORS.zeroBase, "The amount is zero");
  if (trade.base < second) {
    const message = "buy: slippage - would buy less tokens than expected min_base_amount_out";
    throw new ProgramFailure(AMM_ERRORS.belowMinBaseOut, message);
  }
  return trade;
}

function computeSell({ reserves, rates, first, second, realQuote }: TradeInput): AmmTrade {
  const trade = ammSellBase(reserves, rates, first);
  if (trade.quote - trade.lpFee > realQuote) {
    const message = "Sell output exceeds the real quote vault";
    throw new ProgramFailure(AMM_ERRORS.insufficientRealQuote, message);
  }
  if (receivedOf(trade) <= 0n) {
    throw new ProgramFailure(AMM_ERRORS.zeroQuote, "The amount is zero");
  }
  if (receivedOf(trade) < second) slippage();
  return trade;
}

function slippage(): never {
  throw new ProgramFailure(AMM_ERRORS.exceededSlippage, "Exceeded slippage");
}
