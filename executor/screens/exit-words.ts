import type { ExitRuleView } from "@raptor/shared/wire/read.ts";
import type { ExitRuleKind, ExitSpec } from "@raptor/shared/domain/exit-rules.ts";
import { percentOfBps, price, signedPercent, timeLeft, timeOfDay, usd } from "./numbers.ts";

const SIGNS: Readonly<Record<ExitRuleKind, string>> = {
  takeProfit: "🎯",
  stopLoss: "🛑",
  trailingStop: "📉",
  breakeven: "🛡",
  timeLimit: "⏱",
  initialsOut: "💰",
  marketCap: "🏦",
  limitSell: "🎯",
};

const NAMES: Readonly<Record<ExitRuleKind, string>> = {
  takeProfit: "Take profit",
  stopLoss: "Stop loss",
  trailingStop: "Trailing stop",
  breakeven: "Breakeven",
  timeLimit: "Time limit",
  initialsOut: "Initials out",
  marketCap: "Market cap",
  limitSell: "Limit sell",
};

export function exitName(kind: ExitRuleKind): string {
  return NAMES[kind];
}

export function exitSign(kind: ExitRuleKind): string {
  return SIGNS[kind];
}

/** A rule in a few characters, for lists and buttons. */
export function shortRule(rule: ExitRuleView): string {
  const share = rule.quantityBps === 10_000 ? "" : ` ${percentOfBps(rule.quantityBps)}\u00a0%`;
  switch (rule.kind) {
    case "takeProfit":
      return `TP ${signedPercent(rule.triggerBps)}${share === "" ? "" : `:${share}`}`;
    case "stopLoss":
      return `SL ${signedPercent(rule.triggerBps)}`;
    case "trailingStop":
      return `trail ${percentOfBps(rule.dropBps ?? 0)}\u00a0%`;
    case "breakeven":
      return `BE ${signedPercent(rule.triggerBps)}`;
    case "timeLimit":
      return `time ${timeOfDay(rule.dueMs ?? 0).slice(0, 5)}`;
    case "initialsOut":
      return `initials ${signedPercent(rule.triggerBps)}`;
    case "marketCap":
      return `MC ${rule.direction === "below" ? "≤" : "≥"} ${usd(Number(rule.capUsd ?? "0"))}`;
    case "limitSell":
      return `limit ${price(rule.triggerPriceE9)}${share}`;
  }
}

/** A rule of a preset in a few characters. */
export function shortSpec(spec: ExitSpec): string {
  switch (spec.kind) {
    case "takeProfit": {
      const share = spec.shareBps === 10_000 ? "" : ` (${percentOfBps(spec.shareBps)} %)`;
      return `take profit ${signedPercent(spec.gainBps)}${share}`;
    }
    case "stopLoss":
      return `stop loss ${signedPercent(-spec.lossBps)}`;
    case "trailingStop":
      return `trailing stop ${percentOfBps(spec.dropBps)} %`;
    case "breakeven":
      return `breakeven ${signedPercent(spec.gainBps)}`;
    case "timeLimit":
      return `after ${timeLeft(spec.afterMs)}`;
    case "initialsOut":
      return `initials out ${signedPercent(spec.gainBps)}`;
    case "marketCap":
      return `market cap ${usd(Number(spec.capUsd))}`;
    case "limitSell":
      return `limit ${price(spec.priceE9)} SOL`;
  }
}

