import { duplexPair } from "node:stream";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { describe, test } from "vitest";
import { connectLauncher, createLauncherLink } from "./launcher-link.ts";

/** A clock whose every sleep lasts until the test lets it end. */
class SteppedClock implements Clock {
  readonly #sleepers = new Set<() => void>();

  nowMs(): number {
    return 0;
  }

  monotonicMs(): number {
    return 0;
  }

  sleep(_ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#sleepers.add(resolve);
      signal?.addEventListener("abort", () => resolve());
    });
  }

  defer(task: () => void): void {
    setImmediate(task);
  }

  async step(): Promise<void> {
    for (const wake of this.#sleepers) wake();
    this.#sleepers.clear();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("the link to the launcher", () => {
  test("beats once at the start and once a second", async ({ expect }) => {
    const [near, far] = duplexPair();
    const clock = new SteppedClock();
    let beats = 0;
    far.on("data", (piece: Buffer) => (beats += piece.length));
    createLauncherLink(near, { clock, onGone: () => {} });
    await clock.step();
    expect(beats).toBe(2);
    await clock.step();
    expect(beats).toBe(3);
  });

  test("beats in the middle of work that holds the loop up, and not after its end", ({
    expect,
  }) => {
    const [near] = duplexPair();
    const link = createLauncherLink(near, { clock: new SteppedClock(), onGone: () => {} });
    const before = near.writableLength;
    for (let n = 0; n < 3; n++) link.beat();
    expect(near.writableLength - before).toBeGreaterThan(0);
    link.close();
    link.beat();
  });

  test("does not pile up beats that a stopped launcher does not read", async ({ expect }) => {
    const [near] = duplexPair();
    const clock = new SteppedClock();
    createLauncherLink(near, { clock, onGone: () => {} });
    for (let n = 0; n < 3_000; n++) await clock.step();
    expect(near.writableLength).toBeLessThanOrEqual(1_024);
  });

  test("tells once that the launcher is gone, and stops beating", async ({ expect }) => {
    const [near, far] = duplexPair();
    let goneCount = 0;
    createLauncherLink(near, { clock: new SteppedClock(), onGone: () => (goneCount += 1) });
    far.destroy();
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect([goneCount, near.destroyed]).toEqual([1, true]);
  });

  test("can be closed without an alarm", async ({ expect }) => {
    const [near] = duplexPair();
    let goneCount = 0;
    const link = createLauncherLink(near, {
      clock: new SteppedClock(),
      onGone: () => (goneCount += 1),
    });
    link.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect([goneCount, near.destroyed]).toEqual([0, true]);
  });

  test("refuses a process that the launcher did not start", ({ expect }) => {
    const clock = new SteppedClock();
    expect(() => connectLauncher({ clock, onGone: () => {}, fd: 900 })).toThrow(/launch\.ts/);
  });
});
