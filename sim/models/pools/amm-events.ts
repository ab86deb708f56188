import type { ModelEvent, ModelView } from "../program-model.ts";
import { addressOf } from "./account-checks.ts";
import { AMM_EVENT_AUTHORITY, AMM_PROGRAM, type AmmConfig, type AmmPool } from "./amm-accounts.ts";
import { type AmmTrade, receivedOf, spentOf } from "./amm-math.ts";
import type { AmmInstructionName } from "./amm-rules.ts";
import { mintSupply } from "./mint-state.ts";
import type { FeeRates } from "./pump-fees.ts";
import { anchorTag, StateWriter } from "./state-bytes.ts";

export interface ToldAmmTrade {
  name: AmmInstructionName;
  first: bigint;
  second: bigint;
  accounts: ReadonlyMap<string, string>;
  pool: AmmPool;
  config: AmmConfig;
  rates: FeeRates;
  trade: AmmTrade;
  /** The accounts before the trade, whose balances the event names. */
  view: ModelView;
  nowSeconds: bigint;
}

export function tellAmmTrade(told: ToldAmmTrade): ModelEvent {
  const data = told.name === "sell" ? sellEvent(told) : buyEvent(told);
  return { programId: AMM_PROGRAM, eventAuthority: AMM_EVENT_AUTHORITY, data };
}

function buyEvent(told: ToldAmmTrade): Uint8Array {
  const { trade, first, second, name } = told;
  const isExactIn = name === "buy_exact_quote_in";
  const writer = new StateWriter()
    .raw(anchorTag("event", "BuyEvent"))
    .i64(told.nowSeconds)
    .u64(trade.base, isExactIn ? first : second);
  writeBalances(writer, told);
  writer.u64(trade.quote, told.rates.lp, trade.lpFee, told.rates.protocol, trade.protocolFee);
  writer.u64(trade.quote + trade.lpFee, spentOf(trade));
  writeParties(writer, told);
  writer.u8(true).u64(0n, 0n, trade.quote).i64(told.nowSeconds);
  writer.u64(isExactIn ? second : 0n).text(name);
  return writeTail(writer, told);
}

function sellEvent(told: ToldAmmTrade): Uint8Array {
  const { trade, first, second } = told;
  const writer = new StateWriter()
    .raw(anchorTag("event", "SellEvent"))
    .i64(told.nowSeconds)
    .u64(first, second);
  writeBalances(writer, told);
  writer.u64(trade.quote, told.rates.lp, trade.lpFee, told.rates.protocol, trade.protocolFee);
  writer.u64(trade.quote - trade.lpFee, receivedOf(trade));
  writeParties(writer, told);
  return writeTail(writer, told);
}

function writeBalances(writer: StateWriter, { view, accounts, pool }: ToldAmmTrade): void {
  const held = (pubkey: string) => view.tokenAmountOf(pubkey) ?? 0n;
  writer.u64(
    held(addressOf(accounts, "user_base_token_account")),
    held(addressOf(accounts, "user_quote_token_account")),
    held(pool.baseVault),
    held(pool.quoteVault),
  );
}

function writeParties(writer: StateWriter, { accounts, pool, rates, trade }: ToldAmmTrade): void {
  writer
    .key(addressOf(accounts, "pool"), addressOf(accounts, "user"))
    .key(addressOf(accounts, "user_base_token_account"))
    .key(addressOf(accounts, "user_quote_token_account"))
    .key(addressOf(accounts, "protocol_fee_recipient"))
    .key(addressOf(accounts, "protocol_fee_recipient_token_account"))
    .key(pool.coinCreator)
    .u64(rates.creator, trade.creatorFee);
}

function writeTail(writer: StateWriter, { trade, config, pool, view }: ToldAmmTrade): Uint8Array {
  const buyback = (trade.protocolFee * config.buybackBps) / 10_000n;
  return writer
    .u64(0n, 0n, config.buybackBps, buyback)
    .u128(pool.virtualQuote)
    .u8(pool.virtualQuote !== 0n)
    .u64(mintSupply(view, pool.baseMint), 0n, 0n)
    .bytes();
}
