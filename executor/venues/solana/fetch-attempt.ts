import type { EffectBound } from "@raptor/shared/domain/events.ts";
import type { AttemptRow } from "@raptor/shared/domain/rows.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { AttemptReport, SettlementReport } from "../../ports/venue.ts";
import { proveAbsence } from "./absence-proof.ts";
import { parseAttemptRoute } from "./attempt-route.ts";
import { judgeEnd, seen } from "./attempt-verdict.ts";
import { askWitness } from "./balance-witness.ts";
import { describeAbsence, judgeLostFill, proveSuperseded, type NonceBound } from "./nonce-proof.ts";
import type { Rpc } from "./rpc.ts";
import { catchUp, describeWords, fetchWords, isDecided, isOut } from "./signature-status.ts";
import type { SlotWait } from "./slot-wait.ts";
import type { SpenderLooks } from "./spender-looks.ts";
import { judgeVoid } from "./void-verdict.ts";

export interface AttemptReaderDeps {
  rpc: Rpc;
  log: Log;
  waitForSlot: SlotWait;
  spenderLooks: SpenderLooks;
}

/** For so long all other nodes must have been out before one may call a fill final. */
const SETTLED_ALONE_MS_MIN = 60_000;

/** Asks the chain by signature: what happened, or whether it can no longer happen. */
export async function fetchAttemptReport(
  deps: AttemptReaderDeps,
  attempt: AttemptRow,
): Promise<AttemptReport> {
  const { rpc, waitForSlot } = deps;
  const first = await fetchWords(rpc, attempt.identity);
  const words = await catchUp(rpc, attempt.identity, first, waitForSlot);
  if (words.some(isDecided)) {
    return attempt.voids === null
      ? judgeEnd(deps, attempt, words)
      : judgeVoid(deps, attempt, words);
  }
  if (words.some(({ kind }) => kind === "processed")) return seen(words);
  return readAbsent(deps, attempt);
}

async function readAbsent(deps: AttemptReaderDeps, attempt: AttemptRow): Promise<AttemptReport> {
  const { bound } = attempt;
  if (bound.kind === "nonce") return readAbsentNonce(deps, attempt.identity, bound);
  const proof = await proveAbsence(deps.rpc, attempt.identity, bound);
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

/** Dead once it is shown what used its nonce up: a copy that a restored journal does not know. */
async function readAbsentNonce(
  { rpc, spenderLooks }: AttemptReaderDeps,
  signature: string,
  bound: NonceBound,
): Promise<AttemptReport> {
  const { isAdvanced, detail } = await describeAbsence(rpc, bound);
  if (!isAdvanced || !spenderLooks.isDue(signature)) return { state: "pending", detail };
  const proof = await proveSuperseded(rpc, signature, bound);
  if (!proof.proven) return { state: "pending", detail };
  spenderLooks.forget(signature);
  return { state: "dead", proof: proof.evidence };
}

/**
 * Whether a booked fill is final for good. It is taken back only on the word of every node, and
 * called final on that of two, or of one when nothing has been heard of the others for a minute.
 */
export async function fetchSettlementReport(
  rpc: Rpc,
  signature: string,
  bound: EffectBound,
  bookedSlot: number,
): Promise<SettlementReport> {
  const words = await fetchWords(rpc, signature);
  const evidence = { words: describeWords(words) };
  const finals = words.filter(isDecided).filter(({ isFinal }) => isFinal);
  const [success, ...successes] = finals.filter(({ kind }) => kind === "success");
  if (success !== undefined) {
    const others = words.filter(({ provider }) => provider !== success.provider);
    const isSettled =
      successes.length > 0 ||
      others.every((word) => isOut(word, success.slot, SETTLED_ALONE_MS_MIN));
    return isSettled
      ? { state: "settled", evidence, venueSlot: success.slot }
      : { state: "pending", evidence };
  }
  // After a fork the same bytes may have been executed again, with another end.
  if (finals.length === words.length) return { state: "gone", evidence };
  if (words.some(({ kind }) => kind !== "unknown" && kind !== "silent")) {
    return { state: "pending", evidence };
  }
  // A chain that is final up to where it landed, and holds the nonce's old value, has left it out.
  if (bound.kind === "nonce") return judgeLostFill(rpc, signature, bound, bookedSlot);
  const proof = await proveAbsence(rpc, signature, bound);
  return proof.proven
    ? { state: "gone", evidence: proof.evidence }
    : { state: "pending", evidence: { detail: proof.detail } };
}
