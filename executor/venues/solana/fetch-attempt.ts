import type { EffectBound, Evidence } from "@raptor/shared/domain/events.ts";
import type { AttemptRow } from "@raptor/shared/domain/rows.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { AttemptReport } from "../../ports/venue.ts";
import { proveAbsence } from "./absence-proof.ts";
import { parseAttemptRoute } from "./attempt-route.ts";
import { askWitness } from "./balance-witness.ts";
import { deriveChainDeltas } from "./chain-deltas.ts";
import { type TransactionAnswer, transactionAnswer } from "./rpc-answers.ts";
import type { Rpc } from "./rpc.ts";
import { fetchStatuses, readNews, type SignatureNews } from "./signature-status.ts";
import { describeTransactionError } from "./simulate-swap.ts";

export interface AttemptReaderDeps {
  rpc: Rpc;
  log: Log;
}

/** Asks the chain by signature: what happened, or whether it can no longer happen. */
export async function fetchAttemptReport(
  deps: AttemptReaderDeps,
  attempt: AttemptRow,
): Promise<AttemptReport> {
  const news = readNews(await fetchStatuses(deps.rpc, attempt.identity));
  if (news.kind === "processed") {
    return { state: "seen", evidence: { provider: news.provider, slot: news.slot } };
  }
  if (news.kind !== "unseen") return readLanded(deps, attempt, news);
  return readAbsent(deps, attempt);
}

type LandedNews = Extract<SignatureNews, { err: unknown }>;

async function readLanded(
  deps: AttemptReaderDeps,
  attempt: AttemptRow,
  news: LandedNews,
): Promise<AttemptReport> {
  const evidence: Evidence = { provider: news.provider, slot: news.slot, commitment: news.kind };
  const transaction = await fetchTransaction(deps.rpc, attempt.identity);
  // Some nodes know the status before they can show the balances: ask again soon.
  if (transaction === undefined) return { state: "seen", evidence };
  const route = parseAttemptRoute(attempt);
  const deltas = deriveChainDeltas(transaction, route.wallet, route.mint);
  const whole = {
    ...evidence,
    slot: transaction.slot,
    blockTime: transaction.blockTime ?? null,
    deltas: Object.fromEntries(
      Object.entries(deltas).map(([name, value]) => [name, String(value)]),
    ),
  };
  const { err } = transaction.meta;
  if ((err === null) !== (news.err === null)) {
    deps.log.error({ signature: attempt.identity }, "nodes contradict each other on a result");
    return { state: "pending", detail: "the nodes contradict each other about the result" };
  }
  if (err !== null) {
    const venueError = describeTransactionError(err);
    const costLamports = deltas.feeLamports;
    return { state: "reverted", venueError, costLamports, evidence: { ...whole, err } };
  }
  const isBuy = route.side === "buy";
  const quantity = isBuy ? deltas.quantity : -deltas.quantity;
  const notionalLamports = isBuy ? -deltas.tradeLamports : deltas.tradeLamports;
  if (quantity <= 0n || notionalLamports < 0n) {
    deps.log.error({ signature: attempt.identity, ...whole }, "a landed swap moved nothing");
    return { state: "pending", detail: "the balances of the landed transaction make no sense" };
  }
  return {
    state: "landed",
    fillId: attempt.identity,
    quantity,
    notionalLamports,
    feeLamports: deltas.feeLamports,
    rentLamports: deltas.rentLamports,
    venueSlot: transaction.slot,
    evidence: whole,
  };
}

/** The first node that can show the transaction; it is the same on all that have it. */
async function fetchTransaction(
  rpc: Rpc,
  signature: string,
): Promise<TransactionAnswer | undefined> {
  const results = await rpc.raceAll(
    "getTransaction",
    [signature, { encoding: "json", commitment: "confirmed", maxSupportedTransactionVersion: 0 }],
    transactionAnswer,
    (result) => result.ok && result.value !== null,
    0,
  );
  for (const result of results) {
    if (!result.ok || result.value === null) continue;
    // A node that shows another transaction is not talking about ours.
    if (result.value.transaction.signatures[0] === signature) return result.value;
  }
  return undefined;
}

async function readAbsent(deps: AttemptReaderDeps, attempt: AttemptRow): Promise<AttemptReport> {
  const proof = await proveAbsence(deps.rpc, attempt.identity, attempt.bound);
  if (!proof.proven) return { state: "pending", detail: proof.detail };
  const route = parseAttemptRoute(attempt);
  const witness = await askWitness(deps.rpc, attempt, route, proof.slots);
  if (!witness.agrees) {
    deps.log.warn(
      { signature: attempt.identity, detail: witness.detail },
      "an absent transaction's balances do not agree: not called dead",
    );
    return { state: "pending", detail: witness.detail };
  }
  return { state: "dead", proof: { ...proof.evidence, witness: witness.evidence } };
}

/** Whether a booked fill is final for good. */
export async function fetchSettlementReport(
  rpc: Rpc,
  signature: string,
  bound: EffectBound,
): Promise<{ state: "settled" | "pending" | "gone"; evidence: Evidence }> {
  const news = readNews(await fetchStatuses(rpc, signature));
  if (news.kind === "finalized") {
    const evidence = { provider: news.provider, slot: news.slot, err: news.err };
    // After a fork the same bytes may have been executed again, with another end.
    return { state: news.err === null ? "settled" : "gone", evidence };
  }
  if (news.kind !== "unseen") return { state: "pending", evidence: { ...news } };
  const proof = await proveAbsence(rpc, signature, bound);
  return proof.proven
    ? { state: "gone", evidence: proof.evidence }
    : { state: "pending", evidence: { detail: proof.detail } };
}
