import type { Chain } from "../chain.ts";
import type { MarketToken } from "../market.ts";
import type { ModelEvent, ModelTransfer, ModelView, ModelWrite } from "../program-model.ts";

/** What laying out a venue's pools needs of the chain. */
export type PoolChain = Pick<
  Chain,
  "createTokenAccount" | "setTokenQuantity" | "setLamports" | "setAccount"
> & { accounts: Pick<Chain["accounts"], "current" | "setAccount" | "tokenQuantityOf"> };

/** The accounts as one transaction or as the chain's head has them. */
export type PoolAccess = Omit<ModelView, "slot">;

export interface PoolReserves {
  lamports: bigint;
  quantity: bigint;
}

/** Who trades through a router: it pays and is paid in wrapped SOL. */
export interface RoutedParty {
  authority: string;
  solAccount: string;
  tokenAccount: string;
  /** Turns wrapped SOL into plain SOL and back where the pool knows only that. */
  till: { owner: string; wrapped: string };
}

export interface RoutedLegs {
  transfers: ModelTransfer[];
  /** What leaves the pool for the party; a router may take its fee from it. */
  out: Extract<ModelTransfer, { kind: "token" }>;
  writes: ModelWrite[];
  events: ModelEvent[];
}

export interface RoutedSwap {
  side: "buy" | "sell";
  /** What the pool takes; less than offered where rounding or the last token leaves a rest. */
  quantityIn: bigint;
  quantityOut: bigint;
  /** What the formula was given and gave, without fees, and the reserves it knew. */
  netIn: bigint;
  netOut: bigint;
  before: PoolReserves;
  legs(party: RoutedParty): RoutedLegs;
}

/** One program's pools: how they lie on the chain and what they answer a router. */
export interface VenueBook {
  readonly program: string;
  /** Name by which the aggregator shows it. */
  readonly label: string;
  /** Gives a listed token its pool's address, bounds and share of the supply. */
  adopt(token: MarketToken): void;
  install(chain: PoolChain, token: MarketToken): void;
  /** Writes the market's reserves into the pool's accounts. */
  place(chain: PoolChain, token: MarketToken): void;
  read(access: PoolAccess, token: MarketToken): PoolReserves;
  accountsOf(token: MarketToken): { solVault: string; tokenVault: string; authority: string };
  swap(
    access: PoolAccess,
    token: MarketToken,
    side: "buy" | "sell",
    quantityIn: bigint,
  ): RoutedSwap | undefined;
}

export function accessOf(accounts: PoolChain["accounts"]): PoolAccess {
  return {
    lamportsOf: (pubkey) => accounts.current(pubkey)?.lamports ?? 0n,
    tokenAmountOf: (pubkey) => accounts.tokenQuantityOf(pubkey),
    ownerOf: (pubkey) => accounts.current(pubkey)?.owner,
    dataOf: (pubkey) => accounts.current(pubkey)?.data,
  };
}
