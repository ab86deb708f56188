import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { HoldingAtHand, ReadyHolding, RouteRequest } from "../../ports/venue.ts";
import type { PoolState } from "./direct-route.ts";
import type { NonceBook } from "./nonce-book.ts";
import { isDoubted, type MovedState, untilBelieved } from "./pool-doubt.ts";
import { deriveSwapAccounts } from "./swap-instructions.ts";
import type { TemplateShelf } from "./template-shelf.ts";
import type { WarmAccounts } from "./warm-accounts.ts";

/** The pools of tokens as the streams keep them. */
export interface PoolStates {
  /** Counted; every track has an untrack. */
  track(mint: string): void;
  untrack(mint: string): void;
  stateOf(mint: string): (MovedState & { isFresh: boolean }) | undefined;
  /** A block after this slot is whole, and what it changed was told. */
  hasPassed(mint: string, slot: number): boolean;
}

export interface ReadyDeskDeps {
  clock: Clock;
  pools: PoolStates;
  warm: WarmAccounts;
  nonces: Pick<NonceBook, "start" | "stop">;
  templates: TemplateShelf;
  /** So many lanes want a tip inside each transaction. */
  tipCounts: { buy: number; sell: number };
  /** Called once, with the first pool whose state is known. */
  rehearse(state: PoolState, signal: AbortSignal): Promise<void>;
}

interface Held {
  holding: ReadyHolding;
  holders: number;
  /** The account list that its transactions were compiled for. */
  compiledFor: string | undefined;
}

/** Somebody who looks at a card presses within this, or pastes the token again. */
const WARM_MS = 300_000;
/** Cards of a few people; the one that was looked at longest ago is let go of. */
const WARM_MAX = 64;

/** Compiling takes most of a millisecond: so few in a row that nothing else waits for them. */
const COMPILED_AT_ONCE = 3;
const COMPILE_PAUSE_MS = 25;
/** After everything is compiled whose pool is known. */
const IDLE_PAUSE_MS = 500;
const LOOKED_AT_ONCE = 500;

