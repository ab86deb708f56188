import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import {
  atLeast,
  moved,
  PRICE_MIN,
  PRICE_SCALE,
  priceE9Of,
  pullLiquidity,
  tradeTo,
} from "./market-moves.ts";
import { constantProductOut, transferFeeOf } from "./pool-math.ts";
import { generateTokens, type PoolVenue, type TokenSpec } from "./market-tokens.ts";
import { createNamedPrng } from "./prng.ts";
import { NATIVE_MINT } from "./token-accounts.ts";

export { PRICE_SCALE, priceE9Of };
/** Every pool keeps this share of what comes in; it is part of every quote. */
export const POOL_FEE_BPS = 25;
/** The largest quantity that a token account can hold, and the cap of the transfer fee. */
export const U64_MAX = 0xffff_ffff_ffff_ffffn;

/** A jump of the clock replays at most an hour; the rest of the gap passes without trades. */
const STEPS_PER_TICK_MAX = 3_600;
/** A run flattens out here, so that a world left alone overnight keeps sane prices. */
const RUN_FACTOR_MAX = 25n;
/** Pull of the traded price towards the fair price, per step. */
const REVERSION = 20n;

/** A token with its pool. Only the market writes the mutable fields. */
export interface MarketToken {
  readonly spec: TokenSpec;
  readonly mint: string;
  /** Where it trades; a curve that is complete moves on. */
  venue: PoolVenue | undefined;
  /** False between a curve's last token and its move: nobody can trade. */
  isTrading: boolean;
  pool: string;
  readonly poolAuthority: string;
  readonly createdAtMs: number;
  readonly priceAtStartE9: bigint;
  /**
   * Reserves that the pool prices with: what its two vaults hold on the chain and, of a pool of a
   * venue, the virtual part of them.
   */
  lamports: bigint;
  quantity: bigint;
  /** Between these the crowd moves the reserves along the pool's curve. */
  bounds: ReserveBounds;
  /** Inventory that the market maker starts with. */
  readonly makerQuantity: bigint;
  /** What everybody else holds: reserves, crowd, maker and users together are the supply. */
  crowdQuantity: bigint;
  /** The price that the crowd believes in. */
  fairPriceE9: bigint;
  rugged: boolean;
}

export interface ReserveBounds {
  quantityMin: bigint;
  /** A price that a script sets leaves this much, so that nobody fills a curve by it. */
  quantityKept: bigint;
  quantityMax: bigint;
  lamportsMin: bigint;
}

/** Quotes what a pool of a venue would do now, and reads what is left in it. */
export interface VenueDesk {
  quote(token: MarketToken, side: "buy" | "sell", quantityIn: bigint): MarketQuote | undefined;
}

export interface MarketQuote {
  token: MarketToken;
  side: "buy" | "sell";
  /** Leaves the taker's account. */
  quantityIn: bigint;
  /** Arrives in the vault: less than `quantityIn` when the token withholds a transfer fee. */
  vaultIn: bigint;
  /** Leaves the vault. */
  vaultOut: bigint;
  /** Arrives at the taker. */
  quantityOut: bigint;
  /** How much worse than the spot price, in parts per million, without the pool's fee. */
  priceImpactPpm: number;
}

export interface MarketOptions {
  seed: number;
  clock: Clock;
  stepMs?: number;
}

/** Tokens against SOL in constant-product pools, moved by a seeded crowd. */
export class Market {
  readonly seed: number;
  readonly tokens: readonly MarketToken[];
  /** Dollars per SOL, times a million. */
  solUsdE6: bigint;
  /** False freezes the crowd; users' swaps still move the pools. */
  moving = true;
  readonly stepMs: number;
  readonly #clock: Clock;
  readonly #startedAtMs: number;
  readonly #byMint: ReadonlyMap<string, MarketToken>;
  readonly #chance: ReadonlyMap<string, Prng>;
  readonly #listeners: ((token: MarketToken) => void)[] = [];
  #venues: VenueDesk | undefined;
  #stepsDone = 0;

