import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";

export interface StandByParts {
  clock: Clock;
  log: Log;
  reason: string;
  mayStart(): Promise<boolean>;
  /** Operators' channels; resolves when the message went out or could not. */
  tellOperators(lines: readonly string[]): Promise<void>;
}

const LOOK_MS = 15_000;

/**
 * Waits until this executor may start, without journal, lock and port: nothing can be signed, no
 * request is routed here, and `raptor restore` may work on the volume. Says so once.
 */
export async function standBy(parts: StandByParts): Promise<void> {
  const { clock, log, reason } = parts;
  log.error({ reason }, "standing by: another executor may be at work, nothing is signed here");
  await parts.tellOperators([
    "🛑 An executor was started and stands by; it signs nothing.",
    reason,
    "Nothing happens to the money by it. It starts by itself when the other one is gone for good.",
    "If this one was started by mistake, stop its Machine: docs/runbooks/two-executors.md.",
  ]);
  do await clock.sleep(LOOK_MS);
  while (!(await parts.mayStart()));
  log.info({}, "the other executor is gone, this one starts");
}
