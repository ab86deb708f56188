import type { LaneAnswer } from "./lane.ts";
import { describeRpcFailure, type RpcFailure, type RpcResult } from "./rpc-provider.ts";

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
const TOO_MANY_REQUESTS = 429;

/** What an answer to `sendTransaction` means for bytes with this signature. */
export function judgeSend(
  result: RpcResult<string>,
  identity: string,
  /** Codes with which this lane turns bytes away without passing them on. */
  turnedAway: ReadonlySet<number> = new Set(),
): LaneAnswer {
  if (result.ok) {
    // A node that names another signature than ours did something else with the bytes.
    const word = result.value === identity ? "accepted" : "unclear";
    return { word, detail: result.value, isLimited: false };
  }
  const { failure } = result;
  const detail = describeRpcFailure(failure);
  return { word: wordOf(failure, turnedAway), detail, isLimited: isLimit(failure) };
}

function wordOf(failure: RpcFailure, turnedAway: ReadonlySet<number>): LaneAnswer["word"] {
  if (failure.kind !== "rpc") return "unclear";
  const data = failure.data === undefined ? "" : JSON.stringify(failure.data);
  if (ALREADY_PROCESSED.test(failure.message) || ALREADY_PROCESSED.test(data)) return "accepted";
  if (failure.code === SIGNATURE_FAILURE || turnedAway.has(failure.code)) return "refused";
  const isNever =
    failure.code === INVALID_PARAMS && NEVER_VALID.some((pattern) => pattern.test(failure.message));
  return isNever ? "refused" : "unclear";
}

function isLimit(failure: RpcFailure): boolean {
  return failure.kind === "http" && failure.status === TOO_MANY_REQUESTS;
}
