import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";

interface Due {
  atMs: number;
  number: number;
  run(): void;
}

/** One time line for all machines; what is due runs in order, and everything it woke to rest. */
export class VirtualWorld {
  nowMs = 0;
  #count = 0;
  readonly #due = new Set<Due>();

  at(atMs: number, run: () => void): () => void {
    const due = { atMs: Math.max(atMs, this.nowMs), number: this.#count++, run };
    this.#due.add(due);
    return () => this.#due.delete(due);
  }

  async runUntil(endMs: number): Promise<void> {
    await rest();
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#due.delete(next);
      this.nowMs = next.atMs;
      next.run();
      await rest();
    }
    this.nowMs = endMs;
  }

  #next(endMs: number): Due | undefined {
    let found: Due | undefined;
    for (const due of this.#due) {
      if (due.atMs > endMs) continue;
      const order = found === undefined ? -1 : due.atMs - found.atMs || due.number - found.number;
      if (order < 0) found = due;
    }
    return found;
  }
}

/** Long enough for the longest chain of promises between two waits. */
async function rest(): Promise<void> {
  for (let turn = 0; turn < 40; turn++) await Promise.resolve();
}

/**
 * One operating system process on its machine. Stopped by a signal, nothing in it runs and its
 * monotonic clock goes on; suspended with its machine, that clock stands still as well. What
 * reaches it meanwhile is handled when it wakes.
 */
export class VirtualProcess {
  readonly clock: Clock;
  isAlive = true;
  #isStopped = false;
  #isSuspended = false;
  #monotonicMs = 0;
  #monotonicAtMs: number;
  #wallOffsetMs: number;
  readonly #rate: number;
  readonly #kept: (() => void)[] = [];
  readonly #world: VirtualWorld;

  constructor(world: VirtualWorld, rate: number, wallOffsetMs: number) {
    this.#world = world;
    this.#rate = rate;
    this.#wallOffsetMs = wallOffsetMs;
    this.#monotonicAtMs = world.nowMs;
    this.clock = {
      nowMs: () => world.nowMs + this.#wallOffsetMs,
      monotonicMs: () => this.#monotonic(),
      sleep: (ms, signal) => this.#sleep(ms, signal),
      defer: (task) => void world.at(world.nowMs, () => this.enter(task)),
    };
  }

  /** Runs `task` as this process: at once, when it wakes, or never. */
  enter(task: () => void): void {
    if (!this.isAlive) return;
    if (this.#isStopped || this.#isSuspended) this.#kept.push(task);
    else task();
  }

  get isRunning(): boolean {
    return this.isAlive && !this.#isStopped && !this.#isSuspended;
  }

  stop(): void {
    this.#isStopped = true;
  }

  suspend(): void {
    this.#monotonicMs = this.#monotonic();
    this.#isSuspended = true;
  }

  wake(): void {
    if (this.#isSuspended) this.#monotonicAtMs = this.#world.nowMs;
    this.#isStopped = false;
    this.#isSuspended = false;
    for (const task of this.#kept.splice(0)) this.enter(task);
  }

  setWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  kill(): void {
    this.isAlive = false;
  }

  #monotonic(): number {
    if (this.#isSuspended) return this.#monotonicMs;
    return this.#monotonicMs + (this.#world.nowMs - this.#monotonicAtMs) * this.#rate;
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const wake = (): void => {
        cancel();
        signal?.removeEventListener("abort", wake);
        this.enter(resolve);
      };
      const cancel = this.#world.at(this.#world.nowMs + ms / this.#rate, wake);
      signal?.addEventListener("abort", wake);
    });
  }
}

export const QUIET_LOG: Log = { debug() {}, info() {}, warn() {}, error() {} };
