import { describe, it } from "vitest";
import { INSTRUMENT } from "./engine-fixture.ts";
import { LADDER, withRules } from "./exit-rules-fixture.ts";

const FILTER = { tickConfirmMs: 400, tickWildBps: 3_000 };
const HOUR_MS = 3_600_000;

describe("a price that waits to be confirmed while the process stands still for an hour", () => {
  for (const [name, percent] of [
    ["beyond the stop", 65],
    ["a wild one", 10],
  ] as const) {
    it(`fires nothing: ${name}`, async ({ expect }) => {
      await withRules(
        LADDER,
        async (rules) => {
          const { clock, engine } = rules.desk;
          await rules.percent(100, { slot: 1 });
          await clock.advance(1_000);
          await rules.percent(percent, { slot: 2 });
          await clock.advance(300);
          expect(rules.sells).toEqual([]);
          clock.standStill(HOUR_MS);
          // As the feed says of a pool whose streams have told nothing for so long.
          const known = engine.feed.latest(INSTRUMENT);
          engine.feed.latest = () => (known === undefined ? known : { ...known, isStale: true });
          await clock.advance(3_000);
          expect(rules.desk.payloads("ExitTriggered")).toEqual([]);
        },
        FILTER,
      );
    });
  }
});

describe("a price that waits to be confirmed while the process stands still for seconds", () => {
  async function afterStanding(next: number): Promise<string[]> {
    let sells: string[] = [];
    await withRules(
      LADDER,
      async (rules) => {
        const { clock } = rules.desk;
        await rules.percent(90, { slot: 1 });
        await clock.advance(1_000);
        await rules.percent(65, { slot: 2 });
        await clock.advance(300);
        clock.standStill(5_000);
        // Timers that were due come before what waited in the connections meanwhile.
        await clock.advance(0);
        await rules.percent(next, { slot: 3 });
        await clock.advance(3_000);
        ({ sells } = rules);
      },
      FILTER,
    );
    return sells;
  }

  it("fires nothing that the next slot has taken back", async ({ expect }) => {
    expect(await afterStanding(95)).toEqual([]);
  });

  it("fires when the next slot says so too", async ({ expect }) => {
    expect(await afterStanding(64)).toHaveLength(1);
  });

  it("fires a moment later when nothing else is told", async ({ expect }) => {
    await withRules(
      LADDER,
      async (rules) => {
        const { clock } = rules.desk;
        await rules.percent(90, { slot: 1 });
        await clock.advance(1_000);
        await rules.percent(65, { slot: 2 });
        clock.standStill(5_000);
        await clock.advance(399);
        expect(rules.sells).toEqual([]);
        await clock.advance(1);
        expect(rules.sells).toHaveLength(1);
      },
      FILTER,
    );
  });
});
