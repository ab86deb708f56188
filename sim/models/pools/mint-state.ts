import type { ModelView } from "../program-model.ts";

const SUPPLY_AT = 36;
const DECIMALS_AT = 44;

export function mintSupply(view: ModelView, mint: string): bigint {
  const data = view.dataOf(mint);
  return data === undefined ? 0n : Buffer.from(data).readBigUInt64LE(SUPPLY_AT);
}

export function mintDecimals(view: ModelView, mint: string): number {
  return view.dataOf(mint)?.[DECIMALS_AT] ?? 0;
}
