import type { EventPayloads, JournalEvent } from "@raptor/shared/domain/events.ts";
import { describe, it } from "vitest";
import {
  START_MS,
  Story,
  approved,
  armed,
  begun,
  bought,
  closed,
  epoch,
  event,
  exitOrder,
  external,
  fill,
  good,
  job,
  order,
  paused,
  position,
  prepared,
  press,
  proof,
} from "./journal-story-fixture.ts";

describe("a journal that keeps its promises", () => {
  it("breaks nothing: buy, stop, sell, and one buy that died", ({ expect }) => {
    const story = bought()
      .tell(exitOrder("x"))
      .tell(prepared("x", 1, { slot: "close:p" }))
      .tell(fill("x", { side: "sell" }), position("0"))
      .tell(job("job-b"), order("b", { notionalLamports: "400" }), approved("b"))
      .tell(prepared("b"))
      .tell(event("AttemptDead", { attemptId: "b:1", proof: { providers: { a: good, b: good } } }))
      .tell(closed("b"), event("JobFinished", { jobId: "job-b", outcome: "done" }));
    expect(story.broken).toEqual([]);
  });

  it("may book a loss that a later reversal explains", ({ expect }) => {
    const story = bought()
      .tell(position("0", { cause: external }))
      .tell(
        event("FillReversed", { fillId: "sig-a:1", attemptId: "a:1", evidence: { all: true } }),
        position("0"),
      );
    expect(story.broken).toEqual([]);
  });

  it("may give an exit up beside one that a fork has set going again", ({ expect }) => {
    expect(forkedExit().tell(closed("y")).broken).toEqual([]);
  });

  it("may hold several attempts of one exclusion group in a slot", ({ expect }) => {
    const group = { exclusionGroup: "nonce-1" };
    const story = begun()
      .tell(prepared("a", 1, group))
      .tell(prepared("a", 2, group));
    expect(story.broken).toEqual([]);
  });
});

/** Two exits of one position, of which the first had sold until a fork took that back. */
function forkedExit(): Story {
  const payload = { fillId: "sig-x:1", attemptId: "x:1", evidence: { all: true } };
  return bought()
    .tell(exitOrder("x"), exitOrder("y", 2))
    .tell(prepared("x", 1, { slot: "close:p" }))
    .tell(fill("x", { fillId: "sig-x:1", side: "sell", quantity: "50" }), position("50"))
    .tell(event("FillReversed", payload), position("100"));
}

/** On one nonce value, so that of all of these one takes effect. */
const nonce = {
  exclusionGroup: "nonce-1",
  bound: { kind: "nonce", account: "n", value: "v" },
} as const;
const voids = { ...nonce, voids: { status: "expired", reason: "too late" } } as const;
const landed = (attemptId: string): JournalEvent =>
  event("AttemptFailed", {
    attemptId,
    venueError: "used up",
    costLamports: "5",
    evidence: { slot: 1 },
    isVoid: true,
  });

describe("a void", () => {
  it("may call an entry off in a pause and after its deadline, and ends it", ({ expect }) => {
    const dead = event("AttemptDead", { attemptId: "a:1", proof: { supersededBy: "sig-a:2" } });
    const story = begun()
      .tell(prepared("a", 1, nonce))
      .tell(paused(true, "k"))
      .tell({ ...prepared("a", 2, voids), tsMs: START_MS + 90_000 })
      .tell(landed("a:2"), dead)
      .tell(closed("a"));
    expect(story.broken).toEqual([]);
  });
});

function fired(over: Partial<EventPayloads["ExitTriggered"]>): JournalEvent {
  return event("ExitTriggered", {
    positionId: "p",
    rule: "stopLoss",
    n: 1,
    triggerPriceE9: "7",
    priceE9: "7",
    priceAgeMs: 0,
    orderId: "x",
    ...over,
  });
}

function marked(markE9: string): JournalEvent {
  return event("ExitMarksMoved", { marks: [{ positionId: "p", markE9 }] });
}

function rearmed(rule: string, done: string): JournalEvent {
  const stop = {
    kind: "stopLoss" as const,
    triggerBps: -1,
    triggerPriceE9: "7",
    quantityBps: 10_000,
  };
  const rules = [{ ...stop, id: rule }];
  const plan = { positionId: "p", userId: 7, instrument: "MINT.SOLANA", rules };
  return event("ExitPlanArmed", { ...plan, done: [{ ...stop, id: done }] });
}

