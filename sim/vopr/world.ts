import type { Clock } from "@raptor/shared/seams/clock.ts";

interface Entry {
  atMs: number;
  order: number;
  run(): void;
  isCanceled: boolean;
}

export interface Timer {
  cancel(): void;
}

type Drain = () => void;

/**
 * Time and order of everything in one simulated world. An event runs, then every promise that can
 * go on without time passing goes on, then the next event runs: nothing else ever happens.
 */
export class World {
  #nowMs: number;
  readonly #startMs: number;
  #order = 0;
  readonly #heap: Entry[] = [];
  readonly #drain: Drain;
  eventCount = 0;

  constructor(startMs: number) {
    this.#nowMs = startMs;
    this.#startMs = startMs;
    this.#drain = findDrain();
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  get elapsedMs(): number {
    return this.#nowMs - this.#startMs;
  }

  after(ms: number, run: () => void): Timer {
    const atMs = this.#nowMs + Math.max(0, Math.ceil(ms));
    const entry: Entry = { atMs, order: this.#order++, run, isCanceled: false };
    this.#push(entry);
    return {
      cancel: () => {
        entry.isCanceled = true;
      },
    };
  }

  every(ms: number, run: () => void): Timer {
    let timer: Timer;
    let isCanceled = false;
    const again = (): void => {
      run();
      if (!isCanceled) timer = this.after(ms, again);
    };
    timer = this.after(ms, again);
    return {
      cancel: () => {
        isCanceled = true;
        timer.cancel();
      },
    };
  }

  /** Must be called from a turn of the event loop, never from inside a promise. */
  runFor(ms: number): void {
    const endMs = this.#nowMs + ms;
    this.#drain();
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= endMs; next = this.#heap[0]) {
      this.#pop();
      if (next.isCanceled) continue;
      this.#nowMs = next.atMs;
      this.eventCount += 1;
      next.run();
      this.#drain();
    }
    this.#nowMs = endMs;
  }

  /** The clock of the world itself: of services, chains and people. */
  clock(): Clock {
    return createWorldClock(this);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, heap[parent] as Entry)) break;
      heap[at] = heap[parent] as Entry;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child] as Entry)) child += 1;
      if (!isBefore(heap[child] as Entry, last)) break;
      heap[at] = heap[child] as Entry;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(left: Entry, right: Entry): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);
}

/**
 * Runs all ticks and microtasks at once, so that a seed is one synchronous run. Waiting for the
 * event loop instead would cost more than most events do.
 */
function findDrain(): Drain {
  const found: unknown = Reflect.get(process, "_tickCallback");
  if (typeof found !== "function") throw new Error("expected a runtime that can drain its ticks");
  return () => void Reflect.apply(found, process, []);
}

export function createWorldClock(world: World): Clock {
  return {
    nowMs: () => world.nowMs,
    monotonicMs: () => world.elapsedMs,
    sleep: (ms, signal) => sleepIn(world, ms, signal, (wake) => wake()),
    defer: (task) => void world.after(0, task),
  };
}

/** `enter` decides whether and when the sleeper may really go on. */
export function sleepIn(
  world: World,
  ms: number,
  signal: AbortSignal | undefined,
  enter: (wake: () => void) => void,
): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const timer = world.after(ms, () => {
      signal?.removeEventListener("abort", onAbort);
      enter(resolve);
    });
    function onAbort(): void {
      timer.cancel();
      enter(resolve);
    }
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
