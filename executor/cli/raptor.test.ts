import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { describe, it } from "vitest";
import {
  append,
  attemptPrepared,
  fillRecorded,
  jobAccepted,
  openTestStore,
  orderInitialized,
  userRegistered,
  withDirectory,
} from "../store/store-fixture.ts";
import { run, runIn, withJournal } from "./cli-fixture.ts";

const kindOf = (line: string): string | undefined => /#\d+ {2}(\w+)/.exec(line)?.[1];

describe("raptor why", () => {
  it("tells the same story by any id in it, and nothing of other stories", async ({ expect }) => {
    await withJournal(async (directory) => {
      const kinds = ["JobAccepted", "OrderInitialized", "AttemptPrepared", "FillRecorded"];
      for (const id of ["tg:1:1", "o1", "o1/1", "sig-o1/1", "fill-o1/1", "order:o1"]) {
        const { code, lines } = await runIn(directory, "why", id);
        expect(code).toBe(0);
        expect(lines.map(kindOf)).toEqual([...kinds, "NoticeDelivered"]);
      }
      const { lines } = await runIn(directory, "why", "tg:1:1");
      expect(lines[4]).toContain("told in chat 7 by message 44");
    });
  });

  it("shows what a node answered without obeying it", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const { store } = openTestStore(join(directory, "journal.db"));
      const cause = "\u001b]52;c;bGllcw==\u0007 \u009b2J \u202Egnorw";
      await append(store, orderInitialized("o1"), {
        stream: "order:o1",
        kind: "AttemptUnknown",
        payload: { attemptId: "o1/1", cause },
      });
      const { lines } = await runIn(directory, "why", "o1");
      expect(lines.join()).toContain("]52;c;bGllcw==");
      expect(lines.join()).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      store.close();
    });
  });

  it("tells everything that was done to a position", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const { store, clock } = openTestStore(join(directory, "journal.db"));
      await append(store, jobAccepted("tg:1:1"), orderInitialized("o1"));
      clock.ms += 90_500;
      const exit = { kind: "exit" as const, positionId: "p1", rule: "stopLoss" as const, n: 1 };
      const sell = { side: "sell" as const, source: exit, positionId: "p1", notionalLamports: "0" };
      const close = { slot: "close:p1" };
      await append(store, orderInitialized("o2", sell), attemptPrepared("o2", 1, close));
      await append(store, fillRecorded("o2", 1));
      const { lines } = await runIn(directory, "why", "p1");
      const kinds = ["OrderInitialized", "AttemptPrepared", "FillRecorded"];
      expect(lines.map(kindOf)).toEqual(kinds);
      const buy = await runIn(directory, "why", "o1");
      expect(buy.lines.map(kindOf)).toEqual(["JobAccepted", "OrderInitialized"]);
      store.close();
    });
  });

  it("says when each step was and how long after the one before", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const { store, clock } = openTestStore(join(directory, "journal.db"));
      await append(store, jobAccepted("tg:1:1"));
      clock.ms += 90_500;
      await append(store, orderInitialized("o1"));
      const { lines } = await runIn(directory, "why", "o1");
      expect(lines[0]).toMatch(/^2023-11-14T22:13:20\.000Z +\+0\.000s {2}#1 {2}JobAccepted/);
      expect(lines[1]).toMatch(/^2023-11-14T22:14:50\.500Z +\+1\.5min {2}#2 {2}OrderInitialized/);
      expect(lines[1]).toContain("buy TOK");
      expect(lines[1]).toContain("for 0.5 SOL");
      store.close();
    });
  });

  it("says so when nothing is known by the id", async ({ expect }) => {
    await withJournal(async (directory) => {
      expect(await runIn(directory, "why", "'; drop table jobs")).toEqual({
        code: 1,
        lines: ["nothing in the journal is known by '; drop table jobs"],
      });
    });
  });
});

describe("raptor verify", () => {
  it("says how much holds, beside an open store", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const { store } = openTestStore(join(directory, "journal.db"));
      await append(store, userRegistered, jobAccepted("tg:1:1"), orderInitialized("o1"));
      const { code, lines } = await run({}, "verify", "--data", directory);
      expect(code).toBe(0);
      expect(lines[0]).toMatch(/^the journal holds: 3 events, 3 rows, head [0-9a-f]{64}$/);
      store.close();
    });
  });

  it("fails and names the invariant that the events of a whole file break", async ({ expect }) => {
    await withJournal(async (directory) => {
      const { code, lines } = await runIn(directory, "verify");
      expect(code).toBe(1);
      expect(lines).toEqual([
        "the journal is whole, but at event 3 it breaks invariant 8 spending limits: " +
          "order o1 was prepared without approval",
      ]);
    });
  });

  it("fails and names the row that no event explains", async ({ expect }) => {
    await withJournal(async (directory) => {
      const other = new DatabaseSync(join(directory, "journal.db"));
      other.exec("update orders set status = 'canceled' where order_id = 'o1'");
      other.close();
      const { code, lines } = await runIn(directory, "verify");
      expect(code).toBe(1);
      expect(lines[1]).toBe('table orders, row o1: status: expected "filled", was "canceled"');
    });
  });
});

describe("the command line", () => {
  it("shows its usage for anything else", async ({ expect }) => {
    expect((await run({}, "verify")).code).toBe(2);
    expect((await runIn("/nowhere")).code).toBe(2);
    expect((await runIn("/nowhere", "dance")).lines[0]).toContain("usage: raptor");
    expect((await runIn("/nowhere", "verify", "--loud")).lines[0]).toContain("usage: raptor");
    expect((await runIn("/nowhere", "verify", "twice")).code).toBe(2);
    for (const name of ["constructor", "toString", "__proto__"]) {
      expect((await runIn("/nowhere", name)).code).toBe(2);
    }
    expect((await runIn("/nowhere", "verify")).lines[0]).toContain("there is no journal");
  });
});
