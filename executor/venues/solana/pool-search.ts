import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import { findPools, POOLS_PER_CALL, type PoolSearch } from "./pool-finder.ts";
import type { Rpc } from "./rpc.ts";

export interface PoolSearchDeps {
  rpc: Rpc;
  clock: Clock;
  log: Log;
  hintsOf(mint: string): readonly string[];
  onFound(mint: string, found: PoolSearch): void;
}

/** A start asks for the pools of all open positions at once; exits need the nodes meanwhile. */
const CALLS_MAX = 3;
const AGAIN_MS_MIN = 500;
const AGAIN_MS_MAX = 15_000;

/** Looks for many pools with few questions, and again, later each time, when no node answers. */
export class PoolSearches {
  readonly #deps: PoolSearchDeps;
  readonly #wanted = new Set<string>();
  readonly #stop = new AbortController();
  #calls = 0;
  #failures = 0;
  #isResting = false;

  constructor(deps: PoolSearchDeps) {
    this.#deps = deps;
  }

  want(mint: string): void {
    this.#wanted.add(mint);
    // Those asked for in one turn share their questions.
    this.#deps.clock.defer(() => this.#pump());
  }

  forget(mint: string): void {
    this.#wanted.delete(mint);
  }

  stop(): void {
    this.#stop.abort();
    this.#wanted.clear();
  }

  /** One call a turn: deriving addresses takes milliseconds, and prices come in between. */
  #pump(): void {
    if (this.#calls >= CALLS_MAX || this.#wanted.size === 0 || this.#isResting) return;
    const mints: string[] = [];
    for (const mint of this.#wanted) {
      if (mints.length === POOLS_PER_CALL) break;
      mints.push(mint);
      this.#wanted.delete(mint);
    }
    this.#calls += 1;
    void this.#look(mints).finally(() => {
      this.#calls -= 1;
      this.#pump();
    });
    this.#deps.clock.defer(() => this.#pump());
  }

  async #look(mints: readonly string[]): Promise<void> {
    const { rpc, log, hintsOf, onFound } = this.#deps;
    let found;
    try {
      found = await findPools(
        rpc,
        mints.map((mint) => ({ mint, hints: hintsOf(mint) })),
      );
    } catch (error) {
      if (!isRaptorError(error)) throw error;
      log.warn({ pools: mints.length, code: error.code }, "pools were not found yet");
      if (!this.#stop.signal.aborted) for (const mint of mints) this.#wanted.add(mint);
      void this.#rest();
      return;
    }
    this.#failures = 0;
    if (this.#stop.signal.aborted) return;
    mints.forEach((mint, at) => {
      const one = found[at];
      if (one !== undefined) onFound(mint, one);
    });
  }

  async #rest(): Promise<void> {
    if (this.#isResting) return;
    this.#isResting = true;
    const restMs = Math.min(AGAIN_MS_MIN * 2 ** Math.min(this.#failures++, 10), AGAIN_MS_MAX);
    await this.#deps.clock.sleep(restMs, this.#stop.signal);
    this.#isResting = false;
    this.#pump();
  }
}
