import { describe, it } from "vitest";
import { withDesk } from "./engine-fixture.ts";
import { unknown } from "./fake-chain.ts";
import { chainOf, openPosition, startBuy, startSell } from "./trade-fixture.ts";

describe("a sell that has left and stays undecided", () => {
  it("is told of once at 30 and at 120 seconds, until it is decided", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      chain.onSubmit = () => unknown();
      const told = (): number => desk.counts.get("alerts_total undecided-exit") ?? 0;
      await startSell(desk, position);
      const seen: number[] = [];
      for (const ms of [25_000, 10_000, 50_000, 40_000, 60_000]) {
        await desk.clock.advance(ms);
        seen.push(told());
      }
      expect(seen).toEqual([0, 1, 1, 2, 2]);
      const text = desk.store.outbox("undecided:ord_sell:30000")?.content.text;
      expect(text).toContain("is not decided after");
      expect(text).toContain("The tokens may be sold or still be yours.");
      chain.land();
      await desk.clock.advance(200_000);
      expect(told()).toBe(2);
      expect(desk.store.position(position.positionId)?.state).toBe("closed");
    });
  });

  it("is a matter of exits: a buy has its own words", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      chain.onSubmit = () => unknown();
      await startBuy(desk);
      await desk.clock.advance(50_000);
      expect(desk.counts.get("alerts_total undecided-exit")).toBe(undefined);
    });
  });
});

describe("a sell that no lane lets out", () => {
  it("is told as held back, and not as unknown, until it leaves", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = chainOf(desk);
      const position = await openPosition(desk, chain);
      chain.onSubmit = () => ({ outcome: "held", cause: "node-1: its limit of calls is reached" });
      await startSell(desk, position);
      await desk.clock.advance(45_000);
      expect(desk.payloads("AttemptUnknown")).toEqual([]);
      expect(desk.store.attemptsOf("ord_sell").map(({ state }) => state)).toEqual(["prepared"]);
      const text = desk.store.outbox("held:ord_sell:30000")?.content.text;
      expect(text).toContain("is held back since");
      expect(text).toContain("Cause: node-1: its limit of calls is reached.");
      expect(text).toContain("You still hold the tokens");
      expect(desk.counts.get("alerts_total undecided-exit")).toBe(undefined);
      chain.onSubmit = () => unknown();
      await desk.clock.advance(20_000);
      expect(desk.payloads("AttemptUnknown").length).toBeGreaterThan(0);
      chain.land();
      await desk.clock.advance(2_000);
      expect(desk.store.position(position.positionId)?.state).toBe("closed");
    });
  });
});
