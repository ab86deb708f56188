import { join } from "node:path";
import { describe, it } from "vitest";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Store } from "../ports/store.ts";
import { withDirectory } from "../store/store-fixture.ts";
import { calmPrng, ManualClock } from "./notify-fixture.ts";
import { openDesk, put, silence, withDesk } from "./outbox-fixture.ts";
import { createOutbox } from "./outbox.ts";

describe("delivery", () => {
  it("sends once, journals the message, and edits it from then on", async ({ expect }) => {
    await withDesk(async ({ store, chat, clock, outbox, put }) => {
      outbox.start();
      await put("order:o1", "sending");
      await clock.settle();
      await put("order:o1", "bought");
      await clock.settle();
      expect(chat.calls).toEqual(["7 new sending", "7 100 bought"]);
      expect(store.notice("order:o1")).toEqual({ key: "order:o1", chatId: 7, messageId: 100 });
      expect(store.eventsFrom(1, 10).map((event) => event.kind)).toEqual(["NoticeDelivered"]);
      expect(store.outboxPendingCount()).toBe(0);
    });
  });

  it("edits the message that the row names", async ({ expect }) => {
    await withDesk(async ({ store, chat, clock, outbox, put }) => {
      outbox.start();
      await put("screen:1", "home", { messageId: 55 });
      await clock.settle();
      expect(chat.calls).toEqual(["7 55 home"]);
      expect(store.viewOf(7, 55)).toEqual({ kind: "notice" });
    });
  });

  it("edits the journaled message when the outbox row itself was lost", async ({ expect }) => {
    await withDesk(async ({ store, chat, clock, outbox, put }) => {
      outbox.start();
      await put("order:o1", "sending");
      await clock.settle();
      await store.transact((tx) => tx.purge(clock.ms + 1));
      expect(store.outbox("order:o1")).toBeUndefined();
      await put("order:o1", "bought");
      await clock.settle();
      expect(chat.calls).toEqual(["7 new sending", "7 100 bought"]);
    });
  });

  it("sends only the newest content of a key", async ({ expect }) => {
    await withDesk(async ({ chat, clock, outbox, put }) => {
      for (const text of ["one", "two", "three"]) await put("order:o1", text);
      outbox.start();
      await clock.settle();
      expect(chat.calls).toEqual(["7 new three"]);
    });
  });

  it("delivers content that came during a delivery afterwards, as an edit", async ({ expect }) => {
    await withDesk(async ({ chat, clock, outbox, put }) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      chat.gate = promise;
      outbox.start();
      await put("order:o1", "one");
      await clock.settle();
      await put("order:o1", "two");
      await put("order:o1", "three");
      resolve();
      await clock.settle();
      expect(chat.calls).toEqual(["7 new one", "7 100 three"]);
      expect([...chat.shown.values()]).toEqual(["three"]);
    });
  });

  it("is serial within a chat and serves at most eight chats at once", async ({ expect }) => {
    await withDesk(async ({ chat, clock, outbox, put }) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      chat.gate = promise;
      for (let chatId = 1; chatId <= 12; chatId++) {
        await put(`a:${chatId}`, "first", { chatId });
        await put(`b:${chatId}`, "second", { chatId });
      }
      outbox.start();
      await clock.settle();
      expect(chat.calls).toHaveLength(8);
      expect(chat.calls.every((call) => call.endsWith("first"))).toBe(true);
      resolve();
      await clock.settle();
      await clock.settle();
      expect(chat.calls).toHaveLength(24);
      expect(chat.inFlightMax).toBe(8);
    });
  });
});

