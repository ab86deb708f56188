import { meanHostileLegs } from "./hostile-legs.ts";
import { JUPITER_PROGRAM_ID, parseRoute, ROUTES, type RouteArguments } from "./jupiter-layout.ts";
import { meanVenueLegs, partyOf } from "./jupiter-venue.ts";
import type { OnChainPool } from "./market-on-chain.ts";
import { type Market, type MarketQuote, quotePool, U64_MAX } from "./market.ts";
import { BPS_ONE, minimumOut, transferFeeOf } from "./pool-math.ts";
import { quoteOf, type VenuePools } from "./pools/venue-pools.ts";
import type { RoutedSwap } from "./pools/venue-book.ts";
import type {
  ModelInstruction,
  ModelMeaning,
  ModelTransfer,
  ModelView,
  ProgramModel,
} from "./program-model.ts";
import { NATIVE_MINT, parseTokenHolding, TOKEN_PROGRAMS } from "./token-accounts.ts";

/** Codes of the program (6xxx) and of the framework it is written in (below 6000). */
export const JUPITER_ERRORS = {
  instructionFallbackNotFound: 101,
  accountNotSigner: 3010,
  accountNotInitialized: 3012,
  tokenMint: 2014,
  tokenOwner: 2015,
  slippageToleranceExceeded: 6001,
  invalidCalculation: 6002,
  missingPlatformFeeAccount: 6003,
  invalidSlippage: 6004,
  notEnoughAccountKeys: 6008,
  incorrectTokenProgram: 6014,
  insufficientFunds: 6024,
} as const;

interface Swap {
  logName: string;
  route: RouteArguments;
  authority: string;
  source: string;
  destination: string;
  sourceMint: string;
  destinationMint: string;
  sourceTokenProgram: string;
  destinationTokenProgram: string;
  remaining: string[];
}

class ModelError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * The aggregator as a model: it prices the swap when it executes, from what the vaults hold at
 * that moment, and means two transfers (three with a platform fee).
 */
export function createJupiterProgram(
  market: Market,
  pools: ReadonlyMap<string, OnChainPool>,
  venues: VenuePools,
): ProgramModel {
  const keys = new Set(market.tokens.map((token) => token.poolAuthority));
  return {
    programId: JUPITER_PROGRAM_ID,
    calls: venues.programs,
    authorities: () => ({ has: (pubkey) => keys.has(pubkey) || venues.has(pubkey) }),
    interpret(instruction, view, signers) {
      try {
        return interpretSwap({ market, pools, venues }, parseSwap(instruction, signers), view);
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
        const text = `Program log: AnchorError occurred. Error Number: ${error.code}. `;
        return {
          kind: "error",
          code: error.code,
          logs: [`${text}Error Message: ${error.message}.`],
        };
      }
    },
  };
}

function parseSwap(instruction: ModelInstruction, signers: readonly string[]): Swap {
  const parsed = parseRoute(instruction.data);
  if (parsed === undefined) {
    throw new ModelError(
      JUPITER_ERRORS.instructionFallbackNotFound,
      "Fallback functions are not supported",
    );
  }
  const shape = ROUTES[parsed.name];
  const accounts = instruction.accounts.map(({ pubkey }) => pubkey);
  function account(index: number): string {
    const pubkey = accounts[index];
    if (pubkey !== undefined) return pubkey;
    throw new ModelError(JUPITER_ERRORS.notEnoughAccountKeys, "Not enough account keys");
  }
  const authority = account(shape.userAuthority);
  const isSigner = instruction.accounts[shape.userAuthority]?.isSigner === true;
  if (!isSigner || !signers.includes(authority)) {
    throw new ModelError(JUPITER_ERRORS.accountNotSigner, "The given account did not sign");
  }
  return {
    logName: parsed.name === "route_v2" ? "RouteV2" : "SharedAccountsRouteV2",
    route: parsed.route,
    authority,
    source: account(shape.source),
    destination: account(shape.destination),
    sourceMint: account(shape.sourceMint),
    destinationMint: account(shape.destinationMint),
    sourceTokenProgram: account(shape.sourceTokenProgram),
    destinationTokenProgram: account(shape.destinationTokenProgram),
    remaining: accounts.slice(shape.remaining),
  };
}

