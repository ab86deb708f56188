import { rentLamportsMax } from "../../pools/trade-rent.ts";
import { judgeTrials, type Trial } from "./judge-swap.ts";
import type { DirectDeps, DirectDraft } from "./prepare-direct.ts";
import { refused, type Step } from "./prepare-step.ts";
import { LAMPORTS_PER_SIGNATURE, unitLimitOf, UNITS_MAX } from "./priority-fee.ts";
import { messageOf } from "./sign-direct.ts";
import {
  checkAftermath,
  fetchSwapBalances,
  simulateSwap,
  type SwapBalances,
} from "./simulate-swap.ts";

type UnitsDeps = Pick<DirectDeps, "rpc" | "units" | "onSimulationFailed">;

/**
 * The units that the trade may use: remembered from the first trade of such a pool, which is run on
 * a node without sending it. That run is also the witness that the pool's program does what it is
 * known for.
 */
export async function unitsFor(
  deps: UnitsDeps,
  draft: DirectDraft,
  n: number,
): Promise<Step<number>> {
  const { side } = draft.direct.request;
  const { kind } = draft.direct.state.pool;
  const known = deps.units.unitLimit(kind, side, n);
  if (known !== undefined) return { ok: true, value: known };
  const before = await fetchSwapBalances(deps.rpc, draft.plan);
  const units = await judgeTrials(deps.rpc, draft.plan, before, (now) => {
    return runOnNode(deps, draft, now);
  });
  if (!units.ok) return units;
  deps.units.note(kind, side, units.value);
  return { ok: true, value: deps.units.unitLimit(kind, side, n) ?? unitLimitOf(units.value) };
}

/** What the trade would use, and what its outcome breaks of the intent. */
async function runOnNode(
  { rpc, onSimulationFailed }: UnitsDeps,
  draft: DirectDraft,
  before: SwapBalances,
): Promise<Step<Trial<number>>> {
  const { direct, plan, route, lifetime, landing } = draft;
  const { side, quantityIn } = direct.request;
  const nonceAccount = lifetime.nonce?.account;
  const outline = { side, accounts: plan.accounts, quantityIn, nonceAccount };
  const run = await simulateSwap(rpc, outline, messageOf(draft, UNITS_MAX, 0n));
  if (run.outcome === "failed") {
    onSimulationFailed(direct.state.pool.kind);
    return refused(run.reason, false);
  }
  const { units, after } = run;
  const rentMax = rentLamportsMax(direct.state.pool, side);
  const costMax = LAMPORTS_PER_SIGNATURE + landing.tipLamports + rentMax;
  const reasons = checkAftermath(outline, route.quantityOutMin, costMax, before, after);
  return { ok: true, value: { after, reasons, result: { ok: true, value: units } } };
}
