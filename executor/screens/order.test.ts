import fc from "fast-check";
import { describe, it } from "vitest";
import type { AttemptRow, FillRow, OrderRow } from "@raptor/shared/domain/rows.ts";
import { ADDRESS, orderModel } from "./models-fixture.ts";
import { orderScreen, type OrderModel } from "./order.ts";
import type { Screen } from "./screen.ts";

const [sample] = fc.sample(orderModel, { seed: 1, numRuns: 1 });
const [anyAttempt] = fc.sample(
  orderModel.map(({ attempts }) => attempts[0]).filter((one) => one !== undefined),
  { seed: 2, numRuns: 1 },
);

function modelOf(over: {
  order?: Partial<OrderRow>;
  attempts?: Partial<AttemptRow>[];
  fill?: Partial<FillRow>;
  model?: Partial<OrderModel>;
}): OrderModel {
  if (sample === undefined || anyAttempt === undefined) throw new Error("expected samples");
  const base: OrderRow = {
    ...sample.order,
    symbol: "SALEM",
    decimals: 9,
    side: "buy",
    source: { kind: "job", jobId: "tg:1:1" },
    status: "submitted",
    reason: null,
    notionalLamports: "350000000",
    quantity: "0",
  };
  const order = { ...base, ...over.order };
  const fill: FillRow | undefined =
    over.fill === undefined
      ? undefined
      : {
          fillId: "f",
          orderId: "o",
          attemptId: "a",
          positionId: "p",
          userId: 7,
          instrument: order.instrument,
          side: order.side,
          quantity: "22176000000000",
          notionalLamports: "350000000",
          feeLamports: "10656",
          rentLamports: "2039280",
          soldCostLamports: null,
          venueSlot: 5,
          evidence: {},
          seq: 1,
          tsMs: 0,
          state: "recorded",
          ...over.fill,
        };
  return {
    order,
    attempts: (over.attempts ?? []).map((one) => ({ ...anyAttempt, n: 1, voids: null, ...one })),
    fill,
    exits: [],
    position: undefined,
    trigger: undefined,
    soldCostLamports: undefined,
    boundSecondsLeft: null,
    copies: 0,
    explorerUrl: undefined,
    mayOverrideGuard: false,
    mayResume: false,
    mint: ADDRESS,
    nowMs: 0,
    ...over.model,
  };
}

const labels = (screen: Screen): string[] => screen.rows.flat().map(({ text }) => text);

describe("an order that is not decided", () => {
  it.for<[AttemptRow["state"] | undefined, string]>([
    [undefined, "Getting a route"],
    ["prepared", "Signed and recorded, sending"],
    ["submitted", "Sent, waiting for the network"],
    ["accepted", "Seen by the network"],
    ["failed", "preparing the next one"],
    ["dead", "preparing the next one"],
  ])("in state %s says what is going on", ([state, words], { expect }) => {
    const { text } = orderScreen(modelOf({ attempts: state === undefined ? [] : [{ state }] }));
    expect(text).toContain(words);
    expect(text).not.toMatch(/bought|sold|failed/i);
  });

  it("says what protection costs, and when an exit gives it up", ({ expect }) => {
    const textOf = (landing: unknown, state: AttemptRow["state"]): string =>
      orderScreen(modelOf({ attempts: [{ state, route: { landing } }] })).text;
    for (const state of ["submitted", "unknown"] as const) {
      const entry = textOf({ isProtected: true, plainAfterSlots: null, tips: [] }, state);
      expect(entry).toContain("nobody can trade ahead of it, which may take longer.");
      expect(entry).not.toContain("everywhere");
      const exit = textOf({ isProtected: true, plainAfterSlots: 25, tips: [] }, state);
      expect(exit).toContain("Not landed after 25 slots, it goes everywhere");
      for (const plain of [{ isProtected: false }, null, "yes", undefined]) {
        expect(textOf(plain, state)).not.toContain("Protected");
      }
    }
  });

  it("is never called failed while the network may still act on it", ({ expect }) => {
    const screen = orderScreen(
      modelOf({ attempts: [{ state: "unknown" }], model: { boundSecondsLeft: 70 } }),
    );
    expect(screen.text).toContain("The network has not decided yet.");
    expect(screen.text).toContain("nothing new will be sent before block 358001405 (about 1 min)");
    expect(screen.text).not.toMatch(/fail|nothing was bought/i);
    expect(labels(screen)).toContain("Check now");
  });
});

