export interface LaneTask {
  isUrgent: boolean;
  run(): Promise<void>;
}

interface Lane {
  urgent: LaneTask[];
  normal: LaneTask[];
  isRunning: boolean;
  isUrgentRunning: boolean;
}

/** Most tasks waiting in one person's lane; more than any hand can press. */
export const LANE_TASKS_MAX = 100;

/**
 * One first-in-first-out lane per person; lanes run beside each other, at most `lanesMax` at once.
 * Urgent tasks (sell, panic, kill) overtake their lane and never wait for a free place.
 */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();
  readonly #lanesMax: number;
  readonly #onFatal: (error: unknown) => void;
  /** Lanes with work and without a place, in the order in which they asked; each once. */
  readonly #waiting = new Set<string>();
  #running = 0;
  #idle: (() => void)[] = [];
  #isStopping = false;

  constructor(lanesMax: number, onFatal: (error: unknown) => void) {
    this.#lanesMax = lanesMax;
    this.#onFatal = onFatal;
  }

  isFull(key: string): boolean {
    const lane = this.#lanes.get(key);
    return lane !== undefined && lane.normal.length + lane.urgent.length >= LANE_TASKS_MAX;
  }

  enqueue(key: string, task: LaneTask): void {
    if (this.#isStopping) return;
    const lane = this.#laneOf(key);
    if (task.isUrgent) {
      lane.urgent.push(task);
      void this.#runUrgent(key, lane);
    } else {
      lane.normal.push(task);
      this.#ask(key, lane);
    }
  }

  /** Tasks not yet begun stay in the journal for the next start; resolves when the rest ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#waiting.clear();
    const isBusy = (): boolean =>
      [...this.#lanes.values()].some((lane) => lane.isRunning || lane.isUrgentRunning);
    while (isBusy()) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #laneOf(key: string): Lane {
    const found = this.#lanes.get(key);
    if (found !== undefined) return found;
    const lane = { urgent: [], normal: [], isRunning: false, isUrgentRunning: false };
    this.#lanes.set(key, lane);
    return lane;
  }

  #ask(key: string, lane: Lane): void {
    if (this.#isStopping || lane.isRunning || lane.normal.length === 0) return;
    this.#waiting.add(key);
    this.#fillPlaces();
  }

  #fillPlaces(): void {
    for (const key of this.#waiting) {
      if (this.#running >= this.#lanesMax) return;
      this.#waiting.delete(key);
      void this.#runNormal(key, this.#laneOf(key));
    }
  }

  /** One task a turn: a long lane goes to the end of the queue and cannot hold its place. */
  async #runNormal(key: string, lane: Lane): Promise<void> {
    lane.isRunning = true;
    this.#running += 1;
    const task = lane.normal.shift();
    if (task !== undefined) await this.#run(task);
    this.#running -= 1;
    lane.isRunning = false;
    this.#fillPlaces();
    this.#afterTask(key, lane);
  }

  async #runUrgent(key: string, lane: Lane): Promise<void> {
    if (lane.isUrgentRunning) return;
    lane.isUrgentRunning = true;
    while (lane.urgent.length > 0 && !this.#isStopping) {
      await this.#run(lane.urgent.shift() as LaneTask);
    }
    lane.isUrgentRunning = false;
    this.#afterTask(key, lane);
  }

  async #run(task: LaneTask): Promise<void> {
    try {
      await task.run();
    } catch (error) {
      this.#onFatal(error);
    }
  }

  #afterTask(key: string, lane: Lane): void {
    this.#ask(key, lane);
    const isEmpty = lane.normal.length + lane.urgent.length === 0;
    if (isEmpty && !lane.isRunning && !lane.isUrgentRunning) this.#lanes.delete(key);
    for (const wake of this.#idle.splice(0)) wake();
  }
}
