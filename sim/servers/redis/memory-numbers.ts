import { CommandError } from "./memory-store.ts";

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** A 64-bit integer in plain decimal, as Redis demands of counters and times. */
export function parseInteger(
  text: string,
  failure = "ERR value is not an integer or out of range",
): bigint {
  if (!/^(?:0|-?[1-9][0-9]*)$/.test(text)) throw new CommandError(failure);
  const value = BigInt(text);
  if (value > INT64_MAX || value < INT64_MIN) throw new CommandError(failure);
  return value;
}

export function addIntegers(left: bigint, right: bigint): bigint {
  const sum = left + right;
  if (sum > INT64_MAX || sum < INT64_MIN) {
    throw new CommandError("ERR increment or decrement would overflow");
  }
  return sum;
}

export function parseFloatScore(text: string): number {
  const value = /^[-+]?inf(?:inity)?$/i.test(text)
    ? Number(`${text.startsWith("-") ? "-" : ""}Infinity`)
    : Number(text);
  if (text.trim() === "" || Number.isNaN(value)) {
    throw new CommandError("ERR value is not a valid float");
  }
  return value;
}

export function formatScore(score: number): string {
  if (score === Number.POSITIVE_INFINITY) return "inf";
  return score === Number.NEGATIVE_INFINITY ? "-inf" : String(score);
}

/** Redis globs: `*`, `?`, `[a-c]`, `[^a]`, and a backslash before a literal. */
export function parseGlob(pattern: string): RegExp {
  let source = "";
  for (let index = 0; index < pattern.length; index += 1) {
    const char = pattern[index] ?? "";
    const classEnd = char === "[" ? pattern.indexOf("]", index + 1) : -1;
    if (char === "*") source += ".*";
    else if (char === "?") source += ".";
    else if (classEnd !== -1) {
      source += `[${pattern.slice(index + 1, classEnd).replaceAll("\\", "\\\\")}]`;
      index = classEnd;
    } else {
      const literal = char === "\\" && index + 1 < pattern.length ? pattern[++index] : char;
      source += (literal ?? "").replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
    }
  }
  return new RegExp(`^${source}$`, "su");
}
