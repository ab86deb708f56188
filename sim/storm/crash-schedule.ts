import type { Prng } from "@raptor/shared/seams/chance.ts";
import { CRASH_POINTS, nameOf, type CrashPlan, type CrashPoint } from "./crash-points.ts";

/**
 * A try that met its point counts fully and one that missed a little, so that hard points are tried
 * more often than easy ones, and one that cannot be met does not take all the tries.
 */
const TRIES_PER_KILL = 8;
const HITS_MAX = 2;
/** Of these there is one in a life, or the second comes seconds after the first. */
const HAPPENS_ONCE: readonly CrashPoint["what"][] = [
  "EpochStarted",
  "FillReversed",
  "TicketClaimed",
  "PanicOpened",
  "PanicClosed",
  "UserPausedChanged",
  "TradingStateChanged",
  "ReconcileCompleted",
];

/** Round robin over the named points: next is always the one that was met least. */
export class CrashSchedule {
  readonly #prng: Prng;
  readonly #scores = new Map<CrashPoint, number>();

  constructor(prng: Prng) {
    this.#prng = prng;
    for (const point of CRASH_POINTS) this.#scores.set(point, 0);
  }

  /** Of those that can be met now. */
  next(isPossible: (point: CrashPoint) => boolean): CrashPoint {
    const possible = CRASH_POINTS.filter(isPossible);
    const least = Math.min(...possible.map((point) => this.#scoreOf(point)));
    const candidates = possible.filter((point) => this.#scoreOf(point) === least);
    const point = candidates[this.#prng.nextInt(candidates.length)];
    if (point === undefined) throw new Error("expected a point that can be met");
    this.#scores.set(point, least + 1);
    return point;
  }

  /** The desk died somewhere else: only a part of the try counts. */
  missed(point: CrashPoint): void {
    this.#scores.set(point, this.#scoreOf(point) - 1 + 1 / TRIES_PER_KILL);
  }

  #scoreOf(point: CrashPoint): number {
    return this.#scores.get(point) ?? 0;
  }
}

/** The first time that the process comes there, or the second. */
export function planDeath(point: CrashPoint, prng: Prng): CrashPlan {
  const hitsMax = HAPPENS_ONCE.includes(point.what) ? 1 : HITS_MAX;
  return { ...point, hit: 1 + prng.nextInt(hitsMax) };
}

export interface PointCount {
  name: string;
  kills: number;
}

/** Of all named points the one that was met least. */
export function leastMet(byPoint: ReadonlyMap<string, { kills: number }>): PointCount {
  const counts = CRASH_POINTS.map((point) => {
    const name = nameOf(point);
    return { name, kills: byPoint.get(name)?.kills ?? 0 };
  });
  return counts.reduce((least, count) => (count.kills < least.kills ? count : least));
}
