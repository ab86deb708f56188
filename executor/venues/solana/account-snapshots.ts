import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import { SYSTEM_PROGRAM } from "./programs.ts";
import { accountsAnswer, type AccountAnswer } from "./rpc-answers.ts";
import type { Rpc } from "./rpc.ts";
import type { AccountFrame } from "./stream-frame.ts";

/** What one call showed of one account; null when there is no such account. */
export interface SnapshotAccount {
  address: string;
  account: AccountAnswer | null;
}

/** One answer: everything in it is of the same slot. */
export interface Snapshot {
  accounts: readonly SnapshotAccount[];
  slot: number;
  /** Our monotonic clock when the question left. */
  askedAtMs: number;
}

export interface AccountSnapshotsDeps {
  rpc: Rpc;
  clock: Clock;
  log: Log;
  onRead(snapshot: Snapshot): void;
}

/** What nodes take in one `getMultipleAccounts`. */
export const SNAPSHOT_ACCOUNTS_MAX = 100;
/** Free plans take about ten calls a second; others need some of them. */
const CALLS_MAX = 4;
const REST_MS_MIN = 250;
const REST_MS_MAX = 4_000;
/** No call takes so long: the process stood still, and the answer waited in its connection. */
const WAITED_MS = 10_000;

/** Reads accounts by poll: many at once, a few calls side by side, and again after a failure. */
export class AccountSnapshots {
  readonly #deps: AccountSnapshotsDeps;
  /** Single accounts, in the order in which they were asked for. */
  readonly #wanted = new Set<string>();
  /** Accounts that have to be read in one call, by their joined addresses; they come first. */
  readonly #groups = new Map<string, readonly string[]>();
  #calls = 0;
  #failures = 0;
  #restUntilMs = 0;
  #isStopped = false;

  constructor(deps: AccountSnapshotsDeps) {
    this.#deps = deps;
  }

  want(address: string): void {
    this.#wanted.add(address);
    this.#schedule();
  }

  wantTogether(addresses: readonly string[]): void {
    this.#groups.set(addresses.join(), addresses.slice(0, SNAPSHOT_ACCOUNTS_MAX));
    this.#schedule();
  }

  forget(address: string): void {
    this.#wanted.delete(address);
  }

  /** Goes on after a failure's rest; called by whoever has a timer. */
  tick(): void {
    this.#pump();
  }

  stop(): void {
    this.#isStopped = true;
    this.#wanted.clear();
    this.#groups.clear();
  }

  /** Those asked for in one turn share their calls. */
  #schedule(): void {
    this.#deps.clock.defer(() => this.#pump());
  }

  #pump(): void {
    while (this.#calls < CALLS_MAX && !this.#isStopped) {
      if (this.#deps.clock.monotonicMs() < this.#restUntilMs) return;
      const batch = this.#nextBatch();
      if (batch.length === 0) return;
      this.#calls += 1;
      void this.#read(batch).finally(() => {
        this.#calls -= 1;
        this.#pump();
      });
    }
  }

  #nextBatch(): string[] {
    const batch = new Set<string>();
    for (const [key, group] of this.#groups) {
      if (batch.size + group.length > SNAPSHOT_ACCOUNTS_MAX) break;
      this.#groups.delete(key);
      for (const address of group) batch.add(address);
    }
    for (const address of this.#wanted) {
      if (batch.size === SNAPSHOT_ACCOUNTS_MAX) break;
      batch.add(address);
    }
    for (const address of batch) this.#wanted.delete(address);
    return [...batch];
  }

  async #read(addresses: string[]): Promise<void> {
    const { rpc, clock, log, onRead } = this.#deps;
    const askedAtMs = clock.monotonicMs();
    const config = { encoding: "base64", commitment: "processed" };
    let answer;
    try {
      answer = await rpc.ask("getMultipleAccounts", [addresses, config], accountsAnswer);
    } catch (error) {
      if (!isRaptorError(error)) throw error;
      const restMs = Math.min(REST_MS_MIN * 2 ** Math.min(this.#failures++, 10), REST_MS_MAX);
      this.#restUntilMs = clock.monotonicMs() + restMs;
      log.warn({ code: error.code, accounts: addresses.length, restMs }, "accounts not read");
      if (!this.#isStopped) for (const address of addresses) this.#wanted.add(address);
      return;
    }
    this.#failures = 0;
    if (this.#isStopped) return;
    if (clock.monotonicMs() - askedAtMs >= WAITED_MS) {
      for (const address of addresses) this.#wanted.add(address);
      return;
    }
    const { context, value } = answer;
    if (value.length !== addresses.length) {
      log.warn({ asked: addresses.length, got: value.length }, "an answer of another length");
      return;
    }
    const accounts = addresses.map((address, at) => ({ address, account: value[at] ?? null }));
    onRead({ accounts, slot: context.slot, askedAtMs });
  }
}

/** What was read as a stream would have told it. */
export function frameOf(
  account: AccountAnswer | null,
  slot: number,
): { frame: AccountFrame; bytes: Uint8Array } {
  const data = account?.data[0] ?? "";
  const owner = account?.owner ?? SYSTEM_PROGRAM;
  const frame = { slot, lamports: account?.lamports ?? 0n, owner, data };
  return { frame, bytes: new Uint8Array(Buffer.from(data, "base64")) };
}
