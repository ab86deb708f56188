import type { PositionRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Drift } from "@raptor/shared/wire/read.ts";
import type { Tx } from "../ports/store.ts";
import type { WalletReport } from "../ports/venue.ts";
import type { EngineContext } from "./context.ts";
import { instrumentOf, mintOf } from "./ids.ts";
import { applyExternal } from "./positions.ts";
import { disarmExits } from "./settle.ts";

/** Wrapped SOL is money on its way in a swap, not a position. */
const WSOL_MINT = "So11111111111111111111111111111111111111112";

export interface ReconcileResult {
  isComplete: boolean;
  drift: Drift[];
}

/**
 * Compares the ledger with the chain. A query that fails is never "flat": that wallet is left as
 * it is and the run counts as incomplete.
 */
export class Reconciler {
  readonly #context: EngineContext;
  #running: Promise<ReconcileResult> | undefined;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** One run at a time; a call during a run gets that run's result. */
  run(trigger: string): Promise<ReconcileResult> {
    this.#running ??= this.#run(trigger).finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #run(trigger: string): Promise<ReconcileResult> {
    const { store, venue, log, metrics, clock } = this.#context;
    const seen: { wallet: WalletRow; report: WalletReport; seqBefore: number }[] = [];
    const unread: string[] = [];
    for (const wallet of store.wallets()) {
      const seqBefore = store.headSeq();
      try {
        seen.push({ wallet, report: await venue.fetchWallet(wallet.address), seqBefore });
      } catch (error) {
        if (!isRaptorError(error)) throw error;
        unread.push(wallet.address);
        log.warn({ wallet: wallet.address, code: error.code }, "a wallet could not be read");
      }
    }
    const drift = await store.transact((tx) => {
      const found = seen.flatMap((entry) => this.#compare(tx, entry));
      tx.append({
        stream: "reconcile",
        kind: "ReconcileCompleted",
        payload: {
          trigger,
          atMs: clock.nowMs(),
          saw: { wallets: seen.map(describeWallet), unread },
          drift: found,
        },
      });
      if (trigger === "boot" && found.length > 0) this.#alertAdmins(tx, found);
      return found;
    });
    metrics.count("reconciles_total", { outcome: unread.length === 0 ? "complete" : "partial" });
    if (
      drift.some((entry) => entry.class === "external") ||
      (trigger === "boot" && drift.length > 0)
    ) {
      this.#context.shout(`Reconcile found ${drift.length} difference(s) (${trigger})`);
    }
    return { isComplete: unread.length === 0, drift };
  }

  #alertAdmins(tx: Tx, drift: readonly Drift[]): void {
    const lines = drift.map((one) => {
      const { mint, ledgerQuantity, chainQuantity } = one;
      return `${mint.slice(0, 8)}: ledger ${ledgerQuantity}, chain ${chainQuantity} (${one.class})`;
    });
    const head = "Start-up found differences between ledger and chain";
    this.#context.notices.alertAdmins(tx, `boot:${tx.epoch()}`, [head, ...lines.slice(0, 20)]);
  }

  #compare(tx: Tx, entry: { wallet: WalletRow; report: WalletReport; seqBefore: number }): Drift[] {
    const { wallet, report } = entry;
    const open = tx
      .openPositions(wallet.userId)
      .filter((position) => position.walletId === wallet.walletId);
    const drift: Drift[] = [];
    for (const position of open) {
      const found = this.#comparePosition(tx, wallet, report, position);
      if (found !== undefined) drift.push(found);
    }
    const known = new Set(open.map((position) => mintOf(position.instrument)));
    for (const [mint, quantity] of report.tokens) {
      if (known.has(mint) || quantity === 0n || mint === WSOL_MINT) continue;
      if (this.#isMoving(tx, wallet, instrumentOf(mint))) continue;
      drift.push(driftOf(wallet, mint, 0n, quantity, "orphan"));
    }
    const lost = drift.filter((one) => one.class === "external");
    if (lost.length > 0) this.#hold(tx, wallet.userId, lost);
    return drift;
  }

  #comparePosition(
    tx: Tx,
    wallet: WalletRow,
    report: WalletReport,
    position: PositionRow,
  ): Drift | undefined {
    const mint = mintOf(position.instrument);
    const ledger = BigInt(position.quantity);
    const chain = report.tokens.get(mint) ?? 0n;
    if (chain === ledger || this.#isMoving(tx, wallet, position.instrument)) return undefined;
    if (this.#isTooFresh(position, report)) return undefined;
    if (chain > ledger) return driftOf(wallet, mint, ledger, chain, "adopt");
    const detail = `the wallet holds ${chain} of ${ledger} base units at slot ${report.slot}`;
    const change = applyExternal(position, chain, detail);
    const stream = `position:${position.positionId}`;
    tx.append({ stream, kind: "PositionChanged", payload: change });
    if (change.state === "closed") disarmExits(tx, position.positionId, "sold outside Raptor");
    return driftOf(wallet, mint, ledger, chain, "external");
  }

  /** An order under way changes balances by itself; it is judged once it has ended. */
  #isMoving(tx: Tx, wallet: WalletRow, instrument: string): boolean {
    return tx
      .openOrders()
      .some((order) => order.walletId === wallet.walletId && order.instrument === instrument);
  }

  /** A balance read from before the newest fill says nothing about that fill. */
  #isTooFresh(position: PositionRow, report: WalletReport): boolean {
    const newest = this.#context.store
      .fillsPage(position.userId, 50, null)
      .find((fill) => fill.positionId === position.positionId);
    return newest !== undefined && report.slot <= newest.venueSlot;
  }

  #hold(tx: Tx, userId: number, lost: readonly Drift[]): void {
    const reason = "The wallet holds less than the ledger said; look at the notice first.";
    if (tx.user(userId)?.heldReason === "") {
      tx.append({ stream: `user:${userId}`, kind: "EntriesHeld", payload: { userId, reason } });
    }
    this.#context.notices.drift(tx, userId, `drift:${userId}:${tx.headSeq()}`, lost);
  }
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

function describeWallet(entry: { wallet: WalletRow; report: WalletReport }): unknown {
  return {
    wallet: entry.wallet.address,
    lamports: entry.report.lamports.toString(),
    slot: entry.report.slot,
    tokens: [...entry.report.tokens].map(([mint, quantity]) => [mint, quantity.toString()]),
  };
}
