import type { EventPayloads, JournalEvent } from "@raptor/shared/domain/events.ts";
import type { Invariant, Report } from "./invariant.ts";

interface Attempt {
  orderId: string;
  group: string;
  isVoid: boolean;
  /** Not decided, and on a nonce. */
  mayBeVoided: boolean;
}

/**
 * Invariant 18: a void only takes risk away. It calls off an entry of its own order that is not
 * decided, on that entry's very nonce value; it is never booked as a fill; and after it nothing new
 * is bought for its order.
 */
export function createVoidHarmless(report: Report): Invariant {
  const entries = new Set<string>();
  const attempts = new Map<string, Attempt>();
  const attemptsOf = new Map<string, Attempt[]>();

  function prepare(payload: EventPayloads["AttemptPrepared"]): void {
    const { attemptId, orderId, bound, exclusionGroup: group, voids } = payload;
    const before = attemptsOf.get(orderId) ?? [];
    const isVoid = voids !== undefined;
    if (isVoid) {
      if (!entries.has(orderId)) report(`void ${attemptId} is not of an entry`);
      const calledOff = before.some((one) => one.mayBeVoided && one.group === group);
      if (!calledOff) report(`void ${attemptId} calls nothing off`);
    } else if (before.some((one) => one.isVoid)) {
      report(`attempt ${attemptId} was prepared after its order was called off`);
    }
    const mayBeVoided = !isVoid && bound.kind === "nonce";
    const attempt = { orderId, group, isVoid, mayBeVoided };
    attempts.set(attemptId, attempt);
    attemptsOf.set(orderId, [...before, attempt]);
  }

  function end(attemptId: string): void {
    const attempt = attempts.get(attemptId);
    if (attempt !== undefined) attempt.mayBeVoided = false;
  }

  function reopen(attemptId: string): void {
    const attempt = attempts.get(attemptId);
    if (attempt?.isVoid === false) attempt.mayBeVoided = true;
  }

  function fail({ attemptId, isVoid }: EventPayloads["AttemptFailed"]): void {
    if (isVoid === true && attempts.get(attemptId)?.isVoid !== true)
      report(`${attemptId} is not a void`);
    end(attemptId);
  }

  function take({ kind, payload }: JournalEvent): void {
    switch (kind) {
      case "OrderInitialized":
        if (payload.side === "buy") entries.add(payload.orderId);
        return;
      case "AttemptPrepared":
        return prepare(payload);
      case "AttemptFailed":
        return fail(payload);
      case "AttemptDead":
      case "AttemptRejected":
        return end(payload.attemptId);
      case "FillRecorded":
        if (attempts.get(payload.attemptId)?.isVoid === true) {
          report(`void ${payload.attemptId} was booked as a fill`);
        }
        return end(payload.attemptId);
      case "FillReversed":
      case "AttemptFound":
        return reopen(payload.attemptId);
      default:
    }
  }

  return { name: "18 voids move nothing", take };
}
