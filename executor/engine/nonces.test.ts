import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { describe, it } from "vitest";
import { storySteps } from "./describe-event.ts";
import { NONCE_RENT } from "./fake-venue.ts";
import { WALLET_ID, withDesk, type TestDesk } from "./engine-fixture.ts";
import {
  freshPosition,
  nonceChainOf,
  noncesOf,
  NONCE_SETTINGS,
  settledPosition,
  statesOf,
} from "./nonce-fixture.ts";
import { openPosition, orderRow, startBuy, startSell, USER } from "./trade-fixture.ts";

const REPLACE_MS = NONCE_SETTINGS.exitReplaceMs;

function groupsOf(desk: TestDesk, orderId: string): string[] {
  return desk.store.attemptsOf(orderId).map(({ exclusionGroup }) => exclusionGroup);
}

describe("nonce accounts", () => {
  it("exist before the first buy of a wallet is sent, and are wanted before that", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk);
      const before = chain.lamports;
      await startBuy(desk);
      await desk.clock.advance(1_000);
      const kinds = desk.kinds();
      const at = (kind: (typeof kinds)[number]): number => kinds.indexOf(kind);
      expect(at("NonceAccountsWanted")).toBeGreaterThan(at("OrderApproved"));
      expect(at("NonceAccountsCreated")).toBeGreaterThan(at("NonceAccountsWanted"));
      expect(at("AttemptPrepared")).toBeGreaterThan(at("NonceAccountsCreated"));
      expect(noncesOf(desk)).toEqual(["ready"]);
      expect(before - chain.lamports).toBe(NONCE_RENT);
      expect(desk.store.attemptsOf("ord_buy")[0]?.bound.kind).toBe("blockHeight");
    });
  });

  it("are asked for again after a crash, and paid for once", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk);
      const { createNonces } = chain.script();
      let isDead = false;
      desk.venue.script.createNonces = (...asked) => {
        const done = createNonces(...asked);
        return isDead ? done : new Promise(() => {});
      };
      await startBuy(desk);
      expect(noncesOf(desk)).toEqual(["wanted"]);
      isDead = true;
      await desk.crash();
      desk.engine.pool.start();
      await desk.clock.advance(1_000);
      expect(noncesOf(desk)).toEqual(["ready"]);
      expect(chain.lamports).toBe(100_000_000_000n - NONCE_RENT);
    });
  });

  it("keep no buy that can go on without them", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk);
      desk.venue.script.createNonces = () => ({
        outcome: "refused",
        reason: "the signer is stubborn",
        alert: false,
      });
      const position = await freshPosition(desk, chain);
      expect(noncesOf(desk)).toEqual(["refused"]);
      await startSell(desk, position);
      expect(desk.store.attemptsOf("ord_sell")[0]?.bound.kind).toBe("blockHeight");
    });
  });

  it("are put off, and called unsafe by nobody, while it is not certain whose turn it is", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk);
      const { createNonces } = chain.script();
      desk.venue.script.createNonces = () => {
        throw new RaptorError("RAPTOR_LEASE__IN_DOUBT", { reason: "the lease has lapsed" });
      };
      await startBuy(desk);
      await desk.clock.advance(1_000);
      expect(noncesOf(desk)).toEqual(["wanted"]);
      expect(desk.shouts).toEqual([]);
      desk.venue.script.createNonces = createNonces;
      desk.engine.pool.start();
      await desk.clock.advance(1_000);
      expect(noncesOf(desk)).toEqual(["ready"]);
    });
  });

  it("deny a buy whose wallet cannot pay their rent", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk);
      chain.lamports = 500_000_000n + 20_000_000n + NONCE_RENT - 1n;
      await startBuy(desk);
      expect(orderRow(desk, "ord_buy")).toMatchObject({ status: "denied" });
      expect(orderRow(desk, "ord_buy").reason).toContain("0.00144768 SOL more are held back");
      expect(noncesOf(desk)).toEqual([]);
    });
  });

  it("grow with what is open, up to the maximum", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk, { nonceAccountsMax: 2 });
      for (const index of [1, 2, 3]) {
        await startBuy(desk, `ord_${index}`, { instrument: `mint${index}.SOLANA` });
        await desk.clock.advance(1_000);
        for (const { identity } of chain.undecided) chain.land(identity);
        await desk.clock.advance(1_000);
        expect(noncesOf(desk)).toHaveLength(Math.min(index, 2));
      }
    });
  });

  it("are given back on demand, to the lamport, and only when nothing needs them", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk);
      const position = await settledPosition(desk, chain);
      const { pool } = desk.engine;
      const ask = async (): Promise<string | undefined> => {
        const answer = pool.reclaim(USER, "tg:1:77");
        await desk.clock.settle();
        return answer;
      };
      expect(await ask()).toContain("A position is open");
      await startSell(desk, position);
      chain.land();
      await desk.clock.advance(1_000);
      expect(await ask()).toContain("not final yet");
      chain.finalize();
      await desk.clock.advance(6_000);
      const before = chain.lamports;
      expect(await ask()).toBeUndefined();
      expect(chain.lamports - before).toBe(NONCE_RENT);
      expect(noncesOf(desk)).toEqual(["reclaimed"]);
      expect(await ask()).toContain("No rent is held back");
      // A late copy of the reclaim could still close an account at the same address.
      await startBuy(desk, "ord_next");
      await desk.clock.advance(1_000);
      expect(desk.store.nonceAccounts(WALLET_ID).map(({ state }) => state)).toEqual([
        "reclaimed",
        "ready",
      ]);
    });
  });
});

