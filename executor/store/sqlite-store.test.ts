import { DatabaseSync } from "node:sqlite";
import { closeSync, openSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import { InvariantError, RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import {
  append,
  jobAccepted,
  openTestStore,
  quietLog,
  START_MS,
  StepClock,
  userRegistered,
  withDirectory,
  testIds,
} from "./store-fixture.ts";
import { openStore } from "./sqlite-store.ts";

describe("one unit of work", () => {
  it("rolls back only the unit that throws, and gives its events no number", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const { store } = openTestStore(join(directory, "journal.db"));
      const mine = new Error("mine");
      const results = await Promise.allSettled([
        append(store, jobAccepted("tg:1:1")),
        store.transact((tx) => {
          tx.append(jobAccepted("tg:1:2"));
          throw mine;
        }),
        append(store, jobAccepted("tg:1:3")),
      ]);
      expect(results.map((result) => result.status)).toEqual([
        "fulfilled",
        "rejected",
        "fulfilled",
      ]);
      expect(results[1]).toMatchObject({ reason: mine });
      expect(store.eventsFrom(1, 10).map((event) => [event.seq, event.stream])).toEqual([
        [1, "job:tg:1:1"],
        [2, "job:tg:1:3"],
      ]);
      expect(store.job("tg:1:2")).toBeUndefined();
      store.close();
    });
  });

  it("fails a unit that caught a failed write, because half of it may be there", async ({
    expect,
  }) => {
    await withDirectory(async (directory) => {
      const { store } = openTestStore(join(directory, "journal.db"));
      await append(store, jobAccepted("tg:1:1"));
      const swallowed = store.transact((tx) => {
        try {
          tx.append(jobAccepted("tg:1:1"));
        } catch {
          return "went on";
        }
        return "no error";
      });
      await expect(swallowed).rejects.toBeInstanceOf(InvariantError);
      expect(store.headSeq()).toBe(1);
      expect(store.eventsFrom(1, 10)).toHaveLength(1);
      store.close();
    });
  });

  it("refuses a unit that returns a promise", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const { store } = openTestStore(join(directory, "journal.db"));
      const waiting = store.transact((tx) => {
        tx.append(jobAccepted("tg:1:1"));
        return Promise.resolve();
      });
      await expect(waiting).rejects.toThrow("does not wait");
      expect(store.headSeq()).toBe(0);
      store.close();
    });
  });

  it("refuses writes through a transaction that has ended", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const { store } = openTestStore(join(directory, "journal.db"));
      const leaked = await store.transact((tx) => tx);
      expect(() => leaked.append(jobAccepted("tg:1:1"))).toThrow("inside its unit of work");
      store.close();
    });
  });

  it("shows listeners the committed events in order before anyone is told", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const { store } = openTestStore(join(directory, "journal.db"));
      const seen: string[] = [];
      store.onCommit((events: readonly JournalEvent[]) => {
        seen.push(...events.map((event) => `${event.seq}:${event.kind}`));
      });
      const first = append(store, userRegistered).then(() => seen.push("told 1"));
      const second = append(store, jobAccepted("tg:1:1")).then(() => seen.push("told 2"));
      await Promise.all([first, second]);
      await store.transact((tx) => tx.headSeq());
      expect(seen).toEqual(["1:UserRegistered", "2:JobAccepted", "told 1", "told 2"]);
      store.close();
    });
  });

  it("calls a listener that throws fatal, and still tells the units of their commit", async ({
    expect,
  }) => {
    await withDirectory(async (directory) => {
      const { store, fatal } = openTestStore(join(directory, "journal.db"));
      store.onCommit(() => {
        throw new Error("index is behind");
      });
      await append(store, jobAccepted("tg:1:1"));
      expect(fatal).toHaveLength(1);
      await expect(append(store, jobAccepted("tg:1:2"))).rejects.toThrow("index is behind");
      store.close();
    });
  });
});

