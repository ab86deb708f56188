import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { describe, it } from "vitest";
import type { WalletReport, WalletView } from "../ports/venue.ts";
import { INSTRUMENT, MINT, USER, withDesk, type TestDesk } from "./engine-fixture.ts";
import type { FakeChain } from "./fake-chain.ts";
import { expectSound, panicDoneText, pressPanic } from "./panic-fixture.ts";
import { chainOf, openPosition, orderRow, startBuy } from "./trade-fixture.ts";

const MINUTE_MS = 60_000;
const NODES = ["node-1", "node-2"] as const;

/** What a node says of the token in the wallet. */
type Word = "frozen" | "movable" | "none" | "silent";

/** The first of the nodes that speaks is the newest one. Changed while a test runs. */
interface World {
  desk: TestDesk;
  chain: FakeChain;
  positionId: string;
  words: Record<(typeof NODES)[number], Word>;
  /** Every so many reads of all nodes none of them answers; 0 is never. */
  silentEvery: number;
  /** How often the route service was asked, and how often it knows no way from now on. */
  asked: number;
  slips: number;
}

async function withHolding(
  [first, second]: readonly [Word, Word],
  use: (world: World) => Promise<void>,
): Promise<void> {
  await withDesk(async (desk) => {
    const chain = chainOf(desk);
    const { positionId } = await openPosition(desk, chain);
    const words = { "node-1": first, "node-2": second };
    const world = { desk, chain, positionId, words, silentEvery: 0, asked: 0, slips: 0 };
    desk.venue.script = scriptOf(world);
    await use(world);
    expectSound(desk);
  });
}

function scriptOf(world: World): TestDesk["venue"]["script"] {
  const { chain, words } = world;
  const script = chain.script();
  let reads = 0;
  const viewOf = (word: Word): WalletReport | null => {
    const { lamports, slot } = chain;
    if (word === "silent") return null;
    const tokens = new Map(word === "none" ? [] : chain.tokens);
    return { lamports, tokens, slot, ...(word === "frozen" ? { frozen: new Set([MINT]) } : {}) };
  };
  return {
    ...script,
    fetchWallet: () => {
      const report = NODES.map((node) => viewOf(words[node])).find((one) => one !== null);
      if (report === undefined || report === null) {
        throw new RaptorError("RAPTOR_VENUE__UNAVAILABLE", {});
      }
      return report;
    },
    fetchWalletViews: (): WalletView[] => {
      reads += 1;
      const isSilent = world.silentEvery > 0 && reads % world.silentEvery === 0;
      return NODES.map((provider) => {
        return { provider, report: isSilent ? null : viewOf(words[provider]) };
      });
    },
    fetchRoute: (request) => {
      if (request.mint !== MINT) return script.fetchRoute(request);
      world.asked += 1;
      if (world.slips-- > 0) throw new RaptorError("RAPTOR_VENUE__NO_ROUTE", {});
      return script.fetchRoute(request);
    },
  };
}

function thaw({ words }: World): void {
  for (const node of NODES) words[node] = "movable";
}

function crash({ desk, chain }: World): void {
  chain.price = 500_000n;
  desk.engine.feed.emit(chain.price * 1_000_000_000n, INSTRUMENT);
}

function signedSells({ desk }: World): number {
  return desk.payloads("AttemptPrepared").filter(({ orderId }) => orderId !== "ord_buy").length;
}

