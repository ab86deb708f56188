import { describe, it } from "vitest";
import { withDesk } from "./engine-fixture.ts";
import { nonceChainOf, statesOf } from "./nonce-fixture.ts";
import { orderRow, setTrading, startBuy } from "./trade-fixture.ts";

const EVERY_BUY = { nonceBuyLamportsMin: 0n };

describe("a buy on a nonce whose bytes never left", () => {
  it("ends with its deadline and lets go of the nonce", async ({ expect }) => {
    await withDesk(async (desk) => {
      await nonceChainOf(desk, EVERY_BUY);
      desk.engine.context.isMirrored = () => Promise.resolve(false);
      await startBuy(desk);
      await desk.clock.advance(120_000);
      expect(statesOf(desk, "ord_buy")).toEqual(["rejected"]);
      expect(orderRow(desk, "ord_buy").reason).toContain("before its deadline");
      expect(desk.store.unresolvedAttempts()).toEqual([]);
      desk.engine.context.isMirrored = () => Promise.resolve(true);
      await desk.clock.advance(60_000);
      expect(desk.venue.submitted).toEqual([]);
    });
  });

  it("never leaves once it was given up, even if the copy answers then", async ({ expect }) => {
    await withDesk(async (desk) => {
      await nonceChainOf(desk, EVERY_BUY);
      let answer: ((isMirrored: boolean) => void) | undefined;
      desk.engine.context.isMirrored = () => {
        if (answer !== undefined) return Promise.resolve(false);
        return new Promise((resolve) => (answer = resolve));
      };
      await startBuy(desk);
      await desk.clock.advance(1_000);
      const [attempt] = desk.store.attemptsOf("ord_buy");
      desk.engine.tracker.track(attempt?.attemptId ?? "none");
      await setTrading(desk, "halted");
      await desk.clock.advance(5_000);
      expect(statesOf(desk, "ord_buy")).toEqual(["rejected"]);
      await setTrading(desk, "active");
      answer?.(true);
      await desk.clock.advance(20_000);
      expect(desk.venue.submitted).toEqual([]);
    });
  });

  it("is not called sent while every lane is held, and ends with its deadline", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk, EVERY_BUY);
      chain.onSubmit = () => ({ outcome: "held", cause: "its limit of calls is reached" });
      await startBuy(desk);
      await desk.clock.advance(5_000);
      expect(desk.venue.submitted.length).toBeGreaterThan(1);
      expect(desk.payloads("AttemptSubmitted")).toEqual([]);
      expect(statesOf(desk, "ord_buy")).toEqual(["prepared"]);
      await desk.clock.advance(120_000);
      expect(statesOf(desk, "ord_buy")).toEqual(["rejected"]);
      expect(orderRow(desk, "ord_buy").reason).toContain("before its deadline");
    });
  });

  it("is not called rejected after a restart, because it may have left before", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      await nonceChainOf(desk, EVERY_BUY);
      desk.engine.context.isMirrored = () => Promise.resolve(false);
      await startBuy(desk);
      await desk.clock.advance(1_000);
      desk.kill();
      await desk.clock.advance(120_000);
      await desk.boot();
      await desk.clock.advance(20_000);
      expect(statesOf(desk, "ord_buy")[0]).toBe("unknown");
    });
  });
});