describe("opening", () => {
  it("goes on where the last process ended", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, "journal.db");
      const first = openTestStore(path);
      await append(first.store, jobAccepted("tg:1:1"), userRegistered);
      first.store.close();
      const second = openTestStore(path);
      expect(second.store.headSeq()).toBe(2);
      await append(second.store, jobAccepted("tg:1:2"));
      const events = second.store.eventsFrom(1, 10);
      expect(events.map((event) => event.seq)).toEqual([1, 2, 3]);
      expect(events[2]?.prevHash).toBe(events[1]?.hash);
      second.store.close();
    });
  });

  it("refuses a journal in which one byte of an event was altered", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, "journal.db");
      const { store } = openTestStore(path);
      await append(store, jobAccepted("tg:1:1"), userRegistered, jobAccepted("tg:1:2"));
      store.close();
      const other = new DatabaseSync(path);
      other.exec("drop trigger journal_never_updated");
      other.exec("update journal set payload = replace(payload, '7', '8') where seq = 2");
      other.close();
      expect(() => openTestStore(path)).toThrow(
        new RaptorError("RAPTOR_JOURNAL__BROKEN_CHAIN", { seq: 2 }),
      );
    });
  });

  it("finishes what waits when it is closed, and refuses what comes later", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, "journal.db");
      const { store } = openTestStore(path);
      const waiting = append(store, jobAccepted("tg:1:1"));
      store.close();
      await waiting;
      await expect(append(store, jobAccepted("tg:1:2"))).rejects.toThrow("closed");
      const again = openTestStore(path);
      expect(again.store.headSeq()).toBe(1);
      again.store.close();
    });
  });
});

describe("what a broken file does", () => {
  it("ends the process through onFatal when a page is corrupt", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, "journal.db");
      const first = openTestStore(path);
      await append(first.store, jobAccepted("tg:1:1"));
      first.store.close();
      damageRootPage(path, "jobs");
      const { store, fatal } = openTestStore(path);
      await expect(append(store, jobAccepted("tg:1:2"))).rejects.toThrow("malformed");
      expect(fatal).toHaveLength(1);
      await expect(append(store, userRegistered)).rejects.toThrow("malformed");
      expect(() => store.probe()).toThrow("malformed");
      store.close();
    });
  });
});

describe("the probe", () => {
  it("really writes to the WAL every time, and leaves no event behind", async ({ expect }) => {
    await withDirectory((directory) => {
      const path = join(directory, "journal.db");
      const { store } = openTestStore(path);
      const sizes = [1, 2, 3].map(() => {
        store.probe();
        return statSync(`${path}-wal`).size;
      });
      expect(new Set(sizes).size).toBe(3);
      expect(store.headSeq()).toBe(0);
      store.close();
    });
  });
});

describe("group commit", () => {
  it("commits everything that waits in one turn with one commit", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const tasks: (() => void)[] = [];
      const store = openStore({
        path: join(directory, "journal.db"),
        clock: new StepClock(),
        ids: testIds,
        log: quietLog,
        release: "test",
        onFatal: () => {},
        defer: (task) => tasks.push(task),
      });
      const groups: number[] = [];
      store.onCommit((events) => groups.push(events.length));
      const told = [1, 2, 3].map((n) => append(store, jobAccepted(`tg:1:${n}`)));
      expect(tasks).toHaveLength(1);
      expect(store.headSeq()).toBe(0);
      tasks.shift()?.();
      await Promise.all(told);
      expect(groups).toEqual([3]);
      expect(store.eventsFrom(1, 9)[0]?.tsMs).toBe(START_MS);
      store.close();
    });
  });
});

function damageRootPage(path: string, table: string): void {
  const database = new DatabaseSync(path);
  const sql = "select rootpage, (select page_size from pragma_page_size) as size";
  const row = database.prepare(`${sql} from sqlite_schema where name = ?`).get(table);
  database.close();
  const size = Number(row?.["size"]);
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(size, 0xff), 0, size, (Number(row?.["rootpage"]) - 1) * size);
  closeSync(file);
}