interface Router {
  market: Market;
  pools: ReadonlyMap<string, OnChainPool>;
  venues: VenuePools;
}

function interpretSwap(router: Router, swap: Swap, view: ModelView): ModelMeaning {
  const { market, pools } = router;
  const tokenMint = swap.sourceMint === NATIVE_MINT ? swap.destinationMint : swap.sourceMint;
  const pool = pools.get(tokenMint);
  if (pool === undefined) throw new ModelError(6010, "Invalid route plan");
  checkAccounts(swap, pool, view);
  const routed = routeVenue(router, swap, pool, view);
  const quote =
    routed === undefined
      ? quoteFromVaults(swap, pool, view)
      : quoteOf(pool.token, swap.route.quantityIn, routed);
  if (quote === undefined) {
    throw new ModelError(JUPITER_ERRORS.invalidCalculation, "Invalid calculation");
  }
  const { route } = swap;
  const extra = quote.quantityOut > route.quotedOut ? quote.quantityOut - route.quotedOut : 0n;
  const fee =
    (quote.vaultOut * BigInt(route.platformFeeBps)) / BPS_ONE +
    (extra * BigInt(route.positiveSlippageBps)) / BPS_ONE;
  const paid = quote.vaultOut - fee;
  const withheldBps = quote.side === "buy" ? pool.token.spec.transferFeeBps : 0;
  const received = paid - transferFeeOf(paid, withheldBps, U64_MAX);
  if (received < minimumOut(route.quotedOut, route.slippageBps)) {
    throw new ModelError(JUPITER_ERRORS.slippageToleranceExceeded, "Slippage tolerance exceeded");
  }
  const legs =
    routed === undefined
      ? { transfers: meanTransfers(swap, pool, quote, fee), writes: [], events: [] }
      : meanVenueLegs(routed, partyOf(swap, routed.side, router.venues.till), {
          quantity: fee,
          account: fee === 0n ? undefined : feeAccountOf(swap, pool),
        });
  return {
    kind: "transfers",
    writes: legs.writes,
    events: legs.events,
    transfers: [
      ...legs.transfers,
      ...meanHostileLegs(
        market.seed,
        swap.remaining,
        swap.authority,
        { account: swap.source, quantity: quote.quantityIn },
        view,
      ),
    ],
    logs: [`Program log: Instruction: ${swap.logName}`],
    commit: () => {
      if (routed === undefined) market.applySwap(quote);
      else router.venues.sync(pool.token.mint);
    },
  };
}

/** The pool's own program prices the swap, from its accounts as the transaction has them by now. */
function routeVenue(
  { venues }: Router,
  swap: Swap,
  { token }: OnChainPool,
  view: ModelView,
): RoutedSwap | undefined {
  if (token.venue === undefined) return undefined;
  const side = swap.sourceMint === NATIVE_MINT ? "buy" : "sell";
  const routed = venues.swap(token, side, swap.route.quantityIn, view);
  if (routed !== undefined) return routed;
  throw new ModelError(JUPITER_ERRORS.invalidCalculation, "Invalid calculation");
}

