import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { describe, it } from "vitest";
import { START_MS } from "./store-fixture.ts";
import {
  append,
  attemptPrepared,
  fillRecorded,
  jobAccepted,
  openTestStore,
  orderInitialized,
  userRegistered,
  withDirectory,
} from "./store-fixture.ts";
import { verifyJournal } from "./verify.ts";

describe("verification of a journal", () => {
  it("holds beside a running executor, with every table folded again", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, "journal.db");
      const { store } = openTestStore(path);
      await writeStory(store);
      const report = verifyJournal(path);
      expect(report).toMatchObject({ events: 6, rows: 5, problem: null });
      expect(report.headHash).toBe(store.eventsFrom(6, 1)[0]?.hash);
      store.close();
    });
  });

  it("names the first row and column that no event explains", async ({ expect }) => {
    await expectProblem(
      expect,
      "update fills set notional_lamports = '1'",
      "fills",
      'notionalLamports: expected "499000000", was "1"',
    );
  });

  it("names a row that is missing", async ({ expect }) => {
    await expectProblem(expect, "delete from users", "users", "the row is missing");
  });

  it("names a row that no event made", async ({ expect }) => {
    const columns = "chat_id, name, paused, held_reason, panic_id, paused_ms";
    for (const userId of [5, 9]) {
      const sql = `insert into users select ${userId}, ${columns} from users`;
      await expectProblem(expect, sql, "users", "no event made this row");
    }
  });

  it("finds one altered byte anywhere in an event", async ({ expect }) => {
    const columns = ["ts_ms = ts_ms + 1", "stream = 'x'", "kind = 'JobRefused'", "version = 1"];
    for (const change of [...columns, "payload = replace(payload, '7', '8')"]) {
      const problem = await problemAfter(`update journal set ${change} where seq = 3`);
      expect(problem).toMatchObject({ kind: "chain", seq: 3 });
    }
  });

  it("finds a chain that was computed anew after an alteration, at the next link", async ({
    expect,
  }) => {
    const problem = await problemAfter("update journal set hash = '0' where seq = 2");
    expect(problem).toMatchObject({ kind: "chain", seq: 2 });
    const relinked = await problemAfter("update journal set prev_hash = 'x' where seq = 4");
    expect(relinked).toMatchObject({
      kind: "chain",
      seq: 4,
      detail: expect.stringContaining("before it"),
    });
  });

  it("finds an event that was cut out", async ({ expect }) => {
    const problem = await problemAfter("delete from journal where seq = 3");
    expect(problem).toEqual({ kind: "hole", seq: 4, expectedSeq: 3 });
  });
});

type Store = ReturnType<typeof openTestStore>["store"];
type Expect = (typeof import("vitest"))["expect"];

async function writeStory(store: Store): Promise<void> {
  await append(store, userRegistered, jobAccepted("tg:1:1"), orderInitialized("o1"));
  await append(store, attemptPrepared("o1", 1), {
    stream: "order:o1",
    kind: "AttemptSubmitted",
    payload: { attemptId: "o1/1", lanes: ["rpc"], atMs: START_MS },
  });
  await append(store, fillRecorded("o1", 1));
}

async function problemAfter(sql: string): Promise<unknown> {
  return withDirectory(async (directory) => {
    const path = join(directory, "journal.db");
    const { store } = openTestStore(path);
    await writeStory(store);
    store.close();
    const other = new DatabaseSync(path);
    other.exec("drop trigger journal_never_updated; drop trigger journal_never_deleted");
    other.exec(sql);
    other.close();
    return verifyJournal(path).problem;
  });
}

async function expectProblem(
  expect: Expect,
  sql: string,
  table: string,
  detail: string,
): Promise<void> {
  expect(await problemAfter(sql)).toMatchObject({ kind: "row", table, detail });
}
