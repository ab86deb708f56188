import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log, LogFields } from "@raptor/shared/seams/log.ts";

/** A log for what strangers can cause: forged traffic must not fill it. */
export type QuietLog = (reason: string, fields: LogFields, message: string) => void;

const LINES_PER_WINDOW = 5;
const WINDOW_MS = 60_000;

/** Lets a few lines per reason and minute through; the next one let through counts the others. */
export function createQuietLog(log: Log, clock: Clock): QuietLog {
  const windows = new Map<string, { startMs: number; lines: number; suppressed: number }>();
  return (reason, fields, message) => {
    const nowMs = clock.monotonicMs();
    let window = windows.get(reason);
    if (window === undefined || nowMs - window.startMs >= WINDOW_MS) {
      window = { startMs: nowMs, lines: 0, suppressed: window?.suppressed ?? 0 };
      windows.set(reason, window);
    }
    if (window.lines >= LINES_PER_WINDOW) {
      window.suppressed += 1;
      return;
    }
    window.lines += 1;
    log.warn({ ...fields, reason, suppressedBefore: window.suppressed }, message);
    window.suppressed = 0;
  };
}
