/** Numbers must be exact integers; amounts and JSON travel as text. */
export type PgValue = string | number | boolean | null | readonly (string | number | null)[];

/** Values as PostgreSQL writes them: nothing is parsed, so nothing is rounded. */
export type PgRow = readonly (string | null)[];

export interface PgResult {
  rows: PgRow[];
  /** Rows that a write changed; 0 for statements that change none. */
  changed: number;
}

/**
 * One connection. Session advisory locks live and die with it, so it is never replaced silently:
 * once lost it stays lost, and its owner asks for another.
 */
export interface PgSession {
  /**
   * Runs one statement with parameters `$1`..., or a script of several without parameters. Calls
   * are served one after the other.
   * @throws RAPTOR_POSTGRES__LOST when no answer came: what was asked may have happened, or may
   * still happen. The session is over.
   * @throws RAPTOR_POSTGRES__REFUSED with `sqlState` when the server said no; the session goes on.
   */
  query(sql: string, values?: readonly PgValue[]): Promise<PgResult>;
  readonly isLost: boolean;
  /** Called once, also when the session is lost while nobody asks; at once if it is lost. */
  onLost(listener: () => void): void;
  /** Ends the session without waiting for answers; its locks go when the server notices. */
  close(): void;
}

export interface Postgres {
  /**
   * @param purpose is shown in `pg_stat_activity`.
   * @param timeoutMs bounds the connecting and every later answer.
   * @throws RAPTOR_POSTGRES__LOST when nobody answered, RAPTOR_POSTGRES__REFUSED when the server
   * did not let us in.
   */
  open(purpose: string, timeoutMs: number): Promise<PgSession>;
}
