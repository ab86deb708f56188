import { describe, it } from "vitest";
import { ADDRESS, mintOf, MINT, USER, WALLET_ID } from "../engine/engine-fixture.ts";
import type { FakeChain } from "../engine/fake-chain.ts";
import { openPosition } from "../engine/trade-fixture.ts";
import { delivered } from "./chat-fixture.ts";
import { withJobDesk, type JobDesk } from "./jobs-fixture.ts";

const GIFT = mintOf(11);
const QUANTITY = 300_000_000n;

async function withGift(
  use: (jobs: JobDesk) => Promise<void>,
  give: (chain: FakeChain) => void = (chain) => void chain.moveOutside(GIFT, QUANTITY, ADDRESS),
): Promise<void> {
  await withJobDesk(async (jobs) => {
    give(jobs.chain);
    jobs.chain.slot += 10;
    await reconcile(jobs);
    await use(jobs);
  });
}

async function reconcile(jobs: JobDesk): Promise<string[]> {
  const run = jobs.desk.engine.reconciler.run("timer");
  await jobs.desk.clock.advance(2_500);
  return (await run).drift.map(({ class: kind }) => kind);
}

function noticeOf(jobs: JobDesk, mint: string, saidMs = 0) {
  return jobs.desk.store.outbox(`surplus:${WALLET_ID}:${mint}:${saidMs}`);
}

/** Presses a button of the notice, which stands as message 5 in the chat. */
async function press(jobs: JobDesk, mint: string, label: string): Promise<string> {
  const buttons = noticeOf(jobs, mint)?.content.keyboard.flat() ?? [];
  const found = buttons.find((button) => button.text === label);
  if (found === undefined || !("callbackData" in found)) {
    throw new Error(`no button ${label} among ${buttons.map(({ text }) => text).join(", ")}`);
  }
  const job = jobs.press(found.callbackData);
  await jobs.accept(job);
  await jobs.desk.clock.settle();
  return jobs.desk.store.outbox(`msg:${USER}:5`)?.content.text ?? "";
}

