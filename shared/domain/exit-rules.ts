import type { Amount } from "./events.ts";

/** What a person asks for: distances, shares and times, free of any position. */
export type ExitSpec =
  | { kind: "takeProfit"; gainBps: number; shareBps: number }
  | { kind: "stopLoss"; lossBps: number }
  /** Sells when the price has fallen by `dropBps` from its highest; 0 watches from the start. */
  | { kind: "trailingStop"; dropBps: number; fromGainBps: number }
  | { kind: "breakeven"; gainBps: number }
  /** `belowGainBps` null sells at any price. */
  | { kind: "timeLimit"; afterMs: number; belowGainBps: number | null }
  | { kind: "initialsOut"; gainBps: number }
  | {
      kind: "marketCap";
      direction: "above" | "below";
      capUsd: Amount;
      /** Base units of the token, and what one SOL cost, when the rule was made. */
      supply: Amount;
      solUsdE6: Amount;
      decimals: number;
      shareBps: number;
    }
  | { kind: "limitSell"; priceE9: Amount; shareBps: number };

export type ExitRuleKind = ExitSpec["kind"];

interface RuleBase {
  /** Unique in its plan for ever; absent in plans of the first release, which had one of a kind. */
  id?: string;
  /** Distance from the entry in bps: +10000 doubles, -3000 loses 30 %. */
  triggerBps: number;
  /** Lamports per whole token, scaled by 1e9, as decimal text; "0": no price decides. */
  triggerPriceE9: Amount;
  /** Share of the original quantity; 10,000 of a stop is all that is left. */
  quantityBps: number;
  /** Base units that this rule has sold; absent: none. */
  soldQuantity?: Amount;
  /** A stop above the entry that a buy would have lifted: where it stays, and what was asked. */
  kept?: { triggerBps: number; priceE9: Amount };
}

/** One armed rule of a position, with the price that it waits for. */
export type ExitRule =
  | (RuleBase & { kind: "takeProfit" | "stopLoss" | "limitSell" })
  /** The trigger price is where it begins to watch; "0": from the start. */
  | (RuleBase & { kind: "trailingStop"; dropBps: number })
  /** `costBps` is what a round trip costs: the stop moves that far above the entry. */
  | (RuleBase & { kind: "breakeven"; costBps: number })
  | (RuleBase & { kind: "initialsOut"; costBps: number })
  /** From `dueMs` on it sells at any price or, where it has a price, at or below it. */
  | (RuleBase & { kind: "timeLimit"; afterMs: number; dueMs: number })
  | (RuleBase & {
      kind: "marketCap";
      direction: "above" | "below";
      capUsd: Amount;
      supply: Amount;
      solUsdE6: Amount;
      decimals: number;
    });

/** Rules that sell a share of the original quantity; what they leave over is the moon bag. */
export function isLadderRule(rule: { kind: ExitRuleKind; direction?: "above" | "below" }): boolean {
  if (rule.kind === "marketCap") return rule.direction === "above";
  return rule.kind === "takeProfit" || rule.kind === "limitSell";
}

/** What events and orders call a rule. */
export function ruleIdOf(rule: Pick<ExitRule, "id" | "kind">): string {
  return rule.id ?? rule.kind;
}

/** What a person would have asked for to get this rule. */
export function specOfRule(rule: ExitRule): ExitSpec {
  const { triggerBps, triggerPriceE9, quantityBps } = rule;
  switch (rule.kind) {
    case "takeProfit":
      return { kind: rule.kind, gainBps: triggerBps, shareBps: quantityBps };
    case "stopLoss":
      return { kind: rule.kind, lossBps: -triggerBps };
    case "limitSell":
      return { kind: rule.kind, priceE9: triggerPriceE9, shareBps: quantityBps };
    case "trailingStop":
      return { kind: rule.kind, dropBps: rule.dropBps, fromGainBps: triggerBps };
    case "breakeven":
    case "initialsOut":
      return { kind: rule.kind, gainBps: triggerBps };
    case "timeLimit": {
      const belowGainBps = triggerPriceE9 === "0" ? null : triggerBps;
      return { kind: rule.kind, afterMs: rule.afterMs, belowGainBps };
    }
    case "marketCap": {
      const { kind, direction, capUsd, supply, solUsdE6, decimals } = rule;
      return { kind, direction, capUsd, supply, solUsdE6, decimals, shareBps: quantityBps };
    }
  }
}