describe("a token that its maker has frozen in the wallet", () => {
  it("is left by a panic after two minutes, which says so, with its exits armed", async ({
    expect,
  }) => {
    await withHolding(["frozen", "frozen"], async ({ desk, positionId }) => {
      await pressPanic(desk);
      await desk.clock.advance(2 * MINUTE_MS - 1_000);
      expect(desk.payloads("PanicClosed")).toEqual([]);
      await desk.clock.advance(15_000);
      expect(desk.payloads("PanicClosed")).toMatchObject([{ left: [positionId] }]);
      expect(desk.store.user(USER)).toMatchObject({ panicId: null, paused: true });
      expect(desk.store.exitPlan(positionId)?.state).toBe("armed");
      const told = panicDoneText(desk);
      expect(told).toContain("but for what cannot be sold now");
      expect(told).toContain("You still hold TOK: its maker has frozen it in your wallet");
      expect(told).toContain("/panic again");
    });
  });

  it("costs no fee and no slippage while it is, and is sold when it thaws", async ({ expect }) => {
    await withHolding(["frozen", "frozen"], async (world) => {
      const { desk, chain, positionId } = world;
      crash(world);
      await desk.clock.advance(5 * MINUTE_MS);
      expect(signedSells(world)).toBe(0);
      const [sell] = desk.store.openOrders();
      const stuck = desk.store.outbox(`stuck:${sell?.orderId}:120000`);
      expect(stuck?.content.text).toContain("maker has frozen it in this wallet");
      thaw(world);
      await desk.clock.advance(30_000);
      const { slippageBps } = desk.venue.routes.findLast(({ side }) => side === "sell") ?? {};
      expect(slippageBps).toBe(desk.settings.exitSlippageRampBps[0]);
      chain.land();
      await desk.clock.advance(2_000);
      expect(desk.store.position(positionId)?.state).toBe("closed");
    });
  });

  it("is seen also where the newest node shows none of it", async ({ expect }) => {
    await withHolding(["none", "frozen"], async (world) => {
      crash(world);
      await world.desk.clock.advance(MINUTE_MS);
      expect(signedSells(world)).toBe(0);
    });
  });

  it("ends a panic also when no node answers now and then, and nothing is signed", async ({
    expect,
  }) => {
    await withHolding(["frozen", "frozen"], async (world) => {
      world.silentEvery = 8;
      await pressPanic(world.desk);
      await world.desk.clock.advance(10 * MINUTE_MS);
      expect([world.desk.payloads("PanicClosed").length, signedSells(world)]).toEqual([1, 0]);
    });
  });

  it("ends a panic also when one node is silent for half of every two minutes", async ({
    expect,
  }) => {
    await withHolding(["frozen", "frozen"], async (world) => {
      const { desk, words } = world;
      await pressPanic(desk);
      for (let n = 0; n < 10; n++) {
        words["node-2"] = n % 2 === 0 ? "frozen" : "silent";
        await desk.clock.advance(MINUTE_MS);
      }
      expect([desk.payloads("PanicClosed").length, signedSells(world)]).toEqual([1, 0]);
    });
  });

  it("is tried again minutes after all nodes have called it that", async ({ expect }) => {
    await withHolding(["frozen", "frozen"], async (world) => {
      const { desk, words } = world;
      crash(world);
      await desk.clock.advance(MINUTE_MS);
      words["node-2"] = "silent";
      await desk.clock.advance(MINUTE_MS);
      expect(signedSells(world)).toBe(0);
      await desk.clock.advance(3 * MINUTE_MS);
      expect(signedSells(world)).toBe(1);
    });
  });

  it("is not called that any more once a node has spoken against it, route or none", async ({
    expect,
  }) => {
    await withHolding(["frozen", "frozen"], async (world) => {
      const { desk, words } = world;
      await pressPanic(desk);
      await desk.clock.advance(MINUTE_MS);
      words["node-1"] = "movable";
      world.slips = Number.POSITIVE_INFINITY;
      await desk.clock.advance(15_000);
      words["node-1"] = "silent";
      world.slips = 0;
      await desk.clock.advance(MINUTE_MS);
      expect([desk.payloads("PanicClosed").length, signedSells(world)]).toEqual([0, 1]);
    });
  });

  it("is not bought more of", async ({ expect }) => {
    await withHolding(["frozen", "frozen"], async ({ desk }) => {
      await startBuy(desk, "ord_more");
      await desk.clock.advance(20_000);
      expect(orderRow(desk, "ord_more")).toMatchObject({ status: "rejected" });
      expect(orderRow(desk, "ord_more").reason).toContain("frozen it in this wallet");
    });
  });
});

describe("a token that not every node calls frozen", () => {
  it.for<[Word, Word]>([
    ["frozen", "movable"],
    ["movable", "frozen"],
    ["frozen", "silent"],
    ["silent", "frozen"],
  ])("is tried when the nodes say %s and %s", async (words, { expect }) => {
    await withHolding(words, async (world) => {
      const { desk, chain, positionId } = world;
      crash(world);
      await desk.clock.advance(10_000);
      expect(signedSells(world)).toBe(1);
      chain.land();
      await desk.clock.advance(2_000);
      expect(desk.store.position(positionId)?.state).toBe("closed");
    });
  });

  it("ends no panic on the word of one while the other is silent", async ({ expect }) => {
    await withHolding(["frozen", "silent"], async ({ desk }) => {
      await pressPanic(desk);
      await desk.clock.advance(3 * MINUTE_MS);
      expect(desk.payloads("PanicClosed")).toEqual([]);
    });
  });
});

describe("a token that was frozen until now", () => {
  it("has not been without a route for as long", async ({ expect }) => {
    await withHolding(["frozen", "frozen"], async (world) => {
      const { desk, chain, positionId } = world;
      await pressPanic(desk);
      await desk.clock.advance(119_500);
      world.slips = 1;
      thaw(world);
      await desk.clock.advance(25_000);
      expect([world.asked, desk.payloads("PanicClosed").length]).toEqual([2, 0]);
      chain.land();
      await desk.clock.advance(2_000);
      expect(desk.store.position(positionId)?.state).toBe("closed");
    });
  });

  it("is not left at its first answer by a panic that waited for another sell", async ({
    expect,
  }) => {
    await withHolding(["frozen", "frozen"], async (world) => {
      const { desk, chain } = world;
      await openPosition(desk, chain, "ord_b", { instrument: "MintB.SOLANA" });
      await pressPanic(desk);
      await desk.clock.advance(5 * MINUTE_MS);
      expect([world.asked, desk.payloads("PanicClosed").length]).toEqual([0, 0]);
      world.slips = 1;
      thaw(world);
      while (world.asked === 0) await desk.clock.advance(500);
      chain.land();
      await desk.clock.advance(3_000);
      expect([world.asked, panicDoneText(desk)]).toEqual([1, ""]);
    });
  });

  it("ends a panic all the same when it has no route in turns with that", async ({ expect }) => {
    await withHolding(["frozen", "frozen"], async (world) => {
      const { desk, words } = world;
      world.slips = Number.POSITIVE_INFINITY;
      await pressPanic(desk);
      for (let n = 0; n < 20; n++) {
        for (const node of NODES) words[node] = n % 2 === 0 ? "movable" : "frozen";
        await desk.clock.advance(10_000);
      }
      expect(desk.payloads("PanicClosed")).toHaveLength(1);
    });
  });
});
