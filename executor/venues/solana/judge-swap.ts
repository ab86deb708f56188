import { refused, type Step } from "./prepare-step.ts";
import type { Rpc } from "./rpc.ts";
import { fetchSwapBalances, type SwapBalances } from "./simulate-swap.ts";
import type { SwapPlan } from "./swap-instructions.ts";

/** A difference has to show so often before it speaks against the swap. */
const TRIALS_MIN = 2;
/** Nodes that are far apart need a moment until they show the same. */
const TRIALS_MAX = 8;
const PAUSE_MS = 300;

/** A swap was run on a node without sending it. */
export interface Trial<T> {
  after: SwapBalances;
  /** What the outcome breaks of the intent, held against the balances that the trial was given. */
  reasons: string[];
  /** What the trial came to when nothing is broken. */
  result: Step<T>;
}

/**
 * Tries a swap until its outcome can be judged. Balances are read a moment before a trial, often
 * from another node, and another order of the same wallet may land in between: what that one cost
 * would look like an attack. So a trial that shows something wrong counts only when the same
 * balances stood before and after it, by the slots of the answers, and never the first. Who moves
 * the wallet's balances all the time gets no signature either, only a refusal that says so: it says
 * nothing about the swap, and the next try may be judged.
 */
export async function judgeTrials<T>(
  rpc: Pick<Rpc, "askNewest" | "pause">,
  plan: Pick<SwapPlan, "accounts">,
  first: SwapBalances,
  run: (before: SwapBalances) => Promise<Step<Trial<T>>>,
): Promise<Step<T>> {
  let before = first;
  for (let n = 1; ; n++) {
    const trial = await run(before);
    if (!trial.ok) return trial;
    const { after, reasons, result } = trial.value;
    if (reasons.length === 0 && result.ok) return result;
    // What another order has moved and nobody confirms yet may be in the trial already.
    const now = await fetchSwapBalances(rpc, plan, "processed");
    if (n >= TRIALS_MIN && stoodStill(before, after, now)) {
      return reasons.length > 0 ? refused(reasons.join("; "), true) : result;
    }
    if (n >= TRIALS_MAX) {
      const shown = reasons.length > 0 ? reasons.join("; ") : "it fails";
      const why = "other transactions move this wallet all the time, so no node can try the swap";
      return { ...refused(`${why} (${shown})`, false), isWalletBusy: true };
    }
    if (n >= TRIALS_MIN) await rpc.pause(PAUSE_MS);
    before = await fetchSwapBalances(rpc, plan);
  }
}

function stoodStill(before: SwapBalances, after: SwapBalances, now: SwapBalances): boolean {
  return (
    before.slot <= after.slot &&
    after.slot <= now.slot &&
    before.ownLamports === now.ownLamports &&
    before.walletLamports === now.walletLamports &&
    before.tokenQuantity === now.tokenQuantity
  );
}
