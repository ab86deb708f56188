import { describe, it } from "vitest";
import type { Job } from "@raptor/shared/wire/job.ts";
import { MINT, mintOf, USER } from "../engine/engine-fixture.ts";
import { ADMIN, withJobDesk, type JobDesk } from "./jobs-fixture.ts";

/** Accepts a job whose handler never gets an answer, then dies. */
async function acceptAndDie(jobs: JobDesk, job: Job): Promise<void> {
  const never = () => new Promise<never>(() => {});
  jobs.desk.venue.script = { fetchInstrument: never, fetchRoute: never, fetchWallet: never };
  expect202(await jobs.accept(job));
  jobs.desk.kill();
  jobs.desk.venue.script = jobs.chain.script();
}

function expect202(result: { status: number }): void {
  if (result.status !== 202) throw new Error(`expected 202, was ${result.status}`);
}

describe("a job that was accepted and not finished", () => {
  it("is done after the restart, with one order", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const job = jobs.buyJob();
      await acceptAndDie(jobs, job);
      await jobs.boot();
      expect(jobs.desk.store.job(job.id)?.state).toBe("done");
      expect(jobs.desk.store.ordersOfJob(job.id)).toHaveLength(1);
      expect(jobs.chain.undecided).toHaveLength(1);
      expect((await jobs.accept(job)).answer.status).toBe("duplicate");
    });
  });

  it("goes on with its order when the crash came after the order", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const job = jobs.buyJob();
      jobs.desk.disk.count = 0;
      // The third unit of work is the end of the job: accepted, order, finished.
      jobs.desk.disk.failAt = 3;
      expect202(await jobs.accept(job));
      expect(jobs.desk.store.job(job.id)?.state).toBe("pending");
      expect(jobs.desk.store.ordersOfJob(job.id)).toHaveLength(1);
      await jobs.crash();
      await jobs.desk.clock.advance(2_000);
      expect(jobs.desk.store.job(job.id)?.state).toBe("done");
      expect(jobs.desk.eventsOf("OrderInitialized")).toHaveLength(1);
      expect(jobs.chain.transactions.size).toBe(1);
    });
  });

  it("expires when its button was pressed long before the restart", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const press = jobs.press(await jobs.buyButton());
      await acceptAndDie(jobs, press);
      await jobs.desk.clock.advance(31_000);
      await jobs.boot();
      const [order] = jobs.desk.store.ordersOfJob(press.id);
      expect(order).toMatchObject({ status: "expired" });
      expect(jobs.desk.venue.submitted).toEqual([]);
    });
  });

  it("says that nothing was done when its ticket did not survive", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const press = jobs.press(await jobs.buyButton());
      await acceptAndDie(jobs, press);
      await jobs.desk.boot(false);
      await jobs.desk.transact((tx) => tx.purge(jobs.desk.clock.nowMs() + 600_000));
      await jobs.crash();
      expect(jobs.desk.store.job(press.id)?.outcome).toContain("void");
      expect(jobs.desk.store.outbox(`job:${press.id}`)?.content.text).toContain("Nothing was done");
      expect(jobs.desk.eventsOf("OrderInitialized")).toEqual([]);
    });
  });

  it("does not say 'no position' of a sell that was its own", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      expect202(await jobs.accept(jobs.buyJob()));
      jobs.chain.land();
      await jobs.desk.clock.advance(1_000);
      jobs.chain.slot += 10;
      const job = { ...jobs.head(), kind: "sell", mint: MINT, percentText: "all" } as const;
      jobs.desk.disk.count = 0;
      jobs.desk.disk.failAt = 3;
      expect202(await jobs.accept(job));
      expect(jobs.desk.store.job(job.id)?.state).toBe("pending");
      jobs.desk.kill();
      jobs.chain.land();
      await jobs.boot();
      await jobs.desk.clock.advance(2_000);
      expect(jobs.desk.store.openPositions(USER)).toEqual([]);
      expect(jobs.desk.store.job(job.id)?.outcome).toMatch(/^order /);
      expect(jobs.desk.store.outbox(`job:${job.id}`)).toBeUndefined();
    });
  });

  it("goes on by itself when the disk takes writes again", async ({ expect }) => {
    for (const failAt of [2, 3]) {
      await withJobDesk(async (jobs) => {
        const job = jobs.buyJob();
        jobs.desk.disk.count = 0;
        jobs.desk.disk.failAt = failAt;
        expect202(await jobs.accept(job));
        expect(jobs.desk.store.job(job.id)?.state).toBe("pending");
        await jobs.desk.clock.advance(1_500);
        expect(jobs.desk.store.job(job.id)?.state).toBe("done");
        expect(jobs.desk.eventsOf("OrderInitialized")).toHaveLength(1);
        expect(jobs.chain.undecided).toHaveLength(1);
      });
    }
  });

  it("issues one API token, whenever the crash comes", async ({ expect }) => {
    for (const failAt of [2, 3]) {
      await withJobDesk(async (jobs) => {
        const job = { ...jobs.head(), kind: "issueToken" as const, scopes: [] };
        jobs.desk.disk.count = 0;
        jobs.desk.disk.failAt = failAt;
        expect202(await jobs.accept(job));
        await jobs.crash();
        expect(jobs.desk.store.job(job.id)?.state).toBe("done");
        expect(jobs.desk.eventsOf("TokenIssued")).toHaveLength(1);
        const stored = JSON.stringify(jobs.desk.store.outbox(`job:${job.id}`));
        const [token] = jobs.desk.store.activeTokens();
        expect(stored).not.toContain(jobs.apiTokens.tokenOf(token?.tokenId ?? "none"));
      });
    }
  });

  it("is left to the next start when the process stops meanwhile", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const job = jobs.buyJob();
      jobs.desk.disk.count = 0;
      jobs.desk.disk.failAt = 2;
      expect202(await jobs.accept(job));
      jobs.phase = "draining";
      const stopped = jobs.lanes.stop();
      await jobs.desk.clock.advance(2_000);
      await stopped;
      expect(jobs.desk.store.job(job.id)?.state).toBe("pending");
      jobs.phase = "ready";
      await jobs.crash();
      expect(jobs.desk.store.job(job.id)?.state).toBe("done");
    });
  });
});

