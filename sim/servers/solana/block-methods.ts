import { createHash } from "node:crypto";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import {
  commitmentOf,
  configAt,
  contextBlock,
  integerAt,
  type RpcCall,
  type RpcMethod,
  withContext,
} from "./rpc-call.ts";
import { invalidParams, RPC_CODES, RpcError } from "./rpc-error.ts";

const SLOTS_PER_EPOCH = 432_000;
/** A node this far behind its cluster calls itself unhealthy. */
const HEALTHY_SLOTS_BEHIND_MAX = 128;
const GENESIS_HASH = encodeBase58(createHash("sha256").update("raptor local world").digest());

export const BLOCK_METHODS: Readonly<Record<string, RpcMethod>> = {
  getLatestBlockhash(call) {
    const block = contextBlock(call, configAt(call, 0));
    return withContext(block, call.chain.slots.lifetimeOf(block));
  },
  isBlockhashValid(call) {
    const [blockhash] = call.params;
    if (typeof blockhash !== "string") throw invalidParams("Invalid params: expected a blockhash.");
    const config = configAt(call, 1);
    const block = contextBlock(call, config);
    return withContext(block, call.view.isBlockhashValid(blockhash, commitmentOf(config)));
  },
  getBlockHeight: (call) => contextBlock(call, configAt(call, 0)).height,
  getSlot: (call) => contextBlock(call, configAt(call, 0)).slot,
  getBlockTime(call) {
    const slot = Number(integerAt(call, 0));
    const block = call.chain.slots.blockAt(slot);
    return block.slot === slot ? Math.floor(block.timeMs / 1_000) : null;
  },
  getEpochInfo(call) {
    const block = contextBlock(call, configAt(call, 0));
    return {
      absoluteSlot: block.slot,
      blockHeight: block.height,
      epoch: Math.floor(block.slot / SLOTS_PER_EPOCH),
      slotIndex: block.slot % SLOTS_PER_EPOCH,
      slotsInEpoch: SLOTS_PER_EPOCH,
      transactionCount: block.height,
    };
  },
  getGenesisHash: () => GENESIS_HASH,
  getVersion: () => ({ "solana-core": "3.0.0", "feature-set": 0 }),
  getHealth(call) {
    assertHealthy(call);
    return "ok";
  },
  getMinimumBalanceForRentExemption: (call) =>
    call.chain.rentExemptLamports(Number(integerAt(call, 0))),
};

/** @throws RpcError -32005 when the node lags too far. */
export function assertHealthy({ view }: RpcCall): void {
  const numSlotsBehind = view.slotsBehindChain();
  if (numSlotsBehind <= HEALTHY_SLOTS_BEHIND_MAX) return;
  throw new RpcError(RPC_CODES.nodeUnhealthy, `Node is behind by ${numSlotsBehind} slots`, {
    numSlotsBehind,
  });
}
