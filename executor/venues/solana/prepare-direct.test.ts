import { decodeBase58, encodeBase58 } from "@raptor/shared/values/base58.ts";
import { describe, test } from "vitest";
import type { OrderRow } from "@raptor/shared/domain/rows.ts";
import { decodePool, type DirectPool } from "../../pools/direct-pool.ts";
import type { Lifetime, PrepareOutcome } from "../../ports/venue.ts";
import { createDirectRoute } from "./direct-route.ts";
import { evenPrng, FakeClock, FakeLog, FakeNet } from "./fake-net.ts";
import { NONCE_VALUE } from "./fake-chain.ts";
import { FeeBook } from "./fee-book.ts";
import { instrumentOf } from "./instrument-name.ts";
import { PLAIN_LANDING } from "./lane.ts";
import { deriveNonceAddress } from "./nonce-account.ts";
import { CURVE, curveAccounts, MINT } from "./pool-bytes-fixture.ts";
import { prepareDirect } from "./prepare-direct.ts";
import { deriveTokenAccount, SYSTEM_PROGRAM } from "./programs.ts";
import { Rpc } from "./rpc.ts";
import { addressOf } from "./streams-fixture.ts";
import { TemplateShelf } from "./template-shelf.ts";
import { UnitsMemory } from "./units-memory.ts";
import { WalletAccounts } from "./wallet-accounts.ts";

const WALLET = addressOf(7);
const LAMPORTS = 5_000_000_000;
const SPENT = 100_000_000n;
const FEE = 5_000;
const RENT = 2_039_280;
const HELD = 1_000_000_000_000n;

/** A first buy of its person. */
const ORDER: OrderRow = {
  orderId: "ord_1",
  userId: 1,
  walletId: "wal_1",
  venue: "SOLANA",
  instrument: instrumentOf(MINT),
  symbol: "X",
  decimals: 6,
  tokenProgram: CURVE.tokenProgram,
  side: "buy",
  source: { kind: "job", jobId: "tg:1:1" },
  notionalLamports: String(SPENT),
  quantity: "0",
  slippageBpsMax: 500,
  positionId: null,
  deadlineMs: null,
  guardOverride: false,
  noticeKey: "order:ord_1",
  status: "initialized",
  reason: null,
  createdMs: 0,
  entryPriceE9: null,
};

function curve(): DirectPool {
  const accounts = curveAccounts(1_000_000_000_000_000n, 40_000_000_000n);
  const bytes = new Map([...accounts].map(([address, account]) => [address, account.bytes]));
  const pool = decodePool(CURVE, bytes);
  if (pool.kind === "unusable") throw new Error(pool.reason);
  return pool;
}

function walletAccount(lamports: number): unknown {
  return { lamports, owner: SYSTEM_PROGRAM, data: ["", "base64"], executable: false, space: 0 };
}

function tokenAccount(quantity: bigint): unknown {
  const data = Buffer.alloc(165);
  data.set(decodeBase58(MINT) ?? [], 0);
  data.set(decodeBase58(WALLET) ?? [], 32);
  data.writeBigUInt64LE(quantity, 64);
  data.writeUInt8(1, 108);
  const rest = { owner: CURVE.tokenProgram, executable: false, space: 165 };
  return { lamports: 2_039_280, data: [data.toString("base64"), "base64"], ...rest };
}

type Shown = readonly [wallet: unknown, token: unknown, wsol: unknown];

/** What the node shows of the wallet, and what each simulation seems to leave behind. */
interface Shows {
  now(): Shown;
  left(simulated: number, quantityOutMin: bigint): Shown;
}

/** A first buy in a curve; each entry of `spent` is what one simulation seems to take. */
function buy(spent: readonly number[]) {
  return trade(ORDER, SPENT, {
    now: () => [walletAccount(LAMPORTS), null, null],
    left(simulated, quantityOutMin) {
      const taken = spent[Math.min(simulated, spent.length - 1)] ?? 0;
      const lamports = LAMPORTS - taken - FEE - RENT;
      return [walletAccount(lamports), tokenAccount(quantityOutMin), null];
    },
  });
}