describe("a person's first command", () => {
  it("makes no wallet under a wrong master key, and stops trading all the same", async ({
    expect,
  }) => {
    await withJobDesk(async (jobs) => {
      const actor = { kind: "telegram", userId: 8, chatId: 8, name: "Bo" } as const;
      jobs.walletRefusal = "It makes no wallets.";
      const start = await jobs.accept({ ...jobs.head(), actor, kind: "start" });
      expect([start.status, JSON.stringify(start.answer)]).toEqual([
        200,
        expect.stringContaining("makes no wallets"),
      ]);
      const owner = { kind: "telegram", userId: ADMIN, chatId: ADMIN, name: "Owner" } as const;
      const wish = { kind: "setTradingState", state: "halted", reason: "/kill" } as const;
      const kill = { ...jobs.head(), actor: owner, ...wish };
      expect((await jobs.accept(kill)).answer.status).not.toBe("refused");
      expect(jobs.desk.store.control().tradingState).toBe("halted");
      expect(jobs.desk.store.job(kill.id)?.state).toBe("done");
      expect(jobs.walletsCreated).toBe(0);
    });
  });

  it("is not left without a word when the next start meets a wrong master key", async ({
    expect,
  }) => {
    await withJobDesk(async (jobs) => {
      const actor = { kind: "telegram", userId: 8, chatId: 8, name: "Bo" } as const;
      const job = { ...jobs.head(), actor, kind: "start" } as const;
      jobs.desk.disk.count = 0;
      jobs.desk.disk.failAt = 2;
      expect202(await jobs.accept(job));
      jobs.walletRefusal = "It makes no wallets. Nothing was done.";
      await jobs.crash();
      expect(jobs.desk.store.job(job.id)?.state).toBe("done");
      expect(jobs.desk.store.walletOf(8)).toBeUndefined();
      expect(jobs.desk.store.outbox(`job:${job.id}`)?.content.text).toContain("Nothing was done");
    });
  });

  it("to sell or to panic is answered under a wrong master key", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const actor = { kind: "telegram", userId: 8, chatId: 8, name: "Bo" } as const;
      jobs.walletRefusal = "It makes no wallets. Nothing was done.";
      const job = { ...jobs.head(), actor, kind: "panic" } as const;
      expect202(await jobs.accept(job));
      expect(jobs.desk.store.outbox(`job:${job.id}`)?.content.text).toContain("Nothing was done");
    });
  });

  it("makes one account and one wallet, however many commands come at once", async ({ expect }) => {
    await withJobDesk(async (jobs) => {
      const actor = { kind: "telegram", userId: 8, chatId: 8, name: "Bo <b>" } as const;
      const sell = { kind: "sell", mint: mintOf(3), percentText: "all" } as const;
      const start = { ...jobs.head(), actor, kind: "start" } as const;
      const both = Promise.all([
        jobs.intake.accept(start),
        jobs.intake.accept({ ...jobs.head(), actor, ...sell }),
      ]);
      await jobs.desk.clock.settle();
      expect((await both).map(({ status }) => status)).toEqual([202, 202]);
      expect(jobs.walletsCreated).toBe(1);
      expect(jobs.desk.payloads("WalletCreated").filter(({ userId }) => userId === 8)).toHaveLength(
        1,
      );
      expect(jobs.desk.store.outbox(`job:${start.id}`)?.content.text).toContain("Bo");
    });
  });
});
