import { gunzipSync } from "node:zlib";
import { readFileSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { describe, it } from "vitest";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { SCHEMA_VERSION } from "./migrations.ts";
import {
  append,
  jobAccepted,
  openTestStore,
  orderInitialized,
  userRegistered,
  withDirectory,
} from "./store-fixture.ts";
import { upcastPayload } from "./upcasts.ts";
import { verifyJournal } from "./verify.ts";

/** Written by the release of schema 1: a small life with one attempt that is still undecided. */
const FIXTURE = join(import.meta.dirname, "fixtures", "journal-schema-1.db.gz");

function putFixture(directory: string): string {
  const path = join(directory, "journal.db");
  writeFileSync(path, gunzipSync(readFileSync(FIXTURE)));
  return path;
}

function alter(path: string, sql: string): void {
  const other = new DatabaseSync(path);
  other.exec(sql);
  other.close();
}

function rowsOf(path: string, sql: string): unknown[] {
  const other = new DatabaseSync(path, { readOnly: true });
  try {
    return other.prepare(sql).all();
  } finally {
    other.close();
  }
}

describe("a journal of the release before", () => {
  it("is opened with everything in it, and goes on", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const path = putFixture(directory);
      const before = rowsOf(path, "select seq, hash from journal");
      const outbox = rowsOf(path, "select key, version from outbox");
      const { store } = openTestStore(path);
      expect(store.headSeq()).toBe(137);
      expect(store.unresolvedAttempts()).toHaveLength(1);
      expect(store.users().map(({ name }) => name)).toEqual(["Ann", "Bo Ek"]);
      expect(store.walletOf(7) && store.vault("wal_test")).toBe("wrapped");
      await append(store, jobAccepted("tg:9:9"));
      store.close();
      expect(rowsOf(path, "select seq, hash from journal where seq <= 137")).toEqual(before);
      expect(rowsOf(path, "select key, version from outbox")).toEqual(outbox);
      expect(verifyJournal(path)).toMatchObject({ events: 138, problem: null });
    });
  });

  it("can be checked before it is migrated, without comparing its tables", async ({ expect }) => {
    await withDirectory((directory) => {
      const path = putFixture(directory);
      const unchecked = { rows: 0, isFoldedElsewhere: true };
      expect(verifyJournal(path)).toMatchObject({ events: 137, problem: null, ...unchecked });
    });
  });

  it("stays as it was when an event in it cannot be folded", async ({ expect }) => {
    await withDirectory((directory) => {
      const path = putFixture(directory);
      alter(path, "drop trigger journal_never_updated");
      alter(path, "update journal set payload = '{}' where kind = 'UserRegistered'");
      const before = rowsOf(path, "select * from sqlite_schema order by name");
      expect(() => openTestStore(path)).toThrow("userId");
      expect(rowsOf(path, "select * from sqlite_schema order by name")).toEqual(before);
      expect(rowsOf(path, "select value from meta where key = 'schema'")).toEqual([{ value: "1" }]);
    });
  });
});

describe("the gate", () => {
  function refusalOf(schema: number, oldestReader: number): Promise<string> {
    return withDirectory((directory) => {
      const path = join(directory, "journal.db");
      openTestStore(path).store.close();
      alter(path, `update meta set value = '${schema}' where key = 'schema'`);
      alter(path, `update meta set value = '${oldestReader}' where key = 'oldest_reader'`);
      try {
        openTestStore(path).store.close();
        return "";
      } catch (error) {
        if (!isRaptorError(error, "RAPTOR_JOURNAL__VERSION")) throw error;
        return String(error.context["reason"]);
      }
    });
  }

  it("lets in the release after, unless that one says that it must not", async ({ expect }) => {
    expect(await refusalOf(SCHEMA_VERSION + 1, SCHEMA_VERSION)).toBe("");
    const reason = await refusalOf(SCHEMA_VERSION + 1, SCHEMA_VERSION + 1);
    expect(reason).toContain("start the release that wrote it");
  });

  it("refuses what is further away, with the way out", async ({ expect }) => {
    for (const [schema, advice] of [
      [SCHEMA_VERSION + 2, "start the release that wrote it"],
      [SCHEMA_VERSION - 2, "the releases in between"],
    ] as const) {
      const reason = await refusalOf(schema, 0);
      expect(reason).toContain(advice);
      expect(reason).toContain("Nothing was changed and nothing is traded");
    }
  });
});

describe("tables of another fold", () => {
  it("are made anew from the events, in the order in which they came", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, "journal.db");
      const { store } = openTestStore(path);
      const orders = ["o3", "o1", "o2"].map((id) => orderInitialized(id));
      await append(store, userRegistered, jobAccepted("tg:1:1"), ...orders);
      store.close();
      alter(path, "update meta set value = 'another' where key = 'fold'");
      alter(path, "delete from orders; drop table denials; update users set name = 'x'");
      const again = openTestStore(path).store;
      expect(again.openOrders().map(({ orderId }) => orderId)).toEqual(["o3", "o1", "o2"]);
      expect(again.user(7)?.name).toBe("Ann");
      again.close();
      expect(verifyJournal(path)).toMatchObject({ events: 5, rows: 5, problem: null });
    });
  });

  it("are left alone while the fold is the same", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, "journal.db");
      const { store } = openTestStore(path);
      await append(store, userRegistered);
      store.close();
      alter(path, "update users set paused = 1");
      const again = openTestStore(path).store;
      expect(again.user(7)?.paused).toBe(true);
      again.close();
    });
  });

  it("get their operational neighbours' missing columns without losing a row", async ({
    expect,
  }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, "journal.db");
      const { store } = openTestStore(path);
      await store.transact((tx) => tx.putVault("w1", "wrapped"));
      await store.transact((tx) =>
        tx.putTicket({
          ticket: "t",
          userId: 7,
          chatId: 7,
          action: { kind: "panic" },
          expiresMs: 9,
        }),
      );
      store.close();
      alter(path, "alter table tickets drop column chat_id; drop table views");
      alter(path, "update meta set value = 'another' where key = 'fold'");
      const again = openTestStore(path).store;
      expect(again.vault("w1")).toBe("wrapped");
      expect(again.ticket("t")).toMatchObject({ userId: 7, chatId: 0, expiresMs: 9 });
      expect(again.viewOf(7, 1)).toBeUndefined();
      again.close();
    });
  });
});

describe("a payload of an older version", () => {
  const table = {
    UserRegistered: {
      0: (old: Record<string, unknown>) => ({ ...old, name: old["title"] }),
      1: ({ name, ...old }: Record<string, unknown>) => ({ ...old, names: [name] }),
    },
  };

  it("is brought forward step by step, and one of today is left alone", ({ expect }) => {
    const up = (version: number, payload: unknown) =>
      upcastPayload("UserRegistered", version, payload, table);
    expect(up(0, { title: "Ann" })).toEqual({ title: "Ann", names: ["Ann"] });
    expect(up(1, { name: "Ann" })).toEqual({ names: ["Ann"] });
    expect(up(2, { names: ["Ann"] })).toEqual({ names: ["Ann"] });
    expect(up(9, { whatever: 1 })).toEqual({ whatever: 1 });
    expect(upcastPayload("JobFinished", 0, { a: 1 }, table)).toEqual({ a: 1 });
  });
});
