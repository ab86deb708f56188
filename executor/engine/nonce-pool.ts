import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import type { NonceAccountRow, OrderRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import { assert, isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Tx } from "../ports/store.ts";
import type { NonceSetupOutcome } from "../ports/venue.ts";
import type { EngineContext } from "./context.ts";
import { isJournalTrouble, reportJournalTrouble } from "./journal-trouble.ts";
import { isNonceFree, lackingNonces } from "./nonce-accounts.ts";

/** A buy waits this long for its accounts; then it goes on, and they come later or not at all. */
const SETUP_PATIENCE_MS = 8_000;
/** Between tries to finish what was asked for and is not known to have happened. */
const RETRY_MS = 15_000;

type Wanted = EventPayloads["NonceAccountsWanted"]["accounts"];

/**
 * The durable nonce accounts of each wallet: set up before a buy needs a safe exit, taken back when
 * the person asks. Each step is wanted in the journal, then done, then found out; the chain lets
 * each address be created and closed only once, so that asking again does nothing twice.
 */
export class NoncePool {
  readonly #context: EngineContext;
  readonly #working = new Map<string, Promise<void>>();
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  start(): void {
    this.#loop = this.#run().catch((error: unknown) => this.#context.onFatal(error));
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all([this.#loop, ...this.#working.values()]);
  }

  /**
   * Asks for what the exit of this buy needs and waits a while for it.
   * @returns whether it waited, so that prices and balance are old now.
   */
  async secure(order: OrderRow): Promise<boolean> {
    const { store, venue, clock, settings } = this.#context;
    if (settings.nonceAccountsMax === 0 || this.#context.blockhashHold() !== undefined)
      return false;
    const wallet = this.#walletOf(order.walletId);
    const isAsked = await store.transact((tx) => {
      const indexes = lackingNonces(this.#context, tx, order, clock.nowMs());
      if (indexes.length === 0) return false;
      const accounts = indexes.map((nonceIndex) => ({
        account: venue.nonceAddress(wallet.address, nonceIndex),
        nonceIndex,
      }));
      const { walletId, userId } = wallet;
      const rentLamports = venue.nonceRentLamports.toString();
      const payload = { walletId, userId, accounts, rentLamports };
      tx.append({ stream: `wallet:${walletId}`, kind: "NonceAccountsWanted", payload });
      return true;
    });
    if (isAsked) await this.#workFor(wallet);
    return isAsked;
  }

  /**
   * Gives every account of a person back, unless something may still need one.
   * @returns why not, in words; undefined when it was asked for.
   */
  async reclaim(userId: number, jobId: string): Promise<string | undefined> {
    const hold = this.#context.blockhashHold();
    if (hold !== undefined) return hold;
    const wallet = this.#context.store.walletOf(userId);
    if (wallet === undefined) return "You have no wallet yet.";
    const problem = await this.#context.store.transact((tx) => {
      const rows = tx.nonceAccounts(wallet.walletId);
      const found = problemOfReclaim(tx, wallet, rows);
      if (found !== undefined) return found;
      const { walletId } = wallet;
      for (const { account, nonceIndex, state } of rows) {
        if (state !== "ready") continue;
        const payload = { walletId, account, nonceIndex, jobId };
        tx.append({ stream: `wallet:${walletId}`, kind: "NonceReclaimWanted", payload });
      }
      return undefined;
    });
    if (problem === undefined) await this.#workFor(wallet);
    return problem;
  }

  async #run(): Promise<void> {
    const { clock, store } = this.#context;
    while (!this.#abort.signal.aborted) {
      if (this.#context.blockhashHold() === undefined) {
        const open = store.nonceAccounts(null).filter(({ state }) => isPending(state));
        for (const walletId of new Set(open.map((row) => row.walletId))) {
          void this.#work(this.#walletOf(walletId));
        }
      }
      await clock.sleep(RETRY_MS, this.#abort.signal);
    }
  }

  /** Waits for the wallet's work, but not longer than a person would. */
  async #workFor(wallet: WalletRow): Promise<void> {
    const patience = new AbortController();
    const onStop = (): void => patience.abort();
    this.#abort.signal.addEventListener("abort", onStop, { once: true });
    const work = this.#work(wallet).finally(onStop);
    await Promise.race([work, this.#context.clock.sleep(SETUP_PATIENCE_MS, patience.signal)]);
    this.#abort.signal.removeEventListener("abort", onStop);
  }

  /** One piece of work per wallet at a time; it sees everything that was wanted by then. */
  #work(wallet: WalletRow): Promise<void> {
    const { walletId } = wallet;
    const before = this.#working.get(walletId) ?? Promise.resolve();
    const work = before
      .then(() => this.#finish(wallet))
      .catch((error: unknown) => {
        if (isJournalTrouble(error)) reportJournalTrouble(this.#context, error);
        else this.#context.onFatal(error);
      })
      .finally(() => {
        if (this.#working.get(walletId) === work) this.#working.delete(walletId);
      });
    this.#working.set(walletId, work);
    return work;
  }

  async #finish(wallet: WalletRow): Promise<void> {
    const { store, venue } = this.#context;
    const wrapped = store.vault(wallet.walletId);
    assert(wrapped !== undefined, `wallet ${wallet.walletId} has no key`);
    const rows = (state: NonceAccountRow["state"]): NonceAccountRow[] =>
      store.nonceAccounts(wallet.walletId).filter((row) => row.state === state);
    const wanted = rows("wanted");
    if (wanted.length > 0 && !this.#abort.signal.aborted) {
      const indexes = wanted.map(({ nonceIndex }) => nonceIndex);
      const found = await this.#ask(() => venue.createNonces(wallet, wrapped, indexes));
      await store.transact((tx) => this.#noteCreation(tx, wallet, wanted, found));
    }
    for (const row of rows("reclaiming")) {
      if (this.#abort.signal.aborted) return;
      const found = await this.#ask(() => venue.reclaimNonce(wallet, wrapped, row.nonceIndex));
      await store.transact((tx) => noteReclaim(tx, row, found));
    }
  }

  /** A venue that fails instead of answering may have done it: it is asked again later. */
  async #ask(question: () => Promise<NonceSetupOutcome>): Promise<NonceSetupOutcome> {
    const { log, metrics, shout } = this.#context;
    let found: NonceSetupOutcome;
    try {
      found = await question();
    } catch (error) {
      if (!isRaptorError(error) || error.code === "RAPTOR_SIGNER__GONE") throw error;
      found = { outcome: "pending", reason: error.message };
    }
    if (found.outcome !== "done") {
      log.warn({ outcome: found.outcome, reason: found.reason }, "nonce accounts are not set up");
    }
    if (found.outcome === "refused" && found.alert) {
      metrics.count("alerts_total", { kind: "unsafe-transaction" });
      shout(`Unsafe nonce transaction refused: ${found.reason}`);
    }
    return found;
  }

  #noteCreation(
    tx: Tx,
    { walletId }: WalletRow,
    asked: readonly NonceAccountRow[],
    found: NonceSetupOutcome,
  ): void {
    const stream = `wallet:${walletId}`;
    if (found.outcome === "pending") return;
    if (found.outcome === "refused") {
      const accounts: Wanted = asked.map(({ account, nonceIndex }) => ({ account, nonceIndex }));
      const payload = { walletId, accounts, reason: found.reason };
      tx.append({ stream, kind: "NonceAccountsRefused", payload });
      return;
    }
    const names = new Set(asked.map(({ account }) => account));
    const accounts = found.accounts
      .filter(({ account, value }) => names.has(account) && value !== null)
      .map(({ account, index, lamports }) => ({
        account,
        nonceIndex: index,
        lamports: lamports.toString(),
      }));
    if (accounts.length === 0) return;
    const payload = { walletId, accounts, evidence: found.evidence };
    tx.append({ stream, kind: "NonceAccountsCreated", payload });
  }

  #walletOf(walletId: string): WalletRow {
    const wallet = this.#context.store.wallet(walletId);
    assert(wallet !== undefined, `wallet ${walletId} is gone`);
    return wallet;
  }
}

function isPending(state: NonceAccountRow["state"]): boolean {
  return state === "wanted" || state === "reclaiming";
}

function noteReclaim(tx: Tx, row: NonceAccountRow, found: NonceSetupOutcome): void {
  const { walletId, account, nonceIndex, lamports } = row;
  const stream = `wallet:${walletId}`;
  const name = { walletId, account, nonceIndex };
  if (found.outcome === "done") {
    const payload = { ...name, lamports, evidence: found.evidence };
    tx.append({ stream, kind: "NonceAccountReclaimed", payload });
  } else if (found.outcome === "refused") {
    const payload = { ...name, reason: found.reason };
    tx.append({ stream, kind: "NonceReclaimRefused", payload });
  }
}

function problemOfReclaim(
  tx: Tx,
  { walletId, userId }: WalletRow,
  rows: readonly NonceAccountRow[],
): string | undefined {
  if (!rows.some(({ state }) => state === "ready")) return "No rent is held back.";
  if (tx.openPositions(userId).some((position) => position.walletId === walletId)) {
    return "A position is open, and its exit needs them. Sell it first.";
  }
  if (tx.openOrders().some((order) => order.walletId === walletId)) {
    return "An order is under way. Try again when it is done.";
  }
  if (rows.some(({ account }) => !isNonceFree(tx, account))) {
    return "A trade that used them is not final yet. Try again in a minute.";
  }
  return undefined;
}
