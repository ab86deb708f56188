import { describe, it } from "vitest";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { decodePool, type DirectPool } from "../../pools/direct-pool.ts";
import { FakeClock } from "./fake-net.ts";
import { CURVE, curveAccounts, MINT } from "./pool-bytes-fixture.ts";
import { TOKEN_PROGRAM } from "./programs.ts";
import { ReadyDesk } from "./ready-desk.ts";
import { addressOf } from "./streams-fixture.ts";
import { TemplateShelf } from "./template-shelf.ts";

const WALLET = addressOf(1);
const HOLDING = { wallet: WALLET, mint: MINT, tokenProgram: TOKEN_PROGRAM };

function curve(): DirectPool {
  const accounts = curveAccounts(1_000_000_000_000_000n, 40_000_000_000n);
  const bytes = new Map([...accounts].map(([address, account]) => [address, account.bytes]));
  const pool = decodePool(CURVE, bytes);
  if (pool.kind === "unusable") throw new Error(pool.reason);
  return pool;
}

/** A desk whose pools, balances and nonces only count who keeps them. */
function createDesk(clock: Clock, isFresh = true) {
  const kept = new Map<string, number>();
  const count = (name: string, change: number): void => {
    const now = (kept.get(name) ?? 0) + change;
    if (now === 0) kept.delete(name);
    else kept.set(name, now);
  };
  const fresh = { isFresh, slot: 7, atMonotonicMs: 0 };
  const templates = new TemplateShelf();
  const desk = new ReadyDesk({
    clock,
    templates,
    tipCounts: { buy: 0, sell: 0 },
    rehearse: () => Promise.resolve(),
    pools: {
      track: (mint) => count(`pool ${mint}`, 1),
      untrack: (mint) => count(`pool ${mint}`, -1),
      hasPassed: () => false,
      stateOf: () => ({ pool: curve(), ...fresh }),
    },
    warm: {
      keepWallet: (wallet) => count(`wallet ${wallet}`, 1),
      dropWallet: (wallet) => count(`wallet ${wallet}`, -1),
      keepToken: (wallet, mint) => count(`token ${wallet}/${mint}`, 1),
      dropToken: (wallet, mint) => count(`token ${wallet}/${mint}`, -1),
      keepNonce: () => {},
      dropNonce: () => {},
      lamportsOf: () => ({ value: 5n, ...fresh, slot: 9 }),
      tokenBalanceOf: () => ({ value: 3n, ...fresh }),
      nonceValueOf: () => undefined,
    },
    nonces: { start: () => {}, stop: () => Promise.resolve() },
  });
  return { desk, kept, templates };
}

describe("a holding that is kept ready", () => {
  it("has pool, wallet and balance followed once, until it is dropped as often", ({ expect }) => {
    const { desk, kept } = createDesk(new FakeClock());
    desk.keep(HOLDING);
    desk.keep(HOLDING);
    expect([...kept.values()]).toEqual([1, 1, 1]);
    desk.drop(HOLDING);
    expect(kept.size).toBe(3);
    desk.drop(HOLDING);
    desk.drop(HOLDING);
    expect(kept.size).toBe(0);
  });

  it("has its sells compiled before anybody needs them", async ({ expect }) => {
    const clock = new FakeClock();
    const { desk, templates } = createDesk(clock);
    desk.start();
    desk.keep(HOLDING);
    await clock.advance(2_000);
    expect(templates.size).toBe(2);
    await desk.stop();
  });

  it("of a card that somebody looks at has its buy compiled too, and cools down", async ({
    expect,
  }) => {
    const clock = new FakeClock();
    const { desk, templates, kept } = createDesk(clock);
    desk.start();
    desk.warm(HOLDING);
    await clock.advance(2_000);
    expect(templates.size).toBe(3);
    await clock.advance(200_000);
    desk.warm(HOLDING);
    await clock.advance(200_000);
    expect(kept.size).toBe(3);
    await clock.advance(101_000);
    expect(kept.size).toBe(0);
    await desk.stop();
  });

  it("of sixty-four cards lets the first go for the next", ({ expect }) => {
    const { desk, kept } = createDesk(new FakeClock());
    for (let n = 0; n < 70; n++) desk.warm({ ...HOLDING, mint: addressOf(100 + n) });
    expect([...kept.keys()].filter((name) => name.startsWith("pool"))).toHaveLength(64);
    expect(kept.has(`pool ${addressOf(100)}`)).toBe(false);
  });
});

describe("what is at hand", () => {
  it("is the balance with the slot of its lamports", ({ expect }) => {
    const { desk } = createDesk(new FakeClock());
    expect(desk.holdingAtHand(WALLET, MINT)).toEqual({ lamports: 5n, quantity: 3n, slot: 9 });
    expect(desk.poolOf(MINT)?.slot).toBe(7);
  });

  it("is nothing once it is stale", ({ expect }) => {
    const { desk } = createDesk(new FakeClock(), false);
    expect(desk.holdingAtHand(WALLET, MINT)).toBeUndefined();
    expect(desk.poolOf(MINT)).toBeUndefined();
  });
});