function checkAccounts(swap: Swap, pool: OnChainPool, view: ModelView): void {
  const { route } = swap;
  if (route.slippageBps > 10_000 || route.platformFeeBps > 10_000) {
    throw new ModelError(JUPITER_ERRORS.invalidSlippage, "Invalid slippage");
  }
  const source = readAccount(swap.source, swap.sourceMint, swap.sourceTokenProgram, view);
  readAccount(swap.destination, swap.destinationMint, swap.destinationTokenProgram, view);
  if (source.owner !== swap.authority) {
    throw new ModelError(JUPITER_ERRORS.tokenOwner, "A token owner constraint was violated");
  }
  const named = [pool.solVault, pool.tokenVault].every((vault) => swap.remaining.includes(vault));
  if (!named) throw new ModelError(JUPITER_ERRORS.notEnoughAccountKeys, "Not enough account keys");
  if (source.quantity < route.quantityIn) {
    throw new ModelError(JUPITER_ERRORS.insufficientFunds, "Insufficient funds");
  }
}

function readAccount(
  pubkey: string,
  mint: string,
  tokenProgram: string,
  view: ModelView,
): { owner: string; quantity: bigint } {
  if (!TOKEN_PROGRAMS.includes(tokenProgram)) {
    throw new ModelError(JUPITER_ERRORS.incorrectTokenProgram, "Token program ID is invalid");
  }
  const data = view.dataOf(pubkey);
  const owner = view.ownerOf(pubkey);
  const account =
    data === undefined || owner === undefined
      ? undefined
      : parseTokenHolding({ data, owner, lamports: view.lamportsOf(pubkey), executable: false });
  if (account === undefined) {
    throw new ModelError(
      JUPITER_ERRORS.accountNotInitialized,
      "The program expected this account to be already initialized",
    );
  }
  if (owner !== tokenProgram) {
    throw new ModelError(JUPITER_ERRORS.incorrectTokenProgram, "Token program ID is invalid");
  }
  if (account.mint !== mint) {
    throw new ModelError(JUPITER_ERRORS.tokenMint, "A token mint constraint was violated");
  }
  return account;
}

/** Earlier instructions of the transaction may have traded: the vaults know, not the market. */
function quoteFromVaults(swap: Swap, pool: OnChainPool, view: ModelView): MarketQuote | undefined {
  const lamports = view.tokenAmountOf(pool.solVault) ?? 0n;
  const quantity = view.tokenAmountOf(pool.tokenVault) ?? 0n;
  const isBuy = swap.sourceMint === NATIVE_MINT;
  if (!isBuy && swap.destinationMint !== NATIVE_MINT) return undefined;
  return quotePool(pool.token, isBuy ? "buy" : "sell", swap.route.quantityIn, {
    lamports,
    quantity,
  });
}

function meanTransfers(
  swap: Swap,
  pool: OnChainPool,
  quote: MarketQuote,
  fee: bigint,
): ModelTransfer[] {
  const isBuy = quote.side === "buy";
  const tokenDecimals = pool.token.spec.decimals;
  const paid = {
    kind: "token" as const,
    mint: swap.destinationMint,
    tokenProgram: swap.destinationTokenProgram,
    from: isBuy ? pool.tokenVault : pool.solVault,
    authority: pool.token.poolAuthority,
    decimals: isBuy ? tokenDecimals : 9,
  };
  const transfers: ModelTransfer[] = [
    {
      kind: "token",
      mint: swap.sourceMint,
      tokenProgram: swap.sourceTokenProgram,
      from: swap.source,
      to: isBuy ? pool.solVault : pool.tokenVault,
      authority: swap.authority,
      quantity: quote.quantityIn,
      decimals: isBuy ? 9 : tokenDecimals,
    },
    { ...paid, to: swap.destination, quantity: quote.vaultOut - fee },
  ];
  if (fee > 0n) transfers.push({ ...paid, to: feeAccountOf(swap, pool), quantity: fee });
  return transfers;
}

function feeAccountOf(swap: Swap, pool: OnChainPool): string {
  const feeAccount = swap.remaining[0];
  if (feeAccount === undefined || feeAccount === pool.solVault || feeAccount === pool.tokenVault) {
    throw new ModelError(JUPITER_ERRORS.missingPlatformFeeAccount, "Missing platform fee account");
  }
  return feeAccount;
}