describe("trouble", () => {
  it("lets a chat rest for as long as it was told, and serves the others", async ({ expect }) => {
    await withDesk(async ({ chat, clock, outbox, put }) => {
      chat.next({ outcome: "retry", afterMs: 7_000, cause: "429" });
      await put("a", "first");
      await put("b", "second");
      await put("c", "other chat", { chatId: 8 });
      outbox.start();
      await clock.settle();
      expect(chat.calls).toEqual(["7 new first", "8 new other chat"]);
      await put("d", "newer");
      await clock.advance(6_000);
      expect(chat.calls).toHaveLength(2);
      await clock.advance(2_000);
      expect(chat.calls.slice(2)).toEqual(["7 new first", "7 new second", "7 new newer"]);
    });
  });

  it("backs off after silence, for ever, up to a minute", async ({ expect }) => {
    await withDesk(async ({ store, chat, clock, outbox, put }) => {
      chat.next(...Array.from({ length: 10 }, () => silence));
      outbox.start();
      await put("a", "receipt");
      const startMs = clock.ms;
      const times: number[] = [];
      for (let second = 0; second < 400 && store.outboxPendingCount() > 0; second++) {
        const before = chat.calls.length;
        await clock.advance(1_000);
        if (chat.calls.length > before) times.push(Math.round((clock.ms - startMs) / 1_000));
      }
      expect(chat.calls).toHaveLength(11);
      const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
      expect(pauses.slice(-4)).toEqual([60, 60, 60, 60]);
      expect(Math.max(...pauses)).toBe(60);
      expect(chat.shown.get(100)).toBe("receipt");
    });
  });

  it("marks what was refused for good, says so, and goes on with the next", async ({ expect }) => {
    await withDesk(async ({ store, chat, clock, log, outbox, put }) => {
      chat.next({ outcome: "refused", reason: "403 Forbidden: bot was blocked by the user" });
      await put("a", "first");
      await put("b", "second");
      outbox.start();
      await clock.advance(120_000);
      expect(chat.calls).toEqual(["7 new first", "7 new second"]);
      expect(store.outbox("a")?.failure).toContain("blocked");
      expect(log.lines.join()).toContain("refused for good");
      await put("a", "again");
      await clock.settle();
      expect(chat.calls.at(-1)).toBe("7 new again");
    });
  });

  it("gives newer content its own try when the older one is refused meanwhile", async ({
    expect,
  }) => {
    await withDesk(async ({ store, chat, clock, outbox, put }) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      chat.gate = promise;
      chat.next({ outcome: "refused", reason: "400 malformed" });
      outbox.start();
      await put("a", "broken");
      await clock.settle();
      await put("a", "mended");
      resolve();
      await clock.settle();
      expect(chat.calls).toEqual(["7 new broken", "7 new mended"]);
      expect(store.outbox("a")).toMatchObject({ failure: null, deliveredVersion: 2 });
    });
  });

  it("repeats an edit whose answer was lost, so that one message stands", async ({ expect }) => {
    await withDesk(async ({ chat, clock, outbox, put }) => {
      outbox.start();
      await put("order:o1", "sending");
      await clock.settle();
      chat.next("lost answer");
      await put("order:o1", "bought");
      await clock.advance(5_000);
      expect(chat.calls).toEqual(["7 new sending", "7 100 bought", "7 100 bought"]);
      expect([...chat.shown]).toEqual([[100, "bought"]]);
    });
  });

  it("records a delivery that the journal could not take, without sending it again", async ({
    expect,
  }) => {
    await withDesk(async ({ store, chat, clock, log }) => {
      let isFull = true;
      const flaky: Store = Object.create(store, {
        transact: {
          value: (work: Parameters<Store["transact"]>[0]) =>
            isFull ? Promise.reject(new RaptorError("RAPTOR_JOURNAL__FULL")) : store.transact(work),
        },
        outboxDue: { value: store.outboxDue.bind(store) },
        notice: { value: store.notice.bind(store) },
        onCommit: { value: store.onCommit.bind(store) },
      });
      await put(store, "a", "receipt");
      const outbox = createOutbox({ store: flaky, chat, clock, prng: calmPrng, log });
      outbox.start();
      await clock.advance(30_000);
      expect(chat.calls).toEqual(["7 new receipt"]);
      expect(store.outboxPendingCount()).toBe(1);
      isFull = false;
      await clock.advance(10_000);
      expect(chat.calls).toEqual(["7 new receipt"]);
      expect(store.notice("a")?.messageId).toBe(100);
      await outbox.stop();
    });
  });
});

describe("stop and start", () => {
  it("waits for what is in flight, and the next process delivers the rest", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, "journal.db");
      const clock = new ManualClock();
      const first = openDesk(path, clock);
      const { promise, resolve } = Promise.withResolvers<void>();
      first.chat.gate = promise;
      first.outbox.start();
      await first.put("a", "one");
      await first.put("b", "two");
      await clock.settle();
      let isStopped = false;
      const stopped = first.outbox.stop().then(() => (isStopped = true));
      await clock.settle();
      expect(isStopped).toBe(false);
      resolve();
      await stopped;
      first.store.close();
      expect(first.chat.calls).toEqual(["7 new one"]);

      const second = openDesk(path, clock);
      second.outbox.start();
      await clock.settle();
      expect(second.chat.calls).toEqual(["7 new two"]);
      await second.put("a", "one, edited");
      await clock.settle();
      expect(second.chat.calls.at(-1)).toBe("7 100 one, edited");
      await second.outbox.stop();
      second.store.close();
    });
  });

  it("comes back to a row whose back-off began in the last process", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, "journal.db");
      const clock = new ManualClock();
      const first = openDesk(path, clock);
      first.chat.next(silence);
      first.outbox.start();
      await first.put("a", "one");
      await clock.settle();
      await first.outbox.stop();
      first.store.close();
      const second = openDesk(path, clock);
      second.outbox.start();
      await clock.settle();
      expect(second.chat.calls).toEqual([]);
      await clock.advance(3_000);
      expect(second.chat.calls).toEqual(["7 new one"]);
      await second.outbox.stop();
      second.store.close();
    });
  });
});

describe("a wall clock that is set back", () => {
  it("delays neither new notices nor those that were queued before", async ({ expect }) => {
    await withDesk(async ({ chat, clock, outbox, put }) => {
      await put("a", "before", { chatId: 7 });
      clock.wallShiftMs = -3_600_000;
      outbox.start();
      await clock.settle();
      await put("b", "after", { chatId: 8 });
      await clock.settle();
      expect(chat.calls).toEqual(["7 new before", "8 new after"]);
    });
  });

  it("lets a notice in its back-off wait no longer than a back-off lasts", async ({ expect }) => {
    await withDesk(async ({ chat, clock, outbox, put }) => {
      for (const shiftMs of [-3_600_000, -50_000]) {
        chat.next(silence, silence, silence);
        await put("a", `receipt ${shiftMs}`);
        outbox.start();
        await clock.advance(5_000);
        const before = chat.calls.length;
        clock.wallShiftMs += shiftMs;
        await clock.advance(70_000);
        expect(chat.calls.length).toBeGreaterThan(before);
      }
    });
  });

  it("still lets a chat rest for as long as it was told", async ({ expect }) => {
    await withDesk(async ({ chat, clock, outbox, put }) => {
      chat.next({ outcome: "retry", afterMs: 1_800_000, cause: "429" });
      await put("a", "receipt");
      outbox.start();
      await clock.settle();
      clock.wallShiftMs = -3_600_000;
      await clock.advance(1_790_000);
      expect(chat.calls).toHaveLength(1);
      await clock.advance(11_000);
      expect(chat.calls).toEqual(["7 new receipt", "7 new receipt"]);
    });
  });
});
