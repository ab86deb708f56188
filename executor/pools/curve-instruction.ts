import type { CurvePool } from "./curve-pool.ts";
import { PUMP_FEE_CONFIG, PUMP_GLOBAL } from "./curve-pool.ts";
import type { PoolAccountMeta, PoolInstruction, PoolOrder } from "./direct-pool.ts";
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
  PUMP_FEE_PROGRAM,
  PUMP_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_PROGRAM,
  WSOL_MINT,
} from "./programs.ts";

const TAGS = {
  v2: { buy: instructionTag("buy_exact_quote_in_v2"), sell: instructionTag("sell_v2") },
  v3: { buy: instructionTag("buy_exact_quote_in_v3"), sell: instructionTag("sell_v3") },
};
/** Signs the events that the program hands to itself. */
export const PUMP_EVENT_AUTHORITY = namedAddress(PUMP_PROGRAM, "__event_authority");
const VOLUME = namedAddress(PUMP_PROGRAM, "global_volume_accumulator");

/**
 * Exact SOL in for a buy, exact tokens in for a sell; the second generation, which all curves
 * take.
 */
export function curveInstruction(pool: CurvePool, order: PoolOrder): PoolInstruction {
  return toInstruction(pool, order, "v2", accountsV2(pool, order));
}

/**
 * The third generation: 17 accounts, the fees stay on the curve. It does not take a cashback token
 * and the wallet's token account has to exist, which it has to for us anyway.
 */
export function curveInstructionV3(pool: CurvePool, order: PoolOrder): PoolInstruction {
  if (pool.curve.isCashbackCoin) throw new TypeError("expected a token without cashback for v3");
  return toInstruction(pool, order, "v3", accountsV3(pool, order));
}

function toInstruction(
  pool: CurvePool,
  order: PoolOrder,
  version: keyof typeof TAGS,
  accounts: readonly PoolAccountMeta[],
): PoolInstruction {
  const { mint, tokenProgram } = pool.ref;
  return {
    programId: PUMP_PROGRAM,
    accounts,
    data: tradeData(TAGS[version][order.side], order.quantityIn, order.quantityOutMin),
    quantityInAt: FIRST_AMOUNT_AT,
    quantityOutMinAt: SECOND_AMOUNT_AT,
    // A curve takes and pays plain SOL; the wallet's account for wrapped SOL is only named.
    needs: [
      {
        address: tokenAccountOf(order.wallet, mint, tokenProgram),
        mint,
        tokenProgram,
        use: "token",
      },
    ],
  };
}

function accountsV2(pool: CurvePool, { wallet, side }: PoolOrder): PoolAccountMeta[] {
  const { mint, tokenProgram, address: curve } = pool.ref;
  const creatorVault = namedAddress(PUMP_PROGRAM, "creator-vault", pool.curve.creator);
  const userVolume = namedAddress(PUMP_PROGRAM, "user_volume_accumulator", wallet);
  return [
    readOnly(PUMP_GLOBAL),
    readOnly(mint),
    readOnly(WSOL_MINT),
    readOnly(tokenProgram),
    readOnly(TOKEN_PROGRAM),
    readOnly(ATA_PROGRAM),
    writable(pool.feeRecipient),
    writable(wrappedOf(pool.feeRecipient)),
    writable(pool.buybackRecipient),
    writable(wrappedOf(pool.buybackRecipient)),
    writable(curve),
    writable(tokenAccountOf(curve, mint, tokenProgram)),
    writable(wrappedOf(curve)),
    signing(wallet),
    writable(tokenAccountOf(wallet, mint, tokenProgram)),
    writable(wrappedOf(wallet)),
    writable(creatorVault),
    writable(wrappedOf(creatorVault)),
    readOnly(namedAddress(PUMP_FEE_PROGRAM, "sharing-config", mint)),
    ...(side === "buy" ? [readOnly(VOLUME)] : []),
    writable(userVolume),
    writable(wrappedOf(userVolume)),
    readOnly(PUMP_FEE_CONFIG),
    readOnly(PUMP_FEE_PROGRAM),
    readOnly(SYSTEM_PROGRAM),
    readOnly(PUMP_EVENT_AUTHORITY),
    readOnly(PUMP_PROGRAM),
  ];
}

function accountsV3(pool: CurvePool, { wallet }: PoolOrder): PoolAccountMeta[] {
  const { mint, tokenProgram, address: curve } = pool.ref;
  return [
    readOnly(PUMP_GLOBAL),
    readOnly(mint),
    readOnly(WSOL_MINT),
    readOnly(tokenProgram),
    readOnly(TOKEN_PROGRAM),
    writable(curve),
    writable(tokenAccountOf(curve, mint, tokenProgram)),
    writable(wrappedOf(curve)),
    signing(wallet),
    writable(tokenAccountOf(wallet, mint, tokenProgram)),
    writable(wrappedOf(wallet)),
    writable(namedAddress(PUMP_PROGRAM, "user_volume_accumulator", wallet)),
    readOnly(PUMP_FEE_CONFIG),
    writable(pool.buybackRecipient),
    readOnly(SYSTEM_PROGRAM),
    readOnly(PUMP_EVENT_AUTHORITY),
    readOnly(PUMP_PROGRAM),
  ];
}

function wrappedOf(owner: string): string {
  return tokenAccountOf(owner, WSOL_MINT, TOKEN_PROGRAM);
}
