import type { EffectBound, Evidence } from "@raptor/shared/domain/events.ts";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Lifetime } from "../../ports/venue.ts";
import { fetchAccountsWords, newestSlot, type AccountsWord } from "./account-words.ts";
import type { BlockhashBook, WarmBlockhash } from "./blockhash-book.ts";
import { assertOwnNonce, nonceIndexOf, parseNonceValue } from "./nonce-account.ts";
import { blockhashAnswer } from "./rpc-answers.ts";
import type { Rpc } from "./rpc.ts";

/** What limits one attempt, as its message, its intent and its journal row say it. */
export interface AttemptLifetime {
  /** Stands in the message's place for a blockhash. */
  blockhash: string;
  bound: EffectBound;
  nonce: { index: number; account: string; value: string } | undefined;
  /** Shares its nonce's one turn with attempts that are already journaled. */
  isReplacement: boolean;
  evidence: Evidence;
}

/** A nonce's value, final, and who said so. */
export interface NonceReading {
  value: string;
  slot: number;
  providers: readonly string[];
}

export interface LifetimeDeps {
  rpc: Rpc;
  blockhashes: Pick<BlockhashBook, "fetchNewest">;
}

export async function fetchLifetime(
  { rpc, blockhashes }: LifetimeDeps,
  wallet: string,
  wanted: Lifetime,
): Promise<AttemptLifetime> {
  if (wanted.kind === "nonce") return fetchNonceLifetime(rpc, wallet, wanted);
  return blockLifetime(await blockhashes.fetchNewest());
}

export async function fetchNonceLifetime(
  rpc: Rpc,
  wallet: string,
  wanted: Extract<Lifetime, { kind: "nonce" }>,
): Promise<AttemptLifetime> {
  const { account } = wanted;
  assertOwnNonce(wallet, account);
  const reading = await readNonce(rpc, wallet, account);
  if (wanted.value !== null && wanted.value !== reading.value) {
    throw unusable("the nonce was used up: another attempt of this group was executed");
  }
  return nonceLifetime(wallet, account, reading, wanted.value !== null);
}

export function nonceLifetime(
  wallet: string,
  account: string,
  { value, slot, providers }: NonceReading,
  isReplacement: boolean,
): AttemptLifetime {
  const index = nonceIndexOf(wallet, account);
  return {
    blockhash: value,
    bound: { kind: "nonce", account, value },
    nonce: { index, account, value },
    isReplacement,
    evidence: {
      madeAtSlot: slot,
      nonce: { index, account, value, slot, providers: [...providers] },
    },
  };
}

/** A later bound makes us wait longer, never too short. */
export function blockLifetime({
  blockhash,
  lastValidBlockHeight,
  slot,
}: Pick<WarmBlockhash, "blockhash" | "lastValidBlockHeight" | "slot">): AttemptLifetime {
  return {
    blockhash,
    bound: { kind: "blockHeight", blockhash, lastValidBlockHeight },
    nonce: undefined,
    isReplacement: false,
    evidence: { madeAtSlot: slot },
  };
}

/** For what nobody has to prove dead: its end is read from the accounts. */
export function fetchBlockhash(rpc: Rpc) {
  return rpc.askNewest(
    "getLatestBlockhash",
    [{ commitment: "confirmed" }],
    blockhashAnswer,
    (answer) => answer.value.lastValidBlockHeight,
  );
}

/**
 * The value that the chain holds for good. A wrong one costs no money, since no block takes the
 * attempt, but nothing could ever prove that: it would stay undecided and hold its slot. Only a
 * journaled attempt on a value that really was there ends with one that landed. So the value must
 * be finalized, or a fork could take it back; nothing newer may be on its way; and every node that
 * is not clearly behind must say the same.
 * @throws RAPTOR_VENUE__UNAVAILABLE while that cannot be had; nothing has left the process.
 */
export async function readNonce(rpc: Rpc, wallet: string, account: string): Promise<NonceReading> {
  const [finals, confirmed] = await Promise.all([
    fetchAccountsWords(rpc, [account], "finalized"),
    fetchAccountsWords(rpc, [account], "confirmed"),
  ]);
  const [value, ...others] = new Set(finals.map((word) => valueOf(word, wallet)));
  if (finals.length === 0 || confirmed.length === 0) throw unusable("no node shows the nonce");
  if (others.length > 0) throw unusable("the nodes disagree about the nonce");
  const slot = newestSlot(finals);
  const isMoving = confirmed.some((word) => word.slot >= slot && valueOf(word, wallet) !== value);
  if (isMoving) throw unusable("the nonce was used a moment ago and its new value is not final");
  if (value === undefined) throw unusable("the nonce account does not exist yet");
  return { value, slot, providers: finals.map(({ provider }) => provider) };
}

function valueOf({ accounts }: AccountsWord, wallet: string): string | undefined {
  return parseNonceValue(accounts[0], wallet);
}

export function unusable(reason: string): RaptorError {
  return new RaptorError("RAPTOR_VENUE__UNAVAILABLE", { reason });
}

/** All attempts on one value of a nonce share its one turn; a blockhash excludes nothing else. */
export function exclusionGroupOf({ nonce }: AttemptLifetime, identity: string): string {
  return nonce === undefined ? `sig:${identity}` : `nonce:${nonce.account}:${nonce.value}`;
}
