import type { Evidence } from "@raptor/shared/domain/events.ts";
import type { AttemptRow } from "@raptor/shared/domain/rows.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { AttemptReport } from "../../ports/venue.ts";
import { proveAbsence, provePassed } from "./absence-proof.ts";
import { type AttemptRoute, parseAttemptRoute } from "./attempt-route.ts";
import { askWitness, showsChange } from "./balance-witness.ts";
import { proveAdvanced, proveSpent } from "./nonce-proof.ts";
import type { Rpc } from "./rpc.ts";
import {
  type DecidedWord,
  describeWords,
  isDecided,
  isOut,
  type Word,
} from "./signature-status.ts";
import { describeTransactionError } from "./simulate-swap.ts";
import { evidenceOf, fetchTestimonies, findAgreed, type Testimony } from "./testimony.ts";

/** For so long all other nodes must have been out before one may decide alone. */
const ALONE_MS_MIN = 10_000;

interface Case {
  rpc: Rpc;
  log: Log;
  attempt: AttemptRow;
  route: AttemptRoute;
  words: readonly Word[];
}

/**
 * How an attempt ended, of which at least one node says that it did. No single node decides: a
 * false "landed" would book what never happened, a false "reverted" would free the slot for a
 * second order. Until others bear it out the attempt is only seen.
 */
export async function judgeEnd(
  deps: { rpc: Rpc; log: Log },
  attempt: AttemptRow,
  words: readonly Word[],
): Promise<AttemptReport> {
  const route = parseAttemptRoute(attempt);
  const trial: Case = { ...deps, attempt, route, words };
  const decided = words.filter(isDecided);
  const successes = decided.filter(({ kind }) => kind === "success");
  const errors = decided.filter(({ kind }) => kind === "error");
  const told = describeWords(words);
  if (successes.length > 0 && errors.length > 0) {
    deps.log.error(
      { signature: attempt.identity, told },
      "nodes contradict each other on a result",
    );
  }
  if (successes.length > 0) return (await judgeSuccess(trial, successes)) ?? seen(words);
  // A node that executed it without an error outweighs another one's error, also before its votes.
  const isDisputed = words.some((word) => word.kind === "processed" && word.err === null);
  return (isDisputed ? undefined : await judgeError(trial, errors)) ?? seen(words);
}

export function seen(words: readonly Word[]): AttemptReport {
  return { state: "seen", evidence: { words: describeWords(words) } };
}

async function judgeSuccess(
  trial: Case,
  successes: readonly DecidedWord[],
): Promise<AttemptReport | undefined> {
  const { attempt, route } = trial;
  const testimonies = await fetchTestimonies(attempt.identity, route, successes);
  const agreed = findAgreed(testimonies);
  if (agreed !== undefined) return bookable(trial, agreed, { agreed: true });
  // Nodes that tell of different money leave nobody to believe: a balance bears out the tokens
  // and not what was paid for them.
  const [only, ...others] = testimonies;
  if (only === undefined || others.length > 0) return undefined;
  const balanceWitness = await findBalanceWitness(trial, only);
  if (balanceWitness !== undefined) return bookable(trial, only, { balanceWitness });
  if (only.word.isFinal && isAlone(trial.words, only.word))
    return bookable(trial, only, { alone: true });
  // Two words are safe; whose figures are taken is a matter of time: a node that cannot show a
  // finalized transaction has a hole in its history and will not show it later.
  const finals = successes.filter(({ isFinal }) => isFinal);
  return finals.length > 1
    ? bookable(trial, only, { agreed: true, figuresOfOne: true })
    : undefined;
}

/** Another node whose balance moved as told, though its history may have a hole. */
async function findBalanceWitness(trial: Case, told: Testimony): Promise<string | undefined> {
  const { attempt, route, words } = trial;
  const landed = { slot: told.transaction.slot, change: told.deltas.quantity };
  // A transaction that moved nothing cannot be borne out by a balance that did not move.
  if (landed.change === 0n) return undefined;
  const others = words.filter(({ provider, kind }) => {
    return provider !== told.word.provider && kind !== "error" && kind !== "silent";
  });
  const shown = await Promise.all(
    others.map(async ({ provider }) => {
      return (await showsChange(provider, attempt, route, landed)) ? [provider.name] : [];
    }),
  );
  return shown.flat()[0];
}