/** An armed rule in a sentence: what it waits for and what it sells. `markE9` is its peak. */
export function ruleWords(rule: ExitRuleView, markE9 = 0n): string {
  const { kind, triggerBps, triggerPriceE9 } = rule;
  const at = `${price(triggerPriceE9)} SOL`;
  const head = `${SIGNS[kind]} ${NAMES[kind]}`;
  switch (kind) {
    case "takeProfit":
      return `${head} ${signedPercent(triggerBps)}: sells ${shareWords(rule)} at ${at}`;
    case "stopLoss":
      return `${head} ${signedPercent(triggerBps)}: sells all at ${at} or below`;
    case "trailingStop":
      return `${head}: ${trailWords(rule, markE9)}`;
    case "breakeven": {
      const stop = `the stop moves to ${signedPercent(rule.costBps ?? 0)} over the entry`;
      return `${head}: at ${signedPercent(triggerBps)} (${at}) ${stop}`;
    }
    case "timeLimit":
      return `${head}: from ${dayAndTime(rule.dueMs ?? 0)} on ${timeWords(rule, at)}`;
    case "initialsOut":
      return `${head} ${signedPercent(triggerBps)}: at ${at} sells what brings your cost back`;
    case "marketCap": {
      const cap = usd(Number(rule.capUsd ?? "0"));
      if (rule.direction === "below") return `${head} ${cap} or less (${at}): sells all`;
      return `${head} ${cap} or more (${at}): sells ${shareWords(rule)}`;
    }
    case "limitSell":
      return `${head}: sells ${shareWords(rule)} at ${at} or above`;
  }
}

/** A rule of a preset, which has no prices yet. */
export function specWords(spec: ExitSpec): string {
  const head = `${SIGNS[spec.kind]} ${NAMES[spec.kind]}`;
  switch (spec.kind) {
    case "takeProfit":
      return `${head} ${signedPercent(spec.gainBps)}: sells ${shareOf(spec.shareBps)}`;
    case "stopLoss":
      return `${head} ${signedPercent(-spec.lossBps)}: sells all`;
    case "trailingStop": {
      const from = spec.fromGainBps === 0 ? "" : `, from ${signedPercent(spec.fromGainBps)} on`;
      return `${head}: sells all ${percentOfBps(spec.dropBps)} % below the highest price${from}`;
    }
    case "breakeven":
      return `${head}: at ${signedPercent(spec.gainBps)} the stop moves to the entry plus costs`;
    case "timeLimit": {
      const gain = spec.belowGainBps;
      const when = gain === null ? "" : ` at ${signedPercent(gain)} or below`;
      return `${head}: sells all ${timeLeft(spec.afterMs)} after it was armed${when}`;
    }
    case "initialsOut":
      return `${head} ${signedPercent(spec.gainBps)}: sells what brings your cost back`;
    case "marketCap": {
      const cap = usd(Number(spec.capUsd));
      if (spec.direction === "below") return `${head} ${cap} or less: sells all`;
      return `${head} ${cap} or more: sells ${shareOf(spec.shareBps)}`;
    }
    case "limitSell":
      return `${head} ${price(spec.priceE9)} SOL: sells ${shareOf(spec.shareBps)}`;
  }
}

/** `Take profit 2 of 3`; the place among its kind, fired ones included. */
export function rulePlace(
  kind: ExitRuleKind,
  place: { number: number; of: number } | undefined,
): string {
  if (place === undefined || place.of < 2) return NAMES[kind];
  return `${NAMES[kind]} ${place.number} of ${place.of}`;
}

function shareWords({ quantityBps }: ExitRuleView): string {
  return shareOf(quantityBps);
}

function shareOf(shareBps: number): string {
  return shareBps === 10_000 ? "all" : `${percentOfBps(shareBps)} % of what was bought`;
}

function trailWords(rule: ExitRuleView, markE9: bigint): string {
  const drop = `sells all ${percentOfBps(rule.dropBps ?? 0)} % below the highest price`;
  const from = BigInt(rule.triggerPriceE9);
  if (markE9 === 0n || markE9 < from) {
    return `${drop}, from ${signedPercent(rule.triggerBps)} (${price(from)} SOL) on`;
  }
  const stopE9 = (markE9 * BigInt(10_000 - (rule.dropBps ?? 0))) / 10_000n;
  return `${drop} (highest ${price(markE9)}, sells at ${price(stopE9)} SOL)`;
}

function timeWords(rule: ExitRuleView, at: string): string {
  if (rule.triggerPriceE9 === "0") return "sells all at any price";
  return `sells all at ${signedPercent(rule.triggerBps)} (${at}) or below`;
}

function dayAndTime(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(5, 10)} ${timeOfDay(atMs)}`;
}
