import { describe, it } from "vitest";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { SCREENS, type Job } from "@raptor/shared/wire/job.ts";
import { INSTRUMENT, MINT, mintOf, USER } from "../engine/engine-fixture.ts";
import { delivered, navigation, say, showTokenCard } from "./chat-fixture.ts";
import { withJobDesk, type JobDesk } from "./jobs-fixture.ts";

async function openPosition(jobs: JobDesk, mint = MINT): Promise<string> {
  await say(jobs, jobs.buyJob({ mint }));
  jobs.chain.land();
  await jobs.desk.clock.advance(1_000);
  jobs.chain.slot += 10;
  const position = jobs.desk.store.openPositions(USER).at(-1);
  if (position === undefined) throw new Error("expected a position");
  return position.positionId;
}

function sellJob(jobs: JobDesk, percentText: string, mint = MINT): Job {
  return { ...jobs.head(), kind: "sell", mint, percentText };
}

describe("a typed buy", () => {
  it.for(["0", "-1", "NaN", "1e309", "0.0000000001"])(
    "of %s makes no order and says why",
    async (amountText, { expect }) => {
      await withJobDesk(async (jobs) => {
        const text = await say(jobs, jobs.buyJob({ amountText }));
        expect(text).toContain("Not bought");
        expect(text).toContain("Nothing was bought");
        expect(jobs.desk.eventsOf("OrderInitialized")).toEqual([]);
      });
    },
  );

  it("makes no order for a token that is refused or cannot be looked at", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const script = jobs.chain.script();
      const refused = { ...(await script.fetchInstrument(MINT)), refusals: ["It can be frozen."] };
      jobs.desk.venue.script = { ...script, fetchInstrument: () => refused };
      expect(await say(jobs, jobs.buyJob())).toContain("It can be frozen.");
      jobs.desk.venue.script = {
        ...script,
        fetchInstrument: () => {
          throw new RaptorError("RAPTOR_VENUE__UNAVAILABLE");
        },
      };
      const text = await say(jobs, jobs.buyJob());
      expect(text).toContain("The venue cannot be reached");
      expect(text).toContain("no SOL left the wallet");
      expect(jobs.desk.eventsOf("OrderInitialized")).toEqual([]);
    });
  });

  it("keeps the deadline of its message", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const job = jobs.buyJob({ deadlineMs: jobs.desk.clock.nowMs() + 1_234 });
      await say(jobs, job);
      expect(jobs.desk.payloads("OrderInitialized")[0]?.deadlineMs).toBe(job.deadlineMs);
    });
  });
});

describe("a typed sell", () => {
  it("sells the part of the position that was asked for", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await openPosition(jobs);
      await say(jobs, sellJob(jobs, "25%"));
      expect(jobs.desk.payloads("OrderInitialized").at(-1)).toMatchObject({
        side: "sell",
        quantity: "125000000",
        deadlineMs: null,
      });
    });
  });

  it("sells the last unit of a position that is too small to divide", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      jobs.chain.price = 500_000_000n * 1_000_000n;
      await openPosition(jobs);
      expect(jobs.chain.tokens.get(MINT)).toBe(1n);
      await say(jobs, sellJob(jobs, "25"));
      expect(jobs.desk.payloads("OrderInitialized").at(-1)).toMatchObject({ quantity: "1" });
    });
  });

  it("says what is in the way: nothing held, no number, a sell under way", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      expect(await say(jobs, sellJob(jobs, "all"))).toContain("no open position");
      await openPosition(jobs);
      expect(await say(jobs, sellJob(jobs, "half"))).toContain("Nothing was sold");
      await say(jobs, sellJob(jobs, "25"));
      expect(await say(jobs, sellJob(jobs, "all"))).toContain("already under way");
      const sells = jobs.desk.payloads("OrderInitialized").filter(({ side }) => side === "sell");
      expect(sells).toHaveLength(1);
    });
  });

  it("is refused for a position of somebody else or one that is closed", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const positionId = await openPosition(jobs);
      const action = { kind: "sell", positionId, quantityBps: 10_000 } as const;
      const bo = { kind: "telegram", userId: 8, chatId: 8, name: "Bo" } as const;
      const pressed = jobs.press(await jobs.button(action, "trade", 8), { actor: bo });
      expect(await say(jobs, pressed)).toContain("not yours");
      const sell = await jobs.button(action);
      await say(jobs, sellJob(jobs, "all"));
      jobs.chain.land();
      await jobs.desk.clock.advance(1_000);
      expect(await say(jobs, jobs.press(sell))).toContain("This position is closed");
    });
  });
});

