import type { Evidence } from "@raptor/shared/domain/events.ts";
import type { AttemptRow } from "@raptor/shared/domain/rows.ts";
import { assert } from "@raptor/shared/errors/raptor-error.ts";
import type { AttemptReport } from "../../ports/venue.ts";
import { parseAttemptRoute } from "./attempt-route.ts";
import { isAlone, seen } from "./attempt-verdict.ts";
import { proveAdvanced, proveSpent } from "./nonce-proof.ts";
import type { Rpc } from "./rpc.ts";
import { type DecidedWord, describeWords, isDecided, type Word } from "./signature-status.ts";
import { evidenceOf, fetchTestimonies } from "./testimony.ts";

/**
 * Whether a void has used its nonce up. It says that others can never happen, so it counts only
 * once it is final, on the words that a sibling's end needs; whether it succeeded or failed is the
 * same, since a transaction that fails has advanced its nonce as well.
 */
export async function judgeVoid(
  { rpc }: { rpc: Rpc },
  attempt: AttemptRow,
  words: readonly Word[],
): Promise<AttemptReport> {
  const finals = words.filter(isDecided).filter(({ isFinal }) => isFinal);
  const proof = await proveFinal(rpc, attempt, words, finals);
  if (proof === undefined) return seen(words);
  const [told] = await fetchTestimonies(attempt.identity, parseAttemptRoute(attempt), finals);
  // A node that knows the end and cannot show the transaction will show it later, or another one.
  if (told === undefined) return seen(words);
  return {
    state: "voided",
    costLamports: told.deltas.feeLamports,
    evidence: { ...evidenceOf(told), proof, words: describeWords(words) },
  };
}

/** Two nodes call it final; or one does, and the others' finalized chains have moved the nonce. */
async function proveFinal(
  rpc: Rpc,
  { identity, bound }: AttemptRow,
  words: readonly Word[],
  [first, ...others]: readonly DecidedWord[],
): Promise<Evidence | undefined> {
  assert(bound.kind === "nonce", "a void stands on a nonce");
  if (first === undefined) return undefined;
  if (others.length > 0) return { agreed: true };
  if (isAlone(words, first)) {
    const advanced = await proveAdvanced(first.provider, bound, first.slot);
    return typeof advanced === "string" ? undefined : { alone: true, ...advanced };
  }
  const rest = rpc.providers.filter((provider) => provider !== first.provider);
  const spent = await proveSpent(rpc, identity, bound, rest, first.slot);
  return spent.proven ? spent.evidence : undefined;
}
