import type { DatabaseSync, StatementSync } from "node:sqlite";
import { assertIsExact, type SqlValue } from "./row-codec.ts";
import { sqliteErrorKind } from "./sqlite-error.ts";

/** One set for a connection: the migrations, the store and the next life of a kept one share it. */
const preparedBy = new WeakMap<DatabaseSync, Map<string, StatementSync>>();

/** Prepared statements by their text. The texts are few: they come from code, never from data. */
export class Statements {
  readonly database: DatabaseSync;
  /** Told of a disk or a file that cannot be trusted, by whatever statement it shows. */
  onFatal: (error: unknown) => void = () => {};
  readonly #byText: Map<string, StatementSync>;

  constructor(database: DatabaseSync) {
    this.database = database;
    this.#byText = preparedBy.get(database) ?? new Map<string, StatementSync>();
    preparedBy.set(database, this.#byText);
  }

  /** Rows as arrays of values, in the order of the selected columns. */
  all(sql: string, ...values: SqlValue[]): SqlValue[][] {
    const rows: unknown = this.#guard(() => this.#prepare(sql).all(...checked(values)));
    return rows as SqlValue[][];
  }

  one(sql: string, ...values: SqlValue[]): SqlValue[] | undefined {
    const row: unknown = this.#guard(() => this.#prepare(sql).get(...checked(values)));
    return row as SqlValue[] | undefined;
  }

  /** Rows one by one, for tables that do not fit into memory. */
  each(sql: string, ...values: SqlValue[]): Iterable<SqlValue[]> {
    const rows: unknown = this.#prepare(sql).iterate(...checked(values));
    return rows as Iterable<SqlValue[]>;
  }

  /** The number of changed rows. */
  run(sql: string, ...values: SqlValue[]): number {
    return this.#guard(() => Number(this.#prepare(sql).run(...checked(values)).changes));
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (sqliteErrorKind(error) === "fatal") this.onFatal(error);
      throw error;
    }
  }

  #prepare(sql: string): StatementSync {
    const known = this.#byText.get(sql);
    if (known !== undefined) return known;
    const statement = this.database.prepare(sql);
    statement.setReturnArrays(true);
    this.#byText.set(sql, statement);
    return statement;
  }
}

/** NaN would be bound as NULL and an unsafe integer as another number. */
function checked(values: SqlValue[]): SqlValue[] {
  for (const value of values) {
    if (typeof value === "number") assertIsExact("a bound number", value);
  }
  return values;
}
