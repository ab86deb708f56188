import { formatDecimal } from "@raptor/shared/values/decimal.ts";
import { PRICE_SCALE, SOL_DECIMALS } from "@raptor/shared/values/money.ts";

/** Digits that a figure keeps when it is too small for its usual number of decimals. */
const SMALL_DIGITS = 2;
const PRICE_DIGITS = 4;
/** Of a price in billionths of a lamport. */
const PRICE_DECIMALS = SOL_DECIMALS + PRICE_SCALE.toString().length - 1;

/** SOL with at most `digits` decimals; what is smaller keeps two digits and is never shown as 0. */
export function sol(lamports: bigint | string, digits = 4): string {
  return figure(BigInt(lamports), SOL_DECIMALS, digits);
}

/** SOL to the lamport: for what a person has typed, presses or may lose at most. */
export function exactSol(lamports: bigint | string): string {
  return sol(lamports, SOL_DECIMALS);
}

export function signedSol(lamports: bigint, digits = 4): string {
  return lamports > 0n ? `+${sol(lamports, digits)}` : sol(lamports, digits);
}

/** A token quantity with thousands separators and few decimals. */
export function tokens(quantity: bigint | string, decimals: number): string {
  const value = BigInt(quantity);
  const whole = (value < 0n ? -value : value) / 10n ** BigInt(decimals);
  return figure(value, decimals, whole >= 1_000n ? 0 : PRICE_DIGITS);
}

/** SOL per whole token, four significant digits. */
export function price(priceE9: bigint | string): string {
  const value = BigInt(priceE9);
  if (value >= 10n ** BigInt(PRICE_DECIMALS)) return figure(value, PRICE_DECIMALS, PRICE_DIGITS);
  return formatDecimal(value, PRICE_DECIMALS, leadingZeros(value, PRICE_DECIMALS) + PRICE_DIGITS);
}

/** SOL per whole token with every digit: for a price that a person has typed. */
export function exactPrice(priceE9: bigint | string): string {
  return figure(BigInt(priceE9), PRICE_DECIMALS, PRICE_DECIMALS);
}

/** At most `digits` decimals, cut and grouped, unless nothing but zeros would be left. */
function figure(value: bigint, decimals: number, digits: number): string {
  const cut = formatDecimal(value, decimals, digits);
  const isLost = value !== 0n && /^-?0$/.test(cut);
  const kept = leadingZeros(value, decimals) + SMALL_DIGITS;
  const [whole = "", fraction] = (isLost ? formatDecimal(value, decimals, kept) : cut).split(".");
  return fraction === undefined ? grouped(whole) : `${grouped(whole)}.${fraction}`;
}

/** Zeros between the point and the first other digit. */
function leadingZeros(value: bigint, decimals: number): number {
  const digits = (value < 0n ? -value : value).toString().length;
  return Math.max(0, decimals - digits);
}

function grouped(whole: string): string {
  return whole.replace(/\B(?=(\d{3})+$)/g, ",");
}

export function percentOfBps(bps: number | bigint): string {
  return figure(BigInt(bps), 2, 2);
}

/** From here on, decimals of a percentage say nothing any more. */
const WHOLE_PERCENT_BPS = 100_000n;

/**
 * Profit of `value` over `cost`, rounded towards zero. Less than a hundredth of a percent is not
 * nothing, and neither is a gain over a cost of nothing.
 */
export function gainPercent(value: bigint, cost: bigint): string {
  const gain = value - cost;
  if (gain === 0n) return "0 %";
  const sign = gain > 0n ? "+" : "-";
  const size = gain > 0n ? gain : -gain;
  if (cost <= 0n) return `${sign}∞ %`;
  const bps = (size * 10_000n) / cost;
  if (bps === 0n) return `${sign}<0.01 %`;
  if (bps >= WHOLE_PERCENT_BPS) return `${sign}${grouped((bps / 100n).toString())} %`;
  return `${sign}${percentOfBps(bps)} %`;
}

/** The distance of an exit from the entry, with its sign; no line breaks inside it. */
export function signedPercent(bps: number): string {
  return `${bps > 0 ? "+" : ""}${percentOfBps(bps)}\u00a0%`;
}

const USD_UNITS: readonly { size: number; unit: string; digits: number }[] = [
  { size: 1, unit: "", digits: 2 },
  { size: 1e3, unit: "k", digits: 1 },
  { size: 1e6, unit: "M", digits: 2 },
  { size: 1e9, unit: "B", digits: 2 },
  { size: 1e12, unit: "T", digits: 2 },
];
const USD_DIGITS_MAX = 18;

/** Dollars as people write them; small ones keep three digits. */
export function usd(value: number): string {
  if (!Number.isFinite(value) || value < 0) return "not known";
  if (value !== 0 && value < 0.995) return `$${smallUsd(value)}`;
  const shown = USD_UNITS.map(({ size, unit, digits }) => ({
    text: (value / size).toFixed(digits),
    unit,
  }));
  // After rounding, so that a thousand is 1.0k and never 1000.00.
  const fitting = shown.find(({ text }) => Number(text) < 1_000) ?? shown.at(-1);
  return `$${fitting?.text}${fitting?.unit}`;
}

/** What a balance is worth: to the cent, not shortened. */
export function usdBalance(value: number): string {
  if (!Number.isFinite(value) || value < 0) return "not known";
  const [whole = "0", cents = "00"] = value.toFixed(2).split(".");
  return value > 0 && value < 0.01 ? "less than $0.01" : `$${grouped(whole)}.${cents}`;
}

function smallUsd(value: number): string {
  const digits = Math.min(USD_DIGITS_MAX, 2 - Math.floor(Math.log10(value)));
  const text = value.toFixed(digits);
  return Number(text) === 0 ? `${text.slice(0, -1)}1` : text;
}

export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** What is left of a time: never less than it seems, since somebody counts on it. */
export function timeLeft(ms: number): string {
  const minutes = Math.max(1, Math.ceil(ms / 60_000));
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return withRest(Math.floor(hours / 24), "d", hours % 24, "h");
  return withRest(hours, "h", minutes % 60, "min");
}

function withRest(count: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${count} ${unit}` : `${count} ${unit} ${rest} ${restUnit}`;
}

/** `1 position`, `2 positions`. */
export function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

export function shortAddress(address: string): string {
  return address.length > 12 ? `${address.slice(0, 4)}…${address.slice(-4)}` : address;
}

/** Time of day in UTC, so that an edited screen shows when it was true. */
export function timeOfDay(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(11, 19)} UTC`;
}
