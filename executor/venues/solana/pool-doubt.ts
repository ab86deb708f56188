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
 * Whether a sell must not be quoted from this state yet: only one slot has told it, and it would
 * give far less than the slot before. Somebody who sells just in front of a stop makes such a state
 * and takes it back behind it, in the next slot at the latest; the least output would be computed
 * from his price. `hasPassed`: a block after a slot is whole, so that it has told what it took back.
 */
export function isDoubted(
  request: RouteRequest,
  state: MovedState,
  nowMs: number,
  hasPassed: (slot: number) => boolean,
): boolean {
  const { side, quantityIn, fallRule } = request;
  const { before, movedAtMs } = state;
  if (side === "buy" || fallRule === undefined || request.avoidsDirect === true) return false;
  if (before === undefined || movedAtMs === undefined) return false;
  const ageMs = nowMs - movedAtMs;
  if (ageMs >= fallRule.silentMs) return false;
  if (ageMs >= fallRule.confirmMs && hasPassed(state.slot)) return false;
  const was = quotePool(before.pool, side, quantityIn).quantityOut;
  const is = quotePool(state.pool, side, quantityIn).quantityOut;
  return (was - is) * BPS_ONE > was * BigInt(fallRule.wildBps);
}

/**
 * Returns when the newest state may be quoted from: at once as a rule; else when another slot has
 * spoken, or when nothing speaks against it for long enough. Where slot after slot falls wildly,
 * the crash is real and waits for `confirmMs` alone. Any real crash is sold so much later.
 */
export async function untilBelieved(
  clock: Clock,
  { fallRule }: Pick<RouteRequest, "fallRule">,
  stateNow: () => MovedState | undefined,
  isDoubtful: (state: MovedState) => boolean,
): Promise<void> {
  const sinceMs = clock.monotonicMs();
  const first = stateNow();
  for (;;) {
    const state = stateNow();
    if (fallRule === undefined || state === undefined || !isDoubtful(state)) return;
    const isAlone = state.before === first?.before;
    const mostMs = isAlone ? fallRule.silentMs : fallRule.confirmMs;
    if (clock.monotonicMs() - sinceMs >= mostMs) return;
    await clock.sleep(LOOK_MS);
  }
}
