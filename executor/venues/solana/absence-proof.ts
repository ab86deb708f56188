import type { EffectBound, Evidence } from "@raptor/shared/domain/events.ts";
import { z } from "zod";
import { heightAnswer, slotAnswer, statusesAnswer } from "./rpc-answers.ts";
import { describeRpcFailure, type RpcProvider, type RpcResult } from "./rpc-provider.ts";
import type { Rpc } from "./rpc.ts";

export type AbsenceProof =
  | {
      proven: true;
      /** By provider: a finalized slot at or after the first block above the bound. */
      slots: ReadonlyMap<string, number>;
      evidence: Evidence;
    }
  /** In words: why it is not proven yet. */
  | { proven: false; detail: string };

const validityAnswer = z.object({ value: z.boolean() });
const FINALIZED = { commitment: "finalized" };

/** The bound that a height can pass; a nonce has none, and its death is never proven in here. */
export type HeightBound = Extract<EffectBound, { kind: "blockHeight" }>;

interface NodeProof {
  height: number;
  slot: number;
  historySlot: number;
}

/**
 * Proves that a transaction can no longer land, on EVERY given node (all configured ones when
 * none are given, and then it is a proof of death): its finalized height is
 * above the bound, afterwards its finalized bank no longer takes the blockhash, and a look into
 * its history from a slot at or after that block finds nothing. One node that does not answer,
 * that went backwards, or whose chain is not confirmed, and nothing is proven.
 */
export async function proveAbsence(
  rpc: Rpc,
  signature: string,
  bound: HeightBound,
  nodes: readonly RpcProvider[] = rpc.providers,
): Promise<AbsenceProof> {
  await rpc.confirmChains();
  const proofs = await Promise.all(
    nodes.map(async (provider) => {
      const isConfirmed = rpc.hasConfirmedChain(provider.name);
      const found = isConfirmed
        ? await proveOn(provider, signature, bound)
        : "its chain is not confirmed";
      return { provider: provider.name, found };
    }),
  );
  const slots = new Map<string, number>();
  const providers: Record<string, NodeProof> = {};
  const doubts: string[] = [];
  for (const { provider, found } of proofs) {
    if (typeof found === "string") {
      doubts.push(`${provider}: ${found}`);
      continue;
    }
    slots.set(provider, found.slot);
    providers[provider] = found;
  }
  if (doubts.length > 0) return { proven: false, detail: doubts.join("; ") };
  const { lastValidBlockHeight, blockhash } = bound;
  const evidence = { signature, lastValidBlockHeight, blockhash, status: null, providers };
  return { proven: true, slots, evidence };
}

/** One node's part, strictly in this order, or why it is missing. */
async function proveOn(
  provider: RpcProvider,
  signature: string,
  bound: HeightBound,
): Promise<NodeProof | string> {
  const passed = await provePassed(provider, bound);
  if (typeof passed === "string") return passed;
  const history = await provider.call(
    "getSignatureStatuses",
    [[signature], { searchTransactionHistory: true }],
    statusesAnswer,
  );
  if (!history.ok) return doubt(history);
  const { context, value } = history.value;
  if (value[0] !== null) return "it knows the transaction";
  if (context.slot < passed.slot) {
    return `its history is from slot ${context.slot}, needed is ${passed.slot}`;
  }
  return { ...passed, historySlot: context.slot };
}

/** That the bound lies behind one node's finalized chain, or why that is not known. */
export async function provePassed(
  provider: RpcProvider,
  bound: HeightBound,
): Promise<{ height: number; slot: number } | string> {
  const height = await provider.call("getBlockHeight", [FINALIZED], heightAnswer);
  if (!height.ok) return doubt(height);
  if (!provider.noteFinalizedHeight(height.value)) {
    return `its finalized height went back to ${height.value}`;
  }
  if (height.value <= bound.lastValidBlockHeight) {
    return `not before block ${bound.lastValidBlockHeight + 1}, finalized is ${height.value}`;
  }
  // Read after the height on the same node, so it is at or after the block of that height.
  const slot = await provider.call("getSlot", [FINALIZED], slotAnswer);
  if (!slot.ok) return doubt(slot);
  // Guards against a bound that was too low from the start: the node itself must refuse the hash.
  const validity = await provider.call(
    "isBlockhashValid",
    [bound.blockhash, { ...FINALIZED, minContextSlot: slot.value }],
    validityAnswer,
  );
  if (!validity.ok) return doubt(validity);
  if (validity.value.value) return "it still takes the blockhash";
  return { height: height.value, slot: slot.value };
}

function doubt(result: Extract<RpcResult<unknown>, { ok: false }>): string {
  return describeRpcFailure(result.failure);
}
