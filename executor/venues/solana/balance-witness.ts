import type { AttemptRow } from "@raptor/shared/domain/rows.ts";
import type { Evidence } from "@raptor/shared/domain/events.ts";
import { accountAnswer, historyAnswer, transactionAnswer } from "./rpc-answers.ts";
import { deriveChainDeltas, holdingAround } from "./chain-deltas.ts";
import { describeRpcFailure, type RpcProvider, type RpcResult } from "./rpc-provider.ts";
import type { Rpc } from "./rpc.ts";
import type { AttemptRoute } from "./attempt-route.ts";
import { parseTokenAccount } from "./token-account.ts";

export type WitnessOutcome =
  | { agrees: true; evidence: Evidence }
  | { agrees: false; detail: string };

/** A wallet's account of one token sees few transactions between an attempt and its bound. */
const EXPLAINED_MAX = 100;
/** A history of fewer is added up from its beginning where nothing else fits. */
const WHOLE_MAX = 20;
/** Block times are estimates of the validators; they may lie this far beside our clock. */
const BLOCK_TIME_ERROR_MS = 60_000;
/** It has been half an hour; nothing younger is before an attempt by its block's time alone. */
const CHAIN_LATE_MS_MAX = 3_600_000;

/**
 * The balance that the attempt would have changed, on every node that has a slot in the proof and
 * not older than it. SOL is no witness: other orders, deposits and fees move it all the time, while
 * the token moves only by trades of this token. When it did move, the movement must be explained by
 * other finalized transactions, one by one.
 */
export async function askWitness(
  rpc: Rpc,
  attempt: AttemptRow,
  route: AttemptRoute,
  slots: ReadonlyMap<string, number>,
): Promise<WitnessOutcome> {
  const before = BigInt(attempt.witness.quantity);
  const seen: Record<string, string> = {};
  const nodes = rpc.providers.filter(({ name }) => slots.has(name));
  const results = await Promise.all(
    nodes.map((provider) => readBalance(provider, route, "finalized", slots.get(provider.name))),
  );
  for (const result of results) {
    const { provider } = result;
    if (!result.ok) {
      return { agrees: false, detail: `${provider}: ${describeRpcFailure(result.failure)}` };
    }
    if (result.value.slot < (slots.get(provider) ?? 0)) {
      return { agrees: false, detail: `${provider}: its balances are older than the proof` };
    }
    seen[provider] = String(result.value.quantity);
  }
  const [now, ...others] = new Set(Object.values(seen));
  if (now === undefined || others.length > 0) {
    return { agrees: false, detail: "the nodes disagree about the balance" };
  }
  const evidence = { tokenAccount: route.tokenAccount, before: String(before), seen };
  const change = BigInt(now) - before;
  if (change === 0n) return { agrees: true, evidence };
  // Each node explains it out of its own history: none may explain away what another one saw.
  const explanations = await Promise.all(
    nodes.map((provider) => explainChange(provider, attempt, route, { change, now: BigInt(now) })),
  );
  const explainedBy = new Set<string>();
  for (const explained of explanations) {
    if (!explained.agrees) return explained;
    for (const signature of explained.signatures) explainedBy.add(signature);
  }
  return { agrees: true, evidence: { ...evidence, explainedBy: [...explainedBy] } };
}

/**
 * Whether one node's balance, read at or after `slot`, moved by exactly `change`. What the node has
 * executed is enough: that the block stays is another one's word, and settlement watches over it.
 */
export async function showsChange(
  provider: RpcProvider,
  attempt: AttemptRow,
  route: AttemptRoute,
  landed: { slot: number; change: bigint },
): Promise<boolean> {
  const result = await readBalance(provider, route, "processed", landed.slot);
  if (!result.ok || result.value.slot < landed.slot) return false;
  return result.value.quantity - BigInt(attempt.witness.quantity) === landed.change;
}

