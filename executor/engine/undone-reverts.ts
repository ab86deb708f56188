import type { AttemptRow } from "@raptor/shared/domain/rows.ts";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { EngineContext } from "./context.ts";
import { bookFound } from "./found-attempt.ts";

/** The next try of an exit waits so long for the look at older ones; later finds count too. */
const RETRY_LOOK_MS = 300;
/** Before tokens are called gone: as long as a node may take, and no longer than a drain waits. */
const EMPTY_LOOK_MS = 5_000;
/** Every block of that time is final by then. */
const RECENT_MS = 60_000;

/** What is told of a landing that was found: the orders to look at again. */
type OnBooked = (orderIds: readonly string[]) => void;

/**
 * Looks again at reverts before new bytes are made: they were confirmed, not final, and what a fork
 * has given back may have landed since. What has reverted this moment is tried again at once, and
 * where nobody can say in time, the sell goes on.
 * @returns whether one has landed and is booked.
 */
export function bookUndone(
  context: EngineContext,
  attempts: readonly AttemptRow[],
  onBooked: OnBooked,
): Promise<boolean> {
  const sinceMs = context.clock.nowMs() - RECENT_MS;
  const recent = attempts.slice(0, -1).filter(({ preparedMs }) => preparedMs > sinceMs);
  return look(context, recent, RETRY_LOOK_MS, onBooked);
}

/** The same of all tries, however old: an empty wallet may have one of them as its cause. */
export function bookCauseOfEmpty(
  context: EngineContext,
  attempts: readonly AttemptRow[],
  onBooked: OnBooked,
): Promise<boolean> {
  return look(context, attempts, EMPTY_LOOK_MS, onBooked);
}

async function look(
  context: EngineContext,
  attempts: readonly AttemptRow[],
  limitMs: number,
  onBooked: OnBooked,
): Promise<boolean> {
  const { clock, log, onFatal } = context;
  const doubtful = attempts.filter(
    ({ state, evidence }) => state === "failed" && evidence?.["commitment"] !== "finalized",
  );
  if (doubtful.length === 0) return false;
  let isBooked = false;
  const lookAt = async (attempt: AttemptRow): Promise<void> => {
    try {
      const ended = await bookFound(context, attempt);
      if (ended === undefined) return;
      isBooked = true;
      onBooked(ended);
    } catch (error) {
      // The next reconcile reads the wallet's history and finds it again.
      if (!isRaptorError(error)) return onFatal(error);
      log.warn({ attemptId: attempt.attemptId, code: error.code }, "a revert was not looked at");
    }
  };
  const limit = new AbortController();
  await Promise.race([Promise.all(doubtful.map(lookAt)), clock.sleep(limitMs, limit.signal)]);
  limit.abort();
  return isBooked;
}
