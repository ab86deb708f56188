import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { blockhashAnswer } from "./rpc-answers.ts";
import type { Rpc } from "./rpc.ts";

/** A blockhash with the height after which nothing that stands on it can land. */
export interface WarmBlockhash {
  blockhash: string;
  lastValidBlockHeight: number;
  /** Of the answer that named it, confirmed. */
  slot: number;
  /** When it was asked for, on the monotonic clock: it cannot be older. */
  askedMs: number;
}

export interface BlockhashBookDeps {
  rpc: Pick<Rpc, "askSeveral">;
  clock: Clock;
  settings: {
    pollMs: number;
    /** An older one is not given out: too little of its life would be left for landing. */
    staleMs: number;
  };
}

/** How far the word of one node may run ahead of every other one's: a whole lifetime of a hash. */
const AHEAD_BLOCKS_MAX = 150;
/** Blocks come a little slower, as some slots have none. */
const SLOT_MS = 400;
/** Nor faster than this, over hours. */
const FASTEST_SLOT_MS = 350;

/**
 * Keeps the newest blockhash at hand, so that no exit waits for a question to a node. What is too
 * old is not given out; who gets none asks the nodes.
 */
export class BlockhashBook {
  readonly #deps: BlockhashBookDeps;
  #newest: WarmBlockhash | undefined;
  /** What one node told last that another one did not leave a lifetime behind. */
  #borneOut: WarmBlockhash | undefined;
  /** How far the one behind was when it was met last. */
  #behind: number | undefined;
  #stop: AbortController | undefined;
  #polling: Promise<void> = Promise.resolve();

  constructor(deps: BlockhashBookDeps) {
    this.#deps = deps;
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

  /** Undefined while none is young enough. */
  latest(): WarmBlockhash | undefined {
    const newest = this.#newest;
    if (newest === undefined) return undefined;
    const ageMs = this.#deps.clock.monotonicMs() - newest.askedMs;
    return ageMs <= this.#deps.settings.staleMs ? newest : undefined;
  }

  /** About where the chain stands now; undefined as long as nothing is known of it. */
  slotNow(): number | undefined {
    if (this.#newest === undefined) return undefined;
    const { slot, askedMs } = this.#newest;
    return slot + Math.floor((this.#deps.clock.monotonicMs() - askedMs) / SLOT_MS);
  }

  /** Asks the nodes once. A failure only leaves the last one to grow old. */
  async refresh(): Promise<void> {
    try {
      const { believed: found, furthest } = this.#judge(await this.#ask());
      if (found !== furthest && !this.#isAlive(found)) return;
      const isOlder = found.lastValidBlockHeight < (this.latest()?.lastValidBlockHeight ?? 0);
      // A node that fell behind after a better answer must not shorten what is known already.
      if (!isOlder) this.#newest = found;
    } catch (error) {
      if (!isRaptorError(error)) throw error;
    }
  }

  /**
   * One asked for now, where none is at hand. As long as no two nodes have told about the same, the
   * furthest ahead counts: whoever stands still is met more often than whoever lies.
   * @throws RAPTOR_VENUE__UNAVAILABLE when no node tells one.
   */
  async fetchNewest(): Promise<WarmBlockhash> {
    const { believed, furthest } = this.#judge(await this.#ask());
    return this.#borneOut === undefined ? furthest : believed;
  }

  /** Before two nodes have told about the same: whoever runs behind must at least go on. */
  #isAlive({ lastValidBlockHeight }: WarmBlockhash): boolean {
    const before = this.#behind;
    this.#behind = lastValidBlockHeight;
    return this.#borneOut !== undefined || lastValidBlockHeight > (before ?? lastValidBlockHeight);
  }

  async #ask(): Promise<WarmBlockhash[]> {
    const { rpc, clock } = this.#deps;
    const askedMs = clock.monotonicMs();
    const params = [{ commitment: "confirmed" }];
    const answers = await rpc.askSeveral("getLatestBlockhash", params, blockhashAnswer);
    return answers.map(({ context, value }) => ({ ...value, slot: context.slot, askedMs }));
  }

  /**
   * The furthest ahead: its end is the latest. One that runs a whole lifetime ahead of all others
   * is not believed, because transactions on an invented hash never land and cannot be proven dead
   * soon. But where the chain has had the time to get there, the others stand still, and what they
   * tell has expired.
   */
  #judge(answers: readonly WarmBlockhash[]): { believed: WarmBlockhash; furthest: WarmBlockhash } {
    const sorted = answers.toSorted((a, b) => b.lastValidBlockHeight - a.lastValidBlockHeight);
    const [first, second] = sorted;
    if (first === undefined) throw new RangeError("expected at least one answer");
    if (second === undefined) return { believed: first, furthest: first };
    const isAlone = first.lastValidBlockHeight > second.lastValidBlockHeight + AHEAD_BLOCKS_MAX;
    if (!isAlone) this.#borneOut = second;
    const { lastValidBlockHeight, askedMs } = this.#borneOut ?? second;
    const passed = Math.floor((first.askedMs - askedMs) / FASTEST_SLOT_MS);
    // What bore it out may have been as far behind itself.
    const reachable = lastValidBlockHeight + passed + 2 * AHEAD_BLOCKS_MAX;
    return { believed: first.lastValidBlockHeight > reachable ? second : first, furthest: first };
  }

  async #poll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.refresh();
      await this.#deps.clock.sleep(this.#deps.settings.pollMs, signal);
    }
  }
}