async function readBalance(
  provider: RpcProvider,
  route: AttemptRoute,
  commitment: "processed" | "finalized",
  minContextSlot = 0,
): Promise<RpcResult<{ slot: number; quantity: bigint }>> {
  const result = await provider.call(
    "getAccountInfo",
    [route.tokenAccount, { encoding: "base64", commitment, minContextSlot }],
    accountAnswer,
  );
  if (!result.ok) return result;
  const { context, value } = result.value;
  const held = value === null ? undefined : parseTokenAccount(Buffer.from(value.data[0], "base64"));
  return { ...result, value: { slot: context.slot, quantity: held?.quantity ?? 0n } };
}

type Explanation = { agrees: true; signatures: string[] } | { agrees: false; detail: string };

/**
 * Newest first, adds up what other transactions did to the account until it fits. A fork may have
 * taken away what the balance before the attempt already held, and then no sum does. So balances
 * that each transaction found and left are held together as well: where one follows from the other
 * from now back to before the attempt was made, it has not been among them. A short history may at
 * last fit as a whole, from its first transaction to what the account holds now.
 */
async function explainChange(
  provider: RpcProvider,
  attempt: AttemptRow,
  route: AttemptRoute,
  balance: { change: bigint; now: bigint },
): Promise<Explanation> {
  const history = await provider.call(
    "getSignaturesForAddress",
    [route.tokenAccount, { limit: EXPLAINED_MAX, commitment: "finalized" }],
    historyAnswer,
  );
  if (!history.ok) return unexplained(history);
  if (history.value.some(({ signature }) => signature === attempt.identity)) {
    return { agrees: false, detail: "the account's history names this very transaction" };
  }
  const isShort = history.value.length < WHOLE_MAX;
  const signatures: string[] = [];
  let sum = 0n;
  /** What the next older transaction must have left; undefined once one is missing. */
  let held: bigint | undefined = balance.now;
  for (const entry of history.value) {
    const { signature } = entry;
    const age = ageOf(entry, attempt, route);
    if (age === "before" && held === undefined && !isShort) break;
    const transaction = await readTransaction(provider, signature);
    if (!transaction.ok) return unexplained(transaction);
    if (transaction.value === null) break;
    sum += deriveChainDeltas(transaction.value, route.wallet, route.mint).quantity;
    signatures.push(signature);
    if (age === "since" && sum === balance.change) return { agrees: true, signatures };
    const around = holdingAround(transaction.value, route.tokenAccount);
    const isLink: boolean = around !== undefined && around.after === held;
    if (age === "before" && isLink) return { agrees: true, signatures };
    held = isLink ? around?.before : undefined;
  }
  const isAll = isShort && signatures.length === history.value.length;
  if (isAll && sum === balance.now) return { agrees: true, signatures };
  return {
    agrees: false,
    detail: `the balance changed by ${balance.change}, other transactions explain ${sum}`,
  };
}

/**
 * Slots tell what was before: the bytes did not exist when a node had told of a later one. The time
 * of a block tells it only where it is far away, as the chain's clock has been half an hour late.
 * What is neither counts for neither.
 */
function ageOf(
  { slot, blockTime }: { slot: number; blockTime?: number | null | undefined },
  { preparedMs }: AttemptRow,
  { madeAtSlot }: AttemptRoute,
): "since" | "before" | "unknown" {
  if (madeAtSlot !== undefined && slot < madeAtSlot) return "before";
  if (blockTime === null || blockTime === undefined) return "unknown";
  const timeMs = blockTime * 1_000;
  if (timeMs >= preparedMs - BLOCK_TIME_ERROR_MS) return "since";
  return timeMs < preparedMs - CHAIN_LATE_MS_MAX ? "before" : "unknown";
}

function readTransaction(provider: RpcProvider, signature: string) {
  const options = {
    encoding: "json",
    commitment: "finalized",
    maxSupportedTransactionVersion: 0,
  };
  return provider.call("getTransaction", [signature, options], transactionAnswer);
}

function unexplained(result: Extract<RpcResult<unknown>, { ok: false }>): Explanation {
  return { agrees: false, detail: `${result.provider}: ${describeRpcFailure(result.failure)}` };
}
