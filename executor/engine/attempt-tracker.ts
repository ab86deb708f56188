import { FINAL_ORDER_STATUSES, UNRESOLVED_ATTEMPT_STATES } from "@raptor/shared/domain/order.ts";
import type { AttemptRow, OrderRow } from "@raptor/shared/domain/rows.ts";
import { assert } from "@raptor/shared/errors/raptor-error.ts";
import type { AttemptReport } from "../ports/venue.ts";
import { failureOf, fetchFinality, fetchReport, isOurs } from "./attempt-end.ts";
import type { EngineContext } from "./context.ts";
import { checkEntryGate } from "./entry-gate.ts";
import { buryGroup } from "./group-end.ts";
import { isJournalTrouble, reportJournalTrouble } from "./journal-trouble.ts";
import { maySend } from "./may-send.ts";
import { recordSend, submitTo, withoutRejection } from "./record-send.ts";
import { Semaphore } from "./semaphore.ts";
import { bookLanding, isTooEarly } from "./landing.ts";
import { UndecidedExits } from "./undecided-exits.ts";
import { UnsentAttempts } from "./unsent-attempts.ts";
import { isVoid, planVoid } from "./void-rules.ts";

/**
 * Follows unresolved attempts to their end: sends and re-sends the same bytes, asks the venue,
 * writes what it learns. Never makes new bytes and never takes silence for an answer.
 */
export class AttemptTracker {
  readonly #context: EngineContext;
  readonly #tracking = new Map<string, Promise<void>>();
  readonly #abort = new AbortController();
  readonly #asking: Semaphore;
  readonly #unsent = new UnsentAttempts();
  readonly #undecided: UndecidedExits;
  #resolvedListeners: ((orderId: string) => void)[] = [];
  #overdueListeners: ((orderId: string) => void)[] = [];
  #userListeners: ((userId: number) => void)[] = [];

  constructor(context: EngineContext) {
    this.#context = context;
    this.#asking = new Semaphore(context.settings.recoveryConcurrency);
    this.#undecided = new UndecidedExits(context);
  }

  /** Called after an attempt ended, whatever its end. */
  onResolved(listener: (orderId: string) => void): void {
    this.#resolvedListeners.push(listener);
  }

  /** Called now and then with an order whose undecided entry is to be called off. */
  onOverdue(listener: (orderId: string) => void): void {
    this.#overdueListeners.push(listener);
  }

  /** Called with the user whose orders changed: panic looks again. */
  onUserChanged(listener: (userId: number) => void): void {
    this.#userListeners.push(listener);
  }