describe("an exit", () => {
  it("stands on a nonce, and gets a dearer copy of which one lands", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk);
      const position = await settledPosition(desk, chain);
      await startSell(desk, position);
      await desk.clock.advance(REPLACE_MS + 500);
      expect(statesOf(desk, "ord_sell")).toEqual(["submitted", "submitted"]);
      expect(new Set(groupsOf(desk, "ord_sell")).size).toBe(1);
      const [first, second] = chain.undecided;
      expect(second?.tipLamports).toBeGreaterThan(first?.tipLamports ?? 0n);
      chain.land(first?.identity);
      await desk.clock.advance(2_000);
      expect(orderRow(desk, "ord_sell").status).toBe("filled");
      expect(statesOf(desk, "ord_sell")).toEqual(["filled", "submitted"]);
      chain.finalize();
      await desk.clock.advance(6_000);
      expect(statesOf(desk, "ord_sell")).toEqual(["filled", "dead"]);
      expect(desk.store.attemptsOf("ord_sell")[1]?.evidence).toMatchObject({
        supersededBy: first?.identity,
        by: { end: "filled" },
      });
      expect(desk.payloads("FillRecorded")).toHaveLength(2);
      const story = storySteps(desk.store.eventsOf("order:ord_sell")).map(({ meaning }) => meaning);
      expect(story.join("\n")).toContain(`its nonce was used by ${first?.identity} for good`);
    });
  });

  it("is copied a bounded number of times, each dearer than the one before", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk);
      const position = await settledPosition(desk, chain);
      await startSell(desk, position);
      await desk.clock.advance(20 * REPLACE_MS);
      const tips = chain.undecided.map(({ tipLamports }) => tipLamports);
      expect(tips).toHaveLength(5);
      expect(tips).toEqual([...new Set(tips)].toSorted((one, other) => (one < other ? -1 : 1)));
      expect(orderRow(desk, "ord_sell").status).toBe("submitted");
      expect(desk.store.outbox("order:ord_sell")?.content.text).toContain("dearer copy");
    });
  });

  it("goes out by blockhash when its nonce cannot be used", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk);
      const position = await settledPosition(desk, chain);
      chain.nonces.clear();
      await startSell(desk, position);
      await desk.clock.advance(1_000);
      const bounds = desk.store.attemptsOf("ord_sell").map(({ bound }) => bound.kind);
      expect(bounds).toEqual(["blockHeight"]);
    });
  });

  it("goes on by nonce alone while blockhashes are held, and buys do not", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk);
      const position = await settledPosition(desk, chain);
      desk.blockhashHold = "The lease is not known to be ours.";
      await startSell(desk, position);
      expect(desk.store.attemptsOf("ord_sell")[0]?.bound.kind).toBe("nonce");
      await startBuy(desk, "ord_late", { instrument: "other.SOLANA" });
      expect(orderRow(desk, "ord_late")).toMatchObject({
        status: "canceled",
        reason: "The lease is not known to be ours.",
      });
    });
  });

  it("waits with the reason when blockhashes are held and no nonce is free", async ({ expect }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk, { nonceAccountsMax: 0 });
      const position = await openPosition(desk, chain);
      desk.blockhashHold = "The lease is not known to be ours.";
      await startSell(desk, position);
      await desk.clock.advance(10_000);
      expect(desk.store.attemptsOf("ord_sell")).toEqual([]);
      expect(desk.store.outbox("stuck:ord_sell:5000")?.content.text).toContain("lease");
      desk.blockhashHold = undefined;
      await desk.clock.advance(10_000);
      expect(statesOf(desk, "ord_sell")).toEqual(["submitted"]);
    });
  });

  it("ends its copies after a revert only when that is final, and then tries anew", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk);
      const position = await settledPosition(desk, chain);
      await startSell(desk, position);
      await desk.clock.advance(REPLACE_MS + 500);
      const [, second] = chain.undecided;
      chain.revert(second?.identity);
      await desk.clock.advance(4_000);
      expect(statesOf(desk, "ord_sell")).toEqual(["submitted", "accepted"]);
      chain.finalize();
      await desk.clock.advance(2_000);
      expect(statesOf(desk, "ord_sell").slice(0, 2)).toEqual(["dead", "failed"]);
      await desk.clock.advance(2_000);
      expect(statesOf(desk, "ord_sell")).toEqual(["dead", "failed", "submitted"]);
      expect(new Set(groupsOf(desk, "ord_sell")).size).toBe(2);
    });
  });
});

