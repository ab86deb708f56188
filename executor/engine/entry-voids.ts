import type { AttemptRow, OrderRow } from "@raptor/shared/domain/rows.ts";
import { assert, isRaptorError, sentenceOf } from "@raptor/shared/errors/raptor-error.ts";
import type { Tx } from "../ports/store.ts";
import type { PreparedVoid } from "../ports/venue.ts";
import type { AttemptTracker } from "./attempt-tracker.ts";
import type { EngineContext } from "./context.ts";
import { attemptIdOf, slotOf } from "./ids.ts";
import { isJournalTrouble } from "./journal-trouble.ts";
import { isVoid, planVoid, type VoidPlan } from "./void-rules.ts";

interface Watch {
  attemptId: string;
  sinceMs: number;
}

/** Why a call-off could not be done yet; undefined when there was nothing to do, or it is done. */
export type Delay = string | undefined;

/**
 * Calls entries off that may not go on and never end by themselves, because they stand on a nonce.
 * The void is an attempt of the same order and exclusion group, journaled before it leaves; the
 * venue lets one of them all take effect, and whichever that is decides the order.
 */
export class EntryVoids {
  readonly #context: EngineContext;
  readonly #tracker: Pick<AttemptTracker, "submit">;
  readonly #watches = new Map<string, Watch>();
  readonly #alerted = new Set<string>();

  constructor(context: EngineContext, tracker: Pick<AttemptTracker, "submit">) {
    this.#context = context;
    this.#tracker = tracker;
  }

  /** Sends the void of an undecided entry if one is due, or a dearer one after a while. */
  async advance(order: OrderRow): Promise<Delay> {
    const { store, clock, venue } = this.#context;
    const plan = planVoid(store, order, clock.nowMs());
    if (plan === undefined || !this.#isDue(order, plan)) return undefined;
    const wallet = store.wallet(order.walletId);
    const wrapped = store.vault(order.walletId);
    const [first] = plan.group;
    assert(wallet !== undefined && wrapped !== undefined, `order ${order.orderId} has no wallet`);
    assert(first?.bound.kind === "nonce", `order ${order.orderId} is called off without a nonce`);
    const { account, value } = first.bound;
    const copies = plan.group.length;
    try {
      const nonce = { account, value };
      const made = await venue.prepareVoid(order, wallet, wrapped, nonce, copies);
      if (made.outcome === "refused") return this.#noteRefusal(order, made);
      return await this.#send(order, made.attempt);
    } catch (error) {
      if (!isRaptorError(error) || isJournalTrouble(error)) throw error;
      if (error.code === "RAPTOR_SIGNER__GONE") throw error;
      return sentenceOf(error);
    }
  }

  forget(orderId: string): void {
    this.#watches.delete(orderId);
    this.#alerted.delete(orderId);
  }

  async #send(order: OrderRow, prepared: PreparedVoid): Promise<Delay> {
    const attemptId = await this.#context.store.transact((tx) =>
      this.#journal(tx, order, prepared),
    );
    this.#watch(order, attemptId);
    if (attemptId !== undefined) await this.#tracker.submit(attemptId);
    return undefined;
  }

  /** The first at once; a dearer one when the newest has not landed in time. */
  #isDue(order: OrderRow, { group }: VoidPlan): boolean {
    const { clock, settings } = this.#context;
    const newest = group.findLast(isVoid);
    if (newest === undefined) return true;
    const watch = this.#watches.get(order.orderId);
    if (watch?.attemptId !== newest.attemptId) {
      this.#watch(order, newest.attemptId);
      return false;
    }
    return clock.monotonicMs() - watch.sinceMs >= settings.exitReplaceMs;
  }

  #watch({ orderId }: OrderRow, attemptId: string | undefined): void {
    const sinceMs = this.#context.clock.monotonicMs();
    const known = attemptId ?? this.#watches.get(orderId)?.attemptId;
    if (known !== undefined) this.#watches.set(orderId, { attemptId: known, sinceMs });
  }

  /** Judged anew on the state of this very transaction; undefined when it is not wanted now. */
  #journal(tx: Tx, order: OrderRow, prepared: PreparedVoid): string | undefined {
    const { clock, notices, venue } = this.#context;
    const plan = planVoid(tx, order, clock.nowMs());
    if (plan === undefined || !fitsGroup(plan.group, prepared)) return undefined;
    const [first] = plan.group;
    assert(first !== undefined, `order ${order.orderId} has nothing to call off`);
    const n = tx.attemptsOf(order.orderId).length + 1;
    const attemptId = attemptIdOf(order.orderId, n);
    tx.append({
      stream: `order:${order.orderId}`,
      kind: "AttemptPrepared",
      payload: {
        attemptId,
        orderId: order.orderId,
        n,
        venue: venue.id,
        identity: prepared.identity,
        payload: prepared.payload,
        bound: prepared.bound,
        exclusionGroup: prepared.exclusionGroup,
        slot: slotOf(order),
        costCapLamports: prepared.costCapLamports.toString(),
        quantityOutMin: "0",
        route: prepared.route,
        witness: first.witness,
        epoch: tx.epoch(),
        voids: plan.end,
      },
    });
    notices.order(tx, order.orderId);
    return attemptId;
  }

  #noteRefusal(
    { orderId }: OrderRow,
    { reason, alert }: { reason: string; alert: boolean },
  ): string {
    const { log, metrics, shout } = this.#context;
    log.error({ orderId, reason }, "an entry could not be called off");
    if (alert && !this.#alerted.has(orderId)) {
      this.#alerted.add(orderId);
      metrics.count("alerts_total", { kind: "unsafe-transaction" });
      shout(`Unsafe void refused for ${orderId}: ${reason}`);
    }
    return reason;
  }
}

/** Made for the very value that is to be used up, and no bytes that are journaled already. */
function fitsGroup(group: readonly AttemptRow[], prepared: PreparedVoid): boolean {
  return group.every(
    ({ exclusionGroup, identity }) =>
      exclusionGroup === prepared.exclusionGroup && identity !== prepared.identity,
  );
}
