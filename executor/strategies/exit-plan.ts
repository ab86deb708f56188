import type { ExitRule, ExitSpec } from "@raptor/shared/domain/exit-rules.ts";
import { assert } from "@raptor/shared/errors/raptor-error.ts";
import {
  BPS_ONE,
  LAMPORTS_PER_SOL,
  mulDivCeil,
  mulDivFloor,
  PRICE_SCALE,
} from "@raptor/shared/values/money.ts";

/** What distances are counted from, and when time limits begin. */
export interface ExitBasis {
  entryPriceE9: bigint;
  /** What buying and selling once costs; a stop at breakeven stands that far above the entry. */
  costBps: number;
  nowMs: number;
}

/** Where a rule waits: for a rise, for a fall, behind the highest price, or for a moment. */
export type Side = "above" | "below" | "behind" | "time";

const ALL_BPS = 10_000;
const USD_E6 = 1_000_000n;
/** Prices that no position has: 10^9 times its entry. */
const DISTANCE_BPS_MAX = 10_000_000_000_000n;

/** The rules of a position, numbered from `ruleCount` on; ids stay unique over its whole life. */
export function createExitRules(
  specs: readonly ExitSpec[],
  basis: ExitBasis,
  ruleCount = 0,
): ExitRule[] {
  const rules = specs.map((spec, at) => ({
    ...bareRule(spec, basis.costBps, basis.nowMs),
    id: `${spec.kind}${ruleCount + at + 1}`,
  }));
  return rebaseRules(rules, basis.entryPriceE9);
}

/** What a person who has set nothing gets; zero switches a rule off. */
export function standardSpecs(options: { takeProfitBps: number; stopLossBps: number }): ExitSpec[] {
  const { takeProfitBps, stopLossBps } = options;
  const specs: ExitSpec[] = [];
  if (takeProfitBps > 0) {
    specs.push({ kind: "takeProfit", gainBps: takeProfitBps, shareBps: ALL_BPS });
  }
  if (stopLossBps > 0) specs.push({ kind: "stopLoss", lossBps: stopLossBps });
  return specs;
}

/**
 * The same rules after the entry price has moved: what they have sold, their times and their
 * absolute prices stay. Rules at a distance from an entry of zero would fire at any price, so
 * such an entry arms only what needs none.
 */
export function rebaseRules(rules: readonly ExitRule[], entryPriceE9: bigint): ExitRule[] {
  return rules
    .filter((rule) => entryPriceE9 > 0n || isAbsolute(rule))
    .map((rule) => ({ ...rule, ...triggerOf(rule, entryPriceE9) }));
}

function isAbsolute(rule: ExitRule): boolean {
  if (rule.kind === "limitSell" || rule.kind === "marketCap") return true;
  return rule.kind === "timeLimit" && rule.triggerPriceE9 === "0";
}

function bareRule(spec: ExitSpec, costBps: number, nowMs: number): ExitRule {
  const all = { triggerPriceE9: "", quantityBps: ALL_BPS };
  switch (spec.kind) {
    case "takeProfit":
      return { ...all, kind: spec.kind, triggerBps: spec.gainBps, quantityBps: spec.shareBps };
    case "stopLoss":
      return { ...all, kind: spec.kind, triggerBps: -spec.lossBps };
    case "trailingStop":
      return { ...all, kind: spec.kind, triggerBps: spec.fromGainBps, dropBps: spec.dropBps };
    case "breakeven":
    case "initialsOut":
      return { ...all, kind: spec.kind, triggerBps: spec.gainBps, costBps };
    case "timeLimit": {
      const { kind, afterMs, belowGainBps } = spec;
      const triggerPriceE9 = belowGainBps === null ? "0" : "";
      const dueMs = nowMs + afterMs;
      return { ...all, kind, triggerBps: belowGainBps ?? 0, triggerPriceE9, afterMs, dueMs };
    }
    case "limitSell": {
      const { kind, priceE9, shareBps } = spec;
      return { ...all, kind, triggerBps: 0, triggerPriceE9: priceE9, quantityBps: shareBps };
    }
    case "marketCap": {
      const { shareBps, ...rest } = spec;
      return { ...all, ...rest, triggerBps: 0, quantityBps: shareBps };
    }
  }
}

