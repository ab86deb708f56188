import { describe, it } from "vitest";
import { markRestored } from "../store/recovery-mark.ts";
import { storySteps } from "./describe-event.ts";
import { withDesk, type TestDesk } from "./engine-fixture.ts";
import { isNonceFree } from "./nonce-accounts.ts";
import { NONCE_SETTINGS, statesOf } from "./nonce-fixture.ts";
import { orderRow, setTrading, startBuy, USER } from "./trade-fixture.ts";
import { landVoid, LATE_MS, leaveUnsent, voidChainOf, voidOf } from "./void-fixture.ts";

const REPLACE_MS = NONCE_SETTINGS.exitReplaceMs;

/** Whether the account that the buy stands on can be used again. */
function isFreed(desk: TestDesk): boolean {
  const bound = desk.store.attemptsOf("ord_buy")[0]?.bound;
  if (bound?.kind !== "nonce") throw new Error("expected the buy to stand on a nonce");
  return isNonceFree(desk.store, bound.account);
}

function groupsOf(desk: TestDesk): number {
  const groups = desk.store.attemptsOf("ord_buy").map(({ exclusionGroup }) => exclusionGroup);
  return new Set(groups).size;
}

describe("a buy that may have left before a crash, and whose deadline has passed", () => {
  it("is called off by a void of its own group, journaled before it leaves", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await voidChainOf(desk);
      await leaveUnsent(desk);
      await desk.boot();
      await desk.clock.advance(2_000);
      expect(desk.store.attemptsOf("ord_buy")).toHaveLength(2);
      expect(groupsOf(desk)).toBe(1);
      const sent = new Set(desk.venue.submitted.map(({ identity }) => identity));
      expect([...sent]).toEqual([voidOf(chain)]);
      expect(desk.store.attemptsOf("ord_buy")[1]).toMatchObject({
        quantityOutMin: "0",
        voids: { status: "expired" },
      });
      expect(desk.store.outbox("order:ord_buy")?.content.text).toContain("called off");
    });
  });

  it("ends as expired once the void is final, and lets go of the nonce", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await voidChainOf(desk);
      const before = chain.lamports;
      await leaveUnsent(desk);
      await desk.boot();
      await desk.clock.advance(2_000);
      const paid = before - chain.lamports;
      await landVoid(desk, chain);
      expect(statesOf(desk, "ord_buy")).toEqual(["dead", "failed"]);
      expect(orderRow(desk, "ord_buy")).toMatchObject({ status: "expired" });
      expect(orderRow(desk, "ord_buy").reason).toContain(
        "Nothing was bought; calling it off cost 0.000005 SOL",
      );
      expect(before - chain.lamports - paid).toBe(5_000n);
      expect(desk.store.unresolvedAttempts()).toEqual([]);
      expect(desk.payloads("FillRecorded")).toEqual([]);
      expect(isFreed(desk)).toBe(true);
      const story = storySteps(desk.store.eventsOf("order:ord_buy")).map(({ meaning }) => meaning);
      expect(story.join("\n")).toContain("only uses up nonce account");
      expect(story.join("\n")).toContain("it landed and used its nonce up");
    });
  });

  it("is dead for nobody before the void is final", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await voidChainOf(desk);
      await leaveUnsent(desk);
      await desk.boot();
      await desk.clock.advance(2_000);
      chain.land(voidOf(chain));
      await desk.clock.advance(10_000);
      expect(statesOf(desk, "ord_buy")).toEqual(["unknown", "accepted"]);
      expect(isFreed(desk)).toBe(false);
      chain.fork();
      await desk.clock.advance(60_000);
      expect(desk.store.unresolvedAttempts().length).toBeGreaterThan(1);
      await landVoid(desk, chain);
      expect(orderRow(desk, "ord_buy").status).toBe("expired");
      expect(desk.store.unresolvedAttempts()).toEqual([]);
    });
  });

  it("is called off with dearer copies, a bounded number of times", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await voidChainOf(desk);
      await leaveUnsent(desk);
      await desk.boot();
      await desk.clock.advance(20 * REPLACE_MS);
      const tips = chain.undecided.map(({ tipLamports }) => tipLamports);
      expect(tips).toHaveLength(5);
      expect(tips).toEqual([...new Set(tips)].toSorted((one, other) => (one < other ? -1 : 1)));
      await desk.crash();
      await desk.clock.advance(20 * REPLACE_MS);
      expect(chain.undecided).toHaveLength(5);
    });
  });

  it("goes on where its deadline has not passed", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await voidChainOf(desk);
      await leaveUnsent(desk, 1_000);
      await desk.boot();
      await desk.clock.advance(2_000);
      expect(statesOf(desk, "ord_buy")).toEqual(["submitted"]);
      chain.land();
      await desk.clock.advance(2_000);
      expect(orderRow(desk, "ord_buy").status).toBe("filled");
    });
  });
});

