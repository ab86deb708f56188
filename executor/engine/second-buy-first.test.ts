import { describe, it } from "vitest";
import { withDesk, type TestDesk } from "./engine-fixture.ts";
import { appendExitPlan } from "./exit-arming.ts";
import type { FakeChain } from "./fake-chain.ts";
import { forget, settle } from "./settlement-fixture.ts";
import { chainOf, MINT, openUnsettled, USER } from "./trade-fixture.ts";

/** A position of two buys with its person's own stop; a fork takes both buys, the first one first. */
async function loseBoth(
  desk: TestDesk,
  chain: FakeChain,
  order: "first" | "second",
): Promise<{ positionId: string; first: string; second: string }> {
  const { positionId } = await openUnsettled(desk, chain, "ord_first");
  await openUnsettled(desk, chain, "ord_second", { notionalLamports: "200000000" });
  await desk.transact((tx) => {
    const plan = tx.exitPlan(positionId);
    if (plan === undefined) throw new Error("expected a plan");
    const rules = plan.rules.filter(({ kind }) => kind === "stopLoss");
    appendExitPlan(tx, plan, { rules, done: [], ruleCount: plan.ruleCount });
  });
  const [first = "", second = ""] = chain.effects.map(({ identity }) => identity);
  for (const identity of [second, first]) forget(chain, identity);
  const gone = order === "first" ? [first, second] : [second, first];
  for (const lost of gone) {
    await settle(desk, chain, "gone", (identity) => identity === lost);
    desk.venue.script = chain.script();
    await desk.crash();
  }
  if (desk.store.position(positionId)?.state !== "closed") throw new Error("expected no position");
  return { positionId, first, second };
}

async function land(desk: TestDesk, chain: FakeChain, identity: string): Promise<void> {
  chain.slot += 10;
  chain.land(identity);
  await desk.clock.advance(3_000);
}

describe("two buys of one position that a fork took back", () => {
  for (const order of ["first", "second"] as const) {
    it(`are one position with its own rules when the second lands first (${order} lost first)`, async ({
      expect,
    }) => {
      await withDesk(async (desk) => {
        const chain = chainOf(desk);
        const { positionId, first, second } = await loseBoth(desk, chain, order);
        await land(desk, chain, second);
        expect
          .soft(desk.store.openPositions(USER).map((one) => one.positionId))
          .toEqual([positionId]);
        await land(desk, chain, first);
        const [open, ...others] = desk.store.openPositions(USER);
        expect(others).toEqual([]);
        expect.soft(open).toMatchObject({ positionId, quantity: String(chain.tokens.get(MINT)) });
        const plan = desk.store.exitPlan(open?.positionId ?? "");
        expect.soft(plan?.rules.map(({ kind }) => kind)).toEqual(["stopLoss"]);
        expect.soft(plan).toMatchObject({ state: "armed", originalQuantity: open?.quantity });
      });
    });

    it(`are one position with its own rules when the first lands first (${order} lost first)`, async ({
      expect,
    }) => {
      await withDesk(async (desk) => {
        const chain = chainOf(desk);
        const { positionId, first, second } = await loseBoth(desk, chain, order);
        await land(desk, chain, first);
        await land(desk, chain, second);
        const [open, ...others] = desk.store.openPositions(USER);
        expect(others).toEqual([]);
        expect.soft(open).toMatchObject({ positionId, quantity: String(chain.tokens.get(MINT)) });
        const plan = desk.store.exitPlan(open?.positionId ?? "");
        expect.soft(plan).toMatchObject({ state: "armed", originalQuantity: open?.quantity });
      });
    });
  }
});
