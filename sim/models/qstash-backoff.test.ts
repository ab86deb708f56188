import { describe, test } from "vitest";
import { deriveBackoffMs, deriveRetryWaitMs, parseDurationMs } from "./qstash-backoff.ts";
import { parseRetryExpression } from "./retry-expression.ts";

const NOW_MS = Date.parse("2026-11-21T10:00:00Z");

describe("waits between attempts", () => {
  test("follow the documented backoff up to one day", ({ expect }) => {
    const seconds = [0, 1, 2, 3, 4, 5].map((retried) => deriveBackoffMs(retried) / 1_000);
    expect(seconds).toEqual([12, 148, 1_808, 22_026, 86_400, 86_400]);
  });

  test.for([
    ["1000 * pow(2, retried)", 4, 16_000],
    ["pow(2, retried) * 1000", 3, 8_000],
    ["max(1000, min(retried, 2) * 250 - 1)", 9, 1_000],
    ["-(-7) % 4 + round(1.5) / 2", 0, 4],
    ["floor(sqrt(50)) + ceil(0.1) + abs(-2) + exp(0)", 0, 11],
  ] as const)("evaluate %s", ([text, retried, expected], { expect }) => {
    const parsed = parseRetryExpression(text);
    expect(parsed.ok ? parsed.delayMs(retried) : parsed.reason).toBe(expected);
  });

  test.for(["", "retried +", "process.exit(1)", "pow(2)", "1 2", "(1", "retry * 2"])(
    "refuse the expression %j",
    (text, { expect }) => {
      expect(parseRetryExpression(text).ok).toBe(false);
    },
  );

  test.for([
    ["retry-after", "10", 10_000],
    ["retry-after", "0", 0],
    ["x-ratelimit-reset", "6m5s", 365_000],
    ["x-ratelimit-reset-tokens", "250ms", 250],
    ["retry-after", "Sat, 21 Nov 2026 10:02:00 GMT", 120_000],
    ["retry-after", "172800", 12_000],
    ["retry-after", "soon", 12_000],
  ] as const)("honour %s: %s", ([name, value, expected], { expect }) => {
    const answerHeaders = { [name]: value };
    const options = { retried: 0, retryDelay: undefined, answerHeaders, nowMs: NOW_MS };
    expect(deriveRetryWaitMs(options)).toBe(expected);
  });

  test("prefer the answer over the expression, and the expression over backoff", ({ expect }) => {
    const base = { retried: 1, retryDelay: "retried * 700", answerHeaders: {}, nowMs: NOW_MS };
    expect(deriveRetryWaitMs(base)).toBe(700);
    expect(deriveRetryWaitMs({ ...base, answerHeaders: { "retry-after": "3" } })).toBe(3_000);
    expect(deriveRetryWaitMs({ ...base, retryDelay: "0 - 5" })).toBe(148_000);
  });

  test.for([
    ["1d10h30m", 124_200_000],
    ["5s", 5_000],
    ["5", undefined],
    ["s", undefined],
    ["-5s", undefined],
  ] as const)("read the duration %s", ([text, expected], { expect }) => {
    expect(parseDurationMs(text)).toBe(expected);
  });
});
