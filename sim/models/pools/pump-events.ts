import type { ModelEvent } from "../program-model.ts";
import { NATIVE_MINT } from "../token-accounts.ts";
import { addressOf } from "./account-checks.ts";
import { curveAddress, PUMP_EVENT_AUTHORITY, PUMP_PROGRAM } from "./pump-accounts.ts";
import type { Curve, PumpGlobal } from "./pump-accounts.ts";
import type { FeeRates } from "./pump-fees.ts";
import type { CurveTrade } from "./pump-math.ts";
import { anchorTag, StateWriter } from "./state-bytes.ts";

export interface ToldTrade {
  name: string;
  mint: string;
  user: string;
  side: "buy" | "sell";
  /** The curve as the trade left it. */
  after: Curve;
  trade: CurveTrade;
  rates: FeeRates;
  global: PumpGlobal;
  accounts: ReadonlyMap<string, string>;
  nowSeconds: bigint;
}

/** What a trade tells: itself and, with the last token, that the curve is complete. */
export function tellCurveTrade(told: ToldTrade): ModelEvent[] {
  const events = [tell(tradeEvent(told))];
  if (told.after.complete) events.push(tell(completeEvent(told)));
  return events;
}

function tradeEvent({ after, trade, rates, accounts, global, ...told }: ToldTrade): Uint8Array {
  const buyback = (trade.protocolFee * global.buybackBps) / 10_000n;
  return new StateWriter()
    .raw(anchorTag("event", "TradeEvent"))
    .key(told.mint)
    .u64(trade.net, trade.tokens)
    .u8(told.side === "buy")
    .key(told.user)
    .i64(told.nowSeconds)
    .u64(after.virtualQuote, after.virtualToken, after.realQuote, after.realToken)
    .key(addressOf(accounts, "fee_recipient"))
    .u64(rates.protocol, trade.protocolFee)
    .key(after.creator)
    .u64(rates.creator, trade.creatorFee)
    .u8(told.side === "buy")
    .u64(0n, 0n, told.side === "buy" ? trade.net : 0n)
    .i64(told.nowSeconds)
    .text(told.name)
    .u8(false)
    .u64(0n, 0n, global.buybackBps, buyback)
    .u32(0)
    .key(NATIVE_MINT)
    .u64(trade.net, after.virtualQuote, after.realQuote, 0n, 0n)
    .bytes();
}

function completeEvent({ user, mint, nowSeconds }: ToldTrade): Uint8Array {
  return new StateWriter()
    .raw(anchorTag("event", "CompleteEvent"))
    .key(user, mint, curveAddress(mint))
    .i64(nowSeconds)
    .key(NATIVE_MINT)
    .bytes();
}

function tell(data: Uint8Array): ModelEvent {
  return { programId: PUMP_PROGRAM, eventAuthority: PUMP_EVENT_AUTHORITY, data };
}
