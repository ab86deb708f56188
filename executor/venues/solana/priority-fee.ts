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
const UNIT_PRICE_FLOOR = 10_000n;

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
 */
export async function chooseUnitPrice(
  rpc: Rpc,
  suggested: bigint | undefined,
  unitLimit: number,
  priorityFeeLamportsMax: bigint,
  writableAccounts: readonly string[],
): Promise<bigint> {
  const wanted = suggested ?? (await fetchEstimate(rpc, writableAccounts)) ?? UNIT_PRICE_FLOOR;
  const raised = wanted > UNIT_PRICE_FLOOR ? wanted : UNIT_PRICE_FLOOR;
  const cap = (priorityFeeLamportsMax * MICRO_LAMPORTS) / BigInt(unitLimit);
  return raised < cap ? raised : cap;
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
