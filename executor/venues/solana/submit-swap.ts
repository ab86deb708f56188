import type { AttemptRow } from "@raptor/shared/domain/rows.ts";
import type { SubmitOutcome } from "../../ports/venue.ts";
import { signatureAnswer } from "./rpc-answers.ts";
import { describeRpcFailure, type RpcResult } from "./rpc-provider.ts";
import type { Rpc } from "./rpc.ts";

/**
 * Refusals that speak about the bytes themselves: no honest node will ever execute them. Anything
 * else, "blockhash not found" above all, may only mean that this node is behind.
 */
const SIGNATURE_FAILURE = -32_003;
const INVALID_PARAMS = -32_602;
const NEVER_VALID = [
  /failed to sanitize/i,
  /invalid transaction: transaction failed to sanitize/i,
  /too large/i,
  /failed to deserialize/i,
  /invalid base64/i,
  /io error: unexpected end of file/i,
];
const ALREADY_PROCESSED = /already (been )?processed|AlreadyProcessed/i;
/** Once one node has the bytes the others get a moment, so that the evidence names them too. */
const GRACE_MS = 60;

type Verdict = "accepted" | "never" | "unclear";

/** Sends the same bytes to every node; only the bytes that were journaled. */
export async function submitSwap(rpc: Rpc, attempt: AttemptRow): Promise<SubmitOutcome> {
  const results = await rpc.raceAll(
    "sendTransaction",
    [
      attempt.payload,
      { encoding: "base64", skipPreflight: true, maxRetries: 0, preflightCommitment: "processed" },
    ],
    signatureAnswer,
    (result) => verdictOf(result, attempt.identity) === "accepted",
    GRACE_MS,
  );
  const verdicts = results.map((result) => verdictOf(result, attempt.identity));
  const answers = Object.fromEntries(
    results.map((result) => [
      result.provider,
      result.ok ? result.value : describeRpcFailure(result.failure),
    ]),
  );
  const lanes = results.flatMap((result, at) =>
    verdicts[at] === "accepted" ? [result.provider] : [],
  );
  if (lanes.length > 0) return { outcome: "accepted", lanes, evidence: { answers } };
  const isDefinite = verdicts.length === rpc.providers.length;
  if (isDefinite && verdicts.every((verdict) => verdict === "never")) {
    const reason = Object.values(answers)[0] ?? "refused";
    return { outcome: "rejected", reason, evidence: { answers } };
  }
  const cause = Object.entries(answers)
    .map(([provider, answer]) => `${provider}: ${answer}`)
    .join("; ");
  return { outcome: "unknown", lanes: results.map(({ provider }) => provider), cause };
}

function verdictOf(result: RpcResult<string>, identity: string): Verdict {
  // A node that names another signature than ours did something else with the bytes.
  if (result.ok) return result.value === identity ? "accepted" : "unclear";
  const { failure } = result;
  if (failure.kind !== "rpc") return "unclear";
  const data = failure.data === undefined ? "" : JSON.stringify(failure.data);
  if (ALREADY_PROCESSED.test(failure.message) || ALREADY_PROCESSED.test(data)) return "accepted";
  if (failure.code === SIGNATURE_FAILURE) return "never";
  const isNever =
    failure.code === INVALID_PARAMS && NEVER_VALID.some((pattern) => pattern.test(failure.message));
  return isNever ? "never" : "unclear";
}
