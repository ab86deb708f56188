import { Socket } from "node:net";
import pg from "pg";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { PgResult, PgRow, PgSession, PgValue, Postgres } from "../ports/postgres.ts";

/** Notices a peer that vanished without a word; the default of most systems is two hours. */
const KEEP_ALIVE_MS = 10_000;
const DEADLINE = Symbol("deadline");

/** SQLSTATE classes after which the server has ended the session, or is about to. */
const ENDING = /^(08|57P0[1-5]$)/;
/** Nobody is let in for now; the server is there, but not for us. */
const NOT_NOW = /^(57P03|53300|08)/;

export interface NodePostgresOptions {
  connectionString: string;
  clock: Clock;
}

/** PostgreSQL through the `pg` package. Time limits are kept by our clock, not by its timers. */
export function createNodePostgres({ connectionString, clock }: NodePostgresOptions): Postgres {
  return {
    async open(purpose, timeoutMs) {
      const socket = new Socket();
      const client = new pg.Client({
        connectionString,
        application_name: `raptor ${purpose}`,
        keepAlive: true,
        // Many statements may be under way at once: a distant server costs one way, not each.
        pipeline: true,
        keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
        stream: () => socket,
      });
      const session = new NodePgSession(client, socket, clock, timeoutMs);
      await session.connect();
      return session;
    },
  };
}

class NodePgSession implements PgSession {
  readonly #client: pg.Client;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #listeners: (() => void)[] = [];
  #isLost = false;

  constructor(client: pg.Client, socket: Socket, clock: Clock, timeoutMs: number) {
    this.#client = client;
    this.#socket = socket;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    client.on("error", () => this.#lose());
    client.on("end", () => this.#lose());
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  async connect(): Promise<void> {
    try {
      await this.#withinTime(this.#client.connect());
    } catch (error) {
      this.#lose();
      const state = sqlStateOf(error);
      if (state === undefined || NOT_NOW.test(state)) throw lost(error);
      throw refused(error, state);
    }
  }

  async query(sql: string, values?: readonly PgValue[]): Promise<PgResult> {
    if (this.#isLost) throw lost(undefined);
    try {
      const config = { text: sql, rowMode: "array" as const, types: AS_TEXT };
      const asked =
        values === undefined
          ? this.#client.query(config)
          : this.#client.query({ ...config, values: [...values] });
      return toResult(await this.#withinTime(asked));
    } catch (error) {
      const state = sqlStateOf(error);
      if (state !== undefined && !ENDING.test(state)) throw refused(error, state);
      this.#lose();
      throw lost(error);
    }
  }

  onLost(listener: () => void): void {
    if (this.#isLost) listener();
    else this.#listeners.push(listener);
  }

  close(): void {
    this.#lose();
  }

  #lose(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#socket.destroy();
    for (const listener of this.#listeners) listener();
  }

  async #withinTime<T>(answer: Promise<T>): Promise<T> {
    const answered = new AbortController();
    const limit = this.#clock.sleep(this.#timeoutMs, answered.signal).then(() => DEADLINE);
    try {
      const first = await Promise.race([answer, limit]);
      if (first !== DEADLINE) return first as T;
      // The answer may still come, or the loss of its socket: nobody waits for either.
      answer.catch(() => undefined);
      throw new Error(`no answer within ${this.#timeoutMs} ms`);
    } finally {
      answered.abort();
    }
  }
}

const AS_TEXT = { getTypeParser: () => (text: string | Buffer) => String(text) };

interface RawResult {
  rows: PgRow[];
  rowCount: number | null;
}

/** A script has one result for each of its statements; the last one is its answer. */
function toResult(answer: RawResult | RawResult[]): PgResult {
  const last = Array.isArray(answer) ? answer.at(-1) : answer;
  return { rows: last?.rows ?? [], changed: last?.rowCount ?? 0 };
}

function sqlStateOf(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

function lost(cause: unknown): RaptorError {
  const reason = cause instanceof Error ? cause.message : "it ended before";
  return new RaptorError("RAPTOR_POSTGRES__LOST", { reason }, { cause });
}

/** The message of the server names tables and roles; values stand only in its detail. */
function refused(error: unknown, sqlState: string): RaptorError {
  const reason = error instanceof Error ? error.message : String(error);
  return new RaptorError("RAPTOR_POSTGRES__REFUSED", { sqlState, reason }, { cause: error });
}
