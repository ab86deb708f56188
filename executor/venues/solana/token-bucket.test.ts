import { describe, test } from "vitest";
import { FakeClock } from "./fake-net.ts";
import { TokenBucket } from "./token-bucket.ts";

describe("a bucket of calls", () => {
  test("allows a second's worth at once and refills with time", async ({ expect }) => {
    const clock = new FakeClock();
    const bucket = new TokenBucket(clock, 3);
    expect([1, 2, 3, 4].map(() => bucket.take())).toEqual([true, true, true, false]);
    await clock.advance(340);
    expect([bucket.take(), bucket.take()]).toEqual([true, false]);
    await clock.advance(60_000);
    expect([1, 2, 3, 4].map(() => bucket.take())).toEqual([true, true, true, false]);
  });

  test("keeps a reserve for those in a hurry", ({ expect }) => {
    const bucket = new TokenBucket(new FakeClock(), 2);
    expect(bucket.take(1)).toBe(true);
    expect(bucket.take(1)).toBe(false);
    expect(bucket.take()).toBe(true);
  });

  test("of one call has nothing to reserve", async ({ expect }) => {
    const clock = new FakeClock();
    const bucket = new TokenBucket(clock, 1);
    expect(bucket.take(1)).toBe(true);
    expect(bucket.take()).toBe(false);
    await clock.advance(1_000);
    expect(bucket.take(1)).toBe(true);
  });
});