/**
 * A first sale of all that the wallet had at first; `gifts` is what others have sent by the read of
 * that number, and `more` what is taken beside the sale.
 */
function sell(gifts: (read: number) => bigint, more = 0n, of: Try = FIRST_TRY) {
  let reads = 0;
  const order = { ...ORDER, side: "sell" as const, notionalLamports: "0", quantity: String(HELD) };
  const shows: Shows = {
    now: () => [walletAccount(LAMPORTS), tokenAccount(HELD + HELD + gifts(reads++)), null],
    left: (_simulated, quantityOutMin) => [
      walletAccount(LAMPORTS - FEE + Number(quantityOutMin)),
      tokenAccount(HELD + gifts(reads++) - more),
      null,
    ],
  };
  return trade(order, HELD, shows, of);
}

interface Try {
  n: number;
  lifetime: Lifetime;
  /** Of the whole network, in micro-lamports. */
  marketPrice: bigint;
  /** What the first trade of its kind took; undefined: this is the first. */
  knownUnits: number | undefined;
}

const FIRST_TRY: Try = {
  n: 1,
  lifetime: { kind: "blockHeight" },
  marketPrice: 1n,
  knownUnits: undefined,
};

async function trade(
  order: OrderRow,
  quantityIn: bigint,
  shows: Shows,
  { n, lifetime, marketPrice, knownUnits }: Try = FIRST_TRY,
): Promise<PrepareOutcome & { simulated: number; walletAccounts: WalletAccounts }> {
  const net = new FakeNet();
  const clock = new FakeClock();
  const log = new FakeLog();
  const urls = ["https://one.example/"];
  const rpc = new Rpc({ net, clock, prng: evenPrng, log, settings: { urls, timeoutMs: 1_000 } });
  // Nobody moves this clock.
  Object.assign(rpc, { pause: () => Promise.resolve() });
  const { side } = order;
  const request = { wallet: WALLET, mint: MINT, side, quantityIn, slippageBps: 500 };
  const route = createDirectRoute(request, { pool: curve(), slot: 1, atMonotonicMs: 0 });
  const walletAccounts = new WalletAccounts(rpc);
  let simulated = 0;
  net.nodes.set("one.example", (method) => {
    const context = { slot: 100 };
    if (method === "getTokenAccountsByOwner") return { result: { context, value: [] } };
    if (method === "getMultipleAccounts") return { result: { context, value: shows.now() } };
    const accounts = shows.left(simulated++, route.quantityOutMin);
    const answer = { err: null, logs: [], unitsConsumed: 60_000, accounts };
    return { result: { context, value: answer } };
  });
  const fees = new FeeBook({
    sources: [{ name: "market", fetchUnitPrice: async () => marketPrice }],
    clock,
    settings: { pollMs: 5_000, staleMs: 60_000, feeLamportsMax: 1_000_000n },
  });
  await fees.refresh();
  const units = new UnitsMemory();
  if (knownUnits !== undefined) units.note(curve().kind, side, knownUnits);
  const landing = { landing: PLAIN_LANDING, tipLamports: 0n, leftOut: [], isUnprotectable: false };
  const outcome = await prepareDirect(
    {
      rpc,
      signer: {
        createWallet: () => Promise.reject(new Error("expected no new wallet")),
        checkWallet: () => Promise.reject(new Error("expected no check")),
        sign: async () => ({
          outcome: "signed" as const,
          signature: encodeBase58(new Uint8Array(64).fill(9)),
        }),
      },
      log,
      feeLamportsMax: 1_000_000n,
      blockhashes: {
        fetchNewest: () => Promise.reject(new Error("expected the hash at hand")),
        latest: () => ({
          blockhash: addressOf(3),
          lastValidBlockHeight: 500,
          slot: 100,
          askedMs: 0,
        }),
      },
      nonces: { ready: () => ({ value: NONCE_VALUE, slot: 100, providers: ["one.example"] }) },
      fees,
      units,
      warm: {
        lamportsOf: () => ({ value: BigInt(LAMPORTS), slot: 1, atMonotonicMs: 0, isFresh: true }),
        tokenBalanceOf: () => ({ value: HELD, slot: 1, atMonotonicMs: 0, isFresh: true }),
      },
      templates: new TemplateShelf(),
      planLanding: () => landing,
      walletAccounts,
      onSimulationFailed: () => {},
    },
    order,
    { walletId: "wal_1", userId: 1, address: WALLET, vaultSha256: "" },
    "wrapped",
    route,
    n,
    lifetime,
  );
  return { ...outcome, simulated, walletAccounts };
}

