import { describe, test } from "vitest";
import { deriveNextCronMs, parseCron } from "./cron.ts";

function nextTimes(text: string, from: string, count: number): string[] {
  const parsed = parseCron(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  const times: string[] = [];
  let atMs = Date.parse(from);
  while (times.length < count) {
    const nextMs = deriveNextCronMs(parsed.cron, atMs);
    if (nextMs === undefined) return [...times, "never"];
    times.push(new Date(nextMs).toISOString().slice(0, 16));
    atMs = nextMs;
  }
  return times;
}

describe("cron", () => {
  test.for<[string, string, string[]]>([
    ["* * * * *", "2026-11-21T10:00:30Z", ["2026-11-21T10:01", "2026-11-21T10:02"]],
    ["*/20 9-10 * * *", "2026-11-21T09:10:00Z", ["2026-11-21T09:20", "2026-11-21T09:40"]],
    ["5,50 23 * * *", "2026-12-31T23:10:00Z", ["2026-12-31T23:50", "2027-01-01T23:05"]],
    ["10/25 0 * * *", "2026-11-21T00:00:00Z", ["2026-11-21T00:10", "2026-11-21T00:35"]],
    ["0 0 1 jan,jul *", "2026-11-21T00:00:00Z", ["2027-01-01T00:00", "2027-07-01T00:00"]],
    ["30 6 * * mon-fri", "2026-11-20T07:00:00Z", ["2026-11-23T06:30", "2026-11-24T06:30"]],
    ["0 12 29 2 *", "2026-01-01T00:00:00Z", ["2028-02-29T12:00", "2032-02-29T12:00"]],
    ["0 0 13 * 5", "2026-11-01T00:00:00Z", ["2026-11-06T00:00", "2026-11-13T00:00"]],
  ])("finds the next times of %s", ([text, from, expected], { expect }) => {
    expect(nextTimes(text, from, 2)).toEqual(expected);
  });

  test("reads the wall clock of its time zone across a change of summer time", ({ expect }) => {
    const text = "CRON_TZ=Europe/Amsterdam 0 9 * * *";
    expect(nextTimes(text, "2026-10-24T00:00:00Z", 2)).toEqual([
      "2026-10-24T07:00",
      "2026-10-25T08:00",
    ]);
  });

  test("skips a time that the change to summer time leaves out", ({ expect }) => {
    const text = "CRON_TZ=Europe/Amsterdam 30 2 * * *";
    expect(nextTimes(text, "2026-03-28T00:00:00Z", 3)).toEqual([
      "2026-03-28T01:30",
      "2026-03-30T00:30",
      "2026-03-31T00:30",
    ]);
  });

  test("keeps midnight on the day after a change of summer time", ({ expect }) => {
    const text = "CRON_TZ=America/New_York 0 0 * * 1";
    expect(nextTimes(text, "2026-03-06T12:00:00Z", 1)).toEqual(["2026-03-09T04:00"]);
  });

  test("knows that 30 February never comes", ({ expect }) => {
    expect(nextTimes("0 0 30 2 *", "2026-01-01T00:00:00Z", 1)).toEqual(["never"]);
  });

  test.for([
    ["", /empty spec string/],
    ["* * * *", /exactly 5 fields/],
    ["60 * * * *", /above maximum/],
    ["* * 0 * *", /below minimum/],
    ["* * * * 7", /above maximum/],
    ["5-1 * * * *", /beyond end/],
    ["*/0 * * * *", /positive number/],
    ["abc * * * *", /parse int/],
    ["*-3 * * * *", /failed to parse minute/],
    ["CRON_TZ=Mars/Olympus * * * * *", /bad location/],
  ] as const)("refuses %s", ([text, reason], { expect }) => {
    const parsed = parseCron(text);
    expect(parsed.ok ? "accepted" : parsed.reason).toMatch(reason);
  });
});
