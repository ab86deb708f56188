import type { PoolCommon, PoolQuote, PoolRef, PoolSide } from "./direct-pool.ts";
import { decodeFeeConfig, feesOf, netOfBudget, tierAt, type FeeRates } from "./fee-config.ts";
import { impactBps } from "./price-impact.ts";
import { keyBytes, namedAddress, programAddress, tokenAccountOf } from "./program-address.ts";
import {
  PUMP_AMM_PROGRAM,
  PUMP_FEE_PROGRAM,
  PUMP_PROGRAM,
  TOKEN_PROGRAM,
  WSOL_MINT,
  ZERO_KEY,
} from "./programs.ts";
import { chooseRecipient } from "./recipient.ts";
import { rememberBytes, rememberObject } from "./remembered.ts";
import {
  decodeSwapAccount,
  decodeSwapGlobalConfig,
  type SwapGlobalConfig,
  type SwapPoolAccount,
} from "./swap-accounts.ts";
import { mintSupplyOf, tokenBalanceOf } from "./token-bytes.ts";
import { hasTransferFee } from "./transfer-fee.ts";
import { unusable, type PoolUnusable } from "./unusable.ts";

export interface SwapPool extends PoolCommon {
  readonly kind: "pumpswap";
  readonly account: SwapPoolAccount;
  readonly rates: FeeRates;
  /** SOL that the pool really holds; a sell cannot pay more. */
  readonly vaultLamports: bigint;
  readonly isBuyDisabled: boolean;
  readonly isSellDisabled: boolean;
  readonly protocolRecipient: string;
  readonly buybackRecipient: string;
}

export const SWAP_GLOBAL_CONFIG = namedAddress(PUMP_AMM_PROGRAM, "global_config");
export const SWAP_FEE_CONFIG = programAddress(PUMP_FEE_PROGRAM, [
  "fee_config",
  keyBytes(PUMP_AMM_PROGRAM),
]);

const DISABLED_BUY = 1 << 3;
const DISABLED_SELL = 1 << 4;
/** A mayhem pool's market cap is counted with the supply in circulation, not the whole one. */
const MAYHEM_SUPPLY = 1_000_000_000_000_000n;
/** What the program lengthens pool accounts to, and makes them with since 2025. */
const POOL_BYTES_GROWN = 300;
const CANONICAL_INDEX = Uint8Array.of(0, 0);

/** Creates a token's canonical pool. Kept per ref: every update of every pool asks for it. */
const authorityOf = rememberObject((ref: PoolRef) =>
  namedAddress(PUMP_PROGRAM, "pool-authority", ref.mint),
);
/** Most updates are those of a vault, and come with the pool's account as it was. */
const accountOf = rememberBytes(decodeSwapAccount);
const withholds = rememberBytes(hasTransferFee);
const globalConfigOf = rememberBytes(decodeSwapGlobalConfig);
const feeConfigOf = rememberBytes(decodeFeeConfig);

/** The pool that pump.fun opens for a token when its curve is full, known before it exists. */
export function canonicalSwapRef(mint: string, tokenProgram: string): PoolRef {
  const owner = namedAddress(PUMP_PROGRAM, "pool-authority", mint);
  const seeds = [owner, mint, WSOL_MINT].map(keyBytes);
  const address = programAddress(PUMP_AMM_PROGRAM, ["pool", CANONICAL_INDEX, ...seeds]);
  const baseVault = tokenAccountOf(address, mint, tokenProgram);
  const quoteVault = tokenAccountOf(address, WSOL_MINT, TOKEN_PROGRAM);
  return swapRef(address, mint, tokenProgram, baseVault, quoteVault);
}

export function swapRefFromAccount(
  address: string,
  bytes: Uint8Array,
  tokenProgram: string,
): PoolRef | PoolUnusable {
  const account = decodeSwapAccount(bytes);
  if (account === undefined) return unusable("corrupt", "This is no readable PumpSwap pool.");
  if (account.quoteMint !== WSOL_MINT) {
    return unusable("unsupported", "The pool trades against something other than SOL.");
  }
  const { baseMint, poolBaseTokenAccount, poolQuoteTokenAccount } = account;
  return swapRef(address, baseMint, tokenProgram, poolBaseTokenAccount, poolQuoteTokenAccount);
}

function swapRef(
  address: string,
  mint: string,
  tokenProgram: string,
  baseVault: string,
  quoteVault: string,
): PoolRef {
  const watch = [address, baseVault, quoteVault, mint, SWAP_GLOBAL_CONFIG, SWAP_FEE_CONFIG];
  return { kind: "pumpswap", mint, address, tokenProgram, watch };
}

