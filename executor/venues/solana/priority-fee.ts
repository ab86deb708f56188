import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { mulDivCeil } from "@raptor/shared/values/money.ts";
import { feeEstimateAnswer } from "./rpc-answers.ts";
import type { Rpc } from "./rpc.ts";

export const LAMPORTS_PER_SIGNATURE = 5_000n;
const MICRO_LAMPORTS = 1_000_000n;
export const UNITS_MAX = 1_400_000;
/** A swap that grows a little between simulation and landing must not run out of units. */
const UNITS_MIN = 40_000;
/** What is paid when no source names a price: enough for quiet times, never free. */
export const UNIT_PRICE_FLOOR = 10_000n;
/** A thousand times the price is above every cap. */
const DOUBLINGS_MAX = 10;

/** Simulated units and a fifth on top, inside the runtime's limits. */
export function unitLimitOf(simulatedUnits: number): number {
  return Math.min(Math.max(Math.ceil((simulatedUnits * 12) / 10), UNITS_MIN), UNITS_MAX);
}

export function priorityFeeLamports(unitLimit: number, microLamports: bigint): bigint {
  return mulDivCeil(BigInt(unitLimit), microLamports, MICRO_LAMPORTS);
}

/**
 * Micro-lamports per unit: the route service's own figure, else an RPC node's estimate, else a
 * floor, and never more than the cap allows for this unit limit. A broken source never blocks.
 * Each replacement bids twice as much as the attempt before: leaders take the dearer of two that
 * exclude each other.
 */
export async function chooseUnitPrice(
  rpc: Rpc,
  suggested: bigint | undefined,
  unitLimit: number,
  priorityFeeLamportsMax: bigint,
  writableAccounts: readonly string[],
  replacements = 0,
): Promise<bigint> {
  const wanted = suggested ?? (await fetchEstimate(rpc, writableAccounts)) ?? UNIT_PRICE_FLOOR;
  const base = wanted > UNIT_PRICE_FLOOR ? wanted : UNIT_PRICE_FLOOR;
  const raised = base * 2n ** BigInt(Math.min(Math.max(replacements, 0), DOUBLINGS_MAX));
  return capUnitPrice(raised, unitLimit, priorityFeeLamportsMax);
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

async function fetchEstimate(
  rpc: Rpc,
  accountKeys: readonly string[],
): Promise<bigint | undefined> {
  try {
    const { priorityFeeEstimate } = await rpc.ask(
      "getPriorityFeeEstimate",
      [{ accountKeys, options: { recommended: true } }],
      feeEstimateAnswer,
    );
    return Number.isFinite(priorityFeeEstimate)
      ? BigInt(Math.floor(priorityFeeEstimate))
      : undefined;
  } catch (error) {
    if (isRaptorError(error)) return undefined;
    throw error;
  }
}
