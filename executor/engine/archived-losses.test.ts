import { describe, it } from "vitest";
import { compactJournal } from "../store/compact.ts";
import { ADDRESS, withDesk } from "./engine-fixture.ts";
import { chainOf, MINT, openPosition } from "./trade-fixture.ts";

describe("tokens that left before their loss went to the archive", () => {
  it("come back with their cost and exits, and nobody is asked about them", async ({ expect }) => {
    await withDesk(async (desk) => {
      const reconcile = async () => {
        const run = desk.engine.reconciler.run("timer");
        await desk.clock.advance(3_000);
        return (await run).drift;
      };
      const chain = chainOf(desk);
      const { positionId, costLamports } = await openPosition(desk, chain);
      const held = chain.tokens.get(MINT) ?? 0n;
      chain.moveOutside(MINT, -held, `${ADDRESS}/${MINT}`);
      await reconcile();
      expect(desk.store.position(positionId)?.state).toBe("closed");
      desk.kill();
      const nowMs = desk.clock.nowMs();
      compactJournal(desk.nextPath, { beforeMs: nowMs + 1, nowMs, release: "test" });
      await desk.boot();
      expect(desk.store.eventsOf(`position:${positionId}`)).toEqual([]);
      chain.moveOutside(MINT, held, `${ADDRESS}/${MINT}`);
      expect((await reconcile()).map((one) => one.class)).toEqual(["adopt"]);
      expect(desk.store.position(positionId)).toMatchObject({ state: "open", costLamports });
      expect(desk.store.exitPlan(positionId)?.state).toBe("armed");
    });
  });
});