/** Keeps what exits need at hand: pools, balances, nonces and compiled transactions. */
export class ReadyDesk {
  readonly #deps: ReadyDeskDeps;
  readonly #held = new Map<string, Held>();
  readonly #warmed = new Map<string, { holding: ReadyHolding; untilMs: number }>();
  #round: IterableIterator<Held> = this.#held.values();
  #hasRehearsed = false;
  #stop: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(deps: ReadyDeskDeps) {
    this.#deps = deps;
  }

  start(): void {
    if (this.#stop !== undefined) return;
    this.#stop = new AbortController();
    this.#deps.nonces.start();
    this.#running = this.#run(this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop?.abort();
    this.#stop = undefined;
    await Promise.all([this.#running, this.#deps.nonces.stop()]);
  }

  keep(holding: ReadyHolding): void {
    const key = keyOf(holding);
    const known = this.#held.get(key);
    if (known !== undefined) {
      known.holders += 1;
      return;
    }
    const { pools, warm } = this.#deps;
    const { wallet, mint, tokenProgram } = holding;
    this.#held.set(key, { holding, holders: 1, compiledFor: undefined });
    pools.track(mint);
    warm.keepWallet(wallet);
    warm.keepToken(wallet, mint, tokenProgram);
  }

  /** Held until a while after the last call, and bought with as well as sold. */
  warm(holding: ReadyHolding): void {
    const key = keyOf(holding);
    const known = this.#warmed.get(key);
    this.#warmed.delete(key);
    this.#warmed.set(key, { holding, untilMs: this.#deps.clock.monotonicMs() + WARM_MS });
    if (known === undefined) this.keep(holding);
    this.#coolDown();
  }

  /** The first of the map is the one that was looked at longest ago. */
  #coolDown(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    for (const [key, { holding, untilMs }] of this.#warmed) {
      if (untilMs > nowMs && this.#warmed.size <= WARM_MAX) return;
      this.#warmed.delete(key);
      this.drop(holding);
    }
  }

  drop(holding: ReadyHolding): void {
    const key = keyOf(holding);
    const known = this.#held.get(key);
    if (known === undefined) return;
    known.holders -= 1;
    if (known.holders > 0) return;
    const { pools, warm } = this.#deps;
    const { wallet, mint } = holding;
    this.#held.delete(key);
    pools.untrack(mint);
    warm.dropWallet(wallet);
    warm.dropToken(wallet, mint);
  }

  *holdings(): Generator<ReadyHolding> {
    for (const { holding } of this.#held.values()) yield holding;
  }

  holdingAtHand(wallet: string, mint: string): HoldingAtHand | undefined {
    const { warm } = this.#deps;
    const lamports = warm.lamportsOf(wallet);
    const quantity = warm.tokenBalanceOf(wallet, mint);
    if (lamports?.isFresh !== true || quantity?.isFresh !== true) return undefined;
    return { lamports: lamports.value, quantity: quantity.value, slot: lamports.slot };
  }

  /** Fresh, or nothing. */
  poolOf(mint: string): MovedState | undefined {
    const state = this.#deps.pools.stateOf(mint);
    return state?.isFresh === true ? state : undefined;
  }

  /** Whether a sell must not be quoted from what is known of the pool yet. */
  isDoubted(request: RouteRequest, state: MovedState): boolean {
    const { pools, clock } = this.#deps;
    const hasPassed = (slot: number): boolean => pools.hasPassed(request.mint, slot);
    return isDoubted(request, state, clock.monotonicMs(), hasPassed);
  }

  /** Resolves when the newest state may be quoted from. */
  untilBelieved(request: RouteRequest): Promise<void> {
    const isDoubtful = (state: MovedState): boolean => this.isDoubted(request, state);
    return untilBelieved(this.#deps.clock, request, () => this.poolOf(request.mint), isDoubtful);
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#coolDown();
      const compiled = this.#compileSome();
      await this.#rehearseOnce(signal);
      const pauseMs = compiled > 0 ? COMPILE_PAUSE_MS : IDLE_PAUSE_MS;
      await this.#deps.clock.sleep(pauseMs, signal);
    }
  }

  async #rehearseOnce(signal: AbortSignal): Promise<void> {
    if (this.#hasRehearsed) return;
    for (const { holding } of this.#held.values()) {
      const state = this.poolOf(holding.mint);
      if (state === undefined) continue;
      this.#hasRehearsed = true;
      return this.#deps.rehearse(state, signal);
    }
  }

  /** Goes round and round: a pool that moves, or whose creator changes, needs other accounts. */
  #compileSome(): number {
    let compiled = 0;
    for (let looked = 0; looked < LOOKED_AT_ONCE && compiled < COMPILED_AT_ONCE; looked++) {
      const next = this.#round.next();
      if (next.done === true) {
        this.#round = this.#held.values();
        break;
      }
      const held = next.value;
      const state = this.poolOf(held.holding.mint);
      if (state === undefined || state.pool.accountsKey === held.compiledFor) continue;
      held.compiledFor = state.pool.accountsKey;
      compiled += 1;
      this.#compile(held.holding, state);
    }
    return compiled;
  }

  #compile({ wallet, mint, tokenProgram }: ReadyHolding, { pool }: PoolState): void {
    const accounts = deriveSwapAccounts(wallet, mint, tokenProgram);
    const isNative = pool.kind === "pump";
    // One that does not fit is found again, and told, when somebody trades it.
    const { tipCounts, templates } = this.#deps;
    const plan = { accounts, isNative, tipCount: tipCounts.sell };
    for (const hasNonce of [true, false]) templates.get({ ...plan, side: "sell", hasNonce }, pool);
    if (!this.#warmed.has(keyOf({ wallet, mint, tokenProgram }))) return;
    templates.get({ ...plan, side: "buy", hasNonce: false, tipCount: tipCounts.buy }, pool);
  }
}

function keyOf({ wallet, mint }: ReadyHolding): string {
  return `${wallet}/${mint}`;
}
