import type { Prng } from "@raptor/shared/seams/chance.ts";

/**
 * What can go wrong with one call to a stand-in.
 * delay: wait `ms`, then go on. drop: the request is lost, the connection ends. error: answer
 * `status` and `body` without acting. duplicate: act twice, answer once. reorder: act only after
 * the next call of the same operation (or 2 s). accept-no-answer: act, then end the connection.
 * stale and silent have a meaning of their own in the server that offers them.
 */
export type FaultKind =
  | "delay"
  | "drop"
  | "error"
  | "duplicate"
  | "reorder"
  | "accept-no-answer"
  | "stale"
  | "silent";

export const FAULT_KINDS: readonly FaultKind[] = [
  "delay",
  "drop",
  "error",
  "duplicate",
  "reorder",
  "accept-no-answer",
  "stale",
  "silent",
];

export interface Fault {
  id: string;
  /** Operation name (`sendTransaction`, `sendMessage`, `build`) or `*`. */
  on: string;
  kind: FaultKind;
  ms: number;
  status: number;
  body: string;
  /** Hits left; a negative number means until cleared. */
  count: number;
  /** Chance of a hit per matching call, 0 to 1. */
  chance: number;
}

export type NewFault = Pick<Fault, "on" | "kind"> & Partial<Omit<Fault, "id" | "on" | "kind">>;

export class FaultPlan {
  readonly #prng: Prng;
  #faults: Fault[] = [];
  #nextId = 1;
  /** Hits by `operation/kind`, for coverage tables. */
  readonly hits = new Map<string, number>();

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  add(fault: NewFault): Fault {
    const whole: Fault = {
      ms: 1_000,
      status: 500,
      body: "injected fault",
      count: 1,
      chance: 1,
      ...fault,
      id: `fault-${this.#nextId++}`,
    };
    this.#faults.push(whole);
    return whole;
  }

  list(): readonly Fault[] {
    return this.#faults;
  }

  clear(): void {
    this.#faults = [];
  }

  /** The fault that this call meets, if any; uses up one hit. `kinds` narrows the search. */
  take(operation: string, kinds?: readonly FaultKind[]): Fault | undefined {
    const found = this.#faults.find(
      (fault) =>
        (fault.on === "*" || fault.on === operation) &&
        (kinds === undefined || kinds.includes(fault.kind)) &&
        (fault.chance >= 1 || this.#prng.nextFloat() < fault.chance),
    );
    if (found === undefined) return undefined;
    if (found.count > 0) found.count -= 1;
    if (found.count === 0) this.#faults = this.#faults.filter((fault) => fault !== found);
    const key = `${operation}/${found.kind}`;
    this.hits.set(key, (this.hits.get(key) ?? 0) + 1);
    return found;
  }
}
