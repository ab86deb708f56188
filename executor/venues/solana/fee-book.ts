import type { OrderSide } from "@raptor/shared/domain/order.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { FeeSource } from "./fee-source.ts";
import { capUnitPrice, UNIT_PRICE_FLOOR } from "./priority-fee.ts";

export interface FeeBookDeps {
  /** In order of preference. */
  sources: readonly FeeSource[];
  clock: Clock;
  settings: {
    pollMs: number;
    /** An older figure is not used. */
    staleMs: number;
    /** Most lamports of priority fee and tips together, per trade. */
    feeLamportsMax: bigint;
  };
}

export interface UnitPriceOptions {
  /** Lamports of tips in the same transaction: they count towards the same cap. */
  tipLamports?: bigint;
  /** Writable accounts of the trade, when somebody asked to watch them: `watch`. */
  accountsKey?: string;
  /** What the route service proposes; taken when it is more than our own figure. */
  suggested?: bigint | undefined;
  /** Shares its one turn with tries that are out already, and must outbid them: also a buy. */
  isReplacement?: boolean;
}

interface Watched {
  accounts: readonly string[];
  /** When a trade last asked for it. */
  wantedMs: number;
}

interface Figure {
  microLamports: bigint;
  atMs: number;
}

/** A thousand times the price is above every cap. */
const DOUBLINGS_MAX = 10;
/** What stands for the whole market; the pools that matter now are asked about besides. */
const EVERYWHERE = "";
/**
 * Where pump.fun takes its fees: nearly every trade of a young token writes to it. A question about
 * no account at all is answered with what the cheapest transaction of each slot paid, nothing.
 */
const BUSY_ACCOUNTS = ["62qc2CNXwrYqQScmEdiZFFAnJR262PxWEuNQtxfafNgV"];
/** So many pools are followed at once; the one that was wanted longest ago makes room. */
const WATCHED_MAX = 8;
/** A pool that no trade wanted for so long is not asked about any more. */
const WANTED_MS_MAX = 600_000;

/**
 * What a compute unit costs, ready when it is needed. `unitPrice` never waits and never fails: it
 * answers with the freshest figure or the floor, within the cap.
 */
export class FeeBook {
  readonly #deps: FeeBookDeps;
  /** By what is watched, then by source. */
  readonly #figures = new Map<string, Map<string, Figure>>();
  readonly #watched = new Map<string, Watched>();
  #stop: AbortController | undefined;
  #polling: Promise<void> = Promise.resolve();

  constructor(deps: FeeBookDeps) {
    this.#deps = deps;
    this.#watched.set(EVERYWHERE, { accounts: BUSY_ACCOUNTS, wantedMs: 0 });
  }

  start(): void {
    if (this.#stop !== undefined) return;
    this.#stop = new AbortController();
    this.#polling = this.#poll(this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop?.abort();
    this.#stop = undefined;
    await this.#polling;
  }

  /** Follows what trades with these writable accounts pay; returns the key for `unitPrice`. */
  watch(accounts: readonly string[]): string {
    const key = accounts.join(",");
    const isNew = !this.#watched.delete(key);
    this.#watched.set(key, { accounts, wantedMs: this.#deps.clock.monotonicMs() });
    // Nobody waits for it: who asks before the answer gets the figure of the whole network.
    if (isNew && this.#stop !== undefined) void this.#ask(key, accounts);
    if (this.#watched.size > WATCHED_MAX) {
      const [oldest] = [...this.#watched.keys()].filter((one) => one !== EVERYWHERE);
      if (oldest !== undefined) this.unwatch(oldest);
    }
    return key;
  }

  unwatch(key: string): void {
    if (key === EVERYWHERE) return;
    this.#watched.delete(key);
    this.#figures.delete(key);
  }

  /**
   * Micro-lamports per compute unit for try number `n` (from 1). Each further try of an exit bids
   * twice as much as the one before, because leaders take the dearer of two that exclude each
   * other; a buy that did not land is not worth more the second time.
   */
  unitPrice(side: OrderSide, n: number, unitLimit: number, options: UnitPriceOptions = {}): bigint {
    const { tipLamports = 0n, accountsKey = EVERYWHERE, suggested = 0n } = options;
    const known = this.#figure(accountsKey) ?? this.#figure(EVERYWHERE) ?? UNIT_PRICE_FLOOR;
    const wanted = [known, suggested, UNIT_PRICE_FLOOR].reduce((a, b) => (a > b ? a : b));
    const isRaised = side === "sell" || options.isReplacement === true;
    const doublings = isRaised ? Math.min(Math.max(n - 1, 0), DOUBLINGS_MAX) : 0;
    const raised = wanted * 2n ** BigInt(doublings);
    return capUnitPrice(raised, unitLimit, this.#deps.settings.feeLamportsMax - tipLamports);
  }

  /** One round of all sources; a broken or slow one delays only itself. */
  async refresh(): Promise<void> {
    const oldestMs = this.#deps.clock.monotonicMs() - WANTED_MS_MAX;
    for (const [key, { wantedMs }] of this.#watched) if (wantedMs < oldestMs) this.unwatch(key);
    const rounds = [...this.#watched].map(([key, { accounts }]) => this.#ask(key, accounts));
    await Promise.all(rounds);
  }

  health(): { name: string; ok: boolean; detail: string } {
    const figure = this.#figure(EVERYWHERE);
    const detail =
      figure === undefined
        ? `no fresh figure; ${UNIT_PRICE_FLOOR} micro-lamports per unit are bid`
        : `${figure} micro-lamports per unit`;
    // Trades go on with the floor, so that this is for the eye and no alarm.
    return { name: "fees", ok: true, detail };
  }

  async #ask(key: string, accounts: readonly string[]): Promise<void> {
    const { sources, clock } = this.#deps;
    await Promise.all(
      sources.map(async (source) => {
        const microLamports = await source.fetchUnitPrice(accounts);
        if (microLamports === undefined || !this.#watched.has(key)) return;
        const figures = this.#figures.get(key) ?? new Map<string, Figure>();
        figures.set(source.name, { microLamports, atMs: clock.monotonicMs() });
        this.#figures.set(key, figures);
      }),
    );
  }

  #figure(key: string): bigint | undefined {
    const nowMs = this.#deps.clock.monotonicMs();
    const figures = this.#figures.get(key);
    for (const { name } of this.#deps.sources) {
      const figure = figures?.get(name);
      if (figure !== undefined && nowMs - figure.atMs <= this.#deps.settings.staleMs) {
        return figure.microLamports;
      }
    }
    return undefined;
  }

  async #poll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // A source that hangs is bounded by its own time limit.
      await this.refresh();
      await this.#deps.clock.sleep(this.#deps.settings.pollMs, signal);
    }
  }
}
