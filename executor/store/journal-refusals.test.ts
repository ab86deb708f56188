import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { describe, it } from "vitest";
import { InvariantError } from "@raptor/shared/errors/raptor-error.ts";
import {
  append,
  attemptPrepared,
  fillRecorded,
  jobAccepted,
  openTestStore,
  orderInitialized,
  START_MS,
  withDirectory,
} from "./store-fixture.ts";

describe("what the journal refuses", () => {
  it("takes a job id once", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const { store } = openTestStore(join(directory, "journal.db"));
      await append(store, jobAccepted("tg:1:1"));
      await expect(append(store, jobAccepted("tg:1:1"))).rejects.toThrow("contradicts the ledger");
      expect(store.pendingJobs()).toHaveLength(1);
      store.close();
    });
  });

  it("takes a ticket once", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const { store } = openTestStore(join(directory, "journal.db"));
      const claim = (jobId: string) =>
        append(store, {
          stream: `job:${jobId}`,
          kind: "TicketClaimed",
          payload: { ticket: "t1", jobId, userId: 7 },
        });
      await claim("tg:1:1");
      await expect(claim("tg:1:2")).rejects.toThrow("ticket_claims.ticket");
      expect(store.ticketClaim("t1")).toEqual({ jobId: "tg:1:1" });
      store.close();
    });
  });

  it("takes a second attempt in a slot only after the first is resolved", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const { store } = openTestStore(join(directory, "journal.db"));
      await append(store, orderInitialized("o1"), orderInitialized("o2"), attemptPrepared("o1", 1));
      await expect(append(store, attemptPrepared("o2", 1))).rejects.toThrow("a slot holds one");
      for (const event of unresolvedNews("o1/1")) {
        await append(store, event);
        await expect(append(store, attemptPrepared("o2", 1))).rejects.toThrow("a slot holds one");
      }
      const proof = { signature: "none" };
      await append(store, {
        stream: "order:o1",
        kind: "AttemptDead",
        payload: { attemptId: "o1/1", proof },
      });
      await append(store, attemptPrepared("o2", 1));
      expect(store.unresolvedInSlot("open:w1:TOK:buy")?.attemptId).toBe("o2/1");
      store.close();
    });
  });

  it("takes attempts of one exclusion group beside each other, in one slot", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const { store } = openTestStore(join(directory, "journal.db"));
      const group = { exclusionGroup: "nonce:a:1" };
      await append(store, orderInitialized("o1"), orderInitialized("o2"), orderInitialized("o3"));
      await append(store, attemptPrepared("o1", 1, group), attemptPrepared("o2", 1, group));
      const other = attemptPrepared("o3", 1, { exclusionGroup: "nonce:a:2" });
      await expect(append(store, other)).rejects.toThrow("a slot holds one");
      const elsewhere = attemptPrepared("o3", 1, { ...group, slot: "close:p9" });
      await expect(append(store, elsewhere)).rejects.toThrow("a slot holds one");
      expect(store.attemptsOfGroup("nonce:a:1").map(({ orderId }) => orderId)).toEqual([
        "o1",
        "o2",
      ]);
      store.close();
    });
  });

  it("gives an order that has ended no further attempt", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const { store } = openTestStore(join(directory, "journal.db"));
      const payload = { orderId: "o1", status: "canceled" as const, reason: "panic" };
      await append(store, orderInitialized("o1"), {
        stream: "order:o1",
        kind: "OrderClosed",
        payload,
      });
      await expect(append(store, attemptPrepared("o1", 1))).rejects.toThrow("one row of orders");
      expect(store.attemptsOf("o1")).toEqual([]);
      store.close();
    });
  });

  it("books a fill once, and once more only after it was taken back", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const { store } = openTestStore(join(directory, "journal.db"));
      await append(store, orderInitialized("o1"), attemptPrepared("o1", 1), fillRecorded("o1", 1));
      await expect(append(store, fillRecorded("o1", 1))).rejects.toThrow("another state");
      await append(store, {
        stream: "order:o1",
        kind: "FillReversed",
        payload: { fillId: "fill-o1/1", attemptId: "o1/1", evidence: {} },
      });
      expect(store.order("o1")?.status).toBe("submitted");
      expect(store.attempt("o1/1")?.state).toBe("unknown");
      await append(store, fillRecorded("o1", 1));
      expect(store.fill("fill-o1/1")?.state).toBe("recorded");
      expect(store.order("o1")?.status).toBe("filled");
      store.close();
    });
  });

  it("refuses numbers that are not exact and amounts that are not integers", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const { store } = openTestStore(join(directory, "journal.db"));
      for (const slippageBpsMax of [Number.NaN, Infinity, 2 ** 53, 0.5]) {
        const event = orderInitialized("o1", { slippageBpsMax });
        await expect(append(store, event)).rejects.toBeInstanceOf(InvariantError);
      }
      for (const notionalLamports of ["", "1.5", "1e9", "NaN", "0x10", "١"]) {
        const event = orderInitialized("o1", { notionalLamports });
        await expect(append(store, event)).rejects.toThrow("decimal digits");
      }
      await expect(append(store, orderInitialized("o1", { deadlineMs: -1 }))).rejects.toThrow(
        "deadlineMs of 0 or more",
      );
      expect(() => store.user(Number.NaN)).toThrow("exact integer");
      expect(store.headSeq()).toBe(0);
      store.close();
    });
  });

  it("refuses an update, a deletion and a hole in the journal itself", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, "journal.db");
      const { store } = openTestStore(path);
      await append(store, jobAccepted("tg:1:1"));
      const other = new DatabaseSync(path);
      expect(() => other.exec("update journal set kind = 'x'")).toThrow("append-only");
      expect(() => other.exec("delete from journal")).toThrow("append-only");
      const columns = "3, ts_ms, stream, kind, version, payload, prev_hash, 'h'";
      expect(() => other.exec(`insert into journal select ${columns} from journal`)).toThrow(
        "without holes",
      );
      other.close();
      store.close();
    });
  });
});

function unresolvedNews(attemptId: string) {
  const stream = "order:o1";
  return [
    {
      stream,
      kind: "AttemptSubmitted" as const,
      payload: { attemptId, lanes: ["a"], atMs: START_MS },
    },
    { stream, kind: "AttemptAccepted" as const, payload: { attemptId, evidence: {} } },
    { stream, kind: "AttemptUnknown" as const, payload: { attemptId, cause: "timeout" } },
  ];
}