it("a copy names the try that began its group, a try on another nonce none", async ({ expect }) => {
  await withDesk(async (desk) => {
    const chain = await nonceChainOf(desk);
    const position = await settledPosition(desk, chain);
    const { script } = desk.venue;
    const { prepare } = chain.script();
    const asked: unknown[] = [];
    desk.venue.script = {
      ...script,
      prepare(order, route, n, lifetime) {
        asked.push([n, lifetime.kind === "nonce" ? lifetime.firstTry : lifetime.kind]);
        return prepare(order, route, n, lifetime);
      },
    };
    await startSell(desk, position);
    await desk.clock.advance(REPLACE_MS + 500);
    chain.revert(chain.undecided[1]?.identity);
    chain.finalize();
    await desk.clock.advance(5_000 + REPLACE_MS);
    expect(asked.slice(0, 4)).toEqual([
      [1, undefined],
      [2, 1],
      [3, undefined],
      [4, 3],
    ]);
  });
});

describe("a fork", () => {
  it("lets a copy land in place of the one that was booked, never beside it", async ({
    expect,
  }) => {
    await withDesk(async (desk) => {
      const chain = await nonceChainOf(desk);
      const position = await settledPosition(desk, chain);
      await startSell(desk, position);
      await desk.clock.advance(REPLACE_MS + 500);
      const [first, second] = chain.undecided.map(({ identity }) => identity);
      chain.land(first);
      await desk.clock.advance(2_000);
      chain.fork();
      chain.land(second);
      await desk.clock.advance(2_000);
      expect(desk.payloads("FillRecorded")).toHaveLength(2);
      chain.finalize();
      await desk.clock.advance(10_000);
      expect(desk.payloads("FillReversed")).toHaveLength(1);
      expect(statesOf(desk, "ord_sell")).toEqual(["dead", "filled"]);
      expect(orderRow(desk, "ord_sell").status).toBe("filled");
      expect(desk.store.position(position.positionId)?.state).toBe("closed");
      expect(chain.effects).toHaveLength(2);
    });
  });
});
