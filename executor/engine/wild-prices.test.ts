import { describe, it } from "vitest";
import type { ExitSpec } from "@raptor/shared/domain/exit-rules.ts";
import { BOUGHT, edit, ENTRY_LAMPORTS, LADDER, TRAIL, withRules } from "./exit-rules-fixture.ts";

describe("one wild tick", () => {
  const over = { tickConfirmMs: 400, tickWildBps: 3_000 };

  it("does not fire a stop, a second slot below it does", async ({ expect }) => {
    await withRules(
      LADDER,
      async (rules) => {
        await rules.percent(100, { slot: 1 });
        await rules.percent(10, { slot: 2 });
        await rules.percent(10, { slot: 2 });
        expect(rules.sells).toEqual([]);
        await rules.percent(100, { slot: 3 });
        await rules.desk.clock.advance(1_000);
        expect(rules.sells).toEqual([]);
        await rules.percent(60, { slot: 4 });
        await rules.percent(69, { slot: 5 });
        expect(rules.sells).toEqual([`stopLoss4 1 ${BOUGHT}`]);
      },
      over,
    );
  });

  it("is no beginning for a trailing stop that is armed at it", async ({ expect }) => {
    await withRules(
      LADDER,
      async (rules) => {
        const { clock } = rules.desk;
        await rules.percent(100, { slot: 1 });
        await clock.advance(1_000);
        await rules.percent(1_000, { slot: 2 });
        const spec: ExitSpec = { kind: "trailingStop", dropBps: 2_000, fromGainBps: 0 };
        const wildE9 = ENTRY_LAMPORTS * 10n * 1_000_000_000n;
        expect(await edit(rules, { kind: "add", spec }, wildE9)).toEqual([]);
        for (const slot of [3, 4, 5]) {
          await rules.percent(140, { slot });
          await clock.advance(1_000);
        }
        expect(rules.sells).toEqual([]);
        // What was believed since is its highest price.
        await rules.percent(111, { slot: 6 });
        await rules.percent(111, { slot: 7 });
        expect(rules.sells).toEqual([`trailingStop5 1 ${BOUGHT}`]);
      },
      over,
    );
  });

  it("fires a stop when nothing speaks against it for a while", async ({ expect }) => {
    await withRules(
      LADDER,
      async (rules) => {
        await rules.percent(90, { slot: 1 });
        // Beyond the stop, and no more than a slot moves a price as a rule.
        await rules.percent(65, { slot: 2 });
        await rules.desk.clock.advance(399);
        expect(rules.sells).toEqual([]);
        await rules.desk.clock.advance(1);
        expect(rules.sells).toEqual([`stopLoss4 1 ${BOUGHT}`]);
      },
      over,
    );
  });

  it("that the next slot takes back fires nothing, however late that is told", async ({
    expect,
  }) => {
    await withRules(
      [...LADDER, ...TRAIL],
      async (rules) => {
        const { clock, engine } = rules.desk;
        const late = [1, 399, 401, 800, 1_400, 2_350];
        for (const [n, ms] of late.entries()) {
          await rules.percent(100, { slot: 10 * n + 1 });
          await clock.advance(5_000);
          await rules.percent(n % 2 === 0 ? 10 : 900, { slot: 10 * n + 2 });
          // The next slot has begun, and is not whole.
          engine.feed.wholeSlot = 10 * n + 2;
          await clock.advance(ms);
          expect([ms, rules.sells]).toEqual([ms, []]);
          await rules.percent(100, { slot: 10 * n + 3 });
          await clock.advance(5_000);
          expect([ms, rules.sells]).toEqual([ms, []]);
        }
      },
      over,
    );
  });

  it("fires a stop as soon as the next slot is whole and says nothing else", async ({ expect }) => {
    await withRules(
      LADDER,
      async (rules) => {
        const { clock, engine } = rules.desk;
        await rules.percent(100, { slot: 1 });
        await rules.percent(10, { slot: 2 });
        await clock.advance(700);
        expect(rules.sells).toEqual([]);
        engine.feed.wholeSlot = 3;
        await clock.advance(50);
        expect(rules.sells).toEqual([`stopLoss4 1 ${BOUGHT}`]);
      },
      over,
    );
  });

  it.for([
    { of: "a slot that no other follows", before: { slot: 1 }, wild: { slot: 2 }, wholeSlot: 0 },
    { of: "no slot, as polls tell it, whatever passes", before: {}, wild: {}, wholeSlot: 9 },
  ])(
    "fires a stop after 2.4 s when it is of $of",
    async ({ before, wild, wholeSlot }, { expect }) => {
      await withRules(
        LADDER,
        async (rules) => {
          const { clock, engine } = rules.desk;
          engine.feed.wholeSlot = wholeSlot;
          await rules.percent(100, before);
          await clock.advance(400);
          await rules.percent(10, wild);
          await clock.advance(2_350);
          expect(rules.sells).toEqual([]);
          await clock.advance(50);
          expect(rules.sells).toEqual([`stopLoss4 1 ${BOUGHT}`]);
        },
        over,
      );
    },
  );

  it("is not borne out by a second answer within one slot, however often it is asked for", async ({
    expect,
  }) => {
    await withRules(
      LADDER,
      async (rules) => {
        const { clock } = rules.desk;
        await rules.percent(100);
        await clock.advance(1_000);
        for (let asked = 0; asked < 4; asked++) {
          await rules.percent(10);
          await clock.advance(99);
        }
        expect(rules.sells).toEqual([]);
        await clock.advance(4);
        await rules.percent(10);
        expect(rules.sells).toEqual([`stopLoss4 1 ${BOUGHT}`]);
      },
      over,
    );
  });

  it("is not borne out by the next slot's first answer when it was its own slot's last", async ({
    expect,
  }) => {
    await withRules(
      LADDER,
      async (rules) => {
        const { clock } = rules.desk;
        await rules.percent(100);
        await clock.advance(398);
        await rules.percent(10);
        await clock.advance(4);
        await rules.percent(10);
        expect(rules.sells).toEqual([]);
        await clock.advance(400);
        await rules.percent(10);
        expect(rules.sells).toEqual([`stopLoss4 1 ${BOUGHT}`]);
      },
      over,
    );
  });

  it("fires as soon without a poll that says the same as with it", async ({ expect }) => {
    await withRules(
      LADDER,
      async (rules) => {
        const { clock, engine } = rules.desk;
        await rules.percent(100, { slot: 1 });
        await rules.percent(10, { slot: 2 });
        await clock.advance(200);
        await rules.percent(10);
        engine.feed.wholeSlot = 3;
        await clock.advance(500);
        expect(rules.sells).toEqual([`stopLoss4 1 ${BOUGHT}`]);
      },
      over,
    );
  });

  it("neither takes profit nor raises a mark, a rise that is not wild does at once", async ({
    expect,
  }) => {
    const specs = [...TRAIL, ...LADDER.slice(0, 1)];
    await withRules(
      specs,
      async (rules) => {
        await rules.percent(120, { slot: 1 });
        await rules.percent(999, { slot: 2 });
        await rules.percent(120, { slot: 3 });
        await rules.percent(119, { slot: 4 });
        await rules.desk.clock.advance(1_000);
        expect(rules.sells).toEqual([]);
        await rules.percent(150, { slot: 5 });
        expect(rules.sells).toEqual(["takeProfit2 1 125000000"]);
      },
      over,
    );
  });

  it("is forgotten when it was stale, which fires nothing ever", async ({ expect }) => {
    await withRules(LADDER, async (rules) => {
      await rules.percent(10, { isStale: true });
      await rules.percent(500, { isStale: true });
      await rules.desk.clock.advance(1_000);
      expect(rules.sells).toEqual([]);
    });
  });
});