describe("a screen", () => {
  it("is shown for every command that asks for one", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      for (const screen of SCREENS) {
        expect(await say(jobs, { ...jobs.head(), kind: "showScreen", screen })).not.toBe("");
      }
      expect(await say(jobs, { ...jobs.head(), kind: "start" })).toContain("Ann");
      expect(await say(jobs, { ...jobs.head(), kind: "panic" })).toContain("Sell everything?");
      const token = await say(jobs, { ...jobs.head(), kind: "showToken", mint: MINT });
      expect(token).toContain("TOK");
      expect(jobs.desk.eventsOf("PanicOpened")).toEqual([]);
    });
  });

  it("of a token says where its price comes from, and takes a fresh one over an old one", async ({
    expect,
  }) => {
    await withJobDesk(async (jobs) => {
      const card = (): Promise<string> =>
        say(jobs, { ...jobs.head(), kind: "showToken", mint: MINT });
      expect(await card()).toContain("from the price service, 0 s ago");
      const { feed } = jobs.desk.engine;
      feed.emit(3n * 10n ** 15n, INSTRUMENT, { source: "pool" });
      expect(await card()).toContain("0.003 SOL, live from its pool");
      feed.emit(3n * 10n ** 15n, INSTRUMENT, { source: "pool", isStale: true });
      expect(await card()).toMatch(/SOL, from the price service, 0 s ago/);
      const { fetchInstrument } = jobs.desk.venue.script;
      if (fetchInstrument === undefined) throw new Error("expected a venue that knows the token");
      jobs.desk.venue.script.fetchInstrument = async (mint) => ({
        ...(await fetchInstrument(mint)),
        priceE9: null,
      });
      expect(await card()).toMatch(/0\.003 SOL, from its pool, .* ago\n⚠️ This price is old/);
    });
  });

  it("is shown without balances when the chain cannot be read", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      jobs.desk.venue.script = {
        fetchWallet: () => {
          throw new RaptorError("RAPTOR_VENUE__UNAVAILABLE");
        },
        fetchInstrument: () => {
          throw new RaptorError("RAPTOR_VENUE__UNAVAILABLE");
        },
      };
      expect(await say(jobs, { ...jobs.head(), kind: "start" })).toContain("Ann");
      const token = await say(jobs, { ...jobs.head(), kind: "showToken", mint: mintOf(4) });
      expect(token).toContain("cannot be shown right now");
    });
  });

  it("is refreshed in place, and an order is looked at again", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const job = jobs.buyJob();
      await say(jobs, job);
      const [order] = jobs.desk.store.ordersOfJob(job.id);
      const key = order?.noticeKey ?? "";
      await delivered(jobs, key, 9);
      const version = jobs.desk.store.outbox(key)?.version ?? 0;
      await say(jobs, jobs.press(await navigation(jobs, "refresh"), { messageId: 9 }));
      expect(jobs.desk.store.outbox(key)?.version).toBe(version + 1);
      await showTokenCard(jobs);
      await say(jobs, jobs.press(await navigation(jobs, "home"), { messageId: 5 }));
      expect(jobs.desk.store.outbox(`msg:${USER}:5`)).toMatchObject({
        messageId: 5,
        view: { kind: "home" },
      });
    });
  });

  it("says that panic is under way in the place of its question", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await openPosition(jobs);
      const data = await jobs.button({ kind: "panic" }, "menu");
      await jobs.accept(jobs.press(data, { messageId: 7 }));
      const row = jobs.desk.store.outbox(`msg:${USER}:7`);
      expect(row?.content.text).toContain("1 position is being sold");
      expect(row?.messageId).toBe(7);
    });
  });

  it("gives way to home when buys were resumed on a notice", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await jobs.accept({ ...jobs.head(), kind: "pause" });
      await jobs.desk.transact((tx) => {
        jobs.desk.engine.context.notices.alert(tx, USER, "note", ["Something was noticed"]);
      });
      const row = jobs.desk.store.outbox("note");
      const [button] = row?.content.keyboard[0] ?? [];
      if (button === undefined || !("callbackData" in button)) throw new Error("expected a button");
      expect(button.text).toBe("Resume entries");
      await delivered(jobs, "note", 8);
      await jobs.accept(jobs.press(button.callbackData, { messageId: 8 }));
      expect(jobs.desk.store.user(USER)?.paused).toBe(false);
      expect(jobs.desk.store.outbox(`msg:${USER}:8`)?.view).toEqual({ kind: "home" });
    });
  });

  it("gets fresh buttons after one of its buttons was refused", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await showTokenCard(jobs);
      const data = await jobs.buyButton();
      await say(jobs, jobs.press(data));
      await jobs.accept(jobs.press(data));
      expect(jobs.desk.store.outbox(`msg:${USER}:5`)?.view).toEqual({ kind: "token", mint: MINT });
    });
  });
});

describe("an account command", () => {
  it("revokes every token that was issued", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await say(jobs, { ...jobs.head(), kind: "issueToken", scopes: ["status"] });
      expect(jobs.desk.store.activeTokens()).toMatchObject([{ userId: USER, scopes: ["status"] }]);
      const text = await say(jobs, { ...jobs.head(), kind: "revokeTokens" });
      expect(text).toContain("revoked");
      expect(jobs.desk.store.activeTokens()).toEqual([]);
    });
  });

  it("reconciles on a tick of the schedule", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      jobs.chain.tokens.set(MINT, 5n);
      const actor = { kind: "cron", name: "reconcile" } as const;
      const job = { ...jobs.head("qs:tick"), actor, kind: "reconcile" } as const;
      await say(jobs, job);
      expect(jobs.desk.store.job(job.id)?.outcome).toBe("complete, 1 differences");
    });
  });

  it("releases held entries once its ticket is redeemed", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      await jobs.desk.transact((tx) => {
        const payload = { userId: USER, reason: "look" };
        tx.append({ stream: `user:${USER}`, kind: "EntriesHeld", payload });
      });
      await say(jobs, jobs.press(await jobs.button({ kind: "releaseEntries" }, "menu")));
      expect(jobs.desk.store.user(USER)?.heldReason).toBe("");
    });
  });
});