describe("the first trade with a kind of pool", () => {
  test("is signed when a node shows that it does what was meant", async ({ expect }) => {
    expect(await buy([100_000_000])).toMatchObject({ outcome: "prepared", simulated: 1 });
  });

  test("names the account that it creates to every swap from then on", async ({ expect }) => {
    const bought = await buy([100_000_000]);
    const created = deriveTokenAccount(WALLET, MINT, CURVE.tokenProgram);
    expect(await bought.walletAccounts.fetch(WALLET)).toEqual([created]);
    const sold = await sell(() => 0n);
    expect(await sold.walletAccounts.fetch(WALLET)).toEqual([]);
  });

  test("is no alarm when another order of the wallet landed meanwhile", async ({ expect }) => {
    const outcome = await buy([201_000_000, 100_000_000]);
    expect(outcome).toMatchObject({ outcome: "prepared", simulated: 2 });
  });

  test("is refused with an alarm when it shows twice that it costs more", async ({ expect }) => {
    const outcome = await buy([201_000_000]);
    expect(outcome).toMatchObject({ outcome: "refused", alert: true, simulated: 2 });
  });
});

describe("the first sale to a kind of pool", () => {
  test("is not held by whoever sends the wallet the same token all the time", async ({
    expect,
  }) => {
    const outcome = await sell((read) => BigInt(read));
    expect(outcome).toMatchObject({ outcome: "prepared", simulated: 1 });
  });

  test("is refused with an alarm when it shows twice that it takes more", async ({ expect }) => {
    const outcome = await sell(() => 0n, 1n);
    expect(outcome).toMatchObject({ outcome: "refused", alert: true, simulated: 2 });
  });
});

describe("a further try of a sale", () => {
  const account = deriveNonceAddress(WALLET, 0);
  async function bid(n: number, marketPrice: bigint, lifetime: Lifetime = { kind: "blockHeight" }) {
    const made = await sell(() => 0n, 0n, { n, lifetime, marketPrice, knownUnits: 100_000 });
    if (made.outcome !== "prepared") throw new Error(made.reason);
    const { unitLimit, unitPriceMicroLamports } = made.attempt.route;
    return { unitLimit, price: BigInt(String(unitPriceMicroLamports)) };
  }

  test("gets more units than the one that ended, at the price that the cap leaves", async ({
    expect,
  }) => {
    expect([await bid(1, 1n), await bid(2, 1n)]).toMatchObject([
      { unitLimit: 120_000 },
      { unitLimit: 180_000 },
    ]);
  });

  test("on the same nonce never pays less per unit than what it replaces", async ({ expect }) => {
    for (const firstTry of [1, 2]) {
      for (const marketPrice of [1_000_000_000n, 1_000_000n, 1n]) {
        const value = { kind: "nonce", account, value: null } as const;
        const first = await bid(firstTry, marketPrice, value);
        const copies = [1, 2, 3, 4].map((at) =>
          bid(firstTry + at, marketPrice, { ...value, value: NONCE_VALUE, firstTry }),
        );
        for (const copy of await Promise.all(copies)) {
          expect(copy.price).toBeGreaterThanOrEqual(first.price);
          expect(copy.unitLimit).toBe(first.unitLimit);
        }
      }
    }
  });
});
