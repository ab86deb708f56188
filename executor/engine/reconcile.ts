import type { PositionRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Drift } from "@raptor/shared/wire/read.ts";
import type { Tx } from "../ports/store.ts";
import type { WalletReport } from "../ports/venue.ts";
import type { EngineContext } from "./context.ts";
import { bookExternalLoss, holdEntries, isReadTooEarly } from "./external-loss.ts";
import { instrumentOf, mintOf } from "./ids.ts";

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
    const seen: { wallet: WalletRow; report: WalletReport }[] = [];
    const unread: string[] = [];
    for (const wallet of store.wallets()) {
      try {
        seen.push({ wallet, report: await venue.fetchWallet(wallet.address) });
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

  #compare(tx: Tx, entry: { wallet: WalletRow; report: WalletReport }): Drift[] {
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
      if (this.#isUnsettled(tx, wallet, instrumentOf(mint), report)) continue;
      drift.push(driftOf(wallet, mint, 0n, quantity, "orphan"));
    }
    const lost = drift.filter((one) => one.class === "external");
    if (lost.length > 0) holdEntries(this.#context, tx, wallet.userId, lost);
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
    if (chain === ledger || this.#isUnsettled(tx, wallet, position.instrument, report)) {
      return undefined;
    }
    if (chain > ledger) return driftOf(wallet, mint, ledger, chain, "adopt");
    const seen = { address: wallet.address, quantity: chain, slot: report.slot };
    return bookExternalLoss(tx, position, seen);
  }

  /**
   * An order under way changes balances by itself, and a balance read before the newest fill says
   * nothing about it: both are judged at the next run.
   */
  #isUnsettled(tx: Tx, wallet: WalletRow, instrument: string, report: WalletReport): boolean {
    const isMoving = tx
      .openOrders()
      .some((order) => order.walletId === wallet.walletId && order.instrument === instrument);
    return isMoving || isReadTooEarly(tx, wallet.userId, instrument, report.slot);
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
