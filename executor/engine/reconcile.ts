import type { HistoryCursor } from "@raptor/shared/domain/events.ts";
import type { ReconcileRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Drift } from "@raptor/shared/wire/read.ts";
import type { Tx } from "../ports/store.ts";
import type { WalletView } from "../ports/venue.ts";
import type { AttemptTracker } from "./attempt-tracker.ts";
import {
  compareWallet,
  isWalletDisputed,
  missingTokens,
  type SeenBalances,
} from "./compare-wallet.ts";
import type { EngineContext } from "./context.ts";
import { FoundTokens } from "./found-tokens.ts";
import { instrumentOf, mintOf } from "./ids.ts";
import {
  fingerprintOf,
  readUnderWay,
  summarizeLedger,
  summarizeWallet,
  type SeenWallet,
  type UnderWay,
} from "./reconcile-record.ts";
import { prepareAdoption, type Adoption, type TokenWish } from "./token-words.ts";
import { WalletHistory, type ReadPast } from "./wallet-history.ts";

/** A timer's run that finds what the last one found is journaled only so often. */
const UNCHANGED_RECORD_MS = 3_600_000;
/** Nodes learn of a block within a second or so of each other; they are asked again until then. */
const SECOND_LOOK_MS = 2_000;
const LOOK_INTERVAL_MS = 500;
/** Differences that one report to the admins names. */
const REPORTED_MAX = 20;
/** Runs that always leave a record; those of a timer or a stream do it when there is news. */
const RECORDED_TRIGGERS: readonly string[] = ["boot", "schedule"];

export interface ReconcileResult {
  isComplete: boolean;
  drift: Drift[];
}

interface Seen extends SeenBalances {
  read: ReadPast | undefined;
}

/**
 * Compares the ledger with the chain. A query that fails is never "flat": that wallet is left as
 * it is and the run counts as incomplete. What would take away is believed only of all nodes, and
 * only after the wallet's history was searched for what the journal may have missed.
 */
export class Reconciler {
  readonly #context: EngineContext;
  readonly #history: WalletHistory;
  readonly #found: FoundTokens;
  #running: Promise<ReconcileResult> | undefined;
  #lastRun: ReconcileRow | undefined;
  #recorded: { fingerprint: string; atMs: number } | undefined;

