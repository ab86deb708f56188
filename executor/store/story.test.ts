import { join } from "node:path";
import { describe, it } from "vitest";
import type { NewEvent } from "@raptor/shared/domain/events.ts";
import { append, openTestStore, orderInitialized, withDirectory } from "./store-fixture.ts";

const ORDERS = 14;
const EVENTS_EACH = 1_000;

function sale(n: number): NewEvent[] {
  const orderId = `o${n}`;
  const source = { kind: "exit" as const, positionId: "p1", rule: "stopLoss" as const, n };
  const sell = { side: "sell" as const, source, positionId: "p1", notionalLamports: "0" };
  const silence = { attemptId: `${orderId}/1`, cause: "no node answers" };
  const waiting: NewEvent = {
    stream: `order:${orderId}`,
    kind: "AttemptUnknown",
    payload: silence,
  };
  return [orderInitialized(orderId, sell), ...Array.from({ length: EVENTS_EACH }, () => waiting)];
}

describe("a story", () => {
  it("of a position that was sold in vain for weeks is told from its end, and bounded", async ({
    expect,
  }) => {
    await withDirectory(async (directory) => {
      const { store } = openTestStore(join(directory, "journal.db"));
      for (let n = 0; n < ORDERS; n += 1) await append(store, ...sale(n));
      const told = store.storyOf("p1");
      expect(told.length).toBeGreaterThan(9_000);
      expect(told.length).toBeLessThan(12_000);
      expect(told.at(-1)?.seq).toBe(store.headSeq());
      store.close();
    });
  });
});
