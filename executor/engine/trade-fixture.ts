import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import type { OrderRow, PositionRow } from "@raptor/shared/domain/rows.ts";
import { INSTRUMENT, MINT, SETTINGS, USER, WALLET_ID, type TestDesk } from "./engine-fixture.ts";
import { FakeChain } from "./fake-chain.ts";
import { closingSlotOf } from "./ids.ts";
import { initializeOrder, initializeSell } from "./orders.ts";

export const HALF_SOL = 500_000_000n;

/** The venue answers from a chain that the test rules over. */
export function chainOf(desk: TestDesk): FakeChain {
  const chain = new FakeChain();
  desk.venue.script = chain.script();
  return chain;
}

type Buy = EventPayloads["OrderInitialized"];

export function buyOf(desk: TestDesk, orderId: string, over: Partial<Buy> = {}): Buy {
  return {
    orderId,
    userId: USER,
    walletId: WALLET_ID,
    venue: "SOLANA",
    instrument: INSTRUMENT,
    symbol: "TOK",
    decimals: 6,
    tokenProgram: "spl",
    side: "buy",
    source: { kind: "job", jobId: `tg:1:${orderId.length}` },
    notionalLamports: HALF_SOL.toString(),
    quantity: "0",
    slippageBpsMax: 1_000,
    positionId: null,
    entryPriceE9: null,
    deadlineMs: desk.clock.nowMs() + SETTINGS.buyDeadlineMs,
    guardOverride: true,
    noticeKey: `order:${orderId}`,
    ...over,
  };
}

/** Initializes a buy and drives it as far as it goes without time. */
export async function startBuy(
  desk: TestDesk,
  orderId = "ord_buy",
  over: Partial<Buy> = {},
): Promise<void> {
  const payload = buyOf(desk, orderId, over);
  await desk.transact((tx) => initializeOrder(tx, payload));
  desk.engine.driver.start(orderId);
  await desk.clock.settle();
}

/** A position whose buy the network cannot take back any more. */
export async function openPosition(
  desk: TestDesk,
  chain: FakeChain,
  orderId = "ord_buy",
  over: Partial<Buy> = {},
): Promise<PositionRow> {
  const position = await openUnsettled(desk, chain, orderId, over);
  await settleAll(desk);
  return position;
}

/** No fork can take back what is booked until now. */
export async function settleAll(desk: TestDesk): Promise<void> {
  await desk.transact((tx) => {
    for (const { fillId, orderId } of tx.unsettledFills()) {
      tx.append({
        stream: `order:${orderId}`,
        kind: "FillSettled",
        payload: { fillId, evidence: { by: "test" } },
      });
    }
  });
}

/** A position in the ledger and on the chain, bought at the chain's price a moment ago. */
export async function openUnsettled(
  desk: TestDesk,
  chain: FakeChain,
  orderId = "ord_buy",
  over: Partial<Buy> = {},
): Promise<PositionRow> {
  await startBuy(desk, orderId, over);
  chain.land();
  await desk.clock.advance(1_000);
  const fill = desk.store.fillsOf(orderId).at(-1);
  const position = fill && desk.store.position(fill.positionId);
  if (position === undefined) throw new Error(`expected ${orderId} to open a position`);
  // Later reads of the wallet know of this fill.
  chain.slot += 10;
  return position;
}

export async function startSell(
  desk: TestDesk,
  position: PositionRow,
  orderId = "ord_sell",
  quantityBps = 10_000,
): Promise<void> {
  await desk.transact((tx) =>
    initializeSell(tx, {
      orderId,
      position,
      quantityBps,
      slippageBpsMax: 1_200,
      source: { kind: "job", jobId: "tg:1:900" },
      noticeKey: `order:${orderId}`,
    }),
  );
  desk.engine.driver.start(orderId);
  await desk.clock.settle();
}

export function orderRow(desk: TestDesk, orderId: string): OrderRow {
  const order = desk.store.order(orderId);
  if (order === undefined) throw new Error(`expected order ${orderId}`);
  return order;
}

export function isSlotFree(desk: TestDesk, positionId: string): boolean {
  return desk.store.unresolvedInSlot(closingSlotOf(positionId)) === undefined;
}

export function setTrading(desk: TestDesk, state: "active" | "reducing" | "halted"): Promise<void> {
  const payload = { state, reason: "test", by: "admin", jobId: "ui:1" };
  return desk.transact((tx) =>
    tx.append({ stream: "control", kind: "TradingStateChanged", payload }),
  );
}

/** Runs something at the moment when a route is known and the attempt is not journaled yet. */
export function whilePreparing(
  desk: TestDesk,
  chain: FakeChain,
  run: () => Promise<void> | void,
): void {
  const { prepare } = chain.script();
  desk.venue.script = {
    ...chain.script(),
    prepare: async (...asked) => {
      await run();
      return prepare(...asked);
    },
  };
}

export { INSTRUMENT, MINT, USER };
