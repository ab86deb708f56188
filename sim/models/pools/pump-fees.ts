import { pubkeyBytes } from "../plain-message.ts";
import { BPS_ONE } from "../pool-math.ts";
import { anchorTag, deriveAddress, StateReader, StateWriter, ZERO_KEY } from "./state-bytes.ts";

export const PUMP_FEES_PROGRAM = "pfeeUxB6jkeY1Hxd7CsFCAjcbHA9rWtchMGdZ6VojVZ";
export const FEE_CONFIG_TAG = anchorTag("account", "FeeConfig");

export interface FeeRates {
  lp: bigint;
  protocol: bigint;
  creator: bigint;
}

export interface FeeTier extends FeeRates {
  /** Lamports of market cap from which on it holds. */
  from: bigint;
}

export interface FeeConfig {
  flat: FeeRates;
  tiers: readonly FeeTier[];
}

const LAMPORTS = 1_000_000_000n;
const TIERS_MAX = 64;
const CONFIG_BYTES = 4_073;
/** On a curve everything below the first threshold, as the main network has it. */
const CURVE_TIERS: readonly FeeTier[] = [{ from: 0n, lp: 0n, protocol: 95n, creator: 30n }];
/** Whole SOL of market cap and the creator's rate from there on; the pool's others stay 20 and 5. */
const POOL_STEPS: readonly (readonly [sol: bigint, creator: bigint])[] = [
  [420n, 95n],
  [1_470n, 90n],
  [2_460n, 85n],
  [3_440n, 80n],
  [4_420n, 75n],
  [9_820n, 70n],
  [14_740n, 65n],
  [19_650n, 60n],
  [24_560n, 55n],
  [29_470n, 50n],
  [34_380n, 45n],
  [39_300n, 40n],
  [44_210n, 35n],
  [49_120n, 30n],
  [54_030n, 28n],
  [58_940n, 25n],
  [63_860n, 23n],
  [68_770n, 20n],
  [73_681n, 18n],
  [78_590n, 15n],
  [83_500n, 13n],
  [88_400n, 10n],
  [93_330n, 8n],
  [98_240n, 5n],
];
const POOL_TIERS: readonly FeeTier[] = [
  { from: 0n, lp: 2n, protocol: 93n, creator: 30n },
  ...POOL_STEPS.map(([sol, creator]) => ({
    from: sol * LAMPORTS,
    lp: 20n,
    protocol: 5n,
    creator,
  })),
];
const FLAT: FeeRates = { lp: 25n, protocol: 5n, creator: 0n };

export function feeConfigAddress(program: string): string {
  return deriveAddress(["fee_config", pubkeyBytes(program)], PUMP_FEES_PROGRAM);
}

export function encodeFeeConfig(of: "curve" | "pool"): Uint8Array {
  const tiers = of === "curve" ? CURVE_TIERS : POOL_TIERS;
  const writer = new StateWriter().raw(FEE_CONFIG_TAG).u8(255).key(ZERO_KEY);
  writer.u64(FLAT.lp, FLAT.protocol, FLAT.creator);
  for (const list of [tiers, tiers]) {
    writer.u32(list.length);
    for (const { from, lp, protocol, creator } of list) {
      writer.u128(from).u64(lp, protocol, creator);
    }
  }
  return writer.u64(0n, 0n, 0n).bytes(CONFIG_BYTES);
}

export function parseFeeConfig(bytes: Uint8Array): FeeConfig {
  const reader = new StateReader(bytes, 8 + 1 + 32);
  const rates = (): FeeRates => ({
    lp: reader.u64(),
    protocol: reader.u64(),
    creator: reader.u64(),
  });
  const flat = rates();
  const count = Math.min(reader.u32(), TIERS_MAX);
  const tiers = Array.from({ length: count }, () => ({ from: reader.u128(), ...rates() }));
  return { flat, tiers };
}

/** The last tier whose threshold the market cap has reached; the first one below all of them. */
export function tierOf({ tiers }: FeeConfig, marketCap: bigint): FeeRates {
  const tier = tiers.findLast(({ from }) => marketCap >= from) ?? tiers[0];
  if (tier === undefined) throw new Error("expected a fee tier");
  return tier;
}

/** A share in hundredths of a percent, rounded up in favour of whoever earns it. */
export function feeOf(quantity: bigint, bps: bigint): bigint {
  return (quantity * bps + BPS_ONE - 1n) / BPS_ONE;
}
