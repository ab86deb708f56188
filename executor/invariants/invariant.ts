import type { JournalEvent } from "@raptor/shared/domain/events.ts";

/** Says what must not be, in words that name the things concerned. */
export type Report = (violation: string) => void;

/**
 * One promise that every journal must keep, judged from its events alone. It shares nothing with
 * the rules that wrote them: a rule that is wrong must not excuse itself.
 */
export interface Invariant {
  /** Its number in the list of invariants, and a short name. */
  readonly name: string;
  /** The next event, in the order of the journal. */
  take(event: JournalEvent): void;
  /** No transaction is half seen now: what holds only between transactions is judged. */
  settle?(): void;
}

export type CreateInvariant = (report: Report) => Invariant;
