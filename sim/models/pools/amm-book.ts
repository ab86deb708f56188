import type { MarketToken } from "../market.ts";
import { NATIVE_MINT, tokenProgramId } from "../token-accounts.ts";
import {
  AMM_CONFIG,
  AMM_FEE_CONFIG,
  AMM_PROGRAM,
  type AmmConfig,
  type AmmPool,
  canonicalPool,
  coinCreatorVault,
  encodeAmmConfig,
  encodeAmmPool,
  parseAmmConfig,
  parseAmmPool,
} from "./amm-accounts.ts";
import {
  ammBuyForBudget,
  ammRates,
  ammSellBase,
  type AmmTrade,
  receivedOf,
  spentOf,
} from "./amm-math.ts";
import { creatorOf, tokenMove, wrappedMove } from "./curve-book.ts";
import { worldRecipients, wrappedAccount } from "./pump-accounts.ts";
import { encodeFeeConfig, parseFeeConfig, PUMP_FEES_PROGRAM } from "./pump-fees.ts";
import type { PoolAccess, PoolChain, RoutedLegs, RoutedParty, VenueBook } from "./venue-book.ts";

/** Settings that all pools of a world share, and the accounts that earn their fees. */
export function installAmmSettings(chain: PoolChain, seed: number): void {
  chain.setAccount(AMM_CONFIG, { owner: AMM_PROGRAM, data: encodeAmmConfig(seed) });
  const fees = { owner: PUMP_FEES_PROGRAM, data: encodeFeeConfig("pool") };
  chain.setAccount(AMM_FEE_CONFIG, fees);
  for (const label of ["amm-fees", "amm-buyback"]) {
    for (const owner of worldRecipients(seed, label)) chain.createTokenAccount(owner, NATIVE_MINT);
  }
}

/** Lamports that the formula adds to a pool's vault, by token; none for most pools. */
export function createAmmBook(virtualQuoteOf: (token: MarketToken) => bigint): VenueBook {
  return {
    program: AMM_PROGRAM,
    label: "Pump.fun Amm",
    adopt(token) {
      token.pool = poolOf(token).address;
      const virtual = virtualQuoteOf(token);
      token.bounds = {
        quantityMin: 1n,
        quantityKept: 1n,
        quantityMax: token.spec.supply,
        lamportsMin: virtual > 0n ? virtual + 1n : 1n,
      };
    },
    install(chain, token) {
      const { address, pool } = poolOf(token, virtualQuoteOf(token));
      chain.setAccount(address, { owner: AMM_PROGRAM, data: encodeAmmPool(pool) });
      openAmmAccounts(chain, token);
      this.place(chain, token);
    },
    place(chain, token) {
      const pool = parseAmmPool(chain.accounts.current(token.pool)?.data ?? new Uint8Array());
      const quote = token.lamports - pool.virtualQuote;
      chain.setTokenQuantity(pool.baseVault, token.quantity);
      chain.setTokenQuantity(pool.quoteVault, quote > 1n ? quote : 1n);
    },
    read(access, token) {
      const pool = parseAmmPool(access.dataOf(token.pool) ?? new Uint8Array());
      return {
        lamports: (access.tokenAmountOf(pool.quoteVault) ?? 0n) + pool.virtualQuote,
        quantity: access.tokenAmountOf(pool.baseVault) ?? 0n,
      };
    },
    accountsOf(token) {
      const { address, pool } = poolOf(token);
      return { solVault: pool.quoteVault, tokenVault: pool.baseVault, authority: address };
    },
    swap: routeAmm,
  };
}

/** The token accounts of a token's pool, which may be there before the pool is. */
export function openAmmAccounts(chain: PoolChain, token: MarketToken): void {
  const { address } = poolOf(token);
  chain.createTokenAccount(address, token.mint);
  chain.createTokenAccount(address, NATIVE_MINT);
  chain.createTokenAccount(coinCreatorVault(creatorOf(token)), NATIVE_MINT);
}

