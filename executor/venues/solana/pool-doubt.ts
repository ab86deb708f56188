import type { Clock } from "@raptor/shared/seams/clock.ts";
import { BPS_ONE } from "@raptor/shared/values/money.ts";
import { quotePool } from "../../pools/direct-pool.ts";
import type { RouteRequest } from "../../ports/venue.ts";
import type { PoolState } from "./direct-route.ts";

/** A state, and the last one of another slot that told other reserves. */
export interface MovedState extends PoolState {
  before?: PoolState | undefined;
  /** When these reserves were first told, on our monotonic clock. */
  movedAtMs?: number;
}

/** A slot is told of within some hundred milliseconds; so often is looked whether it was. */
const LOOK_MS = 20;

/**
 * Whether a sell must not be quoted from this state yet: only one slot has told it, a moment ago,
 * and it would give far less than the slot before. Somebody who sells just in front of a stop makes
 * such a state and takes it back behind it; the least output would be computed from his price.
 */
export function isDoubted(request: RouteRequest, state: MovedState, nowMs: number): boolean {
  const { side, quantityIn, fallRule } = request;
  const { before, movedAtMs } = state;
  if (side === "buy" || fallRule === undefined || request.avoidsDirect === true) return false;
  if (before === undefined || movedAtMs === undefined) return false;
  if (nowMs - movedAtMs >= fallRule.confirmMs) return false;
  const was = quotePool(before.pool, side, quantityIn).quantityOut;
  const is = quotePool(state.pool, side, quantityIn).quantityOut;
  return (was - is) * BPS_ONE > was * BigInt(fallRule.wildBps);
}

/**
 * Returns when the newest state may be quoted from: at once as a rule; else when another slot has
 * spoken, or after `confirmMs`, whatever was told meanwhile. A real crash is sold so much later.
 */
export async function untilBelieved(
  clock: Clock,
  request: RouteRequest,
  stateNow: () => MovedState | undefined,
): Promise<void> {
  const sinceMs = clock.monotonicMs();
  const mostMs = request.fallRule?.confirmMs ?? 0;
  for (;;) {
    const state = stateNow();
    const nowMs = clock.monotonicMs();
    if (state === undefined || nowMs - sinceMs >= mostMs) return;
    if (!isDoubted(request, state, nowMs)) return;
    await clock.sleep(LOOK_MS);
  }
}
