import type { AttemptRow } from "@raptor/shared/domain/rows.ts";
import type { Evidence } from "@raptor/shared/domain/events.ts";
import { accountAnswer, historyAnswer, transactionAnswer } from "./rpc-answers.ts";
import { deriveChainDeltas } from "./chain-deltas.ts";
import { describeRpcFailure } from "./rpc-provider.ts";
import type { Rpc } from "./rpc.ts";
import type { AttemptRoute } from "./attempt-route.ts";
import { parseTokenAccount } from "./token-account.ts";

export type WitnessOutcome =
  | { agrees: true; evidence: Evidence }
  | { agrees: false; detail: string };

/** A wallet's account of one token sees few transactions between an attempt and its bound. */
const EXPLAINED_MAX = 20;
/** Block times are estimates of the validators; they may lie this far beside our clock. */
const BLOCK_TIME_ERROR_MS = 60_000;

/**
 * The balance that the attempt would have changed, on every node and not older than the proof's
 * slot. SOL is no witness: other orders, deposits and fees move it all the time, while the token
 * moves only by trades of this token. When it did move, the movement must be explained by other
 * finalized transactions, one by one.
 */
export async function askWitness(
  rpc: Rpc,
  attempt: AttemptRow,
  route: AttemptRoute,
  slots: ReadonlyMap<string, number>,
): Promise<WitnessOutcome> {
  const before = BigInt(attempt.witness.quantity);
  const seen: Record<string, string> = {};
  const results = await Promise.all(
    rpc.providers.map((provider) => {
      const minContextSlot = slots.get(provider.name) ?? 0;
      return provider.call(
        "getAccountInfo",
        [route.tokenAccount, { encoding: "base64", commitment: "finalized", minContextSlot }],
        accountAnswer,
      );
    }),
  );
  for (const result of results) {
    const { provider } = result;
    if (!result.ok) {
      return { agrees: false, detail: `${provider}: ${describeRpcFailure(result.failure)}` };
    }
    if (result.value.context.slot < (slots.get(provider) ?? 0)) {
      return { agrees: false, detail: `${provider}: its balances are older than the proof` };
    }
    const account = result.value.value;
    const held = account ? parseTokenAccount(Buffer.from(account.data[0], "base64")) : undefined;
    seen[provider] = String(held?.quantity ?? 0n);
  }
  const [now, ...others] = new Set(Object.values(seen));
  if (now === undefined || others.length > 0) {
    return { agrees: false, detail: "the nodes disagree about the balance" };
  }
  const evidence = { tokenAccount: route.tokenAccount, before: String(before), seen };
  const change = BigInt(now) - before;
  if (change === 0n) return { agrees: true, evidence };
  const explained = await explainChange(rpc, attempt, route, change);
  return explained.agrees
    ? { agrees: true, evidence: { ...evidence, explainedBy: explained.signatures } }
    : explained;
}

type Explanation = { agrees: true; signatures: string[] } | { agrees: false; detail: string };

/** Newest first, adds up what other transactions did to the account until it fits. */
async function explainChange(
  rpc: Rpc,
  attempt: AttemptRow,
  route: AttemptRoute,
  change: bigint,
): Promise<Explanation> {
  const history = await rpc.ask(
    "getSignaturesForAddress",
    [route.tokenAccount, { limit: EXPLAINED_MAX, commitment: "finalized" }],
    historyAnswer,
  );
  const signatures: string[] = [];
  let sum = 0n;
  for (const entry of history) {
    if (entry.signature === attempt.identity) {
      return { agrees: false, detail: "the account's history names this very transaction" };
    }
    const timeMs = (entry.blockTime ?? 0) * 1_000;
    if (timeMs < attempt.preparedMs - BLOCK_TIME_ERROR_MS) break;
    const transaction = await rpc.ask(
      "getTransaction",
      [
        entry.signature,
        { encoding: "json", commitment: "finalized", maxSupportedTransactionVersion: 0 },
      ],
      transactionAnswer,
    );
    if (transaction === null) break;
    sum += deriveChainDeltas(transaction, route.wallet, route.mint).quantity;
    signatures.push(entry.signature);
    if (sum === change) return { agrees: true, signatures };
  }
  return {
    agrees: false,
    detail: `the balance changed by ${change}, other transactions explain ${sum}`,
  };
}