  constructor(context: EngineContext, tracker: Pick<AttemptTracker, "track" | "announceEnded">) {
    this.#context = context;
    this.#history = new WalletHistory(context, tracker);
    this.#found = new FoundTokens(context, this.#history);
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

  /** A run that begins after this call: what is under way may have read the chain before it. */
  async runAnew(trigger: string): Promise<ReconcileResult> {
    await this.#running?.catch(() => undefined);
    return this.run(trigger);
  }

  /**
   * Reads what is needed to take tokens in that came without an order. What an attempt of ours has
   * brought is booked as its fill first: then nothing of it is left to take in.
   */
  async prepareAdoption(wish: TokenWish): Promise<Adoption> {
    const { store } = this.#context;
    const wallet = store.wallet(wish.walletId);
    const isTheirs = wallet !== undefined && wallet.userId === wish.userId;
    const doubted = isTheirs ? await this.#history.readOwn(wallet, wish.mint) : [];
    const past = doubted === undefined ? "unread" : doubted.length > 0 ? "doubted" : "clear";
    return prepareAdoption(this.#context, wish, past);
  }

  async #run(trigger: string): Promise<ReconcileResult> {
    const { store, metrics, clock } = this.#context;
    const { seen, unread } = await this.#readWallets(this.#history.isDue(trigger));
    const atMs = clock.nowMs();
    const { drift, fingerprint, isRecorded } = await store.transact((tx) => {
      const underWay = readUnderWay(tx);
      const wallets = seen.map((entry) => describe(tx, entry, underWay));
      const found = seen.flatMap((entry) => compareWallet(this.#context, tx, entry));
      const print = fingerprintOf({ drift: found, wallets, unread });
      const isNews = RECORDED_TRIGGERS.includes(trigger) || this.#isNews(print, atMs);
      if (isNews) {
        const cursors = seen.flatMap(({ read }): HistoryCursor[] =>
          read?.cursor === undefined ? [] : [read.cursor],
        );
        const saw = { wallets, unread };
        const payload = { trigger, atMs, saw, drift: found, ...(cursors[0] && { cursors }) };
        tx.append({ stream: "reconcile", kind: "ReconcileCompleted", payload });
      }
      this.#reportToAdmins(tx, trigger, found);
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
    // Prices of found tokens are asked for afterwards: nobody waits for them.
    this.#found.look(drift);
    return { isComplete: unread.length === 0, drift };
  }

  async #readWallets(isHistoryDue: boolean): Promise<{ seen: Seen[]; unread: string[] }> {
    const { store, log } = this.#context;
    const seen: Seen[] = [];
    const unread: string[] = [];
    for (const wallet of store.wallets()) {
      try {
        const views = await this.#readViews(wallet);
        if (views.every(({ report }) => report === null)) unread.push(wallet.address);
        else seen.push(await this.#readPast(wallet, views, isHistoryDue));
      } catch (error) {
        if (!isRaptorError(error)) throw error;
        unread.push(wallet.address);
        log.warn({ wallet: wallet.address, code: error.code }, "a wallet could not be read");
      }
    }
    return { seen, unread };
  }

  async #readViews(wallet: WalletRow): Promise<WalletView[]> {
    const { store, venue, clock } = this.#context;
    const untilMs = clock.monotonicMs() + SECOND_LOOK_MS;
    for (;;) {
      const views = await venue.fetchWalletViews(wallet.address);
      if (!isWalletDisputed(store, wallet, views)) return views;
      if (clock.monotonicMs() >= untilMs) return views;
      await clock.sleep(LOOK_INTERVAL_MS);
    }
  }

  /**
   * Read after the balances, so that whatever those show stands in it. What is missing may have
   * been sold by an attempt that the journal lost sight of: that is looked for before all else.
   */
  async #readPast(wallet: WalletRow, views: WalletView[], isDue: boolean): Promise<Seen> {
    const missing = missingTokens(this.#context.store, wallet, views);
    const isNeeded = isDue || missing.length > 0;
    const read = isNeeded ? await this.#history.read(wallet) : undefined;
    const movedBy = new Map<string, string[]>();
    for (const { instrument, tokenProgram } of missing) {
      const mint = mintOf(instrument);
      movedBy.set(mint, await this.#history.explain(wallet, { mint, tokenProgram }));
    }
    return { wallet, views, movedBy, read };
  }

  #isNews(fingerprint: string, atMs: number): boolean {
    const last = this.#recorded;
    if (last === undefined || last.fingerprint !== fingerprint) return true;
    return Math.abs(atMs - last.atMs) >= UNCHANGED_RECORD_MS;
  }

  /** At start all that differs, afterwards what took tokens away; anybody may send some. */
  #reportToAdmins(tx: Tx, trigger: string, drift: readonly Drift[]): void {
    const isBoot = trigger === "boot";
    const told = isBoot ? drift : drift.filter((one) => one.class === "external");
    if (told.length === 0) return;
    const head = isBoot
      ? "Start-up found differences between ledger and chain"
      : "A reconcile found tokens gone without an order";
    const lines = told.slice(0, REPORTED_MAX).map((one) => this.#describe(one));
    const more = told.length - lines.length;
    const key = isBoot ? `boot:${tx.epoch()}` : `drift-report:${tx.headSeq()}`;
    const tail = [
      ...(more > 0 ? [`and ${more} more`] : []),
      "The ledger follows what all nodes show; the people concerned were told.",
    ];
    this.#context.notices.alertAdmins(tx, key, [head, ...lines, ...tail]);
  }

  #describe({ userId, mint, ledgerQuantity, chainQuantity, ...one }: Drift): string {
    const by = (one.movedBy ?? []).map((identity) => this.#context.venue.explorerUrl(identity));
    const what = `${mint.slice(0, 8)}: ledger ${ledgerQuantity}, chain ${chainQuantity}`;
    return [`${what} (${one.class}), person ${userId}`, ...by].join(" ");
  }
}

/** Tokens that the ledger knows are recorded by name, the rest only as a count and a hash. */
function describe(tx: Tx, { wallet, views, read }: Seen, underWay: UnderWay): SeenWallet {
  const known = tx.knownInstruments(wallet.walletId);
  const isKnown = (mint: string): boolean => known.has(instrumentOf(mint));
  const seen = summarizeWallet(wallet.address, views, isKnown);
  const ledger = summarizeLedger(tx, wallet, underWay);
  return { ...seen, ledger, ...(read === undefined ? {} : { history: read.past }) };
}
