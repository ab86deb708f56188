import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { EngineContext } from "./context.ts";

/** How long work waits before it asks again whether the disk takes writes. */
export const JOURNAL_RETRY_MS = 1_000;

const PASSING: readonly string[] = [
  "RAPTOR_JOURNAL__FULL",
  "RAPTOR_JOURNAL__READ_ONLY",
  "RAPTOR_JOURNAL__BUSY",
];

/**
 * The disk is full, read-only or held: it passes, and whoever wanted to write waits for that. A
 * disk that fails or a file that is damaged does not pass, and ends the process.
 */
export function isJournalTrouble(error: unknown): boolean {
  return isRaptorError(error) && PASSING.includes(error.code);
}

export function reportJournalTrouble(
  context: Pick<EngineContext, "log" | "shout">,
  error: unknown,
): void {
  if (!isRaptorError(error)) throw error;
  context.log.error({ code: error.code }, "work waits because nothing can be recorded");
  context.shout(error.message);
}

/** Runs `work` until the journal takes it; undefined when `signal` ended the waiting. */
export async function outlastJournalTrouble<T>(
  context: Pick<EngineContext, "clock" | "log" | "shout">,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T | undefined> {
  while (!signal.aborted) {
    try {
      return await work();
    } catch (error) {
      if (!isJournalTrouble(error)) throw error;
      reportJournalTrouble(context, error);
      await context.clock.sleep(JOURNAL_RETRY_MS, signal);
    }
  }
  return undefined;
}
