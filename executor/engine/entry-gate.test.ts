import { describe, it } from "vitest";
import { withDesk, type TestDesk } from "./engine-fixture.ts";
import { chainOf, orderRow, setTrading, startBuy, USER, whilePreparing } from "./trade-fixture.ts";

describe("the gate of entries", () => {
  const switches: [string, (desk: TestDesk) => Promise<void>, RegExp][] = [
    ["kill switch", (desk) => setTrading(desk, "halted"), /halted/],
    ["reduction to exits", (desk) => setTrading(desk, "reducing"), /reducing/],
    ["pause", pause, /paused/],
    ["panic", (desk) => desk.transact((tx) => desk.engine.panic.open(tx, USER, "tg:1:5")), /Panic/],
    ["hold", holdEntries, /look at the notice/],
    ["unread venue", async (desk) => void (desk.hold = "The wallets are unread."), /unread/],
    ["deadline", (desk) => desk.clock.advance(30_001), /deadline/],
  ];

  it.for(switches)(
    "prepares nothing when a %s comes between route and attempt",
    async ([, flip, reason], { expect }) => {
      await withDesk(async (desk) => {
        const chain = chainOf(desk);
        let release = (): void => {};
        const gate = new Promise<void>((resolve) => (release = resolve));
        whilePreparing(desk, chain, () => gate);
        await startBuy(desk);
        await flip(desk);
        release();
        await desk.clock.settle();
        expect(desk.eventsOf("AttemptPrepared")).toEqual([]);
        expect(desk.venue.submitted).toEqual([]);
        const order = orderRow(desk, "ord_buy");
        expect(order.status).toMatch(/canceled|expired/);
        expect(order.reason).toMatch(reason);
        expect(desk.store.outbox("order:ord_buy")?.content.text).toMatch(reason);
      });
    },
  );

  it.for(switches)(
    "does not even ask for a route after a %s",
    async ([, flip, reason], { expect }) => {
      await withDesk(async (desk) => {
        const deadlineMs = desk.clock.nowMs() + 30_000;
        await flip(desk);
        await startBuy(desk, "ord_buy", { deadlineMs });
        expect(desk.venue.calls).toEqual([]);
        expect(orderRow(desk, "ord_buy").reason).toMatch(reason);
      });
    },
  );
});

function pause(desk: TestDesk): Promise<void> {
  const payload = { userId: USER, paused: true, jobId: "tg:1:4" };
  return desk.transact((tx) =>
    tx.append({ stream: `user:${USER}`, kind: "UserPausedChanged", payload }),
  );
}

function holdEntries(desk: TestDesk): Promise<void> {
  const payload = { userId: USER, reason: "look at the notice" };
  return desk.transact((tx) => tx.append({ stream: `user:${USER}`, kind: "EntriesHeld", payload }));
}
