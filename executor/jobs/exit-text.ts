import type { ExitSpec } from "@raptor/shared/domain/exit-rules.ts";
import { parseDecimal } from "@raptor/shared/values/decimal.ts";

type Cap = Extract<ExitSpec, { kind: "marketCap" }>;

/** A typed rule; a market cap lacks what only the token's report knows. */
export type TypedRule =
  | Exclude<ExitSpec, Cap>
  | Pick<Cap, "kind" | "direction" | "capUsd" | "shareBps">;
export type TypedExit = { ok: true; rule: TypedRule } | { ok: false; sentence: string };

const ALL_BPS = 10_000;
/** Percent with two decimals are bps. */
const BPS_DECIMALS = 2;
const PRICE_DECIMALS = 18;
const TIMES_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const THOUSANDS: Readonly<Record<string, bigint>> = {
  "": 1n,
  k: 1_000n,
  m: 1_000_000n,
  b: 1_000_000_000n,
};
/** What people put around numbers and words; none of it changes what is meant. */
const NOISE = new Set(["", "at", "to", "sell", "after", "of", "if", "than", "or"]);
const SHOWN_CHARS_MAX = 32;

/** One typed rule, or what is wrong with it and how it is written. */
export function parseExitText(text: string): TypedExit {
  const clipped = [...text].slice(0, SHOWN_CHARS_MAX).join("");
  if (/\d,\d/.test(text)) {
    const sentence = `"${clipped}" has a comma in a number. Write decimals with a point: 12.5.`;
    return { ok: false, sentence: `${sentence} Nothing was changed or sold.` };
  }
  const words = text
    .toLowerCase()
    .replaceAll("take profit", "tp")
    .replaceAll("stop loss", "sl")
    .split(/[\s,;:%]+/)
    .filter((word) => !NOISE.has(word));
  const [name = "", ...rest] = words;
  const rule = parseRule(name, rest);
  if (typeof rule !== "string") return { ok: true, rule };
  return { ok: false, sentence: `"${clipped}" ${rule} Nothing was changed or sold.` };
}

function parseRule(name: string, rest: readonly string[]): TypedRule | string {
  switch (name) {
    case "tp":
      return parseTakeProfit(rest);
    case "sl":
      return parseStopLoss(rest);
    case "trail":
    case "trailing":
      return parseTrail(rest);
    case "be":
    case "breakeven": {
      const gainBps = percent(rest[0]);
      if (gainBps === undefined || rest.length > 1) return "is not a breakeven. Write be 40.";
      return { kind: "breakeven", gainBps };
    }
    case "time":
      return parseTime(rest);
    case "initials":
      return parseInitials(rest);
    case "mc":
    case "cap":
      return parseCap(rest);
    case "limit":
      return parseLimit(rest);
    default:
      return "is not a rule. It begins with tp, sl, trail, be, time, initials, mc or limit.";
  }
}

function parseTakeProfit(rest: readonly string[]): TypedRule | string {
  const gainBps = percent(rest[0]);
  const shareBps = shareOf(rest[1]);
  if (gainBps === undefined || shareBps === undefined || rest.length > 2) {
    return "is not a take profit. Write tp 50 25: at +50 % sell 25 %.";
  }
  return { kind: "takeProfit", gainBps, shareBps };
}

/** A bare number is below the entry; a plus says that it is above. */
function parseStopLoss(rest: readonly string[]): TypedRule | string {
  const bps = percent(rest[0]?.replace(/^-/, ""));
  if (bps === undefined || rest.length > 1) {
    return "is not a stop loss. Write sl 30 for -30 %, or sl +10 to keep a profit.";
  }
  return { kind: "stopLoss", lossBps: rest[0]?.startsWith("+") === true ? -bps : bps };
}

function parseTrail(rest: readonly string[]): TypedRule | string {
  const words = rest.filter((word) => word !== "from");
  const dropBps = percent(words[0]);
  const fromGainBps = words[1] === undefined ? 0 : percent(words[1]);
  if (dropBps === undefined || fromGainBps === undefined || words.length > 2) {
    return "is not a trailing stop. Write trail 20, or trail 20 from 50.";
  }
  return { kind: "trailingStop", dropBps, fromGainBps };
}

function parseTime(rest: readonly string[]): TypedRule | string {
  const [time = "", ...more] = rest;
  const [, digits = "", unit = ""] = /^(\d{1,5})(m|h|d)$/.exec(time) ?? [];
  const scale = TIMES_MS[unit];
  const help = "is not a time limit. Write time 90m, or time 4h below 10.";
  if (scale === undefined) return help;
  const afterMs = Number(digits) * scale;
  if (more.length === 0) return { kind: "timeLimit", afterMs, belowGainBps: null };
  const [word, gain = ""] = more;
  const bps = percent(gain.replace(/^-/, ""));
  if (word !== "below" || bps === undefined || more.length > 2) return help;
  return { kind: "timeLimit", afterMs, belowGainBps: gain.startsWith("-") ? -bps : bps };
}

/** `2x` is twice the entry; a bare number is the gain in percent. */
function parseInitials(rest: readonly string[]): TypedRule | string {
  const [word = ""] = rest;
  const isMultiple = word.endsWith("x");
  const bps = percent(isMultiple ? word.slice(0, -1) : word);
  if (bps === undefined || rest.length > 1) return "is not complete. Write initials 2x.";
  // Percent of two decimals: a multiple has two more before it is in bps.
  return { kind: "initialsOut", gainBps: isMultiple ? bps * 100 - ALL_BPS : bps };
}

function parseCap(rest: readonly string[]): TypedRule | string {
  const words = rest.filter((word) => word !== "above");
  const isBelow = words[0] === "below";
  const [cap = "", share] = isBelow ? words.slice(1) : words;
  const [, digits = "", unit = ""] = /^\$?(\d{1,12}(?:\.\d{1,6})?)([kmb]?)$/.exec(cap) ?? [];
  const parsed = parseDecimal(digits, 6);
  const shareBps = isBelow && share === undefined ? ALL_BPS : shareOf(share);
  const scale = THOUSANDS[unit];
  const isLong = words.length > (isBelow ? 2 : 2);
  if (!parsed.ok || shareBps === undefined || scale === undefined || isLong) {
    return "is not a market cap. Write mc 1m 50 (dollars), or mc below 200k.";
  }
  const capUsd = ((parsed.units * scale) / 1_000_000n).toString();
  return { kind: "marketCap", direction: isBelow ? "below" : "above", capUsd, shareBps };
}

function parseLimit(rest: readonly string[]): TypedRule | string {
  const parsed = parseDecimal((rest[0] ?? "").replace(/sol$/, ""), PRICE_DECIMALS);
  const words = rest.slice(1).filter((word) => word !== "sol");
  const shareBps = shareOf(words[0]);
  if (!parsed.ok || shareBps === undefined || words.length > 1) {
    return "is not a limit sell. Write limit 0.0005 40: at 0.0005 SOL a token sell 40 %.";
  }
  return { kind: "limitSell", priceE9: parsed.units.toString(), shareBps };
}

function percent(word: string | undefined): number | undefined {
  const parsed = parseDecimal((word ?? "").replace(/^\+/, ""), BPS_DECIMALS);
  if (!parsed.ok || parsed.units > BigInt(Number.MAX_SAFE_INTEGER) / 100n) return undefined;
  return Number(parsed.units);
}

/** Without a share, everything. */
function shareOf(word: string | undefined): number | undefined {
  return word === undefined || word === "all" ? ALL_BPS : percent(word);
}
