import type { PositionRow, ReconcileRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Drift } from "@raptor/shared/wire/read.ts";
import type { Reader, Tx } from "../ports/store.ts";
import type { WalletView } from "../ports/venue.ts";
import type { EngineContext } from "./context.ts";
import {
  bookExternalLoss,
  hasUnsettledFill,
  holdEntries,
  reopenReturned,
  reportDispute,
} from "./external-loss.ts";
import { instrumentOf, mintOf } from "./ids.ts";
import { fingerprintOf, summarizeWallet, type SeenWallet } from "./reconcile-record.ts";
import { isDisputed, tokenTruthOf, type TokenTruth } from "./wallet-truth.ts";

/** Wrapped SOL is money on its way in a swap, not a position. */
const WSOL_MINT = "So11111111111111111111111111111111111111112";
/** Anybody may send anybody tokens, so only so many that are nobody's are reported. */
const ORPHANS_MAX = 20;
/** A timer's run that finds what the last one found is journaled only so often. */
const UNCHANGED_RECORD_MS = 3_600_000;
/** Nodes learn of a block within a second or so of each other; then they are asked once more. */
const SECOND_LOOK_MS = 2_000;

export interface ReconcileResult {
  isComplete: boolean;
  drift: Drift[];
}

interface Seen {
  wallet: WalletRow;
  views: WalletView[];
}

/**
 * Compares the ledger with the chain. A query that fails is never "flat": that wallet is left as
 * it is and the run counts as incomplete. What would take away is believed only of all nodes.
 */
export class Reconciler {
  readonly #context: EngineContext;
  #running: Promise<ReconcileResult> | undefined;
  #lastRun: ReconcileRow | undefined;
  #recorded: { fingerprint: string; atMs: number } | undefined;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** The newest run of this process, whether or not it was worth a record. */
  get lastRun(): ReconcileRow | undefined {
    return this.#lastRun;
  }

  /** One run at a time; a call during a run gets that run's result. */
  run(trigger: string): Promise<ReconcileResult> {
    this.#running ??= this.#run(trigger).finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #run(trigger: string): Promise<ReconcileResult> {
    const { store, metrics, clock } = this.#context;
    const { seen, unread } = await this.#readWallets();
    const atMs = clock.nowMs();
    const { drift, fingerprint, isRecorded } = await store.transact((tx) => {
      const found = seen.flatMap((entry) => this.#compare(tx, entry));
      const wallets = seen.map((entry) => describe(tx, entry));
      const print = fingerprintOf({ drift: found, wallets, unread });
      const isNews = trigger !== "timer" || this.#isNews(print, atMs);
      if (isNews) {
        const payload = { trigger, atMs, saw: { wallets, unread }, drift: found };
        tx.append({ stream: "reconcile", kind: "ReconcileCompleted", payload });
      }
      if (trigger === "boot" && found.length > 0) this.#alertAdmins(tx, found);
      return { drift: found, fingerprint: print, isRecorded: isNews };
    });
    this.#lastRun = { trigger, atMs, drift };
    if (isRecorded) this.#recorded = { fingerprint, atMs };
    metrics.count("reconciles_total", { outcome: unread.length === 0 ? "complete" : "partial" });
    if (
      drift.some((entry) => entry.class === "external") ||
      (trigger === "boot" && drift.length > 0)
    ) {
      this.#context.shout(`Reconcile found ${drift.length} difference(s) (${trigger})`);
    }
    return { isComplete: unread.length === 0, drift };
  }

  async #readWallets(): Promise<{ seen: Seen[]; unread: string[] }> {
    const { store, venue, log, clock } = this.#context;
    const seen: Seen[] = [];
    const unread: string[] = [];
    for (const wallet of store.wallets()) {
      try {
        let views = await venue.fetchWalletViews(wallet.address);
        if (this.#isDisputed(wallet, views)) {
          await clock.sleep(SECOND_LOOK_MS);
          views = await venue.fetchWalletViews(wallet.address);
        }
        if (views.some(({ report }) => report !== null)) seen.push({ wallet, views });
        else unread.push(wallet.address);
      } catch (error) {
        if (!isRaptorError(error)) throw error;
        unread.push(wallet.address);
        log.warn({ wallet: wallet.address, code: error.code }, "a wallet could not be read");
      }
    }
    return { seen, unread };
  }

