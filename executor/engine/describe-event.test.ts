import { describe, it } from "vitest";
import { storySteps } from "./describe-event.ts";
import { withDesk } from "./engine-fixture.ts";
import { chainOf, openPosition, startSell } from "./trade-fixture.ts";

describe("a story", () => {
  it("counts tokens as people do, and says what a sell brings in SOL", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      await startSell(desk, position);
      const story = storySteps(desk.store.eventsFrom(1, 1_000));
      const meanings = (kind: string): string[] =>
        story.filter((step) => step.kind === kind).map(({ meaning }) => meaning);
      const [bought, sold] = meanings("AttemptPrepared");
      expect(bought).toMatch(/, at least \d+(\.\d+)? TOK out/);
      expect(sold).toMatch(/, at least \d+(\.\d+)? SOL out/);
      const held = (Number(position.quantity) / 10 ** position.decimals).toString();
      expect(meanings("FillRecorded")[0]).toContain(`filled: buy ${held} TOK for 0.5 SOL`);
      expect(meanings("PositionChanged")[0]).toContain(` is open: ${held} TOK, cost`);
      expect(meanings("OrderInitialized")[1]).toContain(`for ${held} TOK, slippage`);
    });
  });

  it("names base units where it does not know the token's decimals", async ({ expect }) => {
    await withDesk(async (desk) => {
      await openPosition(desk, chainOf(desk));
      const fills = desk.store.eventsFrom(1, 1_000).filter(({ kind }) => kind === "FillRecorded");
      expect(storySteps(fills)[0]?.meaning).toContain(" base units for 0.5 SOL");
    });
  });
});
