import type { EffectBound, Evidence } from "@raptor/shared/domain/events.ts";
import type { AbsenceProof } from "./absence-proof.ts";
import { parseNonce } from "./nonce-account.ts";
import { accountAnswer, historyAnswer, statusesAnswer, transactionAnswer } from "./rpc-answers.ts";
import { describeRpcFailure, type RpcProvider } from "./rpc-provider.ts";
import type { Rpc } from "./rpc.ts";

export type NonceBound = Extract<EffectBound, { kind: "nonce" }>;

/** A nonce account sees one transaction per turn, and settlement asks within seconds of ours. */
const HISTORY_MAX = 50;

interface NodeNonce {
  /** Null: there is no such nonce account any more. */
  value: string | null;
  slot: number;
}

/** The value in one node's finalized chain at `floorSlot` or later, or why it is not known. */
async function readFinalNonce(
  provider: RpcProvider,
  bound: NonceBound,
  floorSlot: number,
): Promise<NodeNonce | string> {
  const result = await provider.call(
    "getAccountInfo",
    [bound.account, { encoding: "base64", commitment: "finalized", minContextSlot: floorSlot }],
    accountAnswer,
  );
  if (!result.ok) return describeRpcFailure(result.failure);
  const { context, value } = result.value;
  if (context.slot < floorSlot) {
    return `its finalized chain ends at slot ${context.slot}, needed is ${floorSlot}`;
  }
  return { value: parseNonce(value)?.value ?? null, slot: context.slot };
}

/** That one node's finalized chain has moved the nonce on, or why that is not known. */
export async function proveAdvanced(
  provider: RpcProvider,
  bound: NonceBound,
  floorSlot: number,
): Promise<NodeNonce | string> {
  const nonce = await readFinalNonce(provider, bound, floorSlot);
  if (typeof nonce === "string" || nonce.value !== bound.value) return nonce;
  return "nonce not advanced";
}

/**
 * What a pending attempt is waiting for, in words. Never a proof: while the nonce stands the
 * attempt may land, and once it moved it may be this very attempt that moved it, with a hole in
 * what the nodes remember.
 */
export async function describeAbsence(
  rpc: Rpc,
  bound: NonceBound,
): Promise<{ isAdvanced: boolean; detail: string }> {
  const results = await rpc.askAll(
    "getAccountInfo",
    [bound.account, { encoding: "base64", commitment: "confirmed" }],
    accountAnswer,
  );
  const values = results.flatMap((result) => {
    return result.ok ? [parseNonce(result.value.value)?.value ?? null] : [];
  });
  if (values.length === 0) return { isAdvanced: false, detail: "no node shows the nonce" };
  if (values.includes(bound.value)) {
    return { isAdvanced: false, detail: "nonce not advanced: it may still be executed" };
  }
  return { isAdvanced: true, detail: "nonce advanced, no node shows ours" };
}

/**
 * That the given nodes' finalized chains have moved the nonce on, and know nothing of this
 * signature from then on: what bears out another node's finalized "it failed". `floorSlot` is that
 * one's slot, so that a node that is behind does not pass off an older value for a newer one.
 */
export async function proveSpent(
  rpc: Rpc,
  signature: string,
  bound: NonceBound,
  nodes: readonly RpcProvider[],
  floorSlot: number,
): Promise<AbsenceProof> {
  const found = await readNodes(rpc, signature, bound, nodes, floorSlot);
  if (typeof found === "string") return { proven: false, detail: found };
  const standing = found.find(({ value }) => value === bound.value);
  if (standing !== undefined) {
    return { proven: false, detail: `${standing.provider}: nonce not advanced` };
  }
  const slots = new Map(found.map(({ provider, slot }) => [provider, slot]));
  return { proven: true, slots, evidence: describe(signature, bound, found) };
}

/** One node's history alone, which may be made up, frees nothing. */
const SPENDER_WORDS_MIN = 2;

/**
 * That another transaction has used the value up for good: no node's finalized chain has it any
 * more, none knows this signature, and two show the same finalized transaction that stood on it.
 * The caller knows whether that one is its own; then it is followed and decides.
 */
export async function proveSuperseded(
  rpc: Rpc,
  signature: string,
  bound: NonceBound,
): Promise<AbsenceProof> {
  const found = await readNodes(rpc, signature, bound, rpc.providers, 0);
  if (typeof found === "string") return { proven: false, detail: found };
  if (found.some(({ value }) => value === bound.value)) {
    return { proven: false, detail: "the nonce's advance is not final yet" };
  }
  const shown = await Promise.all(
    rpc.providers.map((provider) => findSpenderOn(provider, signature, bound)),
  );
  const words = shown.filter((spender) => spender !== undefined);
  const [spender, ...others] = new Set(words);
  const isAgreed = words.length >= SPENDER_WORDS_MIN && others.length === 0;
  if (spender === undefined || spender === signature || !isAgreed) {
    return { proven: false, detail: "nonce advanced, no two nodes show by what" };
  }
  const slots = new Map(found.map(({ provider, slot }) => [provider, slot]));
  return { proven: true, slots, evidence: { ...describe(signature, bound, found), spender } };
}