  #isDisputed(wallet: WalletRow, views: readonly WalletView[]): boolean {
    const { store } = this.#context;
    return openOf(store, wallet).some((position) => {
      const truth = this.#truthOf(store, wallet, views, position.instrument);
      return truth !== undefined && isDisputed(truth, BigInt(position.quantity));
    });
  }

  #isNews(fingerprint: string, atMs: number): boolean {
    const last = this.#recorded;
    if (last === undefined || last.fingerprint !== fingerprint) return true;
    return Math.abs(atMs - last.atMs) >= UNCHANGED_RECORD_MS;
  }

  #alertAdmins(tx: Tx, drift: readonly Drift[]): void {
    const lines = drift.map((one) => {
      const { mint, ledgerQuantity, chainQuantity } = one;
      return `${mint.slice(0, 8)}: ledger ${ledgerQuantity}, chain ${chainQuantity} (${one.class})`;
    });
    const head = "Start-up found differences between ledger and chain";
    this.#context.notices.alertAdmins(tx, `boot:${tx.epoch()}`, [head, ...lines.slice(0, 20)]);
  }

  #compare(tx: Tx, { wallet, views }: Seen): Drift[] {
    const open = openOf(tx, wallet);
    const drift: Drift[] = [];
    for (const position of open) {
      const found = this.#comparePosition(tx, wallet, views, position);
      if (found !== undefined) drift.push(found);
    }
    const lost = drift.filter((one) => one.class === "external");
    if (lost.length > 0) holdEntries(this.#context, tx, wallet.userId, lost);
    const known = new Set(open.map((position) => mintOf(position.instrument)));
    return [...drift, ...this.#compareOthers(tx, wallet, views, known)];
  }

  #comparePosition(
    tx: Tx,
    wallet: WalletRow,
    views: readonly WalletView[],
    position: PositionRow,
  ): Drift | undefined {
    const mint = mintOf(position.instrument);
    const ledger = BigInt(position.quantity);
    const truth = this.#truthOf(tx, wallet, views, position.instrument);
    if (truth?.least === undefined || truth.most === undefined) return undefined;
    const { least, most } = truth;
    if (least >= ledger) {
      return most === ledger ? undefined : driftOf(wallet, mint, ledger, most, "adopt");
    }
    if (isDisputed(truth, ledger)) {
      return reportDispute(this.#context, tx, wallet, position, truth);
    }
    return bookExternalLoss(tx, position, { address: wallet.address, quantity: most });
  }

  /** Tokens without an open position: those of one that had lost them, and nobody's. */
  #compareOthers(
    tx: Tx,
    wallet: WalletRow,
    views: readonly WalletView[],
    known: ReadonlySet<string>,
  ): Drift[] {
    const drift: Drift[] = [];
    let orphans = 0;
    for (const mint of mintsOf(views)) {
      if (known.has(mint) || mint === WSOL_MINT) continue;
      const instrument = instrumentOf(mint);
      const truth = this.#truthOf(tx, wallet, views, instrument);
      if (truth?.most === undefined || truth.least === undefined || truth.most === 0n) continue;
      const returned =
        truth.least === 0n
          ? undefined
          : reopenReturned(this.#context, tx, wallet, instrument, truth.least);
      if (returned !== undefined) drift.push(returned);
      else if (orphans++ < ORPHANS_MAX) {
        drift.push(driftOf(wallet, mint, 0n, truth.most, "orphan"));
      }
    }
    return drift;
  }

  /**
   * An order under way changes balances by itself, so does a fill that a fork may still take back,
   * and a balance read before the newest fill says nothing about it: all are judged at a later run.
   */
  #truthOf(
    reader: Reader,
    wallet: WalletRow,
    views: readonly WalletView[],
    instrument: string,
  ): TokenTruth | undefined {
    const isMoving = reader
      .openOrders()
      .some((order) => order.walletId === wallet.walletId && order.instrument === instrument);
    const { userId } = wallet;
    if (isMoving || hasUnsettledFill(reader, userId, instrument)) return undefined;
    return tokenTruthOf(reader, views, { userId, instrument, mint: mintOf(instrument) });
  }
}

function openOf(reader: Reader, wallet: WalletRow): PositionRow[] {
  return reader
    .openPositions(wallet.userId)
    .filter((position) => position.walletId === wallet.walletId);
}

/** Tokens that the ledger knows are recorded by name, the rest only as a count and a hash. */
function describe(tx: Tx, { wallet, views }: Seen): SeenWallet {
  const isKnown = (mint: string): boolean =>
    tx.lastPositionOf(wallet.walletId, instrumentOf(mint)) !== undefined;
  return summarizeWallet(wallet.address, views, isKnown);
}

/** Sorted, so that the same wallet gives the same report, however a node orders it. */
function mintsOf(views: readonly WalletView[]): string[] {
  const mints = new Set(views.flatMap(({ report }) => [...(report?.tokens.keys() ?? [])]));
  return [...mints].toSorted();
}

function driftOf(
  wallet: WalletRow,
  mint: string,
  ledger: bigint,
  chain: bigint,
  kind: Drift["class"],
): Drift {
  return {
    userId: wallet.userId,
    wallet: wallet.address,
    mint,
    ledgerQuantity: ledger.toString(),
    chainQuantity: chain.toString(),
    class: kind,
  };
}