  constructor(options: MarketOptions) {
    this.seed = options.seed;
    this.#clock = options.clock;
    this.stepMs = options.stepMs ?? 1_000;
    this.#startedAtMs = options.clock.nowMs();
    this.tokens = generateTokens(options.seed).map((spec) => listToken(spec, this.#startedAtMs));
    this.#byMint = new Map(this.tokens.map((token) => [token.mint, token]));
    const labels = [...this.tokens.map(({ mint }) => mint), NATIVE_MINT];
    this.#chance = new Map(
      labels.map((label) => [label, createNamedPrng(options.seed, `path:${label}`)]),
    );
    const start = createNamedPrng(options.seed, "sol-usd");
    this.solUsdE6 = BigInt(140_000_000 + start.nextInt(20_000_000));
  }

  find(mint: string): MarketToken | undefined {
    return this.#byMint.get(mint);
  }

  /** Pools of venues are known only once they lie on a chain. */
  attachVenues(desk: VenueDesk): void {
    this.#venues = desk;
  }

  /** Called after the crowd moved a pool, so that its vaults on the chain can follow. */
  onCrowdTrade(listener: (token: MarketToken) => void): void {
    this.#listeners.push(listener);
  }

  /** Catches up with the clock, one step per `stepMs`; returns how many steps were traded. */
  tick(): number {
    const due = Math.floor((this.#clock.nowMs() - this.#startedAtMs) / this.stepMs);
    const behind = due - this.#stepsDone;
    if (behind <= 0) return 0;
    const steps = this.moving ? Math.min(behind, STEPS_PER_TICK_MAX) : 0;
    this.#stepsDone = due - steps;
    for (let count = 0; count < steps; count += 1) this.#step();
    if (steps > 0) for (const token of this.tokens) this.#tell(token);
    return steps;
  }

  /** The crowd trades the pool to this price and believes in it from now on. */
  setPrice(mint: string, priceE9: bigint): void {
    const token = this.#byMint.get(mint);
    if (token === undefined) throw new RangeError("expected the mint of a listed token");
    token.fairPriceE9 = atLeast(priceE9, PRICE_MIN);
    tradeTo(token, token.fairPriceE9, token.bounds.quantityKept);
    this.#tell(token);
  }

  /** Nearly all liquidity leaves the pool at once. */
  rug(mint: string): void {
    const token = this.#byMint.get(mint);
    if (token === undefined) throw new RangeError("expected the mint of a listed token");
    pullLiquidity(token);
    this.#tell(token);
  }

  /** Undefined when the token is not listed or the pool would pay nothing. */
  quote(inputMint: string, outputMint: string, quantityIn: bigint): MarketQuote | undefined {
    const side = inputMint === NATIVE_MINT ? "buy" : "sell";
    if (side === "sell" && outputMint !== NATIVE_MINT) return undefined;
    const token = this.#byMint.get(side === "buy" ? outputMint : inputMint);
    if (token === undefined) return undefined;
    if (token.venue !== undefined) return this.#venues?.quote(token, side, quantityIn);
    return quotePool(token, side, quantityIn, token);
  }

  /** Books a swap that landed: `vaultIn` came into the pool and `vaultOut` left it. */
  applySwap(quote: MarketQuote): void {
    const { token } = quote;
    token.lamports += quote.side === "buy" ? quote.vaultIn : -quote.vaultOut;
    token.quantity += quote.side === "buy" ? -quote.vaultOut : quote.vaultIn;
  }

  #step(): void {
    this.#stepsDone += 1;
    this.solUsdE6 = moved(this.solUsdE6, this.#noise(NATIVE_MINT) * 0.0002);
    for (const token of this.tokens) {
      const { spec } = token;
      const noise = this.#noise(token.mint) * spec.volatility;
      const roof = token.priceAtStartE9 * RUN_FACTOR_MAX;
      const drift = token.fairPriceE9 < roof ? spec.drift : 0;
      token.fairPriceE9 = atLeast(moved(token.fairPriceE9, drift + noise), PRICE_MIN);
      if (!token.isTrading) continue;
      if (spec.rugAtStep !== undefined && !token.rugged && this.#stepsDone >= spec.rugAtStep) {
        pullLiquidity(token);
        continue;
      }
      const price = priceE9Of(token);
      tradeTo(token, price + (token.fairPriceE9 - price) / REVERSION + 1n);
    }
  }

  /** Roughly normal with deviation one, from three uniform draws. */
  #noise(label: string): number {
    const prng = this.#chance.get(label);
    if (prng === undefined) throw new Error("expected a generator for every price path");
    return (prng.nextFloat() + prng.nextFloat() + prng.nextFloat() - 1.5) * 2;
  }

  #tell(token: MarketToken): void {
    for (const listener of this.#listeners) listener(token);
  }
}

/** Dollars, as a plain number: only for answers in which the real service also rounds. */
export function usdOfLamports(market: Market, lamports: bigint): number {
  return Number((lamports * market.solUsdE6) / 1_000_000_000n) / 1_000_000;
}

export function usdPriceOf(market: Market, token: MarketToken): number {
  const usdE24 = priceE9Of(token) * market.solUsdE6;
  return Number(usdE24) / 1e24;
}

/** Quotes against the given reserves: the market's own, or what the vaults hold on the chain. */
export function quotePool(
  token: MarketToken,
  side: "buy" | "sell",
  quantityIn: bigint,
  reserves: { lamports: bigint; quantity: bigint },
): MarketQuote | undefined {
  if (quantityIn <= 0n || quantityIn > U64_MAX) return undefined;
  const feeBps = token.spec.transferFeeBps;
  const [reserveIn, reserveOut] =
    side === "buy"
      ? [reserves.lamports, reserves.quantity]
      : [reserves.quantity, reserves.lamports];
  if (reserveIn <= 0n || reserveOut <= 0n) return undefined;
  const withheldIn = side === "sell" ? transferFeeOf(quantityIn, feeBps, U64_MAX) : 0n;
  const vaultIn = quantityIn - withheldIn;
  const pool = { reserveIn, reserveOut, quantityIn: vaultIn, feeBps: POOL_FEE_BPS };
  const vaultOut = constantProductOut(pool);
  const withheldOut = side === "buy" ? transferFeeOf(vaultOut, feeBps, U64_MAX) : 0n;
  const quantityOut = vaultOut - withheldOut;
  if (quantityOut <= 0n) return undefined;
  const fair = (vaultIn * BigInt(10_000 - POOL_FEE_BPS) * reserveOut) / (10_000n * reserveIn);
  const priceImpactPpm = fair > 0n ? Number(((fair - vaultOut) * 1_000_000n) / fair) : 0;
  return { token, side, quantityIn, vaultIn, vaultOut, quantityOut, priceImpactPpm };
}

export function listToken(spec: TokenSpec, startedAtMs: number): MarketToken {
  const token: MarketToken = {
    spec,
    mint: spec.mint.publicKey.toBase58(),
    venue: spec.venue,
    isTrading: true,
    pool: spec.pool.publicKey.toBase58(),
    poolAuthority: spec.poolAuthority.publicKey.toBase58(),
    createdAtMs: startedAtMs - spec.ageMs,
    priceAtStartE9:
      (spec.lamportsAtStart * PRICE_SCALE * 10n ** BigInt(spec.decimals)) / spec.quantityAtStart,
    lamports: spec.lamportsAtStart,
    quantity: spec.quantityAtStart,
    bounds: { quantityMin: 1n, quantityKept: 1n, quantityMax: spec.supply, lamportsMin: 1n },
    makerQuantity: spec.supply / 100n,
    crowdQuantity: spec.supply - spec.quantityAtStart - spec.supply / 100n,
    fairPriceE9: 0n,
    rugged: false,
  };
  token.fairPriceE9 = token.priceAtStartE9;
  return token;
}
