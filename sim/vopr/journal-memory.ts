import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { openStore } from "@raptor/executor/store/sqlite-store.ts";
import { VirtualClock } from "../models/virtual-clock.ts";
import { KeptAnswers } from "./kept-answers.ts";

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/**
 * The disk under one seed's journal: a database in SQLite's memory that outlives the processes
 * which open it. A commit is one there as on a disk, only without a call of the operating system,
 * and what was prepared once serves every life. What a disk does to its bytes has its own tests.
 */
export class JournalMemory {
  readonly path: string;
  readonly #database: KeptDatabase;

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true });
    this.path = join(directory, "journal.db");
    this.#database = new KeptDatabase();
    this.#database.deserialize(emptyJournal());
  }

  connect(): DatabaseSync {
    return this.#database;
  }

  /** Writes what is committed to a file. @returns its path */
  save(): string {
    writeFileSync(this.path, this.#database.serialize());
    return this.path;
  }

  end(): void {
    this.#database.end();
  }
}

/** What a process closes goes on to be there for the next one. */
class KeptDatabase extends DatabaseSync {
  readonly #answers = new KeptAnswers();

  constructor() {
    super(":memory:");
  }

  /** There is no log file to switch on, and no way to lose what it would hold. */
  override prepare(sql: string): StatementSync {
    const statement = super.prepare(sql === "pragma journal_mode = wal" ? "select 'wal'" : sql);
    return this.#answers.watch(statement, sql);
  }

  override exec(sql: string): void {
    this.#answers.forget();
    super.exec(sql);
  }

  override close(): void {
    if (this.isTransaction) this.exec("rollback");
  }

  end(): void {
    super.close();
  }
}

let empty: Uint8Array | undefined;

/** Made once and then copied: making its tables takes longer than a copy. */
function emptyJournal(): Uint8Array {
  if (empty !== undefined) return empty;
  const database = new KeptDatabase();
  const clock = new VirtualClock(0);
  const ids = { token: () => "" };
  const onFatal = (error: unknown): void => {
    throw error;
  };
  const seams = { clock, ids, log: silent, onFatal };
  openStore({ path: ":memory:", connect: () => database, release: "sim", ...seams }).close();
  empty = database.serialize();
  database.end();
  return empty;
}