/** All other nodes have been out for so long that one may decide. */
export function isAlone(words: readonly Word[], { provider, slot }: DecidedWord): boolean {
  const others = words.filter((word) => word.provider !== provider);
  return others.every((word) => isOut(word, slot, ALONE_MS_MIN));
}

function bookable(trial: Case, told: Testimony, borneOut: Evidence): AttemptReport {
  const { attempt, route, words, log } = trial;
  const { deltas, transaction } = told;
  const evidence = { ...evidenceOf(told), ...borneOut, words: describeWords(words) };
  const isBuy = route.side === "buy";
  const quantity = isBuy ? deltas.quantity : -deltas.quantity;
  const paid = isBuy ? -deltas.tradeLamports : deltas.tradeLamports;
  // A sell that opened accounts dearer than what it brought has landed all the same: what it cost
  // beyond its proceeds is a cost of landing it, and a price is never less than nothing.
  const isCostly = !isBuy && paid < 0n;
  const notionalLamports = isCostly ? 0n : paid;
  const feeLamports = isCostly ? deltas.feeLamports - paid : deltas.feeLamports;
  if (quantity <= 0n || notionalLamports < 0n) {
    log.error({ signature: attempt.identity, ...evidence }, "a landed swap moved nothing");
    return { state: "pending", detail: "the balances of the landed transaction make no sense" };
  }
  return {
    state: "landed",
    fillId: attempt.identity,
    quantity,
    notionalLamports,
    feeLamports,
    rentLamports: deltas.rentLamports,
    venueSlot: transaction.slot,
    evidence,
  };
}

async function judgeError(
  trial: Case,
  errors: readonly DecidedWord[],
): Promise<AttemptReport | undefined> {
  const { attempt, route } = trial;
  const testimonies = await fetchTestimonies(attempt.identity, route, errors);
  const [told] = testimonies;
  if (told === undefined) return undefined;
  if (errors.length > 1) {
    // Siblings on the same nonce are dead for good only when this end is: on the word of two.
    const isFinal = errors.filter((word) => word.isFinal).length > 1;
    return reverted(trial, findAgreed(testimonies) ?? told, isFinal, { agreed: true });
  }
  if (!told.word.isFinal) return undefined;
  const proof = isAlone(trial.words, told.word)
    ? await proveAlone(trial, told.word)
    : await proveByOthers(trial, told.word);
  return proof === undefined ? undefined : reverted(trial, told, true, proof);
}

/** The proof of death, on every node but the one that says that it failed. */
async function proveByOthers(trial: Case, accuser: DecidedWord): Promise<Evidence | undefined> {
  const { rpc, attempt, route } = trial;
  const others = rpc.providers.filter((provider) => provider !== accuser.provider);
  const { bound } = attempt;
  const proof =
    bound.kind === "nonce"
      ? await proveSpent(rpc, attempt.identity, bound, others, accuser.slot)
      : await proveAbsence(rpc, attempt.identity, bound, others);
  if (!proof.proven) return undefined;
  const witness = await askWitness(rpc, attempt, route, proof.slots);
  return witness.agrees ? { ...proof.evidence, witness: witness.evidence } : undefined;
}

async function proveAlone(trial: Case, accuser: DecidedWord): Promise<Evidence | undefined> {
  const { rpc, attempt, route } = trial;
  const { provider } = accuser;
  const { bound } = attempt;
  const passed =
    bound.kind === "nonce"
      ? await proveAdvanced(provider, bound, accuser.slot)
      : await provePassed(provider, bound);
  if (typeof passed === "string") return undefined;
  const witness = await askWitness(rpc, attempt, route, new Map([[provider.name, passed.slot]]));
  return witness.agrees ? { alone: true, ...passed, witness: witness.evidence } : undefined;
}

function reverted(trial: Case, told: Testimony, isFinal: boolean, proof: Evidence): AttemptReport {
  const { err } = told.word;
  const commitment = isFinal ? "finalized" : "confirmed";
  return {
    state: "reverted",
    venueError: describeTransactionError(err),
    costLamports: told.deltas.feeLamports,
    evidence: { ...evidenceOf(told), commitment, err, proof, words: describeWords(trial.words) },
  };
}
