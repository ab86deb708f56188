/** Why a typed amount cannot be used. */
export type DecimalProblem = "not-a-number" | "negative" | "zero" | "too-precise" | "too-large";

export type ParsedDecimal = { ok: true; units: bigint } | { ok: false; problem: DecimalProblem };

/** Longest accepted amount: 20 digits before the point and 18 after it. */
const DECIMAL_CHARS_MAX = 40;
const U64_MAX = 0xffff_ffff_ffff_ffffn;

/**
 * Reads a positive plain decimal (`0.5`, `12`, `.25`) as an integer count of 10^-decimals units.
 * ASCII digits only; no exponent, sign, separator or rounding, so what is read is what was typed.
 */
export function parseDecimal(text: string, decimals: number): ParsedDecimal {
  const trimmed = text.trim();
  if (trimmed.startsWith("-") && /\d/.test(trimmed)) return { ok: false, problem: "negative" };
  if (/^\d+(\.\d+)?[eE]\+?\d+$/.test(trimmed)) return { ok: false, problem: "too-large" };
  const match = /^(\d*)(?:\.(\d*))?$/.exec(trimmed);
  if (match === null || trimmed.length > DECIMAL_CHARS_MAX) {
    return { ok: false, problem: /^\d+$/.test(trimmed) ? "too-large" : "not-a-number" };
  }
  const whole = match[1] ?? "";
  const fraction = (match[2] ?? "").replace(/0+$/, "");
  if (whole === "" && (match[2] ?? "") === "") return { ok: false, problem: "not-a-number" };
  if (fraction.length > decimals) return { ok: false, problem: "too-precise" };
  const units = BigInt((whole === "" ? "0" : whole) + fraction.padEnd(decimals, "0"));
  if (units === 0n) return { ok: false, problem: "zero" };
  if (units > U64_MAX) return { ok: false, problem: "too-large" };
  return { ok: true, units };
}

/** Integer units as a plain decimal, no trailing zeros, at most `digitsMax` after the point. */
export function formatDecimal(units: bigint, decimals: number, digitsMax = decimals): string {
  const sign = units < 0n ? "-" : "";
  const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits
    .slice(digits.length - decimals)
    .slice(0, digitsMax)
    .replace(/0+$/, "");
  return fraction === "" ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
}

/**
 * Reads a JSON number (as its shortest text, exponent allowed) as an integer count of
 * 10^-decimals units, rounding down. For prices that a venue sends as numbers.
 */
export function parseJsonNumber(value: number, decimals: number): bigint | undefined {
  if (!Number.isFinite(value) || value < 0) return undefined;
  const match = /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value));
  if (match === null) return undefined;
  const fraction = match[2] ?? "";
  const digits = BigInt((match[1] ?? "0") + fraction);
  const shift = decimals - fraction.length + Number(match[3] ?? "0");
  return shift >= 0 ? digits * 10n ** BigInt(shift) : digits / 10n ** BigInt(-shift);
}
