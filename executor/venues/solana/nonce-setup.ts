import type { WalletRow } from "@raptor/shared/domain/rows.ts";
import { assert, isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { NONCES_PER_MESSAGE_MAX } from "../../ports/signer.ts";
import type { NonceSetupOutcome } from "../../ports/venue.ts";
import { fetchAccountsWords, newestSlot, type AccountsWord } from "./account-words.ts";
import { deriveNonceAddress, NONCE_RENT_LAMPORTS, parseNonceValue } from "./nonce-account.ts";
import { createNonce, withdrawNonce } from "./nonce-instructions.ts";
import { SYSTEM_PROGRAM } from "./programs.ts";
import type { Refusal } from "./prepare-step.ts";
import type { AccountAnswer } from "./rpc-answers.ts";
import { sendSetup, type SetupDeps, type SignedSetup, signSetup } from "./setup-transaction.ts";

export interface NonceSetupDeps extends SetupDeps {
  clock: Pick<Clock, "sleep">;
  /** Ends the waiting when the process stops; what was sent goes on by itself. */
  stopped: AbortSignal;
}

/** Long enough for a healthy network, short beside what a person waits for. */
const READS_MAX = 40;
const READ_INTERVAL_MS = 500;
/** The same bytes once more every two seconds: a leader may have lost them. */
const READS_PER_SEND = 4;

/** What the nodes together say of one account. */
type Standing = "there" | "missing" | "disputed" | "foreign";

/** What was read last: the standing of each asked account, in their order. */
interface Reading {
  words: readonly AccountsWord[];
  standings: Standing[];
}

/**
 * Creates those of the accounts that do not exist. Each address follows from the wallet, so the
 * chain itself refuses a second creation; what became of ours is read from the accounts
 * afterwards, never from what a node answered to the sending.
 */
export function createNonces(
  deps: NonceSetupDeps,
  wallet: WalletRow,
  wrapped: string,
  indexes: readonly number[],
): Promise<NonceSetupOutcome> {
  return orPending(async () => {
    const wanted = [...new Set(indexes)];
    assert(wanted.length > 0, "there are nonce accounts to create");
    const sent: SignedSetup[] = [];
    let rent = 0n;
    let reading = await read(deps, wallet, wanted);
    for (;;) {
      const { standings } = reading;
      if (standings.every((standing) => standing === "there")) {
        return done(wallet, wanted, reading, { sent: describe(sent), rentLamports: String(rent) });
      }
      const doubt = doubtOf(wanted, standings);
      if (doubt !== undefined) return doubt;
      const missing = wanted.filter((_, at) => standings[at] === "missing");
      const batch = missing.slice(0, NONCES_PER_MESSAGE_MAX);
      const held = batch.map((index) => {
        return viewOf(wallet, reading, index, wanted.indexOf(index)).lamports;
      });
      const signed = await signSetup(deps, wallet, wrapped, {
        instructions: batch.flatMap((index, at) =>
          createNonce(wallet.address, index, held[at] ?? 0n),
        ),
        accounts: batch.map((index) => deriveNonceAddress(wallet.address, index)),
        intentOf: (feeLamportsMax) => {
          const accounts = batch.map((index, at) => {
            return { index, heldLamports: String(held[at] ?? 0n) };
          });
          const { address } = wallet;
          return { kind: "solanaCreateNonces", wallet: address, accounts, feeLamportsMax };
        },
      });
      if (!signed.ok) return refusal(signed);
      sent.push(signed.value);
      const next = await carryOut(deps, wallet, wanted, signed.value, (standing, at) => {
        return standing === "there" || !batch.includes(wanted[at] ?? -1);
      });
      if (next === undefined) return pending("the new nonce accounts are not seen yet", sent);
      for (const gift of held) rent += gift < NONCE_RENT_LAMPORTS ? NONCE_RENT_LAMPORTS - gift : 0n;
      reading = next;
    }
  });
}

/**
 * Closes one account. All its lamports go to the wallet; a second withdrawal finds nothing to take.
 * The caller makes sure that no attempt on this nonce is undecided.
 */
export function reclaimNonce(
  deps: NonceSetupDeps,
  wallet: WalletRow,
  wrapped: string,
  index: number,
): Promise<NonceSetupOutcome> {
  return orPending(async () => {
    const reading = await read(deps, wallet, [index]);
    if (reading.standings[0] === "missing") {
      return done(wallet, [index], reading, { sent: [], returnedLamports: "0" });
    }
    const doubt = doubtOf([index], reading.standings);
    if (doubt !== undefined) return doubt;
    const { lamports } = viewOf(wallet, reading, index, 0);
    const account = deriveNonceAddress(wallet.address, index);
    const signed = await signSetup(deps, wallet, wrapped, {
      instructions: [withdrawNonce(wallet.address, account, lamports)],
      accounts: [account],
      intentOf: (feeLamportsMax) => ({
        kind: "solanaReclaimNonce",
        wallet: wallet.address,
        index,
        lamports: String(lamports),
        feeLamportsMax,
      }),
    });
    if (!signed.ok) return refusal(signed);
    const isGone = (standing: Standing): boolean => standing === "missing";
    const next = await carryOut(deps, wallet, [index], signed.value, isGone);
    if (next === undefined) return pending("the nonce account is still there", [signed.value]);
    const sent = describe([signed.value]);
    return done(wallet, [index], next, { sent, returnedLamports: String(lamports) });
  });
}

/** Sends and looks, until every asked account stands as it should; undefined when it does not. */
async function carryOut(
  deps: NonceSetupDeps,
  wallet: WalletRow,
  indexes: readonly number[],
  signed: SignedSetup,
  isReached: (standing: Standing, at: number) => boolean,
): Promise<Reading | undefined> {
  for (let reads = 0; reads < READS_MAX && !deps.stopped.aborted; reads++) {
    if (reads % READS_PER_SEND === 0) await sendSetup(deps.rpc, signed);
    await deps.clock.sleep(READ_INTERVAL_MS, deps.stopped);
    const reading = await read(deps, wallet, indexes);
    if (reading.words.length > 0 && reading.standings.every(isReached)) return reading;
  }
  return undefined;
}

async function read(
  { rpc }: NonceSetupDeps,
  { address }: WalletRow,
  indexes: readonly number[],
): Promise<Reading> {
  const accounts = indexes.map((index) => deriveNonceAddress(address, index));
  const words = await fetchAccountsWords(rpc, accounts, "confirmed");
  return { words, standings: indexes.map((_, at) => standingOf(words, address, at)) };
}

function standingOf(words: readonly AccountsWord[], wallet: string, at: number): Standing {
  const standings = new Set(
    words.map(({ accounts }): Standing => {
      const account = accounts[at] ?? null;
      if (account === null || isEmpty(account)) return "missing";
      return parseNonceValue(account, wallet) === undefined ? "foreign" : "there";
    }),
  );
  const [only, ...others] = standings;
  return only === undefined || others.length > 0 ? "disputed" : only;
}

/** Anybody may send lamports to the address; nobody but the wallet can make more of it. */
function isEmpty({ owner, data }: AccountAnswer): boolean {
  return owner === SYSTEM_PROGRAM && data[0] === "";
}

function doubtOf(
  indexes: readonly number[],
  standings: readonly Standing[],
): NonceSetupOutcome | undefined {
  const foreign = indexes.filter((_, at) => standings[at] === "foreign");
  if (foreign.length > 0) {
    const reason =
      `the address of nonce account ${foreign.join(", ")} is taken by something else; ` +
      "nothing was sent, other nonce accounts can be used";
    return { outcome: "refused", reason, alert: false };
  }
  if (!standings.includes("disputed")) return undefined;
  return { outcome: "pending", reason: "the nodes do not agree about the nonce accounts yet" };
}

function viewOf(wallet: WalletRow, { words }: Reading, index: number, at: number) {
  const newest = words.find(({ slot }) => slot === newestSlot(words));
  const account = newest?.accounts[at] ?? null;
  return {
    index,
    account: deriveNonceAddress(wallet.address, index),
    value: parseNonceValue(account, wallet.address) ?? null,
    lamports: account?.lamports ?? 0n,
  };
}

function done(
  wallet: WalletRow,
  indexes: readonly number[],
  reading: Reading,
  costs: Readonly<Record<string, unknown>>,
): NonceSetupOutcome {
  const slots = Object.fromEntries(reading.words.map(({ provider, slot }) => [provider, slot]));
  const accounts = indexes.map((index, at) => viewOf(wallet, reading, index, at));
  return { outcome: "done", accounts, evidence: { ...costs, slots } };
}

function describe(sent: readonly SignedSetup[]): { signature: string; feeLamports: string }[] {
  return sent.map(({ signature, feeLamports }) => ({
    signature,
    feeLamports: String(feeLamports),
  }));
}

function pending(reason: string, sent: readonly SignedSetup[]): NonceSetupOutcome {
  const signatures = sent.map(({ signature }) => signature).join(", ");
  return { outcome: "pending", reason: `${reason}: ${signatures}` };
}

function refusal({ reason, alert }: Refusal): NonceSetupOutcome {
  return { outcome: "refused", reason, alert };
}

/** Nodes that cannot be asked leave it open; whatever was sent cannot happen twice. */
async function orPending(work: () => Promise<NonceSetupOutcome>): Promise<NonceSetupOutcome> {
  try {
    return await work();
  } catch (error) {
    if (!isRaptorError(error) || !error.code.startsWith("RAPTOR_VENUE__")) throw error;
    return { outcome: "pending", reason: `the nodes could not be asked: ${error.message}` };
  }
}
