import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Reader } from "../ports/store.ts";
import type { ArmedTrigger } from "./armed-trigger.ts";
import { isJoinable, undecidedGroupOf } from "./attempt-lifetime.ts";
import { isStop } from "./exit-arming.ts";
import { slotOf } from "./ids.ts";

/**
 * The exclusion group of a sell of a part that may still land, if a sell of everything can join it:
 * both stand on one nonce value then, so that the venue lets only one of them happen.
 */
export function joinableGroupOf(
  reader: Reader,
  { positionId, rule }: Pick<ArmedTrigger, "positionId" | "rule">,
): string | undefined {
  const position = isStop(rule) ? reader.position(positionId) : undefined;
  if (position === undefined) return undefined;
  const [sell, ...others] = reader.openOrdersOf(positionId).filter(({ side }) => side === "sell");
  if (sell === undefined || others.length > 0 || sell.source.kind === "panic") return undefined;
  if (BigInt(sell.quantity) >= BigInt(position.quantity)) return undefined;
  const group = undecidedGroupOf(reader, slotOf(sell));
  return group !== undefined && isJoinable(reader, group) ? group[0]?.exclusionGroup : undefined;
}

/**
 * Since when a stop waits for a sell of a part. Most land within a second, and the rest follows a
 * second later; joined, the rest waits until the part is final. So a stop joins only what has not
 * landed when a dearer copy of it is due anyway. Counted on the monotonic clock of this process.
 */
export class StopJoins {
  readonly #clock: Clock;
  readonly #waitMs: number;
  readonly #waiting = new Map<string, { group: string; sinceMs: number }>();

  constructor(clock: Clock, waitMs: number) {
    this.#clock = clock;
    this.#waitMs = waitMs;
  }

  /** Whether it has waited long enough for this group; begins to count when it is new. */
  isDue(positionId: string, group: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#waiting.get(positionId);
    if (known?.group === group) return nowMs - known.sinceMs >= this.#waitMs;
    this.#waiting.set(positionId, { group, sinceMs: nowMs });
    return false;
  }

  forget(positionId: string): void {
    this.#waiting.delete(positionId);
  }
}
