import { parseRetryExpression } from "./retry-expression.ts";

const DAY_MS = 86_400_000;
const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ["d", DAY_MS],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
  ["us", 1e-3],
  ["µs", 1e-3],
  ["ns", 1e-6],
]);
const WAIT_HEADERS = [
  "retry-after",
  "x-ratelimit-reset",
  "x-ratelimit-reset-requests",
  "x-ratelimit-reset-tokens",
];

/** `1d10h30m` and the like, in milliseconds; undefined when it is not a duration. */
export function parseDurationMs(text: string): number | undefined {
  if (!/^(?:[0-9]+(?:\.[0-9]+)?(?:d|h|ms|us|µs|ns|m|s))+$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, count, unit] of text.matchAll(/([0-9.]+)(d|h|ms|us|µs|ns|m|s)/g)) {
    totalMs += Number(count) * (UNIT_MS.get(unit ?? "") ?? Number.NaN);
  }
  return totalMs;
}

/** The queue's own backoff: `min(86400, e^(2.5 n))` seconds, n counted from 1. */
export function deriveBackoffMs(retried: number): number {
  return Math.min(DAY_MS, Math.floor(Math.exp(2.5 * (retried + 1))) * 1_000);
}

/** How long the destination asks to wait: seconds, a date or a duration; at most one day. */
export function parseAskedWaitMs(
  headers: Readonly<Record<string, string>>,
  nowMs: number,
): number | undefined {
  const text = WAIT_HEADERS.map((name) => headers[name]).find((value) => value !== undefined);
  if (text === undefined) return undefined;
  const waitMs = /^[0-9]+(?:\.[0-9]+)?$/.test(text.trim())
    ? Number(text) * 1_000
    : (parseDurationMs(text.trim()) ?? Math.max(0, Date.parse(text) - nowMs));
  return Number.isNaN(waitMs) || waitMs > DAY_MS ? undefined : waitMs;
}

/** The wait before the next attempt: what the answer asks, else the expression, else backoff. */
export function deriveRetryWaitMs(options: {
  retried: number;
  retryDelay: string | undefined;
  answerHeaders: Readonly<Record<string, string>>;
  nowMs: number;
}): number {
  const askedMs = parseAskedWaitMs(options.answerHeaders, options.nowMs);
  if (askedMs !== undefined) return askedMs;
  if (options.retryDelay !== undefined) {
    const parsed = parseRetryExpression(options.retryDelay);
    const delayMs = parsed.ok ? parsed.delayMs(options.retried) : Number.NaN;
    if (Number.isFinite(delayMs) && delayMs >= 0) return Math.min(DAY_MS, delayMs);
  }
  return deriveBackoffMs(options.retried);
}

/** A destination gives a message up for good with this pair. */
export function isNonRetryable(status: number, headers: Readonly<Record<string, string>>): boolean {
  return status === 489 && headers["upstash-nonretryable-error"]?.toLowerCase() === "true";
}
