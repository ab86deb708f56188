import type { AttemptRow } from "@raptor/shared/domain/rows.ts";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { EngineContext } from "./context.ts";
import { bookFound } from "./found-attempt.ts";
import { isJournalTrouble } from "./journal-trouble.ts";

/** Every block of that time is final by then. */
const LOOK_UNTIL_MS = 60_000;

/**
 * Looks again at reverts on nonces before new bytes are made: they were confirmed, not final, and
 * what a fork has given back may have landed since. Where nobody can say, the sell goes on.
 * @returns the orders to look at again, or undefined when none of them has landed.
 */
export async function bookUndone(
  context: EngineContext,
  attempts: readonly AttemptRow[],
): Promise<string[] | undefined> {
  const nowMs = context.clock.nowMs();
  // What has reverted this moment is tried again at once.
  const doubtful = attempts.slice(0, -1).filter(({ state, bound, preparedMs }) => {
    return state === "failed" && bound.kind === "nonce" && nowMs - preparedMs < LOOK_UNTIL_MS;
  });
  for (const attempt of doubtful) {
    try {
      const ended = await bookFound(context, attempt);
      if (ended !== undefined) return ended;
    } catch (error) {
      if (!isRaptorError(error) || isJournalTrouble(error)) throw error;
    }
  }
  return undefined;
}
