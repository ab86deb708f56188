import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import type { Checker, Watch } from "./checker.ts";

/** Invariant 8, after every step: what left a wallet stayed below the attempt's own cap. */
export function createSpendOnChain(watch: Watch): Checker {
  const attempts = new Map<string, EventPayloads["AttemptPrepared"]>();
  return {
    name: "8 spending on the chain",
    onCommit(events) {
      for (const { kind, payload } of events) {
        if (kind === "AttemptPrepared") attempts.set(payload.identity, payload);
      }
    },
    onLanded({ signature, before, after }) {
      const attempt = attempts.get(signature);
      if (attempt === undefined) return;
      const cap = BigInt(attempt.costCapLamports);
      const spent = (before[0]?.lamports ?? 0n) - (after[0]?.lamports ?? 0n);
      if (spent <= cap) return;
      watch.report(`${attempt.attemptId} took ${spent} lamports, its cap was ${cap}`);
    },
  };
}
