import type { JournalEvent } from "@raptor/shared/domain/events.ts";

/** How often each thing happened; merged over seeds and processes. */
export interface Counts {
  faults: Record<string, number>;
  transitions: Record<string, number>;
  acts: Record<string, number>;
}

export function emptyCounts(): Counts {
  return { faults: {}, transitions: {}, acts: {} };
}

export function countOne(into: Record<string, number>, name: string): void {
  into[name] = (into[name] ?? 0) + 1;
}

export function mergeCounts(into: Counts, from: Counts): void {
  for (const group of ["faults", "transitions", "acts"] as const) {
    for (const [name, count] of Object.entries(from[group])) {
      into[group][name] = (into[group][name] ?? 0) + count;
    }
  }
}

/** Follows states through committed events and counts every step from one to the next. */
export class TransitionCounter {
  readonly #counts: Record<string, number>;
  readonly #attempts = new Map<string, string>();
  readonly #orders = new Map<string, string>();
  readonly #sides = new Map<string, string>();
  readonly #orderOfAttempt = new Map<string, string>();
  readonly #voids = new Set<string>();
  readonly #instruments = new Map<string, string>();
  /** Where each token was last traded in its pool. */
  readonly #pools = new Map<string, string>();
  /** The newest order of an exit, and the number of the event that made it. */
  #newestExit: { orderId: string; seq: number } | undefined;
  #tradingState = "active";

  constructor(counts: Record<string, number>) {
    this.#counts = counts;
  }

  note(event: JournalEvent): void {
    switch (event.kind) {
      case "OrderInitialized":
        this.#sides.set(event.payload.orderId, event.payload.side);
        this.#instruments.set(event.payload.orderId, event.payload.instrument);
        if (event.payload.source.kind === "exit") {
          this.#newestExit = { orderId: event.payload.orderId, seq: event.seq };
        }
        countOne(this.#counts, `order source: ${event.payload.source.kind}`);
        return this.#order(event.payload.orderId, "initialized");
      case "OrderDenied":
        return this.#order(event.payload.orderId, "denied");
      case "OrderClosed":
        return this.#order(event.payload.orderId, event.payload.status);
      case "AttemptPrepared":
        this.#orderOfAttempt.set(event.payload.attemptId, event.payload.orderId);
        if (event.payload.voids !== undefined) this.#voids.add(event.payload.attemptId);
        countOne(this.#counts, `attempt bound: ${event.payload.bound.kind}`);
        this.#noteWay(event);
        this.#order(event.payload.orderId, "submitted");
        return this.#attempt(event.payload.attemptId, "prepared");
      case "AttemptSubmitted":
        return this.#attempt(event.payload.attemptId, "submitted");
      case "AttemptAccepted":
        return this.#attempt(event.payload.attemptId, "accepted");
      case "AttemptRejected":
        return this.#attempt(event.payload.attemptId, "rejected");
      case "AttemptUnknown":
        return this.#attempt(event.payload.attemptId, "unknown");
      case "AttemptFailed":
        return this.#attempt(event.payload.attemptId, "failed");
      case "AttemptDead":
        return this.#attempt(event.payload.attemptId, "dead");
      case "FillRecorded":
        this.#order(event.payload.orderId, "filled");
        return this.#attempt(event.payload.attemptId, "filled");
      case "FillReversed":
        return this.#attempt(event.payload.attemptId, "unknown (reversed)");
      case "TradingStateChanged":
        countOne(this.#counts, `trading: ${this.#tradingState} > ${event.payload.state}`);
        this.#tradingState = event.payload.state;
        return;
      case "PositionChanged":
        return countOne(
          this.#counts,
          `position: ${event.payload.state} by ${event.payload.cause.kind}`,
        );
      case "ExitTriggered":
        return countOne(this.#counts, `exit: ${event.payload.rule}`);
      case "JobRefused":
        return countOne(this.#counts, `job refused: ${event.payload.reason}`);
      default:
        return countOne(this.#counts, event.kind);
    }
  }

  /** Which way a trade took: in its pool or through a route, and an exit in how many steps. */
  #noteWay({ seq, payload }: Extract<JournalEvent, { kind: "AttemptPrepared" }>): void {
    if (payload.voids !== undefined) return;
    const { router, tipLamports, pool } = payload.route;
    if (router === "direct" && typeof pool === "string") {
      const instrument = this.#instruments.get(payload.orderId) ?? "";
      const last = this.#pools.get(instrument) ?? pool;
      if (last !== pool) countOne(this.#counts, "way: in the pool that a curve became");
      this.#pools.set(instrument, pool);
    }
    const side = this.#sides.get(payload.orderId) ?? "";
    countOne(this.#counts, `${side} way: ${router === "direct" ? "in its pool" : "by a route"}`);
    if (typeof tipLamports === "string" && tipLamports !== "0") {
      countOne(this.#counts, `${side} way: with tips inside`);
    }
    const { orderId, seq: orderSeq } = this.#newestExit ?? {};
    if (orderId === payload.orderId && orderSeq === seq - 1)
      countOne(this.#counts, "exit: from price to bytes in one step");
  }

  #attempt(attemptId: string, next: string): void {
    const last = this.#attempts.get(attemptId) ?? "-";
    const orderId = this.#orderOfAttempt.get(attemptId) ?? "";
    const side = this.#voids.has(attemptId) ? "void" : (this.#sides.get(orderId) ?? "");
    // A word that comes after the end is kept by the journal and changes nothing.
    if (next === "submitted" && last !== "prepared") return;
    this.#attempts.set(attemptId, next);
    countOne(this.#counts, `${side} attempt: ${last} > ${next}`);
  }

  #order(orderId: string, next: string): void {
    const last = this.#orders.get(orderId) ?? "-";
    if (last === next) return;
    this.#orders.set(orderId, next);
    countOne(this.#counts, `order: ${last} > ${next}`);
  }
}

/** When each kind of fault last struck. */
export class FaultTimes {
  readonly #atMs = new Map<string, number>();

  note(name: string, nowMs: number): void {
    this.#atMs.set(name, nowMs);
  }

  /** -Infinity when none did, one kind left out of account. */
  last(apart?: string): number {
    const others = [...this.#atMs].filter(([name]) => name !== apart);
    return Math.max(-Infinity, ...others.map(([, atMs]) => atMs));
  }
}
