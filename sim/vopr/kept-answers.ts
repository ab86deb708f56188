import type { StatementSync } from "node:sqlite";

/** What a table holds is another thing after each of its writes. */
interface Table {
  version: number;
}

type Call = (...values: unknown[]) => unknown;

const READ = /^\s*select\b/i;
const WRITE = /^\s*(?:insert\s+into|update(?!\s+or\b)|delete\s+from)\s+"?(\w+)/i;
/** What changes no row. What is neither this, a read nor a plain write makes all of it stale. */
const NEUTRAL = /^\s*(?:begin\b|commit\b|savepoint\b|release\b)/i;
const SOURCE = /\b(?:from|join)\s+"?(\w+)/gi;
/** Answers that do not follow from the rows of tables alone. */
const UNSTEADY = /\b(?:total_changes|changes|random|sqlite_\w+|pragma_\w+)\b/i;
/** Of one statement; more are asked for once only. */
const ANSWERS_MAX = 512;

/**
 * Many of a seed's statements are questions whose answer nobody has changed since they were last
 * asked. The database is this process's alone and its triggers only refuse, so that an answer holds
 * until its tables are written or something is rolled back.
 */
export class KeptAnswers {
  readonly #tables = new Map<string, Table>();
  /** Raised when nothing that was read may be believed any more. */
  #era = 0;

  /** Whatever is behind the last answer is gone. */
  forget(): void {
    this.#era += 1;
  }

  /** The same statement, which asks the database only when it must. */
  watch(statement: StatementSync, sql: string): StatementSync {
    const sources = readTables(sql);
    if (sources !== undefined) this.#keep(statement, sources);
    else if (!NEUTRAL.test(sql) && !READ.test(sql)) this.#note(statement, sql);
    return statement;
  }

  #keep(statement: StatementSync, names: readonly string[]): void {
    const tables = names.map((name) => this.#table(name));
    for (const name of ["get", "all"] as const) {
      const ask = statement[name].bind(statement) as Call;
      const answers = new Map<string, unknown>();
      let readAt = -1;
      Reflect.set(statement, name, (...values: unknown[]): unknown => {
        let now = this.#era;
        for (const table of tables) now += table.version;
        if (now !== readAt || answers.size >= ANSWERS_MAX) answers.clear();
        readAt = now;
        const key = keyOf(values);
        const known = answers.get(key);
        // That there is no such row is an answer too.
        if (known !== undefined || answers.has(key)) return known;
        const answer = ask(...values);
        answers.set(key, answer);
        return answer;
      });
    }
  }

  #note(statement: StatementSync, sql: string): void {
    const name = WRITE.exec(sql)?.[1];
    const table = name === undefined ? undefined : this.#table(name.toLowerCase());
    const run = statement.run.bind(statement) as Call;
    Reflect.set(statement, "run", (...values: unknown[]): unknown => {
      if (table === undefined) this.#era += 1;
      else table.version += 1;
      return run(...values);
    });
  }

  #table(name: string): Table {
    const known = this.#tables.get(name);
    if (known !== undefined) return known;
    const table = { version: 0 };
    this.#tables.set(name, table);
    return table;
  }
}

/** Undefined for whatever cannot be kept. */
function readTables(sql: string): string[] | undefined {
  if (!READ.test(sql) || UNSTEADY.test(sql)) return undefined;
  const names = [...sql.matchAll(SOURCE)].map(([, name = ""]) => name.toLowerCase());
  return names.length === 0 ? undefined : [...new Set(names)];
}

/** The number 1 and the text "1" are two questions, and no text runs into the next. */
function keyOf(values: readonly unknown[]): string {
  let key = "";
  for (const value of values) {
    key += typeof value === "string" ? `${value.length}:${value}` : `${String(value)};`;
  }
  return key;
}
