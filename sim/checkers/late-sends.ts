import type { EventPayloads, JournalEvent } from "@raptor/shared/domain/events.ts";
import { signatureOf } from "../models/wire-transaction.ts";
import type { Checker, Watch } from "./checker.ts";

interface Entry {
  userId: number;
  deadlineMs: number | null;
  /** Prepared in a life of the executor that has ended since. */
  isInherited: boolean;
}

/** The executor's wall clock may be wrong by what the simulator makes it wrong. */
const CLOCK_MS = 3_000;

/**
 * Invariant 10, after every step: a buy that an earlier life had recorded and never sent does not
 * leave for the first time after its deadline or after a kill switch, a pause or a panic.
 */
export function createLateSends(watch: Watch): Checker {
  const buys = new Map<string, EventPayloads["OrderInitialized"]>();
  const unsent = new Map<string, Entry>();
  const stopped = new Set<number>();
  let state = "active";

  function take({ kind, payload }: JournalEvent): void {
    switch (kind) {
      case "OrderInitialized":
        if (payload.side === "buy") buys.set(payload.orderId, payload);
        return;
      case "AttemptPrepared": {
        const buy = buys.get(payload.orderId);
        // A void may leave whenever it likes: it only takes risk away.
        if (buy !== undefined && payload.voids === undefined)
          unsent.set(payload.identity, { ...buy, isInherited: false });
        return;
      }
      case "TradingStateChanged":
        state = payload.state;
        return;
      case "UserPausedChanged":
        if (payload.paused) stopped.add(payload.userId);
        else stopped.delete(payload.userId);
        return;
      default:
    }
  }

  function check(signature: string): void {
    const entry = unsent.get(signature);
    unsent.delete(signature);
    if (entry === undefined || !entry.isInherited) return;
    const { userId, deadlineMs } = entry;
    if (state !== "active") watch.report(`${signature} left for the first time while ${state}`);
    if (stopped.has(userId)) watch.report(`${signature} left for the first time in a pause`);
    // A clock that was set back cannot know better.
    const nowMs = Math.min(watch.nowMs(), watch.deskNowMs());
    if (deadlineMs === null || nowMs <= deadlineMs + CLOCK_MS) return;
    const ms = nowMs - deadlineMs;
    watch.report(`${signature} left for the first time ${ms} ms after its deadline`);
  }

  return {
    name: "10 late first sends",
    onCommit(events) {
      for (const event of events) take(event);
    },
    onRequest(host, { body = "" }) {
      if (!host.startsWith("rpc") || !body.includes('"sendTransaction"')) return;
      const { params } = JSON.parse(body) as { params: unknown[] };
      check(signatureOf(watch.chain.parse(String(params[0]))));
    },
    onEnd() {
      for (const entry of unsent.values()) entry.isInherited = true;
    },
  };
}
