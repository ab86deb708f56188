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
