/** The copy of the journal in Postgres, as the rest of the executor knows it. */
export interface Mirror {
  /** Begins to copy; never waits for the server. */
  start(): void;
  /** Copies what is left for a moment, then ends. */
  stop(): Promise<void>;
  /** Why entries must wait; undefined when they need not. Exits never ask. */
  hold(): string | undefined;
  /**
   * Whether everything committed until now is in the copy; in `async` mode true at once. Waits as
   * long as `sync` allows.
   */
  isMirrored(): Promise<boolean>;
  /** For `sync`: why a new command cannot be accepted now, before anything is recorded. */
  refusal(): string | undefined;
  health(): { name: string; ok: boolean; detail: string };
}