describe("a buy that is called off", () => {
  const voids = { status: "expired", reason: "It was not sent in time." } as const;
  const attempts = [{ state: "unknown" as const }, { state: "submitted" as const, voids }];

  it("is told with its cause, its cost and what happens if it did land", ({ expect }) => {
    const screen = orderScreen(modelOf({ attempts, model: { copies: 2 } }));
    expect(screen.text).toContain("It is being called off: It was not sent in time.");
    expect(screen.text).toContain("for a network fee of at most");
    expect(screen.text).toContain("you get the tokens and the receipt");
    expect(screen.text).not.toContain("dearer copy");
    expect(labels(screen)).toContain("Check now");
  });

  it("says in the end that only a fee was paid", ({ expect }) => {
    const ended = [{ state: "dead" as const }, { state: "failed" as const, voids }];
    const order = { status: "expired" as const, reason: "It was not sent in time." };
    const screen = orderScreen(modelOf({ order, attempts: ended }));
    expect(screen.text).toContain("Nothing was bought: SALEM");
    expect(screen.text).toContain("1 transaction landed and had no effect: only its network fee");
  });
});

describe("copies of an exit", () => {
  it("are called undecided, and never a second sale", ({ expect }) => {
    const attempts = [{ state: "unknown" as const }, { state: "submitted" as const }];
    const screen = orderScreen(modelOf({ attempts, model: { copies: 2 } }));
    expect(screen.text).toContain("Not decided yet; a dearer copy is under way.");
    expect(screen.text).toContain("nothing is sold twice");
    expect(labels(screen)).toContain("Check now");
  });
});

describe("a receipt", () => {
  const exits = [
    {
      kind: "takeProfit" as const,
      triggerBps: 10_000,
      triggerPriceE9: "31560000000000",
      quantityBps: 10_000,
    },
    {
      kind: "stopLoss" as const,
      triggerBps: -3_000,
      triggerPriceE9: "11040000000000",
      quantityBps: 10_000,
    },
  ];
  const position = { positionId: "p", quantity: "22176000000000", isOpen: true };

  it("of a buy shows what left, what came and which exits are armed", ({ expect }) => {
    const screen = orderScreen(
      modelOf({ order: { status: "filled" }, fill: {}, model: { exits, position } }),
    );
    expect(screen.text.split("\n").slice(0, 9)).toEqual([
      "✅ Bought 22,176 SALEM",
      "",
      "Paid 0.35 SOL",
      "Average price 0.00001578 SOL",
      "Network fee 0.000010656 SOL, tips included · account rent 0.00203928 SOL (stays yours)",
      "Held now: 22,176 SALEM",
      "🎯 Take profit armed at 0.00003156 SOL (+100\u00a0%, about 0.6998 SOL)",
      "🛑 Stop loss armed at 0.00001104 SOL (-30\u00a0%, about 0.2448 SOL)",
      "Slot 5 · 00:00:00 UTC",
    ]);
    const sells = ["Sell 25 %", "50 %", "100 %"];
    expect(labels(screen)).toEqual([...sells, "Edit exits", "Why?", "Positions", "Home"]);
  });

  it("of one level of a ladder says which one, and its share", ({ expect }) => {
    const source = { kind: "exit" as const, positionId: "p", rule: "takeProfit" as const, n: 2 };
    const { text } = orderScreen(
      modelOf({
        order: { side: "sell", status: "filled", source },
        fill: {},
        model: { exitPlace: { number: 2, of: 3, shareBps: 2_500 } },
      }),
    );
    expect(text).toContain("🎯 Take profit 2 of 3 sold 25 %: 22,176 SALEM");
  });

  it("of an exit says which rule fired, at which price, and what it made", ({ expect }) => {
    const { text } = orderScreen(
      modelOf({
        order: {
          side: "sell",
          status: "filled",
          source: { kind: "exit", positionId: "p", rule: "stopLoss", n: 1 },
        },
        attempts: [{ state: "dead" }, { state: "filled" }],
        fill: { notionalLamports: "100000000", rentLamports: "0" },
        model: {
          soldCostLamports: 350_000_000n,
          trigger: { triggerPriceE9: "11040000000000", priceE9: "9000000000000" },
          position: { ...position, quantity: "0", isOpen: false },
        },
      }),
    );
    expect(text).toContain("🛑 Stop loss sold 22,176 SALEM");
    expect(text).toContain("Received 0.1 SOL · PnL -0.25 SOL (-71.42 %)");
    expect(text).toContain("Trigger 0.00001104 SOL, price was 0.000009 SOL · 2 tries");
    expect(text).toContain("Position closed.");
  });

  it("warns when no exit is armed and when the network took the fill back", ({ expect }) => {
    const { text } = orderScreen(modelOf({ fill: { state: "reversed" }, model: { position } }));
    expect(text).toContain("⚠️ No exit is armed for this position.");
    expect(text).toContain("⚠️ The network took this fill back.");
  });
});

