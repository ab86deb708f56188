import type { NeededAccount, PoolAccountMeta, PoolInstruction, PoolOrder } from "./direct-pool.ts";
import { instructionTag } from "./discriminator.ts";
import {
  FIRST_AMOUNT_AT,
  SECOND_AMOUNT_AT,
  readOnly,
  signing,
  tradeData,
  writable,
} from "./instruction-data.ts";
import { namedAddress, tokenAccountOf } from "./program-address.ts";
import {
  ATA_PROGRAM,
  PUMP_AMM_PROGRAM,
  PUMP_FEE_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_PROGRAM,
  WSOL_MINT,
  ZERO_KEY,
} from "./programs.ts";
import { SWAP_FEE_CONFIG, SWAP_GLOBAL_CONFIG, type SwapPool } from "./swap-pool.ts";

const BUY = instructionTag("buy_exact_quote_in");
const SELL = instructionTag("sell");
const BUY_V2 = instructionTag("buy_exact_quote_in_v2");
const SELL_V2 = instructionTag("sell_v2");
/** Signs the events that the program hands to itself. */
export const SWAP_EVENT_AUTHORITY = namedAddress(PUMP_AMM_PROGRAM, "__event_authority");
const VOLUME = namedAddress(PUMP_AMM_PROGRAM, "global_volume_accumulator");
/** Third argument of a buy: count it for the wallet's volume. */
const TRACK_VOLUME = 1;

/**
 * Exact SOL in for a buy, exact tokens in for a sell; the first generation, which all pools take.
 */
export function swapInstruction(pool: SwapPool, order: PoolOrder): PoolInstruction {
  const { quantityIn, quantityOutMin } = order;
  const isBuy = order.side === "buy";
  const data = isBuy
    ? tradeData(BUY, quantityIn, quantityOutMin, TRACK_VOLUME)
    : tradeData(SELL, quantityIn, quantityOutMin);
  const accounts = [...accountsV1(pool, order), ...remainingV1(pool, order)];
  return toInstruction(pool, order, data, accounts);
}

/**
 * The second generation: 17 accounts, the fees stay in the pool. It
 * does not take a cashback token.
 */
export function swapInstructionV2(pool: SwapPool, order: PoolOrder): PoolInstruction {
  if (pool.account.isCashbackCoin) throw new TypeError("expected a token without cashback for v2");
  const tag = order.side === "buy" ? BUY_V2 : SELL_V2;
  const data = tradeData(tag, order.quantityIn, order.quantityOutMin);
  return toInstruction(pool, order, data, accountsV2(pool, order));
}

function toInstruction(
  pool: SwapPool,
  { wallet }: PoolOrder,
  data: Uint8Array,
  accounts: readonly PoolAccountMeta[],
): PoolInstruction {
  const { mint, tokenProgram } = pool.ref;
  const needs: NeededAccount[] = [
    { address: tokenAccountOf(wallet, mint, tokenProgram), mint, tokenProgram, use: "token" },
    {
      address: wrappedOf(wallet),
      mint: WSOL_MINT,
      tokenProgram: TOKEN_PROGRAM,
      use: "wrapped-sol",
    },
  ];
  return {
    programId: PUMP_AMM_PROGRAM,
    accounts,
    data,
    quantityInAt: FIRST_AMOUNT_AT,
    quantityOutMinAt: SECOND_AMOUNT_AT,
    needs,
  };
}

/** The eleven accounts both generations begin with, but for the fee recipient of the first. */
function tradedAccounts(pool: SwapPool, wallet: string): PoolAccountMeta[] {
  const { mint, tokenProgram, address } = pool.ref;
  return [
    writable(address),
    signing(wallet),
    readOnly(SWAP_GLOBAL_CONFIG),
    readOnly(mint),
    readOnly(WSOL_MINT),
    writable(tokenAccountOf(wallet, mint, tokenProgram)),
    writable(wrappedOf(wallet)),
    writable(pool.account.poolBaseTokenAccount),
    writable(pool.account.poolQuoteTokenAccount),
  ];
}

function accountsV1(pool: SwapPool, { wallet, side }: PoolOrder): PoolAccountMeta[] {
  const vaultOwner = namedAddress(PUMP_AMM_PROGRAM, "creator_vault", pool.account.coinCreator);
  const buying = [readOnly(VOLUME), writable(userVolumeOf(wallet))];
  return [
    ...tradedAccounts(pool, wallet),
    readOnly(pool.protocolRecipient),
    writable(wrappedOf(pool.protocolRecipient)),
    readOnly(pool.ref.tokenProgram),
    readOnly(TOKEN_PROGRAM),
    readOnly(SYSTEM_PROGRAM),
    readOnly(ATA_PROGRAM),
    readOnly(SWAP_EVENT_AUTHORITY),
    readOnly(PUMP_AMM_PROGRAM),
    writable(wrappedOf(vaultOwner)),
    readOnly(vaultOwner),
    ...(side === "buy" ? buying : []),
    readOnly(SWAP_FEE_CONFIG),
    readOnly(PUMP_FEE_PROGRAM),
  ];
}

/**
 * Accounts the program takes after its named ones: cashback, the pool's second account, buyback.
 */
function remainingV1(pool: SwapPool, { wallet, side }: PoolOrder): PoolAccountMeta[] {
  const { isCashbackCoin, coinCreator } = pool.account;
  const userVolume = userVolumeOf(wallet);
  const cashback =
    side === "buy"
      ? [writable(wrappedOf(userVolume))]
      : [writable(wrappedOf(userVolume)), writable(userVolume)];
  return [
    ...(isCashbackCoin ? cashback : []),
    ...(coinCreator === ZERO_KEY
      ? []
      : [readOnly(namedAddress(PUMP_AMM_PROGRAM, "pool-v2", pool.ref.mint))]),
    readOnly(pool.buybackRecipient),
    writable(wrappedOf(pool.buybackRecipient)),
  ];
}

function accountsV2(pool: SwapPool, { wallet }: PoolOrder): PoolAccountMeta[] {
  return [
    ...tradedAccounts(pool, wallet),
    readOnly(pool.ref.tokenProgram),
    readOnly(TOKEN_PROGRAM),
    readOnly(SYSTEM_PROGRAM),
    writable(userVolumeOf(wallet)),
    readOnly(SWAP_FEE_CONFIG),
    writable(wrappedOf(pool.buybackRecipient)),
    readOnly(SWAP_EVENT_AUTHORITY),
    readOnly(PUMP_AMM_PROGRAM),
  ];
}

function userVolumeOf(wallet: string): string {
  return namedAddress(PUMP_AMM_PROGRAM, "user_volume_accumulator", wallet);
}

function wrappedOf(owner: string): string {
  return tokenAccountOf(owner, WSOL_MINT, TOKEN_PROGRAM);
}