  announceClosed(userId: number): void {
    for (const listener of this.#userListeners) listener(userId);
  }

  /**
   * The one first send of an attempt that was journaled a moment ago, then follows it. Only here
   * the venue's refusal ends the attempt: of bytes that may have left before, it proves nothing.
   */
  async submit(attemptId: string): Promise<void> {
    this.#unsent.note(attemptId);
    try {
      await this.#send(this.#attempt(attemptId), true);
    } finally {
      this.track(attemptId);
    }
  }

  track(attemptId: string): void {
    if (this.#tracking.has(attemptId) || this.#abort.signal.aborted) return;
    const follow = this.#follow(attemptId)
      .catch((error: unknown) => this.#context.onFatal(error))
      .finally(() => this.#tracking.delete(attemptId));
    this.#tracking.set(attemptId, follow);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#tracking.values());
  }

  async #follow(attemptId: string): Promise<void> {
    const { clock, venue, settings } = this.#context;
    const isStopping = (): boolean => this.#abort.signal.aborted;
    let wake = new AbortController();
    const unwatch = venue.watchAttempt(this.#attempt(attemptId), () => wake.abort());
    const onStop = (): void => wake.abort();
    this.#abort.signal.addEventListener("abort", onStop);
    let sendAtMs = clock.monotonicMs();
    if (this.#attempt(attemptId).submittedMs !== null) sendAtMs += settings.rebroadcastMs;
    try {
      while (!isStopping()) {
        const attempt = this.#attempt(attemptId);
        if (!UNRESOLVED_ATTEMPT_STATES.includes(attempt.state)) return;
        // After a crash nobody knows whether the bytes have left: the venue is asked first.
        if (await this.#isOver(attempt)) return;
        if (isStopping()) return;
        if ((await this.#outlastFullDisk(() => this.#giveUp(attempt))) === true) return;
        this.#tellOverdue(attempt);
        const held = this.#unsent.heldCause(attemptId);
        await this.#outlastFullDisk(() =>
          this.#undecided.look(attempt, this.#order(attempt), held),
        );
        if (clock.monotonicMs() >= sendAtMs) {
          const now = this.#attempt(attemptId);
          if (maySend(this.#context, now, this.#order(now)))
            await this.#outlastFullDisk(() => this.#send(now, false));
          sendAtMs = clock.monotonicMs() + settings.rebroadcastMs;
        }
        await clock.sleep(settings.attemptPollMs, wake.signal);
        if (wake.signal.aborted) wake = new AbortController();
      }
    } finally {
      unwatch();
      const { orderId, status } = this.#order(this.#attempt(attemptId));
      if (FINAL_ORDER_STATUSES.includes(status)) this.#undecided.forget(orderId);
      this.#abort.signal.removeEventListener("abort", onStop);
    }
  }

  /** The copy must know an entry before it leaves; what was decided meanwhile counts as well. */
  async #mayLeave(attempt: AttemptRow): Promise<boolean> {
    const { isMirrored } = this.#context;
    if (isMirrored === undefined || attempt.submittedMs !== null) return true;
    if (this.#order(attempt).side === "sell" || isVoid(attempt)) return true;
    if (!(await isMirrored())) return false;
    const now = this.#attempt(attempt.attemptId);
    return (
      UNRESOLVED_ATTEMPT_STATES.includes(now.state) && maySend(this.#context, now, this.#order(now))
    );
  }

  /**
   * An entry that waited for the copy and may not start any more. A blockhash passes by itself; a
   * nonce never does, so it is let go of here: what never left and never will cannot happen.
   * @returns whether the attempt is over.
   */
  async #giveUp(attempt: AttemptRow): Promise<boolean> {
    const { store, clock, notices } = this.#context;
    const { attemptId, orderId, bound } = attempt;
    const order = this.#order(attempt);
    if (bound.kind !== "nonce" || order.side === "sell" || isVoid(attempt)) return false;
    const stop = checkEntryGate(store, order, clock.nowMs(), this.#context.entryHold());
    if (stop === undefined || !this.#unsent.giveUp(attemptId)) return false;
    await store.transact((tx) => {
      const payload = { attemptId, reason: stop.reason, evidence: { neverSent: true } };
      tx.append({ stream: `order:${orderId}`, kind: "AttemptRejected", payload });
      notices.order(tx, orderId);
    });
    this.#unsent.forget(attemptId);
    this.#announce(orderId);
    return true;
  }

  /** It may have left before, and will never end by itself: somebody has to use its nonce up. */
  #tellOverdue(attempt: AttemptRow): void {
    const { store, clock } = this.#context;
    if (attempt.bound.kind !== "nonce") return;
    if (planVoid(store, this.#order(attempt), clock.nowMs()) === undefined) return;
    for (const listener of this.#overdueListeners) listener(attempt.orderId);
  }

  async #send(attempt: AttemptRow, isFirst: boolean): Promise<void> {
    const { store, clock, metrics, notices } = this.#context;
    const { attemptId } = attempt;
    if (!(await this.#mayLeave(attempt))) return;
    const isUnsent = this.#unsent.has(attemptId);
    if (!this.#unsent.mayLeave(attemptId)) return;
    const answer = await submitTo(this.#context.venue, attempt);
    if (answer.outcome === "held") {
      // Nothing left: it is not called sent, so that its deadline still counts.
      if (isUnsent) this.#unsent.note(attemptId, answer.cause);
      return;
    }
    const outcome = isFirst ? answer : withoutRejection(answer);
    metrics.count("attempts_total", { outcome: outcome.outcome });
    await store.transact((tx) => {
      const now = tx.attempt(attempt.attemptId);
      if (now === undefined || !UNRESOLVED_ATTEMPT_STATES.includes(now.state)) return;
      recordSend(tx, now, outcome, clock.nowMs());
      notices.order(tx, attempt.orderId);
    });
    if (outcome.outcome === "rejected") this.#announce(attempt.orderId);
  }

  async #isOver(attempt: AttemptRow): Promise<boolean> {
    const report = await this.#asking.run(() => fetchReport(this.#context.venue, attempt));
    const isOver = await this.#outlastFullDisk(() => this.#apply(attempt.attemptId, report));
    return isOver ?? false;
  }

  /** What was learned cannot be written now: it is asked for again until it can. */
  async #outlastFullDisk<T>(write: () => Promise<T>): Promise<T | undefined> {
    try {
      return await write();
    } catch (error) {
      if (!isJournalTrouble(error)) throw error;
      reportJournalTrouble(this.#context, error);
      return undefined;
    }
  }

  /** Writes what the venue said; true when the attempt has come to its end. */
  async #apply(attemptId: string, report: AttemptReport): Promise<boolean> {
    const { store, notices, metrics, clock } = this.#context;
    const attempt = this.#attempt(attemptId);
    if (report.state === "pending") {
      await this.#noteSilence(attempt, report.detail);
      return false;
    }
    // Its nonce was used up by an attempt of ours, which is followed itself and decides for both.
    if (report.state === "dead" && isOurs(this.#context, attempt, report.proof)) return false;
    const finality = await fetchFinality(this.#context, attempt, report);
    const ended: string[] = [];
    const isOver = await store.transact((tx) => {
      ended.length = 0;
      const now = tx.attempt(attemptId);
      assert(now !== undefined, `attempt ${attemptId} is gone`);
      if (!UNRESOLVED_ATTEMPT_STATES.includes(now.state)) return true;
      const stream = `order:${now.orderId}`;
      const isEarly = report.state !== "dead" && isTooEarly(tx, now, report, finality);
      if (report.state === "seen" || (report.state !== "dead" && isEarly)) {
        if (now.state === "accepted") return false;
        const { evidence } = report;
        tx.append({ stream, kind: "AttemptAccepted", payload: { attemptId, evidence } });
        notices.order(tx, now.orderId);
        return false;
      }
      if (report.state === "landed") {
        ended.push(...bookLanding(this.#context, tx, now, report, finality));
        return true;
      }
      if (report.state === "reverted" || report.state === "voided") {
        tx.append({ stream, kind: "AttemptFailed", payload: failureOf(attemptId, report) });
        ended.push(...buryGroup(this.#context, tx, now, report.state, report.evidence));
      } else {
        tx.append({ stream, kind: "AttemptDead", payload: { attemptId, proof: report.proof } });
      }
      notices.order(tx, now.orderId);
      return true;
    });
    if (!isOver) return false;
    metrics.count("attempts_total", { outcome: report.state });
    metrics.observeMs("attempt_landed_ms", clock.nowMs() - attempt.preparedMs);
    this.announceEnded([attempt.orderId, ...ended.filter((id) => id !== attempt.orderId)]);
    return true;
  }

  async #noteSilence(attempt: AttemptRow, detail: string): Promise<void> {
    const { store, notices, clock, settings } = this.#context;
    // What has not left cannot be unknown: it is told as held back.
    if (this.#unsent.has(attempt.attemptId)) return;
    const sinceMs = attempt.submittedMs ?? attempt.preparedMs;
    if (attempt.state === "unknown" || clock.nowMs() - sinceMs < settings.unknownAfterMs) return;
    await store.transact((tx) => {
      const { attemptId, orderId } = attempt;
      const now = tx.attempt(attemptId);
      if (now === undefined || !UNRESOLVED_ATTEMPT_STATES.includes(now.state)) return;
      const stream = `order:${orderId}`;
      tx.append({ stream, kind: "AttemptUnknown", payload: { attemptId, cause: detail } });
      notices.order(tx, orderId);
    });
  }

  /** Orders whose attempts have come to an end are driven on; panic looks at their people. */
  announceEnded(orderIds: readonly string[]): void {
    for (const orderId of orderIds) this.#announce(orderId);
  }

  #announce(orderId: string): void {
    for (const listener of this.#resolvedListeners) listener(orderId);
    const order = this.#context.store.order(orderId);
    if (order !== undefined && FINAL_ORDER_STATUSES.includes(order.status)) {
      this.announceClosed(order.userId);
    }
  }

  #attempt(attemptId: string): AttemptRow {
    const attempt = this.#context.store.attempt(attemptId);
    assert(attempt !== undefined, `attempt ${attemptId} is not in the journal`);
    return attempt;
  }

  #order(attempt: AttemptRow): OrderRow {
    const order = this.#context.store.order(attempt.orderId);
    assert(order !== undefined, `attempt ${attempt.attemptId} has no order`);
    return order;
  }
}
