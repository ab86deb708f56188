import type { Checker, Watch } from "./checker.ts";

/**
 * Invariant 1, after every step: whatever the journal believes, the chain itself executed no order
 * twice.
 */
export function createChainEffects(watch: Watch): Checker {
  const orderOf = new Map<string, string>();
  const signaturesOf = new Map<string, Set<string>>();
  return {
    name: "1 one effect on the chain",
    onCommit(events) {
      for (const { kind, payload } of events) {
        if (kind === "AttemptPrepared") orderOf.set(payload.identity, payload.orderId);
      }
    },
    onLanded({ signature, err }) {
      const orderId = orderOf.get(signature);
      if (orderId === undefined || err !== null) return;
      const signatures = signaturesOf.get(orderId) ?? new Set();
      signatures.add(signature);
      signaturesOf.set(orderId, signatures);
      const landed = [...signatures].filter((one) => watch.chain.record(one)?.err === null);
      if (landed.length > 1) watch.report(`order ${orderId} was executed ${landed.length} times`);
    },
  };
}
