import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import type { FillRow, PositionRow } from "@raptor/shared/domain/rows.ts";
import { assert, isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Reader } from "../ports/store.ts";
import type { EngineContext } from "./context.ts";
import type { OrderDriver } from "./order-driver.ts";
import { applyReversal, applyReversalInto } from "./positions.ts";
import { armExits, disarmExits } from "./settle.ts";

const SETTLEMENT_INTERVAL_MS = 5_000;

/** Watches booked fills until the chain can no longer take them back. */
export class Settlement {
  readonly #context: EngineContext;
  readonly #driver: OrderDriver;
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(context: EngineContext, driver: OrderDriver) {
    this.#context = context;
    this.#driver = driver;
  }

  start(): void {
    this.#loop = this.#run().catch((error: unknown) => this.#context.onFatal(error));
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { clock, store } = this.#context;
    while (!this.#abort.signal.aborted) {
      for (const fill of store.unsettledFills()) {
        if (this.#abort.signal.aborted) return;
        await this.#check(fill);
      }
      await clock.sleep(SETTLEMENT_INTERVAL_MS, this.#abort.signal);
    }
  }

  async #check(fill: FillRow): Promise<void> {
    const { store, venue } = this.#context;
    const attempt = store.attempt(fill.attemptId);
    assert(attempt !== undefined, `fill ${fill.fillId} has no attempt`);
    try {
      const found = await venue.fetchSettlement(attempt.identity, attempt.bound);
      if (found.state === "settled") {
        const payload = { fillId: fill.fillId, evidence: found.evidence };
        await store.transact((tx) =>
          tx.append({ stream: `order:${fill.orderId}`, kind: "FillSettled", payload }),
        );
      } else if (found.state === "gone") {
        await this.#reverse(fill, found.evidence);
      }
    } catch (error) {
      if (!isRaptorError(error)) throw error;
      this.#context.log.debug({ fillId: fill.fillId, code: error.code }, "settlement not known");
    }
  }

  async #reverse(fill: FillRow, evidence: Readonly<Record<string, unknown>>): Promise<void> {
    const { store, notices, metrics } = this.#context;
    await store.transact((tx) => {
      const held = tx.position(fill.positionId);
      assert(held !== undefined, `fill ${fill.fillId} has no position`);
      const { fillId, attemptId } = fill;
      const stream = `order:${fill.orderId}`;
      tx.append({ stream, kind: "FillReversed", payload: { fillId, attemptId, evidence } });
      for (const change of changesOf(tx, held, fill)) {
        const { positionId } = change;
        tx.append({ stream: `position:${positionId}`, kind: "PositionChanged", payload: change });
        if (change.state === "closed") disarmExits(tx, positionId, "fill rolled back");
        else armExits(this.#context, tx, change);
      }
      notices.alert(tx, fill.userId, `reversed:${fillId}`, [
        `The network took back a ${fill.side} of ${held.symbol} that it had confirmed.`,
        "The ledger was corrected; the tokens and SOL are as before that trade.",
      ]);
    });
    // The attempt is undecided again: it is followed until its death is proven.
    this.#driver.start(fill.orderId);
    metrics.count("alerts_total", { kind: "fill-reversed" });
    this.#context.shout(`Fill ${fill.fillId} was rolled back by the network`);
  }
}

/** What taking a fill back makes of the positions that it concerns. */
export function changesOf(
  tx: Reader,
  held: PositionRow,
  fill: FillRow,
): EventPayloads["PositionChanged"][] {
  const open = tx.openPositionOf(held.walletId, held.instrument);
  const isElsewhere = open !== undefined && open.positionId !== held.positionId;
  if (fill.side === "buy" || !isElsewhere) return [applyReversal(held, fill)];
  const merged = applyReversalInto(held, open, fill);
  return [merged.closed, merged.open];
}