describe("a refusal", () => {
  it("says why, that no money moved, and offers the way on", ({ expect }) => {
    const order = { status: "denied" as const, reason: "One order may spend at most 2 SOL." };
    const screen = orderScreen(modelOf({ order }));
    expect(screen.text).toContain("⛔ Not bought: SALEM");
    expect(screen.text).toContain("One order may spend at most 2 SOL.");
    expect(screen.text).toContain("Nothing was sent and no SOL left the wallet.");
    expect(labels(screen)).toEqual(["Why?", "Token card", "Home"]);
  });

  it("for a pause offers to end the pause, but only to those who paused", ({ expect }) => {
    const order = { status: "canceled" as const, reason: "Your entries are paused; /resume." };
    expect(labels(orderScreen(modelOf({ order, model: { mayResume: true } })))).toContain(
      "Resume entries",
    );
    expect(labels(orderScreen(modelOf({ order })))).not.toContain("Resume entries");
  });

  it("by the duplicate guard alone may be overruled with a red button", ({ expect }) => {
    const order = { status: "denied" as const, reason: "You bought this token 3 min ago." };
    const { rows } = orderScreen(modelOf({ order, model: { mayOverrideGuard: true } }));
    expect(rows[0]).toMatchObject([
      { text: "Buy 0.35 SOL anyway", style: "danger", action: { guardOverride: true } },
    ]);
  });

  it("after a landed transaction says that its fee is gone", ({ expect }) => {
    const order = { status: "rejected" as const, reason: "Slippage." };
    const one = orderScreen(modelOf({ order, attempts: [{ state: "failed" }] })).text;
    expect(one).toContain("1 transaction landed and had no effect: only its network fee was paid.");
    const two = orderScreen(
      modelOf({ order, attempts: [{ state: "failed" }, { state: "failed" }] }),
    );
    expect(two.text).toContain("2 transactions landed and had no effect: only their network fees");
    expect(orderScreen(modelOf({ order })).text).toContain("No SOL and no tokens left the wallet.");
  });

  it("of a sell leaves the sell buttons and says that exits stay armed", ({ expect }) => {
    const screen = orderScreen(
      modelOf({
        order: { side: "sell", status: "expired", reason: "The network did not take it." },
        model: {
          position: { positionId: "p", quantity: "5", isOpen: true },
          exits: [{ kind: "stopLoss", triggerBps: -3_000, triggerPriceE9: "1", quantityBps: 1 }],
        },
      }),
    );
    expect(screen.text).toContain("⛔ Nothing was sold: SALEM");
    expect(screen.text).toContain("The position is still yours and its exits stay armed.");
    expect(labels(screen)).toContain("100 %");
  });
});
