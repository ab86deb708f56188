import { VersionedTransaction } from "@solana/web3.js";
import { afterAll, beforeAll, beforeEach, describe, test } from "vitest";
import type { WalletRow } from "@raptor/shared/domain/rows.ts";
import type { PreparedAttempt } from "@raptor/executor/ports/venue.ts";
import { hostileSwitch } from "../models/hostile-legs.ts";
import type { MarketToken } from "../models/market.ts";
import type { MaliceKind } from "../servers/jupiter/malice.ts";
import { createAttempt, createOrder, VenueWorld } from "./venue-world.ts";

/** Direct routes hand the wallet's signature on; venue and signer are the real ones. */
const SEED = 12;
const SPENT = 100_000_000n;
const TRIES_MAX = 20;
const world = new VenueWorld(SEED);
const tripwire = hostileSwitch(SEED).toBase58();

beforeAll(() => world.start());
beforeEach(() => world.chain.setLamports(tripwire, 0n));
afterAll(() => world.close());

interface Trader {
  wallet: WalletRow;
  wrapped: string;
}

interface Trade {
  trader: Trader;
  token: MarketToken;
  side: "buy" | "sell";
  quantityIn: bigint;
}

async function prepare(trade: Trade, malice?: MaliceKind) {
  const { trader, token, side, quantityIn } = trade;
  const order = createOrder(trader.wallet, token, side, quantityIn);
  if (malice !== undefined) await world.addMalice(malice);
  const route = await world.venue.fetchRoute({
    wallet: trader.wallet.address,
    mint: token.mint,
    side,
    quantityIn,
    slippageBps: order.slippageBpsMax,
  });
  return {
    order,
    prepared: await world.venue.prepare(order, trader.wallet, trader.wrapped, route, 1, {
      kind: "blockHeight",
    }),
  };
}

async function prepareOrFail(trade: Trade, malice?: MaliceKind) {
  const { order, prepared } = await prepare(trade, malice);
  if (prepared.outcome !== "prepared") throw new Error(prepared.reason);
  return {
    attempt: prepared.attempt,
    row: createAttempt(order, prepared.attempt, world.clock.nowMs()),
  };
}

type Row = Awaited<ReturnType<typeof prepareOrFail>>["row"];

async function send(row: Row) {
  const sent = await world.venue.submit(row);
  if (sent.outcome !== "accepted") throw new Error(JSON.stringify(sent));
  return world.follow(row);
}

/** Whether the transaction takes back every allowance at its end. */
function isGuarded({ payload }: PreparedAttempt): boolean {
  const { message } = VersionedTransaction.deserialize(Buffer.from(payload, "base64"));
  return message.compiledInstructions.some(({ data }) => data.length === 1 && data[0] === 5);
}

async function buy(token: MarketToken): Promise<{ trader: Trader; held: bigint }> {
  const trader = await world.createWallet();
  const { row } = await prepareOrFail({ trader, token, side: "buy", quantityIn: SPENT });
  const report = await send(row);
  if (report.state !== "landed") throw new Error(JSON.stringify(report, String));
  return { trader, held: report.quantity };
}

describe.each(["normal", "token-2022", "transfer-fee"] as const)("a %s token", (kind) => {
  test("is bought, sold in part and sold out through direct routes", async ({ expect }) => {
    const token = world.token(kind);
    const trader = await world.createWallet();
    const { address } = trader.wallet;
    const trade = async (side: "buy" | "sell", quantityIn: bigint): Promise<void> => {
      for (let n = 0; n < TRIES_MAX; n++) {
        const { attempt, row } = await prepareOrFail({ trader, token, side, quantityIn });
        if (!isGuarded(attempt)) continue;
        expect((await send(row)).state).toBe("landed");
        return;
      }
      throw new Error("expected a direct route within twenty answers");
    };
    await trade("buy", SPENT);
    const first = world.quantityOf(address, token);
    await trade("buy", SPENT);
    const held = world.quantityOf(address, token);
    expect(held).toBeGreaterThan(first);
    await trade("sell", held / 3n);
    expect(world.quantityOf(address, token)).toBe(held - held / 3n);
    await trade("sell", held - held / 3n);
    expect(world.quantityOf(address, token)).toBe(0n);
  });
});

describe("a thief's program in a direct route", () => {
  test("with the system program beside it is refused before anything is signed", async ({
    expect,
  }) => {
    const trader = await world.createWallet();
    const trade = { trader, token: world.token("normal"), side: "buy", quantityIn: SPENT } as const;
    const { prepared } = await prepare(trade, "leg-system-program");
    expect(prepared).toMatchObject({ outcome: "refused" });
    expect(prepared.outcome === "refused" && prepared.reason).toContain("signature and its SOL");
  });

  test("with another token account of the wallet is refused with an alert", async ({ expect }) => {
    const { trader, held } = await buy(world.token("young"));
    const trade = { trader, token: world.token("normal"), side: "buy", quantityIn: SPENT } as const;
    const { prepared } = await prepare(trade, "leg-other-account");
    expect(prepared).toMatchObject({ outcome: "refused", alert: true });
    expect(prepared.outcome === "refused" && prepared.reason).toMatch(
      /signer refused.*another token account/,
    );
    expect(world.quantityOf(trader.wallet.address, world.token("young"))).toBe(held);
  });

  test("that allows a stranger to spend is seen in the simulation", async ({ expect }) => {
    const trader = await world.createWallet();
    const trade = { trader, token: world.token("normal"), side: "buy", quantityIn: SPENT } as const;
    const { prepared } = await prepare(trade, "leg-approve");
    expect(prepared).toMatchObject({ outcome: "refused", alert: true });
    expect(prepared.outcome === "refused" && prepared.reason).toContain("another delegate");
  });

  test("that behaves until it is real allows nobody anything", async ({ expect }) => {
    const token = world.token("normal");
    const trader = await world.createWallet();
    const trade = { trader, token, side: "buy", quantityIn: SPENT } as const;
    const { row } = await prepareOrFail(trade, "leg-approve-later");
    world.chain.setLamports(tripwire, 1_000_000_000n);
    expect((await send(row)).state).toBe("landed");
    const { address } = trader.wallet;
    expect(world.quantityOf(address, token)).toBeGreaterThan(0n);
    expect(world.delegateOf(address, token)).toBeNull();
  });

  test("that takes more than the input when it is real reverts everything", async ({ expect }) => {
    const token = world.token("normal");
    const { trader, held } = await buy(token);
    const trade = { trader, token, side: "sell", quantityIn: held / 2n } as const;
    const { row } = await prepareOrFail(trade, "leg-overspend-later");
    world.chain.setLamports(tripwire, 1_000_000_000n);
    expect((await send(row)).state).toBe("reverted");
    expect(world.quantityOf(trader.wallet.address, token)).toBe(held);
  });
});
