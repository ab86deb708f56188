// @ts-check

/**
 * Integer units as a decimal, cut after `digitsMax`; exact, because amounts exceed a double.
 * @param {string} units @param {number} decimals @param {number} digitsMax
 */
export function decimal(units, decimals, digitsMax) {
  const value = BigInt(units);
  const digits = String(value < 0n ? -value : value).padStart(decimals + 1, "0");
  const at = digits.length - decimals;
  const fraction = digits.slice(at, at + digitsMax).replace(/0+$/, "");
  const whole = digits.slice(0, at).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  return `${value < 0n ? "-" : ""}${whole}${fraction === "" ? "" : `.${fraction}`}`;
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
