import { parseDecimal, type DecimalProblem } from "@raptor/shared/values/decimal.ts";
import { SOL_DECIMALS } from "@raptor/shared/values/money.ts";

export type Amount = { ok: true; value: bigint } | { ok: false; sentence: string };

const PROBLEMS: Readonly<Record<DecimalProblem, string>> = {
  "not-a-number": "is not an amount. Write it like 0.35, with plain digits and a point",
  negative: "is negative. An amount is more than zero",
  zero: "is zero. An amount is more than zero",
  "too-precise": "has more than 9 decimals; the smallest unit is 0.000000001 SOL",
  "too-large": "is larger than any wallet. Check the number",
};

/** Typed SOL to lamports, or a sentence that says what is wrong and that nothing was done. */
export function parseSolAmount(text: string): Amount {
  const parsed = parseDecimal(text, SOL_DECIMALS);
  if (parsed.ok) return { ok: true, value: parsed.units };
  return {
    ok: false,
    sentence: `"${clip(text)}" ${PROBLEMS[parsed.problem]}. Nothing was bought.`,
  };
}

/** Typed percent of a position to bps (1 to 10,000). */
export function parsePercent(text: string): Amount {
  const trimmed = text.trim().toLowerCase().replace(/%$/, "").trim();
  if (trimmed === "all" || trimmed === "max") return { ok: true, value: 10_000n };
  const parsed = parseDecimal(trimmed, 2);
  if (parsed.ok && parsed.units <= 10_000n) return { ok: true, value: parsed.units };
  const why = "is not a percentage between 0.01 and 100 (or all)";
  return { ok: false, sentence: `"${clip(text)}" ${why}. Nothing was sold.` };
}

/** Longest part of a wrong amount that is shown again. */
const SHOWN_CHARS_MAX = 24;

function clip(text: string): string {
  const chars = [...text];
  if (chars.length <= SHOWN_CHARS_MAX) return text;
  return `${chars.slice(0, SHOWN_CHARS_MAX).join("")}…`;
}
