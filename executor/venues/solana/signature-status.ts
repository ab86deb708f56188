import type { Evidence } from "@raptor/shared/domain/events.ts";
import { statusesAnswer } from "./rpc-answers.ts";
import { describeRpcFailure, type RpcProvider } from "./rpc-provider.ts";
import type { Rpc } from "./rpc.ts";
import type { SlotWait } from "./slot-wait.ts";

/** What one node says of one signature. */
export type Word =
  /** No usable answer, or none that counts. */
  | { kind: "silent"; provider: RpcProvider; detail: string }
  /** It knows nothing of the signature at its `contextSlot`. */
  | { kind: "unknown"; provider: RpcProvider; contextSlot: number }
  /** Not yet certain: it may still roll back. */
  | { kind: "processed"; provider: RpcProvider; contextSlot: number; slot: number; err: unknown }
  | DecidedWord;

export interface DecidedWord {
  kind: "success" | "error";
  provider: RpcProvider;
  contextSlot: number;
  slot: number;
  isFinal: boolean;
  err: unknown;
}

/** Every node's own word, in the order of the nodes. */
export function fetchWords(rpc: Rpc, signature: string): Promise<Word[]> {
  return Promise.all(rpc.providers.map((provider) => fetchWord(rpc, provider, signature)));
}

/**
 * Nodes are a slot or two apart: those that have not come to the block that another one found it
 * in are asked once more as soon as their own stream has.
 */
export async function catchUp(
  rpc: Rpc,
  signature: string,
  words: readonly Word[],
  waitForSlot: SlotWait,
): Promise<Word[]> {
  const known = words.flatMap((word) => (isDecided(word) ? [word.slot] : []));
  if (known.length === 0) return [...words];
  const target = Math.max(...known);
  return Promise.all(
    words.map(async (word) => {
      if (word.kind !== "unknown" || word.contextSlot >= target) return word;
      if (!(await waitForSlot(word.provider, target))) return word;
      return fetchWord(rpc, word.provider, signature);
    }),
  );
}

export function isDecided(word: Word): word is DecidedWord {
  return word.kind === "success" || word.kind === "error";
}

/**
 * Whether nothing is to be had from this node: it has given no usable answer for so long, or it
 * stands still before `slot` and cannot know what came after.
 */
export function isOut(word: Word, slot: number, silentMsMin: number): boolean {
  const hasNoWord = word.kind === "silent" || (word.kind === "unknown" && word.contextSlot < slot);
  return hasNoWord && word.provider.silentMs() >= silentMsMin;
}

export function describeWords(words: readonly Word[]): Evidence {
  return Object.fromEntries(words.map((word) => [word.provider.name, describeWord(word)]));
}

const NOTHING = {
  detail: undefined,
  contextSlot: undefined,
  slot: undefined,
  isFinal: undefined,
  err: undefined,
};

function describeWord(word: Word): Evidence {
  const { kind, detail, contextSlot, slot, isFinal, err } = { ...NOTHING, ...word };
  const known = Object.entries({ word: kind, detail, contextSlot, slot, isFinal, err });
  return Object.fromEntries(known.filter(([, value]) => value !== undefined));
}

async function fetchWord(rpc: Rpc, provider: RpcProvider, signature: string): Promise<Word> {
  const result = await provider.call(
    "getSignatureStatuses",
    [[signature], { searchTransactionHistory: true }],
    statusesAnswer,
  );
  if (!result.ok) {
    return { kind: "silent", provider, detail: describeRpcFailure(result.failure) };
  }
  if (!rpc.hasConfirmedChain(provider.name)) await rpc.confirmChains();
  if (!rpc.hasConfirmedChain(provider.name)) {
    return { kind: "silent", provider, detail: "its chain is not confirmed" };
  }
  const { context, value } = result.value;
  const contextSlot = context.slot;
  provider.noteContextSlot(contextSlot);
  const status = value[0] ?? null;
  if (status === null) return { kind: "unknown", provider, contextSlot };
  const { slot, err } = status;
  // Old nodes say "rooted" by a missing count of confirmations.
  const level =
    status.confirmationStatus ?? (status.confirmations === null ? "finalized" : "processed");
  if (level === "processed") return { kind: "processed", provider, contextSlot, slot, err };
  const kind = err === null ? "success" : "error";
  return { kind, provider, contextSlot, slot, isFinal: level === "finalized", err };
}
