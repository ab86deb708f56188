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
import { runCli } from "./raptor.ts";

function run(dataDir: string | undefined, ...argv: string[]): { code: number; lines: string[] } {
  const lines: string[] = [];
  const code = runCli(argv, { dataDir, print: (line) => lines.push(line) });
  return { code, lines };
}

async function withJournal(use: (directory: string) => void): Promise<void> {
  await withDirectory(async (directory) => {
    const { store } = openTestStore(join(directory, "journal.db"));
    await append(store, jobAccepted("tg:1:1"), orderInitialized("o1"), attemptPrepared("o1", 1));
    await append(store, fillRecorded("o1", 1), {
      stream: "notice:order:o1",
      kind: "NoticeDelivered",
      payload: { key: "order:o1", chatId: 7, messageId: 44 },
    });
    await append(store, jobAccepted("tg:1:2"), orderInitialized("o2", otherOrder));
    use(directory);
    store.close();
  });
}

const otherOrder = { source: { kind: "job" as const, jobId: "tg:1:2" } };

describe("raptor why", () => {
  it("tells the same story by any id in it, and nothing of other stories", async ({ expect }) => {
    await withJournal((directory) => {
      const kinds = ["JobAccepted", "OrderInitialized", "AttemptPrepared", "FillRecorded"];
      for (const id of ["tg:1:1", "o1", "o1/1", "sig-o1/1", "fill-o1/1", "order:o1"]) {
        const { code, lines } = run(directory, "why", id);
        expect(code).toBe(0);
        expect(lines.map((line) => line.split(/\s+/)[2])).toEqual([...kinds, "NoticeDelivered"]);
      }
      const { lines } = run(directory, "why", "tg:1:1");
      expect(lines[4]).toContain("told in chat 7 by message 44");
    });
  });

  it("says so when nothing is known by the id", async ({ expect }) => {
    await withJournal((directory) => {
      expect(run(directory, "why", "'; drop table jobs")).toEqual({
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
      const { code, lines } = run(undefined, "verify", "--data", directory);
      expect(code).toBe(0);
      expect(lines[0]).toMatch(/^the journal holds: 3 events, 3 rows, head [0-9a-f]{64}$/);
      store.close();
    });
  });

  it("fails and names the invariant that the events of a whole file break", async ({ expect }) => {
    await withJournal((directory) => {
      const { code, lines } = run(directory, "verify");
      expect(code).toBe(1);
      expect(lines).toEqual([
        "the journal is whole, but at event 3 it breaks invariant 8 spending limits: " +
          "order o1 was prepared without approval",
      ]);
    });
  });

  it("fails and names the row that no event explains", async ({ expect }) => {
    await withJournal((directory) => {
      const other = new DatabaseSync(join(directory, "journal.db"));
      other.exec("update orders set status = 'canceled' where order_id = 'o1'");
      other.close();
      const { code, lines } = run(directory, "verify");
      expect(code).toBe(1);
      expect(lines[1]).toBe('table orders, row o1: status: expected "filled", was "canceled"');
    });
  });
});

describe("the command line", () => {
  it("shows its usage for anything else", async ({ expect }) => {
    expect(run("/nowhere").code).toBe(2);
    expect(run("/nowhere", "dance").lines[0]).toContain("usage: raptor");
    expect(run(undefined, "verify").code).toBe(2);
    expect(run("/nowhere", "verify").lines[0]).toContain("there is no journal");
  });
});
