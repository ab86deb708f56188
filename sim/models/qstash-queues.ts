interface Lane {
  name: string;
  parallelism: number;
  isPaused: boolean;
  createdAtMs: number;
  updatedAtMs: number;
  /** Oldest first. */
  waiting: string[];
  active: Set<string>;
}

export interface QueueView {
  name: string;
  parallelism: number;
  paused: boolean;
  createdAt: number;
  updatedAt: number;
  lag: number;
}

/**
 * Named FIFO queues. A message leaves its place only when it and its callbacks are done, so one
 * slow message holds up everything behind it.
 */
export class QstashQueues {
  readonly #nowMs: () => number;
  readonly #start: (messageId: string) => void;
  readonly #lanes = new Map<string, Lane>();

  constructor(nowMs: () => number, start: (messageId: string) => void) {
    this.#nowMs = nowMs;
    this.#start = start;
  }

  upsert(name: string, parallelism: number, isPaused: boolean): void {
    const lane = this.#lanes.get(name) ?? this.#create(name);
    lane.parallelism = parallelism;
    lane.updatedAtMs = this.#nowMs();
    lane.isPaused = isPaused;
    this.#advance(lane);
  }

  has(name: string): boolean {
    return this.#lanes.has(name);
  }

  list(): QueueView[] {
    return [...this.#lanes.values()].map(viewLane);
  }

  get(name: string): QueueView | undefined {
    const lane = this.#lanes.get(name);
    return lane === undefined ? undefined : viewLane(lane);
  }

  /** Deletes the queue and answers the messages that never left it. */
  delete(name: string): string[] {
    const waiting = this.#lanes.get(name)?.waiting ?? [];
    this.#lanes.delete(name);
    return waiting;
  }

  /** False when there is no such queue. */
  setPaused(name: string, isPaused: boolean): boolean {
    const lane = this.#lanes.get(name);
    if (lane === undefined) return false;
    lane.isPaused = isPaused;
    lane.updatedAtMs = this.#nowMs();
    this.#advance(lane);
    return true;
  }

  add(name: string, messageId: string): void {
    const lane = this.#lanes.get(name);
    if (lane === undefined) throw new Error("expected an existing queue");
    lane.waiting.push(messageId);
    this.#advance(lane);
  }

  /** Frees the place of a message that is done or canceled. */
  release(name: string, messageId: string): void {
    const lane = this.#lanes.get(name);
    if (lane === undefined) return;
    lane.active.delete(messageId);
    lane.waiting = lane.waiting.filter((waiting) => waiting !== messageId);
    this.#advance(lane);
  }

  #create(name: string): Lane {
    const nowMs = this.#nowMs();
    const lane: Lane = {
      name,
      parallelism: 1,
      isPaused: false,
      createdAtMs: nowMs,
      updatedAtMs: nowMs,
      waiting: [],
      active: new Set(),
    };
    this.#lanes.set(name, lane);
    return lane;
  }

  #advance(lane: Lane): void {
    while (!lane.isPaused && lane.active.size < lane.parallelism) {
      const next = lane.waiting.shift();
      if (next === undefined) return;
      lane.active.add(next);
      this.#start(next);
    }
  }
}

function viewLane(lane: Lane): QueueView {
  return {
    name: lane.name,
    parallelism: lane.parallelism,
    paused: lane.isPaused,
    createdAt: lane.createdAtMs,
    updatedAt: lane.updatedAtMs,
    lag: lane.waiting.length + lane.active.size,
  };
}
