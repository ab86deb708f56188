import type { NetRequest } from "@raptor/shared/seams/net.ts";
import { SYSTEM_PROGRAM } from "../models/durable-nonce.ts";
import {
  hasValidSignatures,
  signatureOf,
  type WireInstruction,
  type WireTransaction,
} from "../models/wire-transaction.ts";
import type { Checker, Watch } from "./checker.ts";

const CALLS = ['"sendTransaction"', '"simulateTransaction"'];

/**
 * Invariant 5, after every step: no signed bytes leave for any node, not even to be tried out,
 * before they are committed, and what leaves is the committed bytes and no others. Setting up and
 * closing nonce accounts is not an attempt: there the accounts must have been wanted before.
 */
export function createJournalFirst(watch: Watch): Checker {
  const payloadOf = new Map<string, string>();
  const wanted = new Set<string>();

  function checkSent(payload: string): void {
    const transaction = watch.chain.parse(payload);
    const signature = signatureOf(transaction);
    const journaled = payloadOf.get(signature);
    if (journaled === payload || !hasValidSignatures(transaction)) return;
    if (journaled === undefined && isWantedSetup(transaction, wanted)) return;
    if (journaled === undefined) watch.report(`${signature} left before it was journaled`);
    else watch.report(`${signature} left with other bytes than the journal's`);
  }

  return {
    name: "5 journal before sending",
    onCommit(events) {
      for (const { kind, payload } of events) {
        if (kind === "AttemptPrepared") payloadOf.set(payload.identity, payload.payload);
        if (kind === "NonceAccountsWanted")
          payload.accounts.forEach((one) => wanted.add(one.account));
        if (kind === "NonceReclaimWanted") wanted.add(payload.account);
      }
    },
    onRequest(host, request) {
      const sent = host.startsWith("rpc") ? sentPayload(request) : undefined;
      if (sent !== undefined) checkSent(sent);
    },
    onLanded({ signature, transaction }) {
      if (payloadOf.has(signature) || isWantedSetup(transaction, wanted)) return;
      watch.report(`${signature} landed without being journaled`);
    },
  };
}

const COMPUTE_BUDGET = "ComputeBudget111111111111111111111111111111";
const CREATE_WITH_SEED = 3;
const WITHDRAW_NONCE = 5;
const INITIALIZE_NONCE = 6;

/** Nothing but creating wanted nonce accounts, or closing them in favor of the wallet. */
function isWantedSetup(transaction: WireTransaction, wanted: ReadonlySet<string>): boolean {
  const { staticKeys, instructions } = transaction;
  return instructions.every((instruction) => {
    const program = staticKeys[instruction.programIndex];
    if (program === COMPUTE_BUDGET) return true;
    const account = program === SYSTEM_PROGRAM ? nonceIn(transaction, instruction) : undefined;
    return account !== undefined && wanted.has(account);
  });
}

function nonceIn(
  { staticKeys }: WireTransaction,
  { data, accountIndexes }: WireInstruction,
): string | undefined {
  const [first = -1, second = -1] = accountIndexes;
  const kind = data.length >= 4 ? Buffer.from(data).readUInt32LE(0) : -1;
  if (kind === CREATE_WITH_SEED) return staticKeys[second];
  if (kind === INITIALIZE_NONCE) return staticKeys[first];
  return kind === WITHDRAW_NONCE && second === 0 ? staticKeys[first] : undefined;
}

function sentPayload({ body = "" }: NetRequest): string | undefined {
  if (!CALLS.some((call) => body.includes(call))) return undefined;
  const { params } = JSON.parse(body) as { params: unknown[] };
  return String(params[0]);
}
