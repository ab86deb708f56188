import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { type NonceReading, readNonce } from "./attempt-lifetime.ts";
import type { Rpc } from "./rpc.ts";
import type { WarmAccounts } from "./warm-accounts.ts";

interface Kept {
  wallet: string;
  account: string;
  holders: number;
  /** Read as an attempt must have it: final, and said by every node. */
  reading: NonceReading | undefined;
  /** Values on which an attempt has ended, the last ones: whoever still shows one is late. */
  spent: readonly string[];
}

export interface NonceBookDeps {
  rpc: Rpc;
  clock: Clock;
  warm: Pick<WarmAccounts, "keepNonce" | "dropNonce" | "nonceValueOf">;
}

/** A used nonce has its new value for good some 13 seconds later. */
const LOOK_MS = 2_000;
/** Accounts read in one round: each costs two questions to every node. */
const READS_MAX = 4;
/** A node that is later than so many uses of one account is not believed about anything. */
const SPENT_MAX = 8;

/**
 * Nonce values that may be used without asking: each was read once as an attempt demands it, and
 * since then the account's stream has shown no other. When in doubt there is none, and the nodes are
 * asked.
 */
export class NonceBook {
  readonly #deps: NonceBookDeps;
  /** In the order of their last reading. */
  readonly #kept = new Map<string, Kept>();
  #stop: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(deps: NonceBookDeps) {
    this.#deps = deps;
  }

  start(): void {
    if (this.#stop !== undefined) return;
    this.#stop = new AbortController();
    this.#running = this.#run(this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop?.abort();
    this.#stop = undefined;
    await this.#running;
  }

  /** Counted; every keep has a drop. */
  keep(wallet: string, account: string): void {
    const found = this.#kept.get(account);
    if (found !== undefined) {
      found.holders += 1;
      return;
    }
    this.#kept.set(account, { wallet, account, holders: 1, reading: undefined, spent: [] });
    this.#deps.warm.keepNonce(wallet, account);
  }

  drop(account: string): void {
    const kept = this.#kept.get(account);
    if (kept === undefined) return;
    kept.holders -= 1;
    if (kept.holders > 0) return;
    this.#kept.delete(account);
    this.#deps.warm.dropNonce(kept.wallet, account);
  }

  /**
   * An attempt on this value has ended, so that it is used up, whatever is still told of it: by a
   * stream, by a node that lags, or by a reading that was asked for before. Another one is read
   * before any is given out; should a fork bring this one back, the nodes are asked.
   */
  forget(account: string, value: string): void {
    const kept = this.#kept.get(account);
    if (kept === undefined) return;
    kept.reading = undefined;
    kept.spent = [...kept.spent, value].slice(-SPENT_MAX);
  }

  /** Undefined unless the last final value still stands, as far as the stream has told. */
  ready(wallet: string, account: string): NonceReading | undefined {
    const reading = this.#kept.get(account)?.reading;
    if (reading === undefined) return undefined;
    const now = this.#deps.warm.nonceValueOf(wallet, account);
    return now?.isFresh === true && now.value === reading.value ? reading : undefined;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const due = [...this.#kept.values()].filter((kept) => this.#isDue(kept)).slice(0, READS_MAX);
      await Promise.all(due.map((kept) => this.#read(kept)));
      await this.#deps.clock.sleep(LOOK_MS, signal);
    }
  }

  #isDue({ wallet, account, reading }: Kept): boolean {
    return reading === undefined || this.ready(wallet, account) === undefined;
  }

  /** What cannot be read now is read in a later round; the others come first then. */
  async #read(kept: Kept): Promise<void> {
    const { wallet, account } = kept;
    if (this.#kept.delete(account)) this.#kept.set(account, kept);
    try {
      const reading = await readNonce(this.#deps.rpc, wallet, account);
      kept.reading = kept.spent.includes(reading.value) ? undefined : reading;
    } catch (error) {
      if (!isRaptorError(error, "RAPTOR_VENUE__UNAVAILABLE")) throw error;
      kept.reading = undefined;
    }
  }
}
