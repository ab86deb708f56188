import { foldEvent } from "../fold/fold.ts";
import type { PgResult, PgSession } from "../ports/postgres.ts";
import { parseStoredEvent, type StoredEvent } from "../store/journal-rows.ts";
import { MirrorStop } from "./mirror-stop.ts";
import { type PgChange, pgChangeOf } from "./pg-change.ts";

/** The statements that fold some events, and what their answers must be. */
export interface FoldPlan {
  /** Asks for all of them at once. */
  ask(session: PgSession): Promise<PgResult>[];
  /** @throws MirrorStop when a statement met another number of rows than its event names. */
  settle(results: readonly PgResult[]): void;
}

/** Planned before anything is sent: an event that cannot be folded must not open a transaction. */
export function planFold(events: readonly StoredEvent[]): FoldPlan {
  const changes: { change: PgChange; seq: number }[] = [];
  for (const event of events) {
    for (const change of foldEvent(parseStoredEvent(event))) {
      changes.push({ change: pgChangeOf(change), seq: event.seq });
    }
  }
  return {
    ask: (session) => changes.map(({ change }) => session.query(change.sql, change.values)),
    settle(results) {
      changes.forEach(({ change, seq }, at) => {
        const changed = results[at]?.changed;
        if (change.rows === "any" || changed === 1) return;
        throw new MirrorStop(
          "contradiction",
          `event ${seq} expects one row of ${change.table}, were ${String(changed)}`,
        );
      });
    },
  };
}
