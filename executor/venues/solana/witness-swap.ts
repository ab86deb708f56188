import { assert } from "@raptor/shared/errors/raptor-error.ts";
import type { AttemptLifetime } from "./attempt-lifetime.ts";
import { deriveGuard, handsSignatureOn } from "./handed-on.ts";
import { judgeTrials } from "./judge-swap.ts";
import type { LookupTable } from "./lookup-tables.ts";
import { refused, type Refusal, type Step } from "./prepare-step.ts";
import { LAMPORTS_PER_SIGNATURE } from "./priority-fee.ts";
import type { Rpc } from "./rpc.ts";
import {
  checkAftermath,
  simulateSwap,
  type SimulationOutcome,
  type SwapBalances,
} from "./simulate-swap.ts";
import type { SwapPlan } from "./swap-instructions.ts";
import { compileSwapMessage } from "./swap-message.ts";
import { sumTips } from "./tip-instruction.ts";

/** Everything that a transaction is compiled from. */
export interface SwapDraft {
  /** With the largest unit limit, no priority fee and no guard, for the simulation. */
  plan: SwapPlan;
  tables: LookupTable[];
  lifetime: AttemptLifetime;
  before: SwapBalances;
  /** Token accounts of the wallet; only asked for when its signature is handed on. */
  walletTokenAccounts: string[];
}

export interface SwapGoal {
  quantityOutMin: bigint;
  decimals: number;
}

export interface Simulated {
  /** With the guard that fits the balances before. */
  plan: SwapPlan;
  units: number;
  after: SwapBalances;
  before: SwapBalances;
}

/** Runs the swap on a node: what it would leave behind must keep the intent. */
export function tryOnNode(rpc: Rpc, draft: SwapDraft, goal: SwapGoal): Promise<Step<Simulated>> {
  return judgeTrials(rpc, draft.plan, draft.before, async (before) => {
    const plan = guardPlan(draft.plan, before, goal);
    const compiled = compileSwapMessage(plan, draft.tables, draft.lifetime.blockhash);
    if (!compiled.ok) return tooLong(draft, plan, compiled.reason);
    const { alone, whole } = await simulateBoth(rpc, draft, plan, compiled.message);
    if (alone.outcome === "failed") return refused(alone.reason, false);
    const { after } = alone;
    const paid = LAMPORTS_PER_SIGNATURE + sumTips(plan.tips);
    const reasons = checkAftermath(plan, goal.quantityOutMin, paid, before, after);
    const result: Step<Simulated> =
      whole.outcome === "passed"
        ? { ok: true, value: { plan, units: whole.units, after, before } }
        : refused(`behind the swap, ${whole.reason}`, false);
    return { ok: true, value: { after, reasons, result } };
  });
}

/** The advance of a nonce takes some 80 bytes, which can be the ones that are missing. */
function tooLong(draft: SwapDraft, plan: SwapPlan, reason: string): Refusal {
  const text = `the route does not fit into one transaction: ${reason}`;
  const told: Refusal = { ...refused(text, false), isTooLong: true };
  if (plan.nonceAccount === undefined) return told;
  const bare = { ...plan, nonceAccount: undefined };
  const fits = compileSwapMessage(bare, draft.tables, draft.lifetime.blockhash).ok;
  return fits ? { ...told, onlyNonceTooLong: true } : told;
}

function guardPlan(plan: SwapPlan, before: SwapBalances, goal: SwapGoal): SwapPlan {
  if (!handsSignatureOn(plan.swap, plan.accounts.wallet)) return plan;
  const quantities = { in: plan.quantityIn, outMin: goal.quantityOutMin };
  return {
    ...plan,
    guard: deriveGuard(plan.side, before.tokenQuantity, quantities, goal.decimals),
  };
}

/**
 * `whole` is what will be signed but for two numbers. Its guards also undo what they can, so
 * `alone` is what the swap would leave behind without them: an attack shows before it is undone.
 */
async function simulateBoth(
  rpc: Rpc,
  draft: SwapDraft,
  plan: SwapPlan,
  message: Uint8Array,
): Promise<{ alone: SimulationOutcome; whole: SimulationOutcome }> {
  if (plan.guard === undefined) {
    const whole = await simulateSwap(rpc, plan, message);
    return { alone: whole, whole };
  }
  const bare = compileSwapMessage(draft.plan, draft.tables, draft.lifetime.blockhash);
  assert(bare.ok, "a message fits without its guards when it fits with them");
  const [alone, whole] = await Promise.all([
    simulateSwap(rpc, plan, bare.message),
    simulateSwap(rpc, plan, message),
  ]);
  return { alone, whole };
}
