import { copyFileSync, existsSync, rmSync } from "node:fs";
import { describe, it } from "vitest";
import { INSTRUMENT, MINT, SETTINGS, USER, withDesk } from "../engine/engine-fixture.ts";
import type { TestDesk } from "../engine/engine-fixture.ts";
import type { FakeChain } from "../engine/fake-chain.ts";
import { limitBuy } from "../engine/limit-buy-fixture.ts";
import { LimitBuys } from "../engine/limit-buys.ts";
import { chainOf } from "../engine/trade-fixture.ts";
import { copyJournal } from "../store/backup.ts";
import { markRestored } from "../store/recovery-mark.ts";
import { settleRestored } from "./restored.ts";

const E9 = 1_000_000_000n;
const TRIGGER = 800_000n * E9;
const HOUR_MS = 3_600_000;

function start(desk: TestDesk): void {
  const { context, feed, driver } = desk.engine;
  new LimitBuys(context, feed, driver).armAll(() => true);
}

async function price(desk: TestDesk, chain: FakeChain, lamports: bigint): Promise<void> {
  chain.price = lamports;
  desk.engine.feed.emit(lamports * E9, INSTRUMENT, {});
  await desk.clock.settle();
}

describe("a limit buy that fired after the copy was made", () => {
  it("does not buy again after the journal was put back", async ({ expect }) => {
    await withDesk(async (desk) => {
      desk.settings = { ...SETTINGS };
      await desk.crash();
      const chain = chainOf(desk);
      start(desk);
      const payload = limitBuy(TRIGGER, desk.clock.nowMs() + HOUR_MS);
      await desk.transact((tx) =>
        tx.append({ stream: "entry:ent_one", kind: "EntryArmed", payload }),
      );
      // `raptor backup` beside the running desk.
      const path = desk.nextPath.replace(/(\d+)\.db$/, (_, n: string) => `${Number(n) - 1}.db`);
      const copy = `${path}.copy`;
      await copyJournal(path, copy);
      // It fires and buys, and all of that is lost with the volume.
      await price(desk, chain, 790_000n);
      await price(desk, chain, 780_000n);
      chain.land();
      await desk.clock.advance(1_000);
      const bought = chain.tokens.get(MINT) ?? 0n;
      expect(bought).toBeGreaterThan(0n);
      desk.kill();
      await desk.clock.advance(60_000);
      for (const suffix of ["", "-wal", "-shm"]) {
        if (existsSync(desk.nextPath + suffix)) rmSync(desk.nextPath + suffix);
      }
      copyFileSync(copy, desk.nextPath);
      const mark = { from: "backup", headSeq: 1, headHash: "a".repeat(64) } as const;
      markRestored(desk.nextPath, { ...mark, atMs: desk.clock.nowMs() });
      await desk.boot();
      const settled = settleRestored(desk.engine.context);
      await desk.clock.settle();
      await settled;
      await desk.clock.settle();
      start(desk);
      await desk.clock.advance(60_000);
      // The person has looked and pressed "Resume entries", as the notice asks.
      await desk.transact((tx) =>
        tx.append({
          stream: `user:${USER}`,
          kind: "EntriesReleased",
          payload: { userId: USER, reason: "looked at" },
        }),
      );
      await price(desk, chain, 779_000n);
      await price(desk, chain, 778_000n);
      await desk.clock.advance(1_000);
      if (chain.undecided.length > 0) chain.land();
      await desk.clock.advance(1_000);
      expect(chain.tokens.get(MINT)).toBe(bought);
      expect(desk.store.armedEntries(USER)).toEqual([]);
      expect(desk.store.outbox("entry:ent_one")?.content.text).toContain("was called off");
    });
  });
});