describe("a journal that breaks a promise", () => {
  const cases: [name: string, story: () => Story][] = [
    ["1 one effect: job t was accepted twice", () => new Story().tell(job("t"), job("t"))],
    [
      "1 one effect: orders a and c both come from job job-a",
      () => begun().tell(order("c", { source: { kind: "job", jobId: "job-a" } })),
    ],
    [
      "1 one effect: orders a and c both come from press q",
      () =>
        new Story()
          .tell(press("job-a", "", "q"), order("a"))
          .tell(press("job-c", "", "q"), order("c")),
    ],
    [
      "1 one effect: order a has two fills, sig-a:1 and sig-2",
      () =>
        bought()
          .tell(prepared("a", 2))
          .tell(fill("a", { fillId: "sig-2", attemptId: "a:2" }), position("200")),
    ],
    [
      "2 ticket once: a ticket was accepted twice: by t1 and by t2",
      () =>
        new Story()
          .tell(press("t1", "k"), event("TicketClaimed", { ticket: "k", jobId: "t1", userId: 7 }))
          .tell(press("t2", "k"), event("TicketClaimed", { ticket: "k", jobId: "t2", userId: 7 })),
    ],
    [
      "2 ticket once: t1 was accepted without claiming its ticket",
      () => new Story().tell(press("t1", "k")),
    ],
    [
      "3 one group per slot: b:1 joins a:1, undecided, in slot open:w:MINT.SOLANA:buy",
      () =>
        begun()
          .tell(prepared("a"))
          .tell(job("job-b"), order("b", { notionalLamports: "1" }), approved("b"))
          .tell(prepared("b")),
    ],
    [
      "4 fills and positions: MINT.SOLANA of w: fills give -1 base units more than the positions hold",
      () => begun().tell(prepared("a")).tell(fill("a"), position("101"), armed),
    ],
    [
      "4 fills and positions: MINT.SOLANA of w: fills give 7 base units more than the positions hold",
      () =>
        begun()
          .tell(prepared("a"))
          .tell(fill("a"), position("100", { oversold: "7" }), armed),
    ],
    [
      "5 journal before effect: attempt z:1 has no order",
      () => new Story().tell(epoch, prepared("z")),
    ],
    [
      "5 journal before effect: FillRecorded of z:1, which was never prepared",
      () => new Story().tell(fill("z"), position("100"), armed),
    ],
    [
      "5 journal before effect: order a ended while a:1 is not decided",
      () => begun().tell(prepared("a")).tell(closed("a")),
    ],
    [
      "5 journal before effect: attempt a:1 was prepared after its order had ended",
      () => begun().tell(closed("a")).tell(order("k"), approved("a"), prepared("a")),
    ],
    [
      "5 journal before effect: FillRecorded of a:1, which was over before",
      () =>
        begun()
          .tell(prepared("a"))
          .tell(proof({ a: good, b: good }))
          .tell(fill("a"), position("100"), armed),
    ],
    [
      "7 jobs end once: job t was finished without being under way",
      () => new Story().tell(event("JobFinished", { jobId: "t", outcome: "done" })),
    ],
    [
      "8 spending limits: order a was prepared without approval",
      () => new Story().tell(epoch).tell(order("a")).tell(prepared("a")),
    ],
    [
      "8 spending limits: order a spends 601 lamports, over the limit of one order",
      () =>
        new Story()
          .tell(epoch)
          .tell(order("a", { notionalLamports: "601" }), approved("a"))
          .tell(prepared("a")),
    ],
    [
      "8 spending limits: person 7 has 1001 lamports spent or in flight, over the day's limit",
      () =>
        bought()
          .tell(order("b", { notionalLamports: "501" }), approved("b"))
          .tell(prepared("b")),
    ],
    [
      "9 exits armed: position p is open and its exits are not armed",
      () => begun().tell(prepared("a")).tell(fill("a"), position("100")),
    ],
    [
      "9 exits armed: position p is open and its exits are not armed",
      () => bought().tell(event("ExitPlanDisarmed", { positionId: "p", reason: "fired" })),
    ],
    [
      "19 exit rules once: takeProfit9 of p fired without being armed",
      () => bought().tell(fired({ ruleId: "takeProfit9" })),
    ],
    ["19 exit rules once: trigger 2 of p follows 0", () => bought().tell(fired({ n: 2 }))],
    [
      "19 exit rules once: stopLoss of p was decided by a highest price that was not recorded",
      () => bought().tell(fired({ markE9: "12" })),
    ],
    [
      "19 exit rules once: the highest price of p has fallen",
      () => bought().tell(marked("12")).tell(marked("11")),
    ],
    [
      "19 exit rules once: tp1 of p is armed again after it was done",
      () => bought().tell(rearmed("tp1", "tp1")),
    ],
    [
      "9 exits outlive everything: exit x was given up while p is open",
      () => bought().tell(exitOrder("x")).tell(closed("x")),
    ],
    [
      "9 exits outlive everything: exit x was given up while p is open",
      () => forkedExit().tell(closed("y")).tell(closed("x")),
    ],
    [
      "10 entry gate: entry a was prepared while trading was reducing",
      () =>
        begun()
          .tell(event("TradingStateChanged", { state: "reducing", reason: "", by: "", jobId: "k" }))
          .tell(prepared("a")),
    ],
    [
      "10 entry gate: entry a was prepared while 7 was paused",
      () => begun().tell(paused(true, "k")).tell(prepared("a")),
    ],
    [
      "10 entry gate: entry a was prepared while 7 was held",
      () =>
        begun()
          .tell(event("EntriesHeld", { userId: 7, reason: "r" }))
          .tell(prepared("a")),
    ],
    [
      "10 entry gate: entry a was prepared 9000 ms after its deadline",
      () =>
        new Story()
          .tell(epoch)
          .tell(order("a", { deadlineMs: START_MS }), approved("a"))
          .tell({ ...prepared("a"), tsMs: START_MS + 9_000 }),
    ],
    [
      "10 entry gate: job t was accepted 60000 ms after its deadline",
      () => new Story().tell({ ...job("t", {}, START_MS), tsMs: START_MS + 60_000 }),
    ],
    [
      "10 newest switch wins: old allows trading 5000 ms after a newer command for less",
      () =>
        new Story()
          .tell(job("new", { kind: "pause", createdMs: START_MS + 5_000 }), paused(true, "new"))
          .tell(job("old", { kind: "resume", createdMs: START_MS }), paused(false, "old")),
    ],
    [
      "10 panic sells everything: panic of 7 ended while order a is under way",
      () => begun().tell(event("PanicClosed", { panicId: "n", userId: 7 })),
    ],
    [
      "10 panic sells everything: panic of 7 ended while p is open",
      () => bought().tell(event("PanicClosed", { panicId: "n", userId: 7 })),
    ],
    ["16 one epoch: epoch 1 began after epoch 1", () => new Story().tell(epoch).tell(epoch)],
    [
      "16 one epoch: a:1 was made by epoch 2 in epoch 1",
      () => begun().tell(prepared("a", 1, { epoch: 2 })),
    ],
    [
      "17 evidence: a:1 was called dead on the word of 1 node(s)",
      () =>
        begun()
          .tell(prepared("a"))
          .tell(proof({ a: good })),
    ],
    [
      "17 evidence: a:1 was called dead at height 900 of b",
      () =>
        begun()
          .tell(prepared("a"))
          .tell(proof({ a: good, b: { ...good, height: 900 } })),
    ],
    [
      "17 evidence: a:1 was called dead from an older history of b",
      () =>
        begun()
          .tell(prepared("a"))
          .tell(proof({ a: good, b: { ...good, historySlot: 999 } })),
    ],
    [
      "17 evidence: a:1 ended without evidence",
      () =>
        begun()
          .tell(prepared("a"))
          .tell(event("AttemptRejected", { attemptId: "a:1", reason: "r", evidence: {} })),
    ],
    [
      "18 voids move nothing: void a:1 calls nothing off",
      () => begun().tell(prepared("a", 1, voids)),
    ],
    [
      "18 voids move nothing: void a:2 calls nothing off",
      () =>
        begun()
          .tell(prepared("a", 1, nonce))
          .tell(prepared("a", 2, { ...voids, exclusionGroup: "nonce-2" })),
    ],
    [
      "18 voids move nothing: void a:2 was booked as a fill",
      () =>
        begun()
          .tell(prepared("a", 1, nonce))
          .tell(prepared("a", 2, voids))
          .tell(fill("a", { attemptId: "a:2" }), position("100"), armed),
    ],
    [
      "18 voids move nothing: attempt a:3 was prepared after its order was called off",
      () =>
        begun()
          .tell(prepared("a", 1, nonce))
          .tell(prepared("a", 2, voids))
          .tell(landed("a:2"))
          .tell(prepared("a", 3)),
    ],
    [
      "18 voids move nothing: void x:1 is not of an entry",
      () =>
        bought()
          .tell(exitOrder("x"))
          .tell(prepared("x", 1, voids)),
    ],
    [
      "18 voids move nothing: a:1 is not a void",
      () =>
        begun()
          .tell(prepared("a", 1, nonce))
          .tell(landed("a:1")),
    ],
  ];

  it.each(cases)("%s", (expected, story) => {
    const { broken } = story();
    if (!broken.includes(expected)) {
      throw new Error(`expected "${expected}", was ${JSON.stringify(broken, null, 1)}`);
    }
  });
});
