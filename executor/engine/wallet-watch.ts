import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import type { WalletRow } from "@raptor/shared/domain/rows.ts";
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
  /** The watched mints, to see when they are others. */
  mints: string;
  unwatch(): void;
  /** Slots of changes that nobody has looked at yet; undefined for a break of the stream. */
  changes: Set<number | undefined>;
  isLooking: boolean;
}

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
    for (const { unwatch } of this.#watched.values()) unwatch();
    this.#watched.clear();
  }

  #onCommit(events: readonly JournalEvent[]): void {
    if (this.#abort.signal.aborted) return;
    const walletIds = events.flatMap(({ kind, payload }) =>
      kind === "PositionChanged" || kind === "WalletCreated" ? [payload.walletId] : [],
    );
    for (const walletId of new Set(walletIds)) {
      const wallet = this.#context.store.wallet(walletId);
      if (wallet !== undefined) this.#watch(wallet);
    }
  }

  /** Watches what is open now; nothing changes for a wallet that holds the same tokens. */
  #watch(wallet: WalletRow): void {
    const { store, venue } = this.#context;
    const tokens = openOf(store, wallet).map(({ instrument, tokenProgram }) => {
      return { mint: mintOf(instrument), tokenProgram };
    });
    const mints = tokens.map(({ mint }) => mint).join();
    const before = this.#watched.get(wallet.walletId);
    if (before?.mints === mints) return;
    const entry: Watched = before ?? {
      wallet,
      mints,
      unwatch: () => undefined,
      changes: new Set(),
      isLooking: false,
    };
    const stale = entry.unwatch;
    entry.mints = mints;
    // The new watch begins before the old one ends, so that no change falls between them.
    entry.unwatch = venue.watchWallet(wallet.address, tokens, (slot) => this.#note(entry, slot));
    stale();
    this.#watched.set(wallet.walletId, entry);
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
