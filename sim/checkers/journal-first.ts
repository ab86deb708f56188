import type { NetRequest } from "@raptor/shared/seams/net.ts";
import { hasValidSignatures, signatureOf } from "../models/wire-transaction.ts";
import type { Checker, Watch } from "./checker.ts";

const CALLS = ['"sendTransaction"', '"simulateTransaction"'];

/**
 * Invariant 5, after every step: no signed bytes leave for any node, not even to be tried out,
 * before they are committed, and what leaves is the committed bytes and no others.
 */
export function createJournalFirst(watch: Watch): Checker {
  const payloadOf = new Map<string, string>();

  function checkSent(payload: string): void {
    const transaction = watch.chain.parse(payload);
    const signature = signatureOf(transaction);
    const journaled = payloadOf.get(signature);
    if (journaled === payload || !hasValidSignatures(transaction)) return;
    if (journaled === undefined) watch.report(`${signature} left before it was journaled`);
    else watch.report(`${signature} left with other bytes than the journal's`);
  }

  return {
    name: "5 journal before sending",
    onCommit(events) {
      for (const { kind, payload } of events) {
        if (kind === "AttemptPrepared") payloadOf.set(payload.identity, payload.payload);
      }
    },
    onRequest(host, request) {
      const sent = host.startsWith("rpc") ? sentPayload(request) : undefined;
      if (sent !== undefined) checkSent(sent);
    },
    onLanded({ signature }) {
      if (!payloadOf.has(signature)) watch.report(`${signature} landed without being journaled`);
    },
  };
}

function sentPayload({ body = "" }: NetRequest): string | undefined {
  if (!CALLS.some((call) => body.includes(call))) return undefined;
  const { params } = JSON.parse(body) as { params: unknown[] };
  return String(params[0]);
}
