import { describe, test } from "vitest";
import { describeLane } from "./lane-health.ts";
import { LaneStats, type Sent } from "./lane-stats.ts";
import type { LaneAnswer } from "./lane.ts";

const TAKEN: LaneAnswer = { word: "accepted", detail: "", isLimited: false };
const LIMITED: LaneAnswer = { word: "unclear", detail: "", isLimited: true };

function createSent(): Sent {
  const tipLamportsByLane = new Map([["jito", 10_000n]]);
  return { firstMs: 0, firstSlot: 100, accepted: new Set(), tipLamportsByLane };
}

function send(stats: LaneStats, identity: string, lanes: readonly string[]): void {
  stats.open(identity, () => createSent());
  for (const lane of lanes) stats.noteAnswer(lane, identity, TAKEN);
}

describe("what a lane has done", () => {
  test("tells sends, answers and what it was left out of", ({ expect }) => {
    const stats = new LaneStats(["jito", "rpc"]);
    send(stats, "a", ["jito"]);
    stats.noteAnswer("jito", "a", LIMITED);
    stats.noteHeld("jito");
    const [jito, rpc] = stats.reports();
    expect(jito).toMatchObject({ sent: 2, accepted: 1, unclear: 1, limited: 1, held: 1 });
    expect(rpc).toMatchObject({ sent: 0, landed: 0, slotDelayP50: null, slotDelayP99: null });
  });

  test("counts a landing once, for those that had taken the bytes", ({ expect }) => {
    const stats = new LaneStats(["jito", "rpc", "other"]);
    send(stats, "a", ["jito", "rpc"]);
    stats.noteLanded("a", 102, 6_000n);
    stats.noteLanded("a", 102, 6_000n);
    stats.noteLanded("somebody's", 102, 6_000n);
    expect(stats.reports().map(({ landed }) => landed)).toEqual([1, 1, 0]);
    expect(stats.reports().map(({ tipLamports }) => tipLamports)).toEqual([10_000n, 0n, 0n]);
    expect(stats.reports().map(({ feeLamports }) => feeLamports)).toEqual([6_000n, 6_000n, 0n]);
  });

  test("has no delay where the slot of the send was not known", ({ expect }) => {
    const stats = new LaneStats(["rpc"]);
    stats.open("b", () => ({ ...createSent(), firstSlot: undefined }));
    stats.noteAnswer("rpc", "b", TAKEN);
    stats.noteLanded("b", 102, 6_000n);
    expect(stats.reports()[0]).toMatchObject({ landed: 1, slotDelayP50: null });
  });

  test("keeps the newest delays and tells their middle and their tail", ({ expect }) => {
    const stats = new LaneStats(["rpc"]);
    for (let n = 0; n < 400; n++) {
      send(stats, `a${n}`, ["rpc"]);
      stats.noteLanded(`a${n}`, n < 144 ? 9_000 : 100 + ((n - 144) % 100), 1n);
    }
    const [report] = stats.reports();
    expect(report?.slotDelayP50).toBeGreaterThanOrEqual(40);
    expect(report?.slotDelayP50).toBeLessThanOrEqual(60);
    expect(report?.slotDelayP99).toBeGreaterThanOrEqual(95);
    expect(report?.slotDelayP99).toBeLessThan(100);
  });

  test("remembers so many attempts under way and no more", ({ expect }) => {
    const stats = new LaneStats(["rpc"]);
    for (let n = 0; n <= 1_000; n++) send(stats, `a${n}`, ["rpc"]);
    stats.noteLanded("a0", 102, 1n);
    stats.noteLanded("a1", 102, 1n);
    stats.forget("a2");
    stats.noteLanded("a2", 102, 1n);
    expect(stats.reports()[0]?.landed).toBe(1);
  });

  test("fits into one line, without what did not happen", ({ expect }) => {
    const stats = new LaneStats(["jito"]);
    const lineOf = (): string => stats.reports().map((one) => describeLane(one).detail)[0] ?? "";
    expect(lineOf()).toBe("0 sent, 0 accepted, 0 landed");
    send(stats, "a", ["jito"]);
    stats.noteLanded("a", 103, 6_000n);
    stats.noteHeld("jito");
    expect(lineOf()).toBe(
      "1 sent, 1 accepted, 1 landed; slots p50 3, p99 3; 1 times left out; " +
        "tips 0.000010, fees 0.000006 SOL",
    );
  });
});
