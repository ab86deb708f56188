import type { Clock } from "@raptor/shared/seams/clock.ts";
import { expect, test } from "vitest";
import { DueTimes } from "./due-times.ts";
import { TestClock } from "./test-clock-fixture.ts";

/** Wall time apart from the time that sleepers wait by, as on a machine whose clock is set. */
function settableClock(time: TestClock): { clock: Clock; set(ms: number): void } {
  let skewMs = 0;
  const clock: Clock = {
    nowMs: () => time.nowMs() + skewMs,
    monotonicMs: () => time.monotonicMs(),
    sleep: (ms, signal) => time.sleep(ms, signal),
    defer: (task) => time.defer(task),
  };
  return { clock, set: (ms) => (skewMs = ms) };
}

function watchTimes(clock: Clock): { times: DueTimes; fired: string[] } {
  const fired: string[] = [];
  return { times: new DueTimes(clock, ({ ruleId }) => fired.push(ruleId)), fired };
}

test("a moment that a clock set forward has reached is noticed within a second", async () => {
  const time = new TestClock();
  const { clock, set } = settableClock(time);
  const { times, fired } = watchTimes(clock);
  times.add({ dueMs: clock.nowMs() + 600_000, positionId: "pos_a", ruleId: "limit" });
  await time.advance(5_000);
  set(600_000);
  await time.advance(1_000);
  expect(fired).toEqual(["limit"]);
  times.stop();
});

test("a clock set back makes nothing fire before its moment", async () => {
  const time = new TestClock();
  const { clock, set } = settableClock(time);
  const { times, fired } = watchTimes(clock);
  times.add({ dueMs: clock.nowMs() + 10_000, positionId: "pos_a", ruleId: "limit" });
  set(-60_000);
  await time.advance(69_999);
  expect(fired).toEqual([]);
  await time.advance(1);
  expect(fired).toEqual(["limit"]);
  times.stop();
});

test("moments fire in their order, also one that is added last and comes first", async () => {
  const time = new TestClock();
  const { times, fired } = watchTimes(time);
  times.add({ dueMs: time.nowMs() + 900, positionId: "pos_a", ruleId: "later" });
  times.add({ dueMs: time.nowMs() + 300, positionId: "pos_b", ruleId: "sooner" });
  await time.advance(300);
  expect(fired).toEqual(["sooner"]);
  await time.advance(600);
  expect(fired).toEqual(["sooner", "later"]);
  times.stop();
});