function poolOf(token: MarketToken, virtualQuote = 0n): { address: string; pool: AmmPool } {
  const tokenProgram = tokenProgramId(token.spec.tokenProgram);
  return canonicalPool(token.mint, tokenProgram, creatorOf(token), virtualQuote);
}

function routeAmm(
  access: PoolAccess,
  token: MarketToken,
  side: "buy" | "sell",
  quantityIn: bigint,
): ReturnType<VenueBook["swap"]> {
  const data = access.dataOf(token.pool);
  if (data === undefined || quantityIn <= 0n) return undefined;
  const pool = parseAmmPool(data);
  const config = parseAmmConfig(access.dataOf(AMM_CONFIG) ?? new Uint8Array());
  const fees = parseFeeConfig(access.dataOf(AMM_FEE_CONFIG) ?? new Uint8Array());
  const realQuote = access.tokenAmountOf(pool.quoteVault) ?? 0n;
  const reserves = {
    base: access.tokenAmountOf(pool.baseVault) ?? 0n,
    quote: realQuote + pool.virtualQuote,
  };
  if (reserves.base <= 0n || reserves.quote <= 0n) return undefined;
  const rates = ammRates({ pool, config, fees, reserves, supply: token.spec.supply });
  const isBuy = side === "buy";
  const trade = isBuy
    ? ammBuyForBudget(reserves, rates, quantityIn)
    : ammSellBase(reserves, rates, quantityIn);
  if (trade === undefined) return undefined;
  const quantityOut = isBuy ? trade.base : receivedOf(trade);
  if (quantityOut <= 0n || (!isBuy && trade.quote - trade.lpFee > realQuote)) return undefined;
  return {
    side,
    quantityIn: isBuy ? spentOf(trade) : quantityIn,
    quantityOut,
    netIn: isBuy ? trade.quote : quantityIn,
    netOut: isBuy ? trade.base : trade.quote,
    before: { lamports: reserves.quote, quantity: reserves.base },
    legs: (party) => routedLegs({ token, pool, config, trade, side }, party),
  };
}

function routedLegs(
  priced: {
    token: MarketToken;
    pool: AmmPool;
    config: AmmConfig;
    trade: AmmTrade;
    side: "buy" | "sell";
  },
  party: RoutedParty,
): RoutedLegs {
  const { token, pool, config, trade, side } = priced;
  const buyback = (trade.protocolFee * config.buybackBps) / 10_000n;
  const shares = [
    [config.protocolRecipients[0], trade.protocolFee - buyback],
    [config.buybackRecipients[0], buyback],
    [coinCreatorVault(pool.coinCreator), trade.creatorFee],
  ] as const;
  const source = side === "buy" ? party.solAccount : pool.quoteVault;
  const payer = side === "buy" ? party.authority : token.pool;
  const fees = shares.flatMap(([owner = "", quantity]) =>
    quantity > 0n ? [{ ...wrappedMove(source, wrappedAccount(owner), payer), quantity }] : [],
  );
  const rest = { writes: [], events: [] };
  if (side === "buy") {
    const paid = {
      ...wrappedMove(party.solAccount, pool.quoteVault, party.authority),
      quantity: trade.quote + trade.lpFee,
    };
    const way = { from: pool.baseVault, to: party.tokenAccount, authority: token.pool };
    const out = { ...tokenMove(token, way), quantity: trade.base };
    return { ...rest, transfers: [paid, ...fees], out };
  }
  const way = { from: party.tokenAccount, to: pool.baseVault, authority: party.authority };
  const paid = { ...tokenMove(token, way), quantity: trade.base };
  const out = {
    ...wrappedMove(pool.quoteVault, party.solAccount, token.pool),
    quantity: receivedOf(trade),
  };
  return { ...rest, transfers: [paid, ...fees], out };
}