describe("a buy that was sent on a nonce", () => {
  it("is called off a while after its deadline, not before", async ({ expect }) => {
    await withDesk(async (desk) => {
      await voidChainOf(desk);
      await startBuy(desk, "ord_buy", { deadlineMs: desk.clock.nowMs() + 10_000 });
      await desk.clock.advance(60_000);
      expect(statesOf(desk, "ord_buy")).toHaveLength(1);
      await desk.clock.advance(15_000);
      expect(statesOf(desk, "ord_buy").length).toBeGreaterThan(1);
    });
  });

  it("is called off at once by the kill switch, and by nothing sent again", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await voidChainOf(desk);
      await startBuy(desk);
      await desk.clock.advance(1_000);
      const [original] = chain.undecided;
      await setTrading(desk, "halted");
      await desk.clock.advance(2_000);
      await setTrading(desk, "active");
      const sent = desk.venue.submitted.length;
      await desk.clock.advance(60_000);
      const later = desk.venue.submitted.slice(sent).map(({ identity }) => identity);
      expect(later).not.toContain(original?.identity);
      // Nor does it stop at one void because trading is allowed again.
      expect(chain.undecided.filter(({ isVoid }) => isVoid)).toHaveLength(5);
      await landVoid(desk, chain);
      expect(orderRow(desk, "ord_buy")).toMatchObject({ status: "canceled" });
      expect(orderRow(desk, "ord_buy").reason).toContain("Trading was set to halted");
    });
  });

  it("is booked when it lands in place of its void, which is dead then", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await voidChainOf(desk);
      await startBuy(desk);
      await desk.clock.advance(1_000);
      const [original] = chain.undecided;
      await setTrading(desk, "halted");
      await desk.clock.advance(2_000);
      chain.land(original?.identity);
      await desk.clock.advance(2_000);
      expect(orderRow(desk, "ord_buy").status).toBe("filled");
      expect(desk.store.openPositions(USER)).toHaveLength(1);
      chain.finalize();
      desk.engine.settlement.start();
      await desk.clock.advance(6_000);
      expect(statesOf(desk, "ord_buy")[0]).toBe("filled");
      expect(new Set(statesOf(desk, "ord_buy").slice(1))).toEqual(new Set(["dead"]));
    });
  });

  it("is taken back where a fork lets the void land in its place", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await voidChainOf(desk);
      await startBuy(desk);
      await desk.clock.advance(1_000);
      const [original] = chain.undecided;
      await setTrading(desk, "halted");
      await desk.clock.advance(2_000);
      chain.land(original?.identity);
      await desk.clock.advance(2_000);
      expect(desk.store.openPositions(USER)).toHaveLength(1);
      chain.fork();
      chain.land(voidOf(chain));
      await desk.clock.advance(2_000);
      desk.engine.settlement.start();
      chain.finalize();
      await desk.clock.advance(15_000);
      expect(statesOf(desk, "ord_buy")).toContain("failed");
      expect(orderRow(desk, "ord_buy").status).toBe("canceled");
      expect(desk.store.openPositions(USER)).toEqual([]);
      expect(desk.store.unresolvedAttempts()).toEqual([]);
    });
  });
});

describe("a buy of a journal that was put back from a copy", () => {
  it("is called off, because what followed it may be missing", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await voidChainOf(desk);
      await leaveUnsent(desk, 1_000);
      const mark = { from: "postgres", headSeq: 1, headHash: "a".repeat(64) } as const;
      markRestored(desk.nextPath, { ...mark, atMs: desk.clock.nowMs() });
      await desk.boot();
      await desk.clock.advance(2_000);
      await landVoid(desk, chain);
      expect(orderRow(desk, "ord_buy")).toMatchObject({ status: "canceled" });
      expect(orderRow(desk, "ord_buy").reason).toContain("put back from a copy");
      expect(desk.venue.submitted.every(({ voids }) => voids !== null)).toBe(true);
    });
  });
});

describe("a void that cannot be made", () => {
  it("is tried again, and a refusal of the signer is told once", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await voidChainOf(desk);
      await leaveUnsent(desk);
      const { prepareVoid } = chain.script();
      desk.venue.script.prepareVoid = () => ({ outcome: "refused", reason: "no", alert: true });
      await desk.boot();
      await desk.clock.advance(LATE_MS);
      expect(desk.shouts.filter((text) => text.includes("Unsafe void"))).toHaveLength(1);
      expect(statesOf(desk, "ord_buy")).toEqual(["unknown"]);
      desk.venue.script.prepareVoid = prepareVoid;
      await desk.clock.advance(10_000);
      await landVoid(desk, chain);
      expect(orderRow(desk, "ord_buy").status).toBe("expired");
    });
  });
});
