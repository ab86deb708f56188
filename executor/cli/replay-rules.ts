import { checkEntryGate } from "../engine/entry-gate.ts";
import { isEntryReached } from "../engine/limit-buys.ts";
import { initializeSell } from "../engine/orders.ts";
import { priceCheckOf } from "../engine/price-doubt.ts";
import { checkEntryRisk } from "../engine/risk.ts";
import { gatherRiskInputs } from "../engine/risk-inputs.ts";
import { positionAfter } from "../engine/settle.ts";
import { changesOf } from "../engine/settlement.ts";
import { isCrossed, rebaseRules } from "../strategies/exit-plan.ts";
import { exitQuantity } from "../strategies/exit-quantity.ts";
import { minimumOut } from "../venues/solana/check-build.ts";
import { costCapOf } from "../venues/solana/cost-cap.ts";
import { checkRoutePrice, isWorthSelling } from "../venues/solana/route-price.ts";

/** The rules that decide, each the very function that the desk runs. */
export const RULES = {
  gatherRiskInputs,
  checkEntryRisk,
  checkEntryGate,
  priceCheckOf,
  checkRoutePrice,
  isWorthSelling,
  minimumOut,
  costCapOf,
  rebaseRules,
  isCrossed,
  exitQuantity,
  isEntryReached,
  initializeSell,
  positionAfter,
  changesOf,
};
export type ReplayRules = typeof RULES;
