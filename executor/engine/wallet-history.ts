import type { HistoryCursor } from "@raptor/shared/domain/events.ts";
import type { AttemptRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { HeldToken, HistoryEntry, HistoryView, WalletMove } from "../ports/venue.ts";
import type { AttemptTracker } from "./attempt-tracker.ts";
import type { EngineContext } from "./context.ts";
import { fetchReport } from "./attempt-end.ts";
import { bookFound } from "./found-attempt.ts";
import { isFinalRevert } from "./group-end.ts";
import { instrumentOf } from "./ids.ts";
import { isUnresolved } from "./nonce-accounts.ts";

/** Read back at least this far, whatever the cursor says: a node may learn of a block late. */
const BACK_MS = 24 * 3_600_000;
/** Timers run every minute; histories cost a page of every node. */
const INTERVAL_MS = 300_000;
/** Transactions of strangers whose contents are read in one run. */
const SHOWN_MAX = 20;
/** What is remembered of strangers' transactions never changes; this bounds their number. */
const REMEMBERED_MAX = 5_000;
/** An undecided attempt that stands in the history for this long ought to be booked. */
const LATE_MS = 120_000;
/** Named with a difference; more would explain nothing better. */
export const MOVED_BY_MAX = 3;

/** What one read of a wallet's history found, as the journal keeps it. */
export interface WalletPast {
  nodes: { provider: string; count: number | null; isWhole: boolean }[];
  /** Attempts of ours that are booked, or known as reverted. */
  booked: number;
  /** Attempts of ours that are being followed. */
  undecided: number;
  /** Attempts that were called over and that this read made be booked. */
  found: string[];
  /** Attempts that were called over, stand in a history, and that the nodes do not bear out. */
  disputed: string[];
  /** Nonce accounts that were set up or taken back. */
  setups: number;
  foreign: { count: number; newest: string[] };
}

export interface ReadPast {
  past: WalletPast;
  /** Where the next read may begin; undefined while a node has not told everything. */
  cursor: HistoryCursor | undefined;
}

function emptyPast(): WalletPast {
  return {
    nodes: [],
    booked: 0,
    undecided: 0,
    found: [],
    disputed: [],
    setups: 0,
    foreign: { count: 0, newest: [] },
  };
}

/** Reads what landed for a wallet, and finds in it what the journal missed. */
export class WalletHistory {
  readonly #context: EngineContext;
  readonly #tracker: Pick<AttemptTracker, "track" | "announceEnded">;
  readonly #shown = new Map<string, WalletMove>();
  readonly #cursors = new Map<string, number>();
  readonly #undecidedSinceMs = new Map<string, number>();
  #readAtMs: number | undefined;

  constructor(context: EngineContext, tracker: Pick<AttemptTracker, "track" | "announceEnded">) {
    this.#context = context;
    this.#tracker = tracker;
  }

  /** The first of these after every interval reads all wallets. */
  isDue(trigger: string): boolean {
    const nowMs = this.#context.clock.monotonicMs();
    const isOld = this.#readAtMs === undefined || nowMs - this.#readAtMs >= INTERVAL_MS;
    if (!isOld && trigger !== "boot" && trigger !== "schedule") return false;
    this.#readAtMs = nowMs;
    return true;
  }

  async read(wallet: WalletRow): Promise<ReadPast> {
    const views = await this.#fetch(wallet, wallet.address);
    const entries = merge(views);
    const past = emptyPast();
    past.nodes = views.map(({ provider, entries: told, isWhole }) => {
      return { provider, count: told?.length ?? null, isWhole };
    });
    const strangers: HistoryEntry[] = [];
    for (const entry of entries) {
      const attempt = this.#attemptOf(entry);
      if (attempt === undefined) strangers.push(entry);
      else await this.#judge(attempt, entry, past);
    }
    await this.#sortOut(wallet, strangers, past);
    return { past, cursor: this.#advance(wallet, views, entries) };
  }

  /**
   * Books what attempts of ours have brought or taken that were called over.
   * @returns those of this token that stand in the history and that not all nodes bear out;
   * undefined while a node does not tell its history: what it lists may be missing.
   */
  async readOwn(wallet: WalletRow, mint: string): Promise<string[] | undefined> {
    const { store } = this.#context;
    const past = emptyPast();
    const views = await this.#fetch(wallet, wallet.address);
    for (const entry of merge(views)) {
      const attempt = this.#attemptOf(entry);
      if (attempt === undefined) continue;
      try {
        await this.#judge(attempt, entry, past);
      } catch (error) {
        if (!isRaptorError(error)) throw error;
        past.disputed.push(attempt.attemptId);
      }
    }
    if (views.length === 0 || views.some(({ entries }) => entries === null)) return undefined;
    const doubted: string[] = [];
    for (const attemptId of past.disputed) {
      const attempt = store.attempt(attemptId);
      // What another read has booked meanwhile is no doubt.
      if (attempt === undefined || attempt.state === "filled") continue;
      if (store.order(attempt.orderId)?.instrument !== instrumentOf(mint)) continue;
      // Neither is a revert that no fork can take back, whatever one node's list says of it.
      const { venue } = this.#context;
      const isOver = attempt.state === "failed" && isFinalRevert(await fetchReport(venue, attempt));
      if (!isOver) doubted.push(attemptId);
    }
    return doubted;
  }

  /** Signatures of strangers' transactions that moved this token, newest first. */
  async explain(wallet: WalletRow, token: HeldToken): Promise<string[]> {
    const { venue } = this.#context;
    const addresses = [wallet.address, venue.tokenAddress(wallet.address, token)];
    const views = await Promise.all(addresses.map((address) => this.#fetch(wallet, address)));
    const strangers = merge(views.flat()).filter(
      (entry) => !entry.isReverted && this.#attemptOf(entry) === undefined,
    );
    await this.#show(wallet, strangers);
    return strangers
      .map(({ identity }) => identity)
      .filter((identity) => this.#shown.get(identity)?.tokens.has(token.mint) === true)
      .slice(0, MOVED_BY_MAX);
  }

  #fetch(wallet: WalletRow, address: string): Promise<HistoryView[]> {
    const { venue, store, clock } = this.#context;
    const known = store.historyCursor(wallet.walletId)?.slot ?? 0;
    const slot = Math.max(known, this.#cursors.get(wallet.walletId) ?? 0);
    return venue.fetchHistory(address, { slot, tsMs: clock.nowMs() - BACK_MS });
  }

  #attemptOf({ identity }: HistoryEntry): AttemptRow | undefined {
    const { store, venue } = this.#context;
    return store.attemptByIdentity(venue.id, identity);
  }

  async #judge(attempt: AttemptRow, entry: HistoryEntry, past: WalletPast): Promise<void> {
    const { attemptId, state, voids } = attempt;
    if (isUnresolved(attempt)) {
      past.undecided += 1;
      this.#tracker.track(attemptId);
      return this.#alarmWhenLate(attempt);
    }
    this.#undecidedSinceMs.delete(attemptId);
    // A void that landed is journaled as what it is: an end without an effect.
    if (state === "filled" || entry.isReverted || (voids !== null && state === "failed")) {
      past.booked += 1;
      return;
    }
    const ended = await bookFound(this.#context, attempt);
    if (ended === undefined) {
      past.disputed.push(attemptId);
      return;
    }
    past.found.push(attemptId);
    this.#tracker.announceEnded(ended);
  }

  /** The tracker books it as soon as the nodes bear it out; an operator hears of it before. */
  #alarmWhenLate({ attemptId, identity }: AttemptRow): void {
    const { clock, log, shout } = this.#context;
    const nowMs = clock.monotonicMs();
    const sinceMs = this.#undecidedSinceMs.get(attemptId);
    if (sinceMs === undefined) {
      this.#undecidedSinceMs.set(attemptId, nowMs);
      return;
    }
    if (nowMs - sinceMs < LATE_MS) return;
    this.#undecidedSinceMs.set(attemptId, nowMs);
    log.error({ attemptId, identity }, "a landed attempt is still not decided");
    shout(`Attempt ${attemptId} stands in the history as ${identity} and is still not decided`);
  }

  /** Strangers' transactions are those that neither an attempt nor a nonce account explains. */
  async #sortOut(wallet: WalletRow, entries: HistoryEntry[], past: WalletPast): Promise<void> {
    await this.#show(wallet, entries);
    const nonces = this.#context.store.nonceAccounts(wallet.walletId);
    const accounts = new Set(nonces.map(({ account }) => account));
    for (const { identity } of entries) {
      const names = this.#shown.get(identity)?.accounts ?? [];
      if (names.some((account) => accounts.has(account))) past.setups += 1;
      else {
        past.foreign.count += 1;
        if (past.foreign.newest.length < MOVED_BY_MAX) past.foreign.newest.push(identity);
      }
    }
  }

  async #show(wallet: WalletRow, entries: readonly HistoryEntry[]): Promise<void> {
    const unknown = entries.map(({ identity }) => identity).filter((one) => !this.#shown.has(one));
    if (unknown.length === 0) return;
    try {
      const asked = unknown.slice(0, SHOWN_MAX);
      const moves = await this.#context.venue.fetchMoves(wallet.address, asked);
      for (const move of moves) this.#shown.set(move.identity, move);
    } catch (error) {
      if (!isRaptorError(error)) throw error;
      this.#context.log.debug({ code: error.code }, "strangers' transactions could not be read");
    }
    for (const oldest of this.#shown.keys()) {
      if (this.#shown.size <= REMEMBERED_MAX) break;
      this.#shown.delete(oldest);
    }
  }

  /** Only what every node has told counts as read; the next read overlaps by a day in any case. */
  #advance(
    { walletId }: WalletRow,
    views: readonly HistoryView[],
    entries: readonly HistoryEntry[],
  ): HistoryCursor | undefined {
    const isRead = views.length > 0 && views.every((view) => view.entries !== null && view.isWhole);
    const known = this.#cursors.get(walletId) ?? this.#context.store.historyCursor(walletId)?.slot;
    const slot = Math.max(known ?? 0, ...entries.map((entry) => entry.slot));
    if (!isRead || slot === 0) return undefined;
    this.#cursors.set(walletId, slot);
    return { walletId, slot };
  }
}

/** What any node lists, newest first; a success on one outweighs an error on another. */
function merge(views: readonly HistoryView[]): HistoryEntry[] {
  const merged = new Map<string, HistoryEntry>();
  for (const entry of views.flatMap(({ entries }) => entries ?? [])) {
    const known = merged.get(entry.identity);
    if (known === undefined || (known.isReverted && !entry.isReverted)) {
      merged.set(entry.identity, entry);
    }
  }
  return [...merged.values()].toSorted((a, b) => b.slot - a.slot);
}
