import type { Block } from "../../models/slots.ts";
import { configAt, listAt, parsePubkey, type RpcCall, type RpcMethod } from "./rpc-call.ts";
import { invalidParams } from "./rpc-error.ts";

const LOOKBACK_SLOTS = 150;
const FEE_ACCOUNTS_MAX = 128;
/** Microlamports per compute unit that crowds pay at the quietest and busiest slots. */
const FEE_FLOOR = 1_000;
const FEE_SPREAD = 150_000;

const LEVELS = {
  min: 0,
  low: 0.25,
  medium: 0.5,
  high: 0.75,
  veryHigh: 0.95,
  unsafeMax: 1,
} as const;

export const FEE_METHODS: Readonly<Record<string, RpcMethod>> = {
  getRecentPrioritizationFees(call) {
    const accounts = listAt(call, 0, FEE_ACCOUNTS_MAX).map(parsePubkey);
    return recentBlocks(call, LOOKBACK_SLOTS).map((block) => ({
      slot: block.slot,
      prioritizationFee: accounts.length === 0 ? 0 : crowdFee(block),
    }));
  },
  /** A provider's extension that the landing code of many bots relies on. */
  getPriorityFeeEstimate(call) {
    const request = configAt(call, 0);
    if (request["transaction"] === undefined && !Array.isArray(request["accountKeys"])) {
      throw invalidParams("Invalid params: expected transaction or accountKeys");
    }
    const options = (request["options"] ?? {}) as Record<string, unknown>;
    const lookback = Number(options["lookbackSlots"] ?? LOOKBACK_SLOTS);
    const fees = recentBlocks(call, Math.min(Math.max(lookback, 1), LOOKBACK_SLOTS))
      .map(crowdFee)
      .toSorted((a, b) => a - b);
    const level = Object.entries(LEVELS).map(([name, share]) => [name, percentile(fees, share)]);
    const levels = Object.fromEntries(level) as Record<keyof typeof LEVELS, number>;
    if (options["includeAllPriorityFeeLevels"] === true) return { priorityFeeLevels: levels };
    return { priorityFeeEstimate: levels[parseLevel(options["priorityLevel"])] };
  },
};

function parseLevel(value: unknown): keyof typeof LEVELS {
  if (value === undefined || value === "Default") return "medium";
  const wanted = String(value).toLowerCase();
  const names = Object.keys(LEVELS) as (keyof typeof LEVELS)[];
  const found = names.find((name) => name.toLowerCase() === wanted);
  if (found === undefined) throw invalidParams(`unknown variant \`${String(value)}\``);
  return found;
}

function recentBlocks({ chain, view }: RpcCall, slotCount: number): Block[] {
  const blocks: Block[] = [];
  let block = view.block("processed");
  const oldest = block.slot - slotCount;
  while (block.slot > oldest) {
    blocks.push(block);
    const parent = chain.slots.blockAt(block.parentSlot);
    if (parent.slot >= block.slot) break;
    block = parent;
  }
  return blocks.toReversed();
}

/** The crowd's fee in a block, drawn from its blockhash so that every node gives the same. */
function crowdFee(block: Block): number {
  let hash = 0;
  for (const char of block.blockhash) hash = (Math.imul(hash, 31) + char.charCodeAt(0)) >>> 0;
  const share = hash / 2 ** 32;
  return FEE_FLOOR + Math.floor(share ** 4 * FEE_SPREAD);
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.round((sorted.length - 1) * share)] ?? 0;
}
