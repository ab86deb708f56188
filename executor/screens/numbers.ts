import { formatDecimal } from "@raptor/shared/values/decimal.ts";
import { PRICE_SCALE, SOL_DECIMALS } from "@raptor/shared/values/money.ts";

/** SOL with at most `digits` decimals; amounts below that are shown whole, never as 0. */
export function sol(lamports: bigint | string, digits = 4): string {
  const value = BigInt(lamports);
  const short = formatDecimal(value, SOL_DECIMALS, digits);
  return value !== 0n && /^-?0$/.test(short) ? formatDecimal(value, SOL_DECIMALS) : short;
}

export function signedSol(lamports: bigint, digits = 4): string {
  return lamports > 0n ? `+${sol(lamports, digits)}` : sol(lamports, digits);
}

/** A token quantity with thousands separators and few decimals. */
export function tokens(quantity: bigint | string, decimals: number): string {
  const value = BigInt(quantity);
  const whole = value / 10n ** BigInt(decimals);
  const digits = whole >= 1_000n ? 0 : whole >= 1n ? 3 : decimals;
  const [head = "0", tail] = formatDecimal(value, decimals, digits).split(".");
  const grouped = head.replace(/\B(?=(\d{3})+$)/g, ",");
  return tail === undefined ? grouped : `${grouped}.${tail}`;
}

/** SOL per whole token, four significant digits. */
export function price(priceE9: bigint | string): string {
  const value = BigInt(priceE9);
  const decimals = SOL_DECIMALS + PRICE_SCALE.toString().length - 1;
  const text = formatDecimal(value, decimals);
  const match = /^(\d+)(?:\.(0*)(\d+))?$/.exec(text);
  if (match === null || value === 0n) return "0";
  const [, whole = "0", zeros = "", rest = ""] = match;
  if (whole !== "0") return rest === "" ? whole : `${whole}.${(zeros + rest).slice(0, 4)}`;
  return `0.${zeros}${rest.slice(0, 4)}`;
}

export function percentOfBps(bps: number | bigint): string {
  return (Number(bps) / 100).toFixed(2).replace(/\.?0+$/, "");
}

export function signedPercent(bps: bigint): string {
  return `${bps > 0n ? "+" : ""}${percentOfBps(bps)} %`;
}

/** Profit of `value` over `cost` in bps, rounded towards zero. */
export function gainBps(value: bigint, cost: bigint): bigint {
  return cost === 0n ? 0n : ((value - cost) * 10_000n) / cost;
}

export function usd(value: number): string {
  if (value >= 1_000_000_000) return `$${(value / 1_000_000_000).toFixed(2)}B`;
  if (value >= 1_000_000) return `$${(value / 1_000_000).toFixed(2)}M`;
  if (value >= 1_000) return `$${(value / 1_000).toFixed(1)}k`;
  return value >= 1 ? `$${value.toFixed(2)}` : `$${value.toPrecision(3)}`;
}

export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

export function shortAddress(address: string): string {
  return `${address.slice(0, 4)}…${address.slice(-4)}`;
}

/** Time of day in UTC, so that an edited screen shows when it was true. */
export function timeOfDay(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(11, 19)} UTC`;
}
