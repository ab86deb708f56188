import { describe, it } from "vitest";
import { withDesk } from "./engine-fixture.ts";
import { type FakeChain, unknown } from "./fake-chain.ts";
import { nonceChainOf, settledPosition, statesOf } from "./nonce-fixture.ts";
import { chainOf, openPosition, orderRow, startBuy, startSell } from "./trade-fixture.ts";

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

/** The first transaction leaves; every dearer copy is held by the lanes. */
function holdCopies(chain: FakeChain): Set<string> {
  const first = new Set<string>();
  chain.onSubmit = ({ identity }) => {
    if (first.size > 0 && !first.has(identity)) {
      return { outcome: "held", cause: "node-1: its limit of calls is reached" };
    }
    first.add(identity);
    return unknown();
  };
  return first;
}

describe("a sell of several copies", () => {
  it("is not told as one that has not left when only its copy is held back", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk);
      const position = await settledPosition(desk, chain);
      holdCopies(chain);
      await startSell(desk, position);
      await desk.clock.advance(45_000);
      expect(statesOf(desk, "ord_sell").slice(0, 2)).toEqual(["unknown", "prepared"]);
      expect(desk.store.outbox("held:ord_sell:30000")).toBe(undefined);
      const text = desk.store.outbox("undecided:ord_sell:30000")?.content.text;
      expect(text).toContain("The tokens may be sold or still be yours.");
    });
  });

  it("is told of no more once one of them is booked", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk);
      const position = await settledPosition(desk, chain);
      const first = holdCopies(chain);
      await startSell(desk, position);
      await desk.clock.advance(25_000);
      const [sold] = first;
      chain.land(sold);
      await desk.clock.advance(1_500);
      expect(orderRow(desk, "ord_sell").status).toBe("filled");
      await desk.clock.advance(11_000);
      expect(desk.store.outbox("held:ord_sell:30000")).toBe(undefined);
      expect(desk.store.outbox("undecided:ord_sell:30000")).toBe(undefined);
      chain.finalize();
      await desk.clock.advance(8_000);
      expect(desk.shouts).toEqual([]);
    });
  });
});

it("a sell whose transactions expire one after the other is told of at both steps", async ({
  expect,
}) => {
  await withDesk(async (desk) => {
    const chain = chainOf(desk);
    const position = await openPosition(desk, chain);
    chain.onSubmit = () => unknown();
    await startSell(desk, position);
    for (let n = 0; n < 4; n++) {
      await desk.clock.advance(73_000);
      for (const { identity } of chain.undecided) chain.bury(identity);
      await desk.clock.advance(2_000);
    }
    expect(desk.payloads("AttemptDead").length).toBeGreaterThan(2);
    expect(desk.counts.get("alerts_total undecided-exit")).toBe(2);
  });
});

it("a sell that has left while its price fell to dust may be sold, and is told so", async ({
  expect,
}) => {
  await withDesk(async (desk) => {
    const chain = await nonceChainOf(desk);
    const position = await settledPosition(desk, chain);
    chain.onSubmit = () => unknown();
    await startSell(desk, position);
    chain.price = 5n;
    await desk.clock.advance(20_000);
    expect(statesOf(desk, "ord_sell")).toEqual(["unknown"]);
    const told = desk.store.outbox("stuck:ord_sell:5000")?.content.text ?? "";
    expect(told).toContain("may be sold or still be yours");
    expect(told).not.toContain("You still hold the tokens");
  });
});
