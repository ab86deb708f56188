import { checkEntryGate } from "../engine/entry-gate.ts";
import { initializeSell } from "../engine/orders.ts";
import { priceCheckOf } from "../engine/price-doubt.ts";
import { checkEntryRisk } from "../engine/risk.ts";
import { gatherRiskInputs } from "../engine/risk-inputs.ts";
import { positionAfter } from "../engine/settle.ts";
import { changesOf } from "../engine/settlement.ts";
import { TriggerIndex } from "../engine/trigger-index.ts";
import { createExitRules } from "../strategies/exit-plan.ts";
import { minimumOut } from "../venues/solana/check-build.ts";
import { costCapOf } from "../venues/solana/cost-cap.ts";
import { checkRoutePrice } from "../venues/solana/route-price.ts";

/** The rules that decide, each the very function that the desk runs. */
export const RULES = {
  gatherRiskInputs,
  checkEntryRisk,
  checkEntryGate,
  priceCheckOf,
  checkRoutePrice,
  minimumOut,
  costCapOf,
  createExitRules,
  crossed: crossedRules,
  initializeSell,
  positionAfter,
  changesOf,
};
export type ReplayRules = typeof RULES;

type Rules = Parameters<TriggerIndex["arm"]>[2];

/** The rules of a plan that a price reaches, by the index that the desk watches prices with. */
function crossedRules(rules: Rules, priceE9: bigint): Rules {
  const index = new TriggerIndex();
  index.arm("replayed", "replayed", rules);
  return index.crossed("replayed", priceE9).map((trigger) => trigger.rule);
}
