import { describe, it } from "vitest";
import { TRAIL, withRules } from "./exit-rules-fixture.ts";

describe("the highest price of a trailing stop", () => {
  for (const isRefused of [false, true]) {
    const when = isRefused ? "once the disk takes writes again" : "at once";
    it(`is saved ${when}, also when no higher one comes`, async ({ expect }) => {
      await withRules(TRAIL, async (rules) => {
        const { desk } = rules;
        await rules.percent(100);
        await desk.clock.advance(3_000);
        await rules.percent(300);
        desk.disk.isFull = isRefused;
        await desk.clock.advance(3_000);
        desk.disk.isFull = false;
        await rules.percent(290);
        await desk.clock.advance(10_000);
        await desk.crash();
        await rules.percent(230);
        await rules.percent(230);
        await desk.clock.advance(500);
        expect(rules.sells).toHaveLength(1);
      });
    });
  }
});
