import type { EventPayloads, JournalEvent } from "@raptor/shared/domain/events.ts";
import type { Invariant, Report } from "./invariant.ts";

type State = "open" | "filled" | "over";

interface Life {
  orderId: string;
  state: State;
}

/**
 * Invariant 5: nothing is sent or booked that was not journaled before it. An attempt belongs to an
 * order that has begun and not ended, carries an identity of its own, ends once, and what was
 * called over is never booked in silence: an event says before it that it was found after all.
 */
export function createAttemptLife(report: Report): Invariant {
  /** Orders that have begun; true once they have ended without a fill. */
  const orders = new Map<string, boolean>();
  const lives = new Map<string, Life>();
  const attemptsOf = new Map<string, string[]>();
  const identities = new Set<string>();

  function prepare({ attemptId, orderId, n, identity }: EventPayloads["AttemptPrepared"]): void {
    const hasEnded = orders.get(orderId);
    if (hasEnded === undefined) report(`attempt ${attemptId} has no order`);
    if (hasEnded === true) report(`attempt ${attemptId} was prepared after its order had ended`);
    if (lives.has(attemptId)) report(`attempt ${attemptId} was prepared twice`);
    if (identities.has(identity)) report(`attempt ${attemptId} has the identity of another one`);
    const before = attemptsOf.get(orderId) ?? [];
    if (n !== before.length + 1) {
      report(`attempt ${attemptId} is number ${n} after ${before.length}`);
    }
    attemptsOf.set(orderId, [...before, attemptId]);
    identities.add(identity);
    lives.set(attemptId, { orderId, state: "open" });
  }

  function end(attemptId: string, state: "filled" | "over", word: string): void {
    const life = lives.get(attemptId);
    if (life === undefined) return report(`${word} of ${attemptId}, which was never prepared`);
    if (life.state !== "open") report(`${word} of ${attemptId}, which was ${life.state} before`);
    life.state = state;
  }

  function take({ kind, payload }: JournalEvent): void {
    switch (kind) {
      case "OrderInitialized":
        if (orders.has(payload.orderId)) report(`order ${payload.orderId} began twice`);
        orders.set(payload.orderId, false);
        return;
      case "OrderDenied":
      case "OrderClosed":
        orders.set(payload.orderId, true);
        return checkClosed(payload.orderId);
      case "AttemptPrepared":
        return prepare(payload);
      case "AttemptRejected":
      case "AttemptFailed":
      case "AttemptDead":
        return end(payload.attemptId, "over", kind);
      case "FillRecorded":
        return end(payload.attemptId, "filled", kind);
      case "AttemptFound":
        return find(payload.attemptId);
      case "FillReversed":
        return reopen(payload.attemptId, kind);
      default:
    }
  }

  /** Said aloud that what was called over has landed, so that its fill may be booked. */
  function find(attemptId: string): void {
    if (lives.get(attemptId)?.state === "filled") report(`AttemptFound of ${attemptId}, booked`);
    reopen(attemptId, "AttemptFound");
  }

  function reopen(attemptId: string, word: string): void {
    const life = lives.get(attemptId);
    if (life === undefined) return report(`${word} of ${attemptId}, which was never prepared`);
    life.state = "open";
    orders.set(life.orderId, false);
  }

  function checkClosed(orderId: string): void {
    for (const attemptId of attemptsOf.get(orderId) ?? []) {
      if (lives.get(attemptId)?.state !== "open") continue;
      report(`order ${orderId} ended while ${attemptId} is not decided`);
    }
  }

  return { name: "5 journal before effect", take };
}
