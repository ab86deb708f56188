import type { Keypair } from "@solana/web3.js";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Chain } from "./chain.ts";
import {
  JUPITER_EVENT_AUTHORITY,
  JUPITER_PROGRAM_ID,
  JUPITER_SHARED_AUTHORITY,
  POOL_PROGRAM_ID,
} from "./jupiter-layout.ts";
import type { Market, MarketToken } from "./market.ts";
import { generateKeypair } from "./market-tokens.ts";
import { type VenueChain, VenuePools } from "./pools/venue-pools.ts";
import { NATIVE_MINT, TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "./token-accounts.ts";

/** What the market needs of the chain while it is laid out and while the crowd trades. */
export type MarketChain = Pick<
  Chain,
  | "createMint"
  | "createTokenAccount"
  | "setTokenQuantity"
  | "setLamports"
  | "createLookupTable"
  | "accounts"
> &
  VenueChain;

export interface OnChainPool {
  readonly token: MarketToken;
  readonly solVault: string;
  readonly tokenVault: string;
  /** Share of the supply in the ten largest accounts other than the pool's, 0 to 100. */
  topHoldersPercentage(): number;
}

export interface LookupTable {
  address: string;
  addresses: readonly string[];
}

export interface MarketOnChain {
  pools: ReadonlyMap<string, OnChainPool>;
  venues: VenuePools;
  lookupTable: LookupTable;
  /** Quotes without a pool and signs after the taker. */
  maker: Keypair;
  /** Puts one more lookup table on the chain. */
  writeTable(addresses: readonly string[]): LookupTable;
}

const HOLDER_COUNT = 32;
/** Fewer make a world start sooner; the top ten are among them. */
const POOLED_HOLDER_COUNT = 12;
const TOP_HOLDERS = 10;
const MAKER_LAMPORTS = 50_000_000_000_000n;
/** A table account has room for this many addresses. */
const LOOKUP_TABLE_ADDRESSES_MAX = 256;

interface Holder {
  account: string;
  quantity: bigint;
}

/**
 * Puts mints, vaults, holders and the lookup table on the chain and keeps the vaults equal to the
 * pools' reserves: whatever a quote promises lies in a real account, and whoever watches the
 * vaults sees the price. The crowd's side of its trades moves between real holders too, so the
 * balances of a mint always add up to its supply.
 */
export function installMarket(
  chain: MarketChain,
  market: Market,
  clock: Pick<Clock, "nowMs">,
): MarketOnChain {
  const venues = new VenuePools(chain, market, () => BigInt(Math.floor(clock.nowMs() / 1_000)));
  const maker = generateKeypair(market.seed, "maker");
  const wallets = Array.from({ length: HOLDER_COUNT - 1 }, (_, index) =>
    generateKeypair(market.seed, `holder:${index}`).publicKey.toBase58(),
  );
  const makerKey = maker.publicKey.toBase58();
  chain.setLamports(makerKey, MAKER_LAMPORTS);
  const pools = new Map<string, OnChainPool>();
  const follow = new Map<string, () => void>();
  for (const token of market.tokens) {
    createTokenMint(chain, token);
    const isPooled = token.spec.venue !== undefined;
    const crowd = isPooled ? wallets.slice(0, POOLED_HOLDER_COUNT - 1) : wallets;
    const holders = createHolders(chain, token, crowd);
    const vaults = installPool(chain, venues, token);
    const inventory = chain.createTokenAccount(makerKey, token.mint);
    chain.setTokenQuantity(inventory, token.makerQuantity);
    // Only buyers meet frozen accounts; who was there before them is free to sell.
    if (token.spec.kind === "frozen") {
      const free = [inventory, vaults.solVault, vaults.tokenVault];
      for (const account of [...free, ...holders.map((holder) => holder.account)]) {
        chain.accounts.setFrozen(account, false);
      }
    }
    const pool = { token, topHoldersPercentage: () => topHoldersPercentage(token, holders) };
    pools.set(token.mint, { ...pool, ...vaults });
    const followHolders = createHolderFollower(chain, token, holders);
    venues.onMoved((moved) => {
      if (moved === token) followHolders();
    });
    follow.set(token.mint, () => {
      if (token.venue === undefined) placeReserves(chain, token, vaults);
      else venues.place(token);
      followHolders();
    });
  }
  venues.onMoved((token) => {
    const pool = pools.get(token.mint);
    if (pool !== undefined) {
      pools.set(token.mint, { ...pool, ...venues.bookOf(token).accountsOf(token) });
    }
  });
  for (const update of follow.values()) update();
  market.onCrowdTrade((token) => follow.get(token.mint)?.());
  function writeTable(addresses: readonly string[]): LookupTable {
    return { address: chain.createLookupTable(addresses), addresses };
  }
  return { pools, venues, maker, writeTable, lookupTable: writeTable(sharedAddresses(pools)) };
}

function createTokenMint(chain: MarketChain, token: MarketToken): void {
  const { spec } = token;
  const dev = spec.dev.publicKey.toBase58();
  chain.createMint({
    mint: spec.mint,
    decimals: spec.decimals,
    tokenProgram: spec.tokenProgram,
    supply: spec.supply,
    holder: dev,
    mintAuthority: spec.kind === "mint-authority" ? dev : null,
    freezeAuthority: spec.kind === "freeze-authority" || spec.kind === "frozen" ? dev : null,
    ...(spec.kind === "frozen" ? { isBornFrozen: true } : {}),
    ...(spec.kind === "transfer-hook" ? { transferHook: dev } : {}),
    ...(isLaunched(token) ? { metadata: { name: spec.name, symbol: spec.symbol } } : {}),
    ...(spec.transferFeeBps > 0 ? { transferFeeBps: spec.transferFeeBps } : {}),
    ...(spec.kind === "permanent-delegate" ? { permanentDelegate: dev } : {}),
  });
}

/** A launchpad's newer tokens describe themselves in their mint. */
function isLaunched({ spec }: MarketToken): boolean {
  const isPump = spec.venue === "pump" || spec.venue === "pumpswap";
  return isPump && spec.tokenProgram === "token-2022";
}

/** The developer first: of a rug or a suspicious token he keeps most of what the pool has not. */
function createHolders(
  chain: MarketChain,
  token: MarketToken,
  wallets: readonly string[],
): Holder[] {
  const { kind, dev } = token.spec;
  const devShare = kind === "rug" || kind === "suspicious" ? 70n : 2n;
  const devQuantity = (token.crowdQuantity * devShare) / 100n;
  const each = (token.crowdQuantity - devQuantity) / BigInt(wallets.length);
  const rest = token.crowdQuantity - devQuantity - each * BigInt(wallets.length);
  const owners = [dev.publicKey.toBase58(), ...wallets];
  return owners.map((owner, index) => {
    const account = chain.createTokenAccount(owner, token.mint);
    const quantity = index === 0 ? devQuantity : index === 1 ? each + rest : each;
    chain.setTokenQuantity(account, quantity);
    return { account, quantity };
  });
}

function installPool(
  chain: MarketChain,
  venues: VenuePools,
  token: MarketToken,
): { solVault: string; tokenVault: string } {
  if (token.venue === undefined) {
    return {
      solVault: chain.createTokenAccount(token.poolAuthority, NATIVE_MINT),
      tokenVault: chain.createTokenAccount(token.poolAuthority, token.mint),
    };
  }
  venues.install(token);
  return venues.bookOf(token).accountsOf(token);
}

function placeReserves(
  chain: MarketChain,
  token: MarketToken,
  vaults: { solVault: string; tokenVault: string },
): void {
  chain.setTokenQuantity(vaults.solVault, token.lamports);
  chain.setTokenQuantity(vaults.tokenVault, token.quantity);
}

function createHolderFollower(
  chain: MarketChain,
  token: MarketToken,
  holders: readonly Holder[],
): () => void {
  let turn = 0;
  return () => {
    let missing = token.crowdQuantity - holders.reduce((sum, { quantity }) => sum + quantity, 0n);
    for (let count = 0; count < holders.length && missing !== 0n; count += 1) {
      const holder = holders[turn++ % holders.length];
      if (holder === undefined) continue;
      const change = missing < -holder.quantity ? -holder.quantity : missing;
      if (change === 0n) continue;
      holder.quantity += change;
      missing -= change;
      chain.setTokenQuantity(holder.account, holder.quantity);
    }
  };
}

function topHoldersPercentage(token: MarketToken, holders: readonly Holder[]): number {
  const largest = holders.map(({ quantity }) => quantity).toSorted((a, b) => (a < b ? 1 : -1));
  const held = largest.slice(0, TOP_HOLDERS).reduce((sum, quantity) => sum + quantity, 0n);
  return Number((held * 10_000n) / token.spec.supply) / 100;
}

function sharedAddresses(pools: ReadonlyMap<string, OnChainPool>): string[] {
  const perPool = [...pools.values()].flatMap(({ token, solVault, tokenVault }) => [
    token.mint,
    token.pool,
    token.poolAuthority,
    solVault,
    tokenVault,
  ]);
  return [
    NATIVE_MINT,
    TOKEN_PROGRAM,
    TOKEN_2022_PROGRAM,
    POOL_PROGRAM_ID,
    JUPITER_PROGRAM_ID,
    JUPITER_EVENT_AUTHORITY,
    JUPITER_SHARED_AUTHORITY,
    ...perPool,
  ].slice(0, LOOKUP_TABLE_ADDRESSES_MAX);
}
