/**
 * Stands in a journal that was put back from a copy. The copy may be older than the truth: what was
 * accepted or sent after it is not in it. While the mark is not settled the next start voids every
 * button, asks about jobs in doubt instead of running them, and holds all entries. Its moment stays
 * for ever: a command from before it may have been carried out already and is not believed.
 */
export interface RecoveryMark {
  from: "backup" | "postgres";
  /** When the journal was put back, milliseconds since the epoch. */
  atMs: number;
  /** The last event of the copy. */
  headSeq: number;
  headHash: string;
  /** Whether a start has drawn the consequences. */
  isSettled: boolean;
}
