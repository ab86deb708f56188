import type { Clock } from "@raptor/shared/seams/clock.ts";
import { sleepIn, type World } from "./world.ts";

/**
 * One life of a program. Once it is dead no seam ever answers it again: what still runs of it can
 * neither learn nor change anything.
 */
export class SimProcess {
  readonly #world: World;
  readonly #bornMs: number;
  readonly #wallSkew: () => number;
  readonly #ends: (() => void)[] = [];
  #isAlive = true;
  #stalledUntilMs = 0;

  constructor(world: World, wallSkew: () => number) {
    this.#world = world;
    this.#bornMs = world.nowMs;
    this.#wallSkew = wallSkew;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  kill(): void {
    this.#isAlive = false;
    for (const end of this.#ends.splice(0)) end();
  }

  /** The machine lets go of what a process held, however that ended. */
  onEnd(end: () => void): void {
    this.#ends.push(end);
  }

  /**
   * The event loop stands still: what should have run meanwhile runs afterwards. A pause that is
   * over sooner than one under way does not wake it.
   */
  stall(ms: number): void {
    this.#stalledUntilMs = Math.max(this.#stalledUntilMs, this.#world.nowMs + ms);
  }

  /** Lets `task` in: now, after a stall, or never. */
  enter(task: () => void): void {
    if (!this.#isAlive) return;
    const waitMs = this.#stalledUntilMs - this.#world.nowMs;
    if (waitMs <= 0) return task();
    this.#world.after(waitMs, () => this.enter(task));
  }

  /** The same promise for the living, one that never ends for the dead. */
  guard<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => this.enter(() => resolve(value)),
        (error: unknown) => this.enter(() => reject(error)),
      );
    });
  }

  clock(): Clock {
    const world = this.#world;
    return {
      nowMs: () => world.nowMs + this.#wallSkew(),
      monotonicMs: () => world.nowMs - this.#bornMs,
      sleep: (ms, signal) => sleepIn(world, ms, signal, (wake) => this.enter(wake)),
      defer: (task) => void world.after(0, () => this.enter(task)),
    };
  }
}
