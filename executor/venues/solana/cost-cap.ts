import { LAMPORTS_PER_SIGNATURE, priorityFeeLamports } from "./priority-fee.ts";

export interface CostInputs {
  side: "buy" | "sell";
  /** Lamports for a buy. */
  quantityIn: bigint;
  /** Of the token account that a buy opens unless there is one when it lands. */
  rentLamports: bigint;
  unitLimit: number;
  unitPriceMicroLamports: bigint;
  /** To the lanes, in the same transaction. */
  tipLamports?: bigint;
}

/** The network's fee for one signature and the priority that was bid. */
export function swapFeeLamports(
  inputs: Pick<CostInputs, "unitLimit" | "unitPriceMicroLamports">,
): bigint {
  const { unitLimit, unitPriceMicroLamports } = inputs;
  return LAMPORTS_PER_SIGNATURE + priorityFeeLamports(unitLimit, unitPriceMicroLamports);
}

/** The most lamports that an attempt may take out of the wallet. */
export function costCapOf(inputs: CostInputs): bigint {
  const spent = inputs.side === "buy" ? inputs.quantityIn + inputs.rentLamports : 0n;
  return spent + swapFeeLamports(inputs) + (inputs.tipLamports ?? 0n);
}
