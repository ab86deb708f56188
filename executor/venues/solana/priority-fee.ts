import { mulDivCeil } from "@raptor/shared/values/money.ts";

export const LAMPORTS_PER_SIGNATURE = 5_000n;
const MICRO_LAMPORTS = 1_000_000n;
export const UNITS_MAX = 1_400_000;
/** A swap that grows a little between simulation and landing must not run out of units. */
const UNITS_MIN = 40_000;
/** What is paid when no source names a price: enough for quiet times, never free. */
export const UNIT_PRICE_FLOOR = 10_000n;

/** Simulated units and a fifth on top, inside the runtime's limits. */
export function unitLimitOf(simulatedUnits: number): number {
  return Math.min(Math.max(Math.ceil((simulatedUnits * 12) / 10), UNITS_MIN), UNITS_MAX);
}

export function priorityFeeLamports(unitLimit: number, microLamports: bigint): bigint {
  return mulDivCeil(BigInt(unitLimit), microLamports, MICRO_LAMPORTS);
}

/** The price, or the most that so many lamports pay for so many units; nothing below zero. */
export function capUnitPrice(
  microLamports: bigint,
  unitLimit: number,
  lamportsMax: bigint,
): bigint {
  if (lamportsMax <= 0n) return 0n;
  const cap = (lamportsMax * MICRO_LAMPORTS) / BigInt(Math.max(unitLimit, 1));
  return microLamports < cap ? microLamports : cap;
}
