import type { EventPayloads, JournalEvent } from "@raptor/shared/domain/events.ts";
import type { WalletRow } from "@raptor/shared/domain/rows.ts";
import type { HeldToken, WalletWatcher } from "../ports/venue.ts";
import type { EngineContext } from "./context.ts";
import { openOf } from "./compare-wallet.ts";
import { mintOf } from "./ids.ts";
import { isUnresolved } from "./nonce-accounts.ts";

/** The accounts of one transaction, told by several nodes, come within this. */
const GATHER_MS = 300;
/** An own attempt that explains a change is booked within a moment; then nobody has to look. */
const OWN_WAIT_MS = 250;
const OWN_WAITS_MAX = 12;
/** Anybody can change a wallet's balance with every block; the ledger is looked at this often. */
const LOOK_INTERVAL_MS = 5_000;
/** Far more fills than land within one gathering. */
const FILLS_BACK_MAX = 20;

interface Watched {
  wallet: WalletRow;
  /** By open position. */
  tokens: Map<string, HeldToken>;
  watcher: WalletWatcher;
  /** Slots of changes that nobody has looked at yet; undefined for a break of the stream. */
  changes: Set<number | undefined>;
  isLooking: boolean;
}

type Moved = EventPayloads["PositionChanged"];

/**
 * Listens to the wallets between two reconciles. A change that no attempt of ours explains makes
 * the ledger be compared at once. What a stream says is never booked; it only makes us look.
 */
export class WalletWatch {
  readonly #context: EngineContext;
  readonly #compare: () => Promise<unknown>;
  readonly #abort = new AbortController();
  readonly #watched = new Map<string, Watched>();

  constructor(context: EngineContext, compare: () => Promise<unknown>) {
    this.#context = context;
    this.#compare = compare;
  }

  start(): void {
    const { store } = this.#context;
    store.onCommit((events) => this.#onCommit(events));
    for (const wallet of store.wallets()) this.#watch(wallet);
  }

  stop(): void {
    this.#abort.abort();
    for (const { watcher } of this.#watched.values()) watcher.stop();
    this.#watched.clear();
  }

  #onCommit(events: readonly JournalEvent[]): void {
    if (this.#abort.signal.aborted) return;
    for (const { kind, payload } of events) {
      if (kind === "PositionChanged") this.#follow(payload);
      else if (kind === "WalletCreated") this.#watchNew(payload.walletId);
    }
  }

  #watchNew(walletId: string): Watched | undefined {
    const wallet = this.#context.store.wallet(walletId);
    return wallet === undefined ? undefined : this.#watch(wallet);
  }

  /** Only a position that opens or closes changes what there is to watch. */
  #follow({ walletId, positionId, state, instrument, tokenProgram }: Moved): void {
    const entry = this.#watched.get(walletId);
    // All of a wallet's positions are read at once, and this one with them.
    if (entry === undefined) return void this.#watchNew(walletId);
    const isOpen = state === "open";
    if (isOpen === entry.tokens.has(positionId)) return;
    if (isOpen) entry.tokens.set(positionId, { mint: mintOf(instrument), tokenProgram });
    else entry.tokens.delete(positionId);
    entry.watcher.holds([...entry.tokens.values()]);
  }

  #watch(wallet: WalletRow): Watched {
    const { store, venue } = this.#context;
    const known = this.#watched.get(wallet.walletId);
    if (known !== undefined) return known;
    const tokens = openOf(store, wallet).map(
      ({ positionId, instrument, tokenProgram }) =>
        [positionId, { mint: mintOf(instrument), tokenProgram }] as const,
    );
    const entry: Watched = {
      wallet,
      tokens: new Map(tokens),
      watcher: venue.watchWallet(wallet.address, (slot) => this.#note(entry, slot)),
      changes: new Set(),
      isLooking: false,
    };
    this.#watched.set(wallet.walletId, entry);
    entry.watcher.holds([...entry.tokens.values()]);
    return entry;
  }

  #note(entry: Watched, slot: number | undefined): void {
    if (this.#abort.signal.aborted) return;
    entry.changes.add(slot);
    if (entry.isLooking) return;
    entry.isLooking = true;
    void this.#look(entry)
      .catch((error: unknown) => this.#context.onFatal(error))
      .finally(() => {
        entry.isLooking = false;
        // One that came as the last look ended.
        if (entry.changes.size > 0) this.#note(entry, [...entry.changes][0]);
      });
  }

  async #look(entry: Watched): Promise<void> {
    const { clock, log } = this.#context;
    const { signal } = this.#abort;
    while (entry.changes.size > 0) {
      await clock.sleep(GATHER_MS, signal);
      for (let waits = 0; waits < OWN_WAITS_MAX && this.#isTrading(entry); waits++) {
        await clock.sleep(OWN_WAIT_MS, signal);
      }
      if (signal.aborted) return;
      const slots = [...entry.changes];
      entry.changes.clear();
      if (slots.every((slot) => this.#isOwn(entry, slot))) continue;
      log.info({ wallet: entry.wallet.address }, "a wallet changed without an order of ours");
      await this.#compare();
      await clock.sleep(LOOK_INTERVAL_MS, signal);
    }
  }

  #isTrading({ wallet }: Watched): boolean {
    const { store } = this.#context;
    return store
      .openOrders()
      .some(
        ({ walletId, orderId }) =>
          walletId === wallet.walletId && store.attemptsOf(orderId).some(isUnresolved),
      );
  }

  /** A fill of ours is booked with the very slot of the change. */
  #isOwn({ wallet }: Watched, slot: number | undefined): boolean {
    return this.#context.store
      .fillsPage(wallet.userId, FILLS_BACK_MAX, null)
      .some(({ venueSlot }) => venueSlot === slot);
  }
}
