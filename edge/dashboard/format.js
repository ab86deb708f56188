// @ts-check

/** Digits that a figure keeps when it is too small for its usual number of decimals. */
const SMALL_DIGITS = 2;

/**
 * Integer units as a decimal, cut after `digitsMax`; exact, because amounts exceed a double. What
 * is smaller keeps two digits: money that is there is never shown as 0.
 * @param {string} units @param {number} decimals @param {number} digitsMax
 */
export function decimal(units, decimals, digitsMax) {
  const value = BigInt(units);
  const digits = String(value < 0n ? -value : value).padStart(decimals + 1, "0");
  const at = digits.length - decimals;
  const zeros = /^0*/.exec(digits.slice(at))?.[0].length ?? 0;
  const isSmall = value !== 0n && /^0+$/.test(digits.slice(0, at + digitsMax));
  const kept = isSmall ? zeros + SMALL_DIGITS : digitsMax;
  const fraction = digits.slice(at, at + kept).replace(/0+$/, "");
  const whole = digits.slice(0, at).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${value < 0n ? "-" : ""}${whole}${fraction === "" ? "" : `.${fraction}`}`;
}

/**
 * Profit of `value` over `cost`; less than a hundredth of a percent is not nothing.
 * @param {bigint} value @param {bigint} cost
 */
export function gainPercent(value, cost) {
  const gain = value - cost;
  if (gain === 0n) return "0 %";
  const sign = gain > 0n ? "+" : "-";
  if (cost === 0n) return "";
  const bps = ((gain > 0n ? gain : -gain) * 10_000n) / cost;
  return bps === 0n ? `${sign}<0.01 %` : `${sign}${decimal(String(bps), 2, 2)} %`;
}

/** @param {number} value */
export function signed(value) {
  return `${value > 0 ? "+" : ""}${value}`;
}

/** @param {string} address */
export function short(address) {
  return address.length > 12 ? `${address.slice(0, 4)}…${address.slice(-4)}` : address;
}

/** @param {number} ms */
export function duration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800
    ? `${Math.round(seconds / 3_600)} h`
    : `${Math.round(seconds / 86_400)} d`;
}

/** @param {number} ms */
export function ago(ms) {
  return `${duration(ms)} ago`;
}