export type NonceFillEnd = { state: "pending" | "gone"; evidence: Evidence };

/**
 * Whether a booked fill, of which no node knows any more, is out of the finalized chain. A chain
 * that has not moved the nonce cannot hold it: balances have no holes as histories have. A chain
 * that moved it may hold it behind a hole, so there the transaction that took the turn instead
 * must be shown. The attempt itself is undecided again after that, and may land again.
 */
export async function judgeLostFill(
  rpc: Rpc,
  signature: string,
  bound: NonceBound,
  floorSlot: number,
): Promise<NonceFillEnd> {
  const found = await readNodes(rpc, signature, bound, rpc.providers, floorSlot);
  if (typeof found === "string") return { state: "pending", evidence: { detail: found } };
  const evidence = describe(signature, bound, found);
  const standing = found.filter(({ value }) => value === bound.value);
  if (standing.length === found.length) {
    return { state: "gone", evidence: { ...evidence, nonce: "not advanced" } };
  }
  if (standing.length > 0) {
    return { state: "pending", evidence: { detail: "the nodes disagree about the nonce" } };
  }
  const spender = await findSpender(rpc, signature, bound);
  if (spender !== undefined) return { state: "gone", evidence: { ...evidence, spender } };
  const detail = "nonce advanced, no node shows by what";
  return { state: "pending", evidence: { ...evidence, detail } };
}

interface NodeFinding extends NodeNonce {
  provider: string;
  historySlot: number;
}

/** Strictly in this order on each node: the nonce, then the history up to there or further. */
async function readNodes(
  rpc: Rpc,
  signature: string,
  bound: NonceBound,
  nodes: readonly RpcProvider[],
  floorSlot: number,
): Promise<NodeFinding[] | string> {
  await rpc.confirmChains();
  const findings = await Promise.all(
    nodes.map(async (provider): Promise<NodeFinding | string> => {
      const told = (detail: string): string => `${provider.name}: ${detail}`;
      if (!rpc.hasConfirmedChain(provider.name)) return told("its chain is not confirmed");
      const nonce = await readFinalNonce(provider, bound, floorSlot);
      if (typeof nonce === "string") return told(nonce);
      const history = await provider.call(
        "getSignatureStatuses",
        [[signature], { searchTransactionHistory: true }],
        statusesAnswer,
      );
      if (!history.ok) return told(describeRpcFailure(history.failure));
      const { context, value } = history.value;
      if (value[0] !== null) return told("it knows the transaction");
      if (context.slot < nonce.slot) return told(`its history ends at slot ${context.slot}`);
      return { ...nonce, provider: provider.name, historySlot: context.slot };
    }),
  );
  const doubts = findings.filter((finding) => typeof finding === "string");
  if (doubts.length > 0) return doubts.join("; ");
  return findings.filter((finding) => typeof finding !== "string");
}

function describe(
  signature: string,
  { account, value }: NonceBound,
  found: readonly NodeFinding[],
): Evidence {
  const providers = Object.fromEntries(
    found.map(({ provider, ...finding }) => [provider, { ...finding, status: null }]),
  );
  return { signature, account, value, providers };
}

/** The finalized transaction that stood on the same value, from any node that shows it. */
async function findSpender(
  rpc: Rpc,
  signature: string,
  bound: NonceBound,
): Promise<string | undefined> {
  const found = await Promise.all(
    rpc.providers.map((provider) => findSpenderOn(provider, signature, bound)),
  );
  // A history that names the fill itself outweighs whatever another one shows.
  if (found.includes(signature)) return undefined;
  return found.find((spender) => spender !== undefined);
}

async function findSpenderOn(
  provider: RpcProvider,
  signature: string,
  bound: NonceBound,
): Promise<string | undefined> {
  const history = await provider.call(
    "getSignaturesForAddress",
    [bound.account, { limit: HISTORY_MAX, commitment: "finalized" }],
    historyAnswer,
  );
  if (!history.ok) return undefined;
  for (const entry of history.value) {
    if (entry.signature === signature) return signature;
    const options = {
      encoding: "json",
      commitment: "finalized",
      maxSupportedTransactionVersion: 0,
    };
    const shown = await provider.call(
      "getTransaction",
      [entry.signature, options],
      transactionAnswer,
    );
    if (!shown.ok) return undefined;
    if (shown.value?.transaction.signatures[0] !== entry.signature) continue;
    if (shown.value.transaction.message.recentBlockhash === bound.value) return entry.signature;
  }
  return undefined;
}