/**
 * Triggers are rounded away from the entry price, so that no rule fires before its distance is
 * reached.
 */
function triggerOf(
  rule: ExitRule,
  entryPriceE9: bigint,
): Pick<ExitRule, "triggerBps" | "triggerPriceE9"> {
  const { triggerBps } = rule;
  switch (rule.kind) {
    case "limitSell":
      return absolute(BigInt(rule.triggerPriceE9), entryPriceE9);
    case "marketCap":
      return absolute(marketCapPriceE9(rule), entryPriceE9);
    case "trailingStop":
      if (triggerBps === 0) return { triggerBps, triggerPriceE9: "0" };
      return { triggerBps, triggerPriceE9: priceAt(entryPriceE9, triggerBps, "up").toString() };
    case "timeLimit": {
      if (rule.triggerPriceE9 === "0") return { triggerBps, triggerPriceE9: "0" };
      // A price of zero would mean that time alone decides.
      const priceE9 = priceAt(entryPriceE9, triggerBps, "down") || 1n;
      return { triggerBps, triggerPriceE9: priceE9.toString() };
    }
    default: {
      const isStop = sideOf(rule) === "below";
      const way = isStop && triggerBps < 0 ? "down" : "up";
      return { triggerBps, triggerPriceE9: priceAt(entryPriceE9, triggerBps, way).toString() };
    }
  }
}

function absolute(
  priceE9: bigint,
  entryPriceE9: bigint,
): Pick<ExitRule, "triggerBps" | "triggerPriceE9"> {
  const triggerPriceE9 = priceE9.toString();
  if (entryPriceE9 === 0n) return { triggerBps: 0, triggerPriceE9 };
  const distance = ((priceE9 - entryPriceE9) * BPS_ONE) / entryPriceE9;
  const triggerBps = Number(distance > DISTANCE_BPS_MAX ? DISTANCE_BPS_MAX : distance);
  return { triggerBps, triggerPriceE9 };
}

/** The price at a distance from the entry. */
export function priceAt(entryPriceE9: bigint, distanceBps: number, way: "up" | "down"): bigint {
  const factor = BPS_ONE + BigInt(distanceBps);
  if (way === "up") return mulDivCeil(entryPriceE9, factor, BPS_ONE);
  return mulDivFloor(entryPriceE9, factor, BPS_ONE);
}

/** What one whole token costs while all of them together are worth so many dollars. */
export function marketCapPriceE9(of: {
  capUsd: string;
  supply: string;
  solUsdE6: string;
  decimals: number;
}): bigint {
  const supply = BigInt(of.supply);
  const solUsdE6 = BigInt(of.solUsdE6);
  assert(supply > 0n && solUsdE6 > 0n, "a market cap needs a supply and a price of SOL");
  const lamportsE6 = BigInt(of.capUsd) * USD_E6 * LAMPORTS_PER_SOL * PRICE_SCALE;
  return (lamportsE6 * 10n ** BigInt(of.decimals)) / (solUsdE6 * supply);
}

/** The price at which a trailing stop sells, behind the highest price. */
export function trailingStopE9(markE9: bigint, dropBps: number): bigint {
  return mulDivFloor(markE9, BPS_ONE - BigInt(dropBps), BPS_ONE);
}

export function sideOf(rule: ExitRule): Side {
  switch (rule.kind) {
    case "stopLoss":
      return "below";
    case "marketCap":
      return rule.direction;
    case "trailingStop":
      return "behind";
    case "timeLimit":
      return "time";
    default:
      return "above";
  }
}

/** Whether a rule has what it waits for, at a price, a highest price and a moment. */
export function isCrossed(
  rule: ExitRule,
  priceE9: bigint,
  at: { markE9: bigint; nowMs: number } = { markE9: 0n, nowMs: 0 },
): boolean {
  const trigger = BigInt(rule.triggerPriceE9);
  switch (rule.kind) {
    case "trailingStop":
      if (at.markE9 < trigger || at.markE9 === 0n) return false;
      return priceE9 <= trailingStopE9(at.markE9, rule.dropBps);
    case "timeLimit":
      return at.nowMs >= rule.dueMs && (trigger === 0n || priceE9 <= trigger);
    default:
      return sideOf(rule) === "above" ? priceE9 >= trigger : priceE9 <= trigger;
  }
}