export function decodeSwapPool(
  ref: PoolRef,
  accounts: ReadonlyMap<string, Uint8Array>,
): SwapPool | PoolUnusable {
  const found = ref.watch.map((address) => accounts.get(address));
  const [poolBytes, baseBytes, quoteBytes, mintBytes, configBytes, feeBytes] = found;
  if (poolBytes === undefined) return unusable("missing", "The PumpSwap pool is not known yet.");
  if (baseBytes === undefined || quoteBytes === undefined || mintBytes === undefined) {
    return unusable("missing", "What the PumpSwap pool holds is not known yet.");
  }
  if (configBytes === undefined || feeBytes === undefined) {
    return unusable("missing", "The settings of PumpSwap are not known yet.");
  }
  const account = accountOf(poolBytes);
  const base = tokenBalanceOf(baseBytes);
  const quote = tokenBalanceOf(quoteBytes);
  const supply = mintSupplyOf(mintBytes);
  if (account === undefined || base === undefined || quote === undefined || supply === undefined) {
    return unusable("corrupt", "The PumpSwap pool is unreadable.");
  }
  const problem = mismatch(ref, account);
  if (problem !== undefined) return problem;
  if (poolBytes.length < POOL_BYTES_GROWN) {
    // Nobody has traded it for long; its account has to be lengthened in a transaction of its own.
    return unusable("unsupported", "The pool is of an old kind that is traded by the aggregator.");
  }
  if (withholds(mintBytes)) {
    return unusable("unsupported", "The token can keep back a part of what is sent.");
  }
  const config = globalConfigOf(configBytes);
  const feeConfig = feeConfigOf(feeBytes);
  if (config === undefined || feeConfig === undefined) {
    return unusable("corrupt", "The settings of PumpSwap are unreadable.");
  }
  const effective = quote + account.virtualQuoteReserves;
  if (base === 0n || quote === 0n || effective <= 0n) {
    return unusable("disabled", "The PumpSwap pool is empty.");
  }
  const counted = account.isMayhemMode ? MAYHEM_SUPPLY : supply;
  const isCanonical = account.creator === authorityOf(ref);
  const schedule = isCanonical ? tierAt(feeConfig, (effective * counted) / base) : feeConfig.flat;
  const state = { ref, account, supply: counted, baseReserve: base, quoteReserve: effective };
  return tradable(state, config, ratesOf(account, config, schedule), quote);
}

/**
 * A pool of other accounts than those that are watched would be priced with somebody's balances.
 */
function mismatch(ref: PoolRef, account: SwapPoolAccount): PoolUnusable | undefined {
  if (account.quoteMint !== WSOL_MINT) {
    return unusable("unsupported", "The pool trades against something other than SOL.");
  }
  const isSame =
    account.baseMint === ref.mint &&
    account.poolBaseTokenAccount === ref.watch[1] &&
    account.poolQuoteTokenAccount === ref.watch[2];
  return isSame ? undefined : unusable("corrupt", "The PumpSwap pool is not that of this token.");
}

function ratesOf(account: SwapPoolAccount, config: SwapGlobalConfig, schedule: FeeRates): FeeRates {
  const isOwnRate = config.creatorFeeConfigurable && account.creatorFeeBps > 0n;
  const creatorBps = isOwnRate ? account.creatorFeeBps : schedule.creatorBps;
  return {
    lpBps: schedule.lpBps,
    protocolBps: schedule.protocolBps,
    creatorBps: account.coinCreator === ZERO_KEY ? 0n : creatorBps,
  };
}

type SwapState = Omit<PoolCommon, "accountsKey"> & { readonly account: SwapPoolAccount };

function tradable(
  state: SwapState,
  config: SwapGlobalConfig,
  rates: FeeRates,
  vaultLamports: bigint,
): SwapPool | PoolUnusable {
  const { account, ref } = state;
  const isBuyDisabled = (config.disableFlags & DISABLED_BUY) !== 0;
  const isSellDisabled = (config.disableFlags & DISABLED_SELL) !== 0;
  if (isBuyDisabled && isSellDisabled) {
    return unusable("disabled", "PumpSwap does not accept trades at the moment.");
  }
  const protocolRecipient = chooseRecipient(
    account.isMayhemMode
      ? [config.reservedFeeRecipient, ...config.reservedFeeRecipients]
      : config.protocolFeeRecipients,
    ref.mint,
  );
  const buybackRecipient = chooseRecipient(config.buybackFeeRecipients, ref.mint);
  if (protocolRecipient === undefined || buybackRecipient === undefined) {
    return unusable("corrupt", "The settings of PumpSwap name nobody to take the fees.");
  }
  return {
    kind: "pumpswap",
    ...state,
    rates,
    vaultLamports,
    isBuyDisabled,
    isSellDisabled,
    protocolRecipient,
    buybackRecipient,
    accountsKey: [
      account.coinCreator,
      account.isCashbackCoin,
      protocolRecipient,
      buybackRecipient,
    ].join(" "),
  };
}

export function quoteSwap(pool: SwapPool, side: PoolSide, quantityIn: bigint): PoolQuote {
  return side === "buy" ? quoteBuy(pool, quantityIn) : quoteSell(pool, quantityIn);
}

function quoteBuy(pool: SwapPool, budget: bigint): PoolQuote {
  const net = netOfBudget(budget, pool.rates);
  const into = net - 1n;
  const { total, ...feeParts } = feesOf(net > 0n ? net : 0n, pool.rates);
  const out = into <= 0n ? 0n : (pool.baseReserve * into) / (pool.quoteReserve + into);
  return {
    quantityInUsed: budget,
    quantityOut: pool.isBuyDisabled ? 0n : out,
    feeLamports: total,
    feeParts,
    priceImpactBps: impactBps({
      netIn: into,
      quantityOut: out,
      reserveIn: pool.quoteReserve,
      reserveOut: pool.baseReserve,
    }),
  };
}

function quoteSell(pool: SwapPool, tokens: bigint): PoolQuote {
  const gross = tokens <= 0n ? 0n : (pool.quoteReserve * tokens) / (pool.baseReserve + tokens);
  const { total, ...feeParts } = feesOf(gross, pool.rates);
  const received = gross - total;
  // Virtual reserves raise the price and pay nothing out: beyond the vault the program refuses.
  const isRefused =
    pool.isSellDisabled || received < 0n || pool.vaultLamports < gross - feeParts.lp;
  return {
    quantityInUsed: tokens,
    quantityOut: isRefused ? 0n : received,
    feeLamports: total,
    feeParts,
    priceImpactBps: impactBps({
      netIn: tokens,
      quantityOut: gross,
      reserveIn: pool.baseReserve,
      reserveOut: pool.quoteReserve,
    }),
  };
}