describe("tokens that came without an order", () => {
  it("are asked about once, with what they are worth and who sent them", async ({ expect }) => {
    await withGift(async (jobs) => {
      const text = noticeOf(jobs, GIFT)?.content.text ?? "";
      expect(text).toContain("came without an order");
      expect(text).toContain("worth about 0.3 SOL");
      const { version } = noticeOf(jobs, GIFT) ?? {};
      await reconcile(jobs);
      expect(noticeOf(jobs, GIFT)?.version).toBe(version);
      expect(jobs.desk.store.user(USER)?.heldReason).toBe("");
    });
  });

  it("become a position with the usual exits, at their present value", async ({ expect }) => {
    await withGift(async (jobs) => {
      const text = await press(jobs, GIFT, "Adopt");
      expect(text).toContain("what they are worth now");
      const [position] = jobs.desk.store.openPositions(USER);
      expect(position).toMatchObject({ quantity: "300000000", costLamports: "300000000" });
      const plan = jobs.desk.store.exitPlan(position?.positionId ?? "");
      expect(plan?.rules.map(({ kind }) => kind)).toEqual(["takeProfit", "stopLoss"]);
      expect(jobs.desk.payloads("TokensAdopted")).toMatchObject([{ mint: GIFT, cost: "market" }]);
      expect(await reconcile(jobs)).toEqual([]);
    });
  });

  it("are adopted once, however often the button is pressed", async ({ expect }) => {
    await withGift(async (jobs) => {
      const button = noticeOf(jobs, GIFT)?.content.keyboard[0]?.[0];
      if (button === undefined || !("callbackData" in button)) throw new Error("no button");
      for (let at = 0; at < 5; at++) await jobs.accept(jobs.press(button.callbackData));
      await jobs.desk.clock.settle();
      expect(jobs.desk.payloads("TokensAdopted")).toHaveLength(1);
      expect(jobs.desk.store.openPositions(USER)[0]?.quantity).toBe("300000000");
    });
  });

  it("have an unknown cost and no exits while no price is known", async ({ expect }) => {
    await withGift(async (jobs) => {
      const { fetchInstrument } = jobs.chain.script();
      jobs.desk.venue.script = {
        ...jobs.chain.script(),
        fetchInstrument: async (mint) => ({ ...(await fetchInstrument(mint)), priceE9: null }),
      };
      const text = await press(jobs, GIFT, "Adopt");
      expect(text).toContain("Cost: unknown");
      expect(text).toContain("No exit is armed");
      const [position] = jobs.desk.store.openPositions(USER);
      expect(position).toMatchObject({ quantity: "300000000", costLamports: "0" });
    });
  });

  it("are left apart for good, until there are more of them", async ({ expect }) => {
    await withGift(async (jobs) => {
      expect(await press(jobs, GIFT, "Ignore")).toContain("left apart");
      expect(await reconcile(jobs)).toEqual([]);
      await jobs.crash();
      expect(await reconcile(jobs)).toEqual([]);
      jobs.chain.moveOutside(GIFT, QUANTITY, ADDRESS);
      jobs.chain.slot += 10;
      expect(await reconcile(jobs)).toEqual(["orphan"]);
      const said = jobs.desk.store.tokenWord(WALLET_ID, GIFT)?.saidMs;
      expect(noticeOf(jobs, GIFT, said)?.content.text).toContain("600 TOK");
    });
  });

  it("are not taken in on one node's word, and can be pressed for again", async ({ expect }) => {
    await withGift(async (jobs) => {
      const [report] = [await jobs.chain.script().fetchWallet(ADDRESS)];
      jobs.desk.venue.script = {
        ...jobs.chain.script(),
        fetchWalletViews: () => [
          { provider: "node-1", report },
          { provider: "node-2", report: null },
        ],
      };
      const text = await press(jobs, GIFT, "Adopt");
      expect(text).toContain("Not done: Not every node could be read");
      expect(jobs.desk.store.openPositions(USER)).toEqual([]);
      const again = jobs.desk.store.outbox(`msg:${USER}:5`)?.content.keyboard.flat();
      expect(again?.map((button) => button.text)).toContain("Adopt");
    });
  });

  it("are never taken in beyond what was shown", async ({ expect }) => {
    await withGift(async (jobs) => {
      jobs.chain.tokens.set(GIFT, QUANTITY * 5n);
      await press(jobs, GIFT, "Adopt");
      expect(jobs.desk.store.openPositions(USER)[0]?.quantity).toBe("300000000");
    });
  });

  it("join a position at today's price, and its exits move with the average", async ({
    expect,
  }) => {
    await withGift(
      async (jobs) => {
        const { desk, chain } = jobs;
        const held = await openPosition(desk, chain);
        chain.price = 2_000_000n;
        chain.moveOutside(MINT, 500_000_000n, `${ADDRESS}/${MINT}`);
        chain.slot += 10;
        expect(await reconcile(jobs)).toContain("adopt");
        await press(jobs, MINT, "Add to position");
        expect(desk.store.position(held.positionId)).toMatchObject({
          quantity: "1000000000",
          costLamports: "1500000000",
          entryPriceE9: "1500000000000000",
        });
        const triggers = desk.store.exitPlan(held.positionId)?.rules;
        expect(triggers?.map(({ triggerPriceE9 }) => triggerPriceE9)).toEqual([
          "3000000000000000",
          "1050000000000000",
        ]);
        expect(await reconcile(jobs)).not.toContain("adopt");
        // As much once more is another question.
        chain.moveOutside(MINT, 500_000_000n, `${ADDRESS}/${MINT}`);
        chain.slot += 10;
        await reconcile(jobs);
        const saidMs = desk.store.tokenWord(WALLET_ID, MINT)?.saidMs;
        expect(noticeOf(jobs, MINT, saidMs)?.content.text).toContain("500 TOK");
      },
      () => {},
    );
  });

  it("of a position are left apart: what is sold later is the position's", async ({ expect }) => {
    await withGift(
      async (jobs) => {
        const { desk, chain } = jobs;
        const held = await openPosition(desk, chain);
        chain.moveOutside(MINT, 500_000_000n, ADDRESS);
        chain.slot += 10;
        await reconcile(jobs);
        await press(jobs, MINT, "Leave apart");
        expect(await reconcile(jobs)).toEqual([]);
        expect(desk.store.position(held.positionId)?.quantity).toBe("500000000");
      },
      () => {},
    );
  });

  it("that are dust or bait are asked about by nobody", async ({ expect }) => {
    await withGift(
      async (jobs) => {
        const { fetchInstrument } = jobs.chain.script();
        jobs.desk.venue.script = {
          ...jobs.chain.script(),
          fetchInstrument: async (mint) => ({
            ...(await fetchInstrument(mint)),
            refusals: mint === MINT ? ["The mint can freeze your tokens."] : [],
          }),
        };
        jobs.chain.moveOutside(GIFT, 9n, ADDRESS);
        jobs.chain.moveOutside(MINT, QUANTITY, ADDRESS);
        jobs.chain.slot += 10;
        expect(await reconcile(jobs)).toEqual(["orphan", "orphan"]);
        expect(noticeOf(jobs, GIFT)).toBeUndefined();
        expect(noticeOf(jobs, MINT)).toBeUndefined();
      },
      () => {},
    );
  });

  it("fill neither the chat nor the journal when a stranger sends a flood of them", async ({
    expect,
  }) => {
    await withGift(
      async (jobs) => {
        for (let at = 0; at < 40; at++) {
          jobs.chain.moveOutside(mintOf(100 + at), QUANTITY, ADDRESS);
        }
        jobs.chain.slot += 10;
        for (let minute = 0; minute < 30; minute++) {
          await reconcile(jobs);
          await jobs.desk.clock.advance(60_000);
        }
        const asked = Array.from({ length: 40 }, (_, at) => noticeOf(jobs, mintOf(100 + at)));
        expect(asked.filter((notice) => notice !== undefined)).toHaveLength(5);
        expect(jobs.desk.payloads("ReconcileCompleted").length).toBeLessThanOrEqual(3);
      },
      () => {},
    );
  });

  it("are asked about at the next look when the position moved during this one", async ({
    expect,
  }) => {
    await withJobDesk(async (jobs) => {
      const { desk, chain } = jobs;
      const position = await openPosition(desk, chain);
      chain.moveOutside(MINT, QUANTITY, ADDRESS);
      chain.slot += 10;
      const { positionId } = position;
      const quantity = (BigInt(position.quantity) - 1n).toString();
      const { openedMs: _, changedMs: __, oversold: ___, ...held } = position;
      const cause = { kind: "offset" as const, detail: "while it was looked at" };
      const stream = `position:${positionId}`;
      const payload = { ...held, quantity, cause };
      const script = chain.script();
      desk.venue.script = {
        ...script,
        fetchInstrument: async (mint) => {
          desk.venue.script = script;
          await desk.store.transact((tx) =>
            tx.append({ stream, kind: "PositionChanged", payload }),
          );
          chain.tokens.set(MINT, (chain.tokens.get(MINT) ?? 0n) - 1n);
          return script.fetchInstrument(mint);
        },
      };
      await reconcile(jobs);
      expect(desk.store.position(positionId)?.quantity).toBe(quantity);
      expect(noticeOf(jobs, MINT)).toBeUndefined();
      await desk.clock.advance(60_000);
      await reconcile(jobs);
      await desk.clock.settle();
      expect(noticeOf(jobs, MINT)?.content.text).toContain("came without an order");
    });
  });

  it("are shown with fresh buttons when the old ones have expired", async ({ expect }) => {
    await withGift(async (jobs) => {
      await delivered(jobs, `surplus:${WALLET_ID}:${GIFT}:0`, 5);
      await jobs.desk.clock.advance(400_000);
      await press(jobs, GIFT, "Adopt");
      expect(jobs.desk.store.openPositions(USER)).toEqual([]);
      const fresh = jobs.desk.store.outbox(`msg:${USER}:5`)?.content.keyboard.flat();
      expect(fresh?.map(({ text }) => text)).toContain("Adopt");
    });
  });
});
