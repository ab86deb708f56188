import { describe, it } from "vitest";
import { withDesk } from "./engine-fixture.ts";
import { createReadModels } from "./read-models.ts";
import { forget, settle } from "./settlement-fixture.ts";
import { chainOf, openUnsettled, USER } from "./trade-fixture.ts";
import type { TestDesk } from "./engine-fixture.ts";

const textOf = (desk: TestDesk, key: string): string =>
  desk.store.outbox(key)?.content.text ?? "no message";

function readsOf(desk: TestDesk) {
  const { store, feed, venue, clock } = desk.engine;
  return createReadModels({
    store,
    feed,
    venue,
    clock,
    version: "t",
    phase: () => "ready",
    dependencies: () => [],
  });
}

describe("a buy that a fork took back and that never landed again", () => {
  it("is not told as bought, nor listed as a trade", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openUnsettled(desk, chain);
      const identity = chain.effects[0]?.identity ?? "";
      forget(chain, identity);
      await settle(desk, chain, "gone");
      chain.bury(identity);
      chain.slot += 400;
      await desk.clock.advance(120_000);
      expect(desk.store.position(position.positionId)?.state).toBe("closed");
      const trades = readsOf(desk).trades(USER, 50, null);
      expect.soft(trades).toEqual([]);
      expect.soft(textOf(desk, "order:ord_buy")).not.toContain("✅ Bought");
    });
  });
});

describe("a buy that a fork moved to another slot with other amounts", () => {
  it("is one trade", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      await openUnsettled(desk, chain);
      const [effect] = chain.effects;
      const found = chain.transactions.get(effect?.identity ?? "");
      if (found === undefined) throw new Error("expected the buy to have landed");
      found.slot += 7;
      found.quantityOut -= 5n;
      await settle(desk, chain, "settled", undefined, found.slot);
      const trades = readsOf(desk).trades(USER, 50, null);
      expect(trades).toHaveLength(1);
    });
  });
});
