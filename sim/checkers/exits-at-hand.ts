import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import type { Checker, Watch } from "./checker.ts";

/** A wild price waits for so long at least; until when, the next slots decide. */
const BELIEVED_MS = 400;
/** Signing takes a millisecond each; a question to anybody takes several on average. */
const DECIDED_MS_MAX = 12;
const TRIED_MS_MAX = 1_000;
/** Without any fault for so long, everything that an exit needs is at hand. */
const CALM_MS_MIN = 20_000;

/**
 * Invariant 23. After every commit: an exit whose pool told the price, in a world without faults,
 * is decided and signed from what is at hand. Only those count that were made in one step; which
 * ones can be is the engine's to judge, how long they took is not. One alone may have to ask for
 * something that had just become too old: of two or more in one life the fastest asked nobody.
 */
export function createExitsAtHand(watch: Watch): Checker {
  let last: { seq: number; payload: EventPayloads["ExitTriggered"] } | undefined;
  const soldMs = new Map<string, number>();
  let agesMs: number[] = [];
  return {
    name: "23 exits at hand",
    onCommit(events) {
      for (const { kind, seq, payload } of events) {
        if (kind === "ExitTriggered") last = { seq, payload };
        if (kind !== "AttemptPrepared" || payload.route["side"] !== "sell") continue;
        const isOneStep = last?.payload.orderId === payload.orderId && last.seq === seq - 2;
        const pool = String(payload.route["pool"]);
        const nowMs = watch.nowMs();
        // The first sell of its kind, and what fires beside it, is tried on a node before that.
        const firstMs = soldMs.get(pool) ?? nowMs;
        soldMs.set(pool, firstMs);
        const isKnown = nowMs - firstMs > TRIED_MS_MAX;
        if (!isOneStep || !isKnown || last === undefined) continue;
        if (nowMs - watch.lastFaultMs() < CALM_MS_MIN) continue;
        const { priceAgeMs, rule } = last.payload;
        if (rule === "timeLimit" || priceAgeMs >= BELIEVED_MS) continue;
        agesMs.push(priceAgeMs);
        if (agesMs.length < 2 || Math.min(...agesMs) <= DECIDED_MS_MAX) continue;
        watch.report(`exits were signed ${agesMs.join(", ")} ms after their prices were told`);
      }
    },
    onBoot() {
      soldMs.clear();
      agesMs = [];
    },
  };
}
