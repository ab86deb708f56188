import { BPS_ONE } from "../pool-math.ts";
import type { Curve, PumpGlobal } from "./pump-accounts.ts";
import { type FeeConfig, feeOf, type FeeRates, tierOf } from "./pump-fees.ts";
import { ZERO_KEY } from "./state-bytes.ts";

/** Market cap of a curve is counted with this supply, whatever its mint says. */
const SUPPLY = 1_000_000_000_000_000n;

export interface CurveTrade {
  tokens: bigint;
  /** Lamports that the curve's reserves grow or shrink by. */
  net: bigint;
  protocolFee: bigint;
  creatorFee: bigint;
}

export function curveRates(curve: Curve, global: PumpGlobal, config: FeeConfig): FeeRates {
  const marketCap = (curve.virtualQuote * SUPPLY) / curve.virtualToken;
  const rates = tierOf(config, marketCap);
  const own = global.creatorFeeConfigurable && curve.creatorFeeBps > 0n;
  const creator = own ? curve.creatorFeeBps : rates.creator;
  return { ...rates, creator: curve.creator === ZERO_KEY ? 0n : creator };
}

/** What so many tokens cost; the one lamport on top is the program's rounding. */
export function buyTokens(curve: Curve, rates: FeeRates, tokens: bigint): CurveTrade {
  const net = (tokens * curve.virtualQuote) / (curve.virtualToken - tokens) + 1n;
  return withFees(tokens, net, rates);
}

/** What a budget buys; undefined when fees leave nothing of it. */
export function buyForBudget(
  curve: Curve,
  rates: FeeRates,
  budget: bigint,
): CurveTrade | undefined {
  let net = (budget * BPS_ONE) / (BPS_ONE + rates.protocol + rates.creator);
  const spent = net + feeOf(net, rates.protocol) + feeOf(net, rates.creator);
  if (spent > budget) net -= spent - budget;
  if (net <= 1n) return undefined;
  const tokens = ((net - 1n) * curve.virtualToken) / (curve.virtualQuote + net - 1n);
  if (tokens > curve.realToken) return buyTokens(curve, rates, curve.realToken);
  return withFees(tokens, net, rates);
}

export function sellTokens(curve: Curve, rates: FeeRates, tokens: bigint): CurveTrade {
  const net = (tokens * curve.virtualQuote) / (curve.virtualToken + tokens);
  return withFees(tokens, net, rates);
}

function withFees(tokens: bigint, net: bigint, rates: FeeRates): CurveTrade {
  return {
    tokens,
    net,
    protocolFee: feeOf(net, rates.protocol),
    creatorFee: feeOf(net, rates.creator),
  };
}

/** The curve after a trade; it completes with the last token that was for sale. */
export function curveAfter(curve: Curve, side: "buy" | "sell", trade: CurveTrade): Curve {
  const sign = side === "buy" ? 1n : -1n;
  const realToken = curve.realToken - sign * trade.tokens;
  return {
    ...curve,
    virtualToken: curve.virtualToken - sign * trade.tokens,
    virtualQuote: curve.virtualQuote + sign * trade.net,
    realToken,
    realQuote: curve.realQuote + sign * trade.net,
    complete: curve.complete || realToken === 0n,
  };
}
