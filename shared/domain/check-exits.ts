import { isLadderRule, type ExitRuleKind, type ExitSpec } from "./exit-rules.ts";

/** More rules would not fit on the screen of a phone. */
export const EXIT_RULES_MAX = 12;
const ALL_BPS = 10_000;
const GAIN_BPS_MAX = 10_000_000;
const MINUTE_MS = 60_000;
const TIME_MS_MAX = 30 * 24 * 60 * MINUTE_MS;
/** Of these a position has one: a second would only hide the first. */
export const SINGLE_EXIT_KINDS: readonly ExitRuleKind[] = [
  "stopLoss",
  "trailingStop",
  "breakeven",
  "timeLimit",
  "initialsOut",
];

export const EXIT_NAMES: Readonly<Record<ExitRuleKind, string>> = {
  takeProfit: "take profit",
  stopLoss: "stop loss",
  trailingStop: "trailing stop",
  breakeven: "breakeven",
  timeLimit: "time limit",
  initialsOut: "initials out",
  marketCap: "market cap",
  limitSell: "limit sell",
};

/**
 * What is wrong with a set of rules, each in a sentence that a person can act on; empty: nothing.
 * `costBps` is what a round trip costs: gains below it are losses. `soldShareBps` is what levels
 * that have fired have sold.
 */
export function checkExitSpecs(
  specs: readonly ExitSpec[],
  costBps: number,
  soldShareBps = 0,
): string[] {
  const problems: string[] = [];
  if (specs.length > EXIT_RULES_MAX) {
    problems.push(`These are ${specs.length} rules; a position has ${EXIT_RULES_MAX} at most.`);
  }
  for (const spec of specs) problems.push(...checkOne(spec, costBps));
  for (const kind of SINGLE_EXIT_KINDS) {
    if (specs.filter((spec) => spec.kind === kind).length < 2) continue;
    problems.push(`There are two rules of the kind ${EXIT_NAMES[kind]}; a position has one.`);
  }
  problems.push(...checkLadder(specs, soldShareBps));
  return problems;
}

function checkLadder(specs: readonly ExitSpec[], soldShareBps: number): string[] {
  const problems: string[] = [];
  const sumBps = specs
    .filter(isLadderRule)
    .reduce((sum, spec) => sum + shareOf(spec), soldShareBps);
  if (sumBps > ALL_BPS) {
    const more = "Take profits, limit sells and market caps together sell";
    problems.push(`${more} ${percent(sumBps)} of what was bought; at most 100 %.`);
  }
  const gains = specs.flatMap((spec) => (spec.kind === "takeProfit" ? [spec.gainBps] : []));
  gains.forEach((gainBps, at) => {
    const before = gains[at - 1];
    if (before === undefined || before < gainBps) return;
    const each = "each level must be above the one before it.";
    problems.push(`Take profit at +${percent(gainBps)} follows +${percent(before)}: ${each}`);
  });
  return problems;
}

function checkOne(spec: ExitSpec, costBps: number): string[] {
  switch (spec.kind) {
    case "takeProfit":
      return [...gainProblems(spec, 1), ...shareProblems(spec)];
    case "breakeven":
    case "initialsOut":
      return gainProblems(spec, costBps + 1);
    case "stopLoss":
      // Above the entry it keeps a profit.
      return isBetween(spec.lossBps, -GAIN_BPS_MAX, ALL_BPS - 1)
        ? []
        : ["A stop loss stands at 99.99 % below the entry or higher."];
    case "trailingStop":
      return trailingProblems(spec);
    case "timeLimit":
      return timeProblems(spec);
    case "limitSell":
      return [
        ...(BigInt(spec.priceE9) > 0n ? [] : ["A price is more than zero."]),
        ...shareProblems(spec),
      ];
    case "marketCap":
      return [
        ...(BigInt(spec.capUsd) > 0n ? [] : ["A market cap is more than zero."]),
        ...capProblems(spec),
      ];
  }
}

function gainProblems(spec: { kind: ExitRuleKind; gainBps: number }, leastBps: number): string[] {
  if (isBetween(spec.gainBps, leastBps, GAIN_BPS_MAX)) return [];
  const name = EXIT_NAMES[spec.kind];
  if (spec.gainBps < leastBps && leastBps > 1) {
    const why = `less than buying and selling costs (about ${percent(leastBps - 1)})`;
    return [`A ${name} rule at +${percent(spec.gainBps)} is ${why}.`];
  }
  return [`A ${name} rule stands between +0.01 % and +${percent(GAIN_BPS_MAX)}.`];
}

function shareProblems(spec: ExitSpec): string[] {
  if (isBetween(shareOf(spec), 1, ALL_BPS)) return [];
  return [`A ${EXIT_NAMES[spec.kind]} rule sells between 0.01 % and 100 % of what was bought.`];
}

function capProblems(spec: Extract<ExitSpec, { kind: "marketCap" }>): string[] {
  // A fall sells all that is left, like every stop.
  if (spec.direction === "above") return shareProblems(spec);
  return spec.shareBps === ALL_BPS
    ? []
    : ["A market cap below which to sell sells all that is left."];
}

function trailingProblems(spec: Extract<ExitSpec, { kind: "trailingStop" }>): string[] {
  const problems: string[] = [];
  if (!isBetween(spec.dropBps, 1, ALL_BPS - 1)) {
    problems.push("A trailing stop follows at 0.01 % to 99.99 % below the highest price.");
  }
  if (!isBetween(spec.fromGainBps, 0, GAIN_BPS_MAX)) {
    problems.push(`A trailing stop begins between +0 % and +${percent(GAIN_BPS_MAX)}.`);
  }
  return problems;
}

function timeProblems(spec: Extract<ExitSpec, { kind: "timeLimit" }>): string[] {
  const problems: string[] = [];
  if (!isBetween(spec.afterMs, MINUTE_MS, TIME_MS_MAX)) {
    problems.push("A time limit is between 1 minute and 30 days.");
  }
  const gain = spec.belowGainBps;
  if (gain !== null && !isBetween(gain, 1 - ALL_BPS, GAIN_BPS_MAX)) {
    problems.push(`A time limit's price is between -99.99 % and +${percent(GAIN_BPS_MAX)}.`);
  }
  return problems;
}

function isBetween(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}

function shareOf(spec: ExitSpec): number {
  return "shareBps" in spec ? spec.shareBps : ALL_BPS;
}

function percent(bps: number): string {
  return `${bps / 100} %`;
}
