import { join } from "node:path";
import type { EventPayloads, JournalEvent, NewEvent } from "@raptor/shared/domain/events.ts";
import { INSTRUMENT, MINT, withDesk } from "../engine/engine-fixture.ts";
import { forget, settle } from "../engine/settlement-fixture.ts";
import {
  chainOf,
  openPosition,
  openUnsettled,
  startBuy,
  startSell,
} from "../engine/trade-fixture.ts";
import { landVoid, leaveUnsent, voidChainOf } from "../engine/void-fixture.ts";
import { openTestStore, withDirectory } from "../store/store-fixture.ts";
import { checkRoutePrice } from "../venues/solana/route-price.ts";

const SELL_PRICE_E9 = 600_000_000_000_000n;
const LISTED_E9 = 1_000_000_000_000_000n;

/** What a desk journals of a buy, its stop loss, a denied buy and a refused price. */
export async function recordDesk(): Promise<JournalEvent[]> {
  let recorded: JournalEvent[] = [];
  await withDesk(async (desk) => {
    const chain = chainOf(desk);
    await openPosition(desk, chain);
    await startBuy(desk, "ord_again", { guardOverride: false });
    desk.engine.feed.emit(SELL_PRICE_E9, INSTRUMENT);
    await desk.clock.settle();
    chain.land();
    await desk.clock.advance(1_000);
    recorded = desk.events();
  });
  return recorded.map(withSolanaEvidence);
}

/** What a desk journals of a buy that died before it was sent and was called off after that. */
export async function recordVoid(): Promise<JournalEvent[]> {
  let recorded: JournalEvent[] = [];
  await withDesk(async (desk) => {
    const chain = await voidChainOf(desk);
    await leaveUnsent(desk);
    await desk.boot();
    await desk.clock.advance(2_000);
    await landVoid(desk, chain);
    recorded = desk.events();
  });
  return recorded;
}

/**
 * What a desk journals of a buy that a fork executed anew with other amounts, before and after a
 * sell of a quarter that the same fork took away for good.
 */
export async function recordMoved(isSold: boolean): Promise<JournalEvent[]> {
  let recorded: JournalEvent[] = [];
  await withDesk(async (desk) => {
    const chain = chainOf(desk);
    const position = await openUnsettled(desk, chain);
    const bought = chain.effects[0];
    if (bought === undefined) throw new Error("expected the buy to have landed");
    if (isSold) {
      await startSell(desk, position, "ord_part", 2_500);
      const sale = chain.open;
      chain.land();
      await desk.clock.advance(1_000);
      forget(chain, sale);
      await settle(desk, chain, "gone", (identity) => identity === sale);
      await desk.crash();
    }
    bought.slot += 7;
    bought.quantityOut -= 5n;
    await settle(desk, chain, "settled", (one) => one === bought.identity, bought.slot);
    recorded = desk.events();
  });
  return recorded;
}

/** What the venue writes into a route; the engine's test venue leaves it out. */
function withSolanaEvidence(event: JournalEvent): JournalEvent {
  if (event.kind !== "AttemptPrepared") return event;
  const side = event.payload.orderId === "ord_buy" ? "buy" : "sell";
  const quantityIn = side === "buy" ? "500000000" : "500000000";
  const slippageBps = side === "buy" ? 1_000 : 300;
  const route = {
    side,
    quantityIn,
    quantityOut: "600000000",
    quantityOutMin: ((600_000_000n * BigInt(10_000 - slippageBps)) / 10_000n).toString(),
    slippageBps,
    unitLimit: 200_000,
    unitPriceMicroLamports: "1000000",
    rentLamports: "2039280",
    priceCheck: {
      expectedPriceE9: null,
      listedPriceE9: LISTED_E9.toString(),
      deviationBpsMax: slippageBps + 1_500 + 200,
      decimals: 6,
    },
  };
  const fee = 5_000n + 200_000n;
  const costCap = side === "buy" ? 500_000_000n + 2_039_280n + fee : fee;
  const payload: EventPayloads["AttemptPrepared"] = {
    ...event.payload,
    route,
    quantityOutMin: route.quantityOutMin,
    costCapLamports: costCap.toString(),
  };
  return { ...event, payload };
}

/** A buy whose route was refused for its price. */
export function refusedBuy(reasonOver?: string): NewEvent[] {
  const request = {
    wallet: "wal_test",
    mint: MINT,
    side: "buy" as const,
    quantityIn: 500_000_000n,
    slippageBps: 1_000,
    priceCheck: { expectedPriceE9: null, deviationBpsMax: 2_700 },
  };
  const doubt = checkRoutePrice(request, { quantityOutMin: 300_000_000n }, 6, LISTED_E9);
  const payload: EventPayloads["OrderInitialized"] = {
    orderId: "ord_refused",
    userId: 7,
    walletId: "wal_test",
    venue: "SOLANA",
    instrument: INSTRUMENT,
    symbol: "TOK",
    decimals: 6,
    tokenProgram: "spl",
    side: "buy",
    source: { kind: "job", jobId: "tg:1:77" },
    notionalLamports: "500000000",
    quantity: "0",
    slippageBpsMax: 1_000,
    positionId: null,
    entryPriceE9: null,
    deadlineMs: null,
    guardOverride: true,
    noticeKey: "order:ord_refused",
  };
  const refusedRoute = {
    quantityIn: "500000000",
    quantityOut: "333333334",
    quantityOutMin: "300000000",
    slippageBps: 1_000,
    priceCheck: {
      expectedPriceE9: null,
      listedPriceE9: LISTED_E9.toString(),
      deviationBpsMax: 2_700,
      decimals: 6,
    },
  };
  const reason =
    reasonOver ?? `Refused before signing, the operator was alerted: ${doubt?.reason}.`;
  return [
    { stream: "order:ord_refused", kind: "OrderInitialized", payload },
    {
      stream: "order:ord_refused",
      kind: "OrderClosed",
      payload: { orderId: "ord_refused", status: "rejected", reason, refusedRoute },
    },
  ];
}

/** Writes events into a journal of their own, each at its moment, and closes it. */
export async function withRecorded(
  events: readonly (JournalEvent | NewEvent)[],
  use: (path: string, directory: string) => void | Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    const path = join(directory, "journal.db");
    const { store, clock } = openTestStore(path);
    for (const event of events) {
      if ("tsMs" in event) clock.ms = event.tsMs;
      const { stream, kind, payload } = event;
      await store.transact((tx) => tx.append({ stream, kind, payload } as NewEvent));
    }
    store.close();
    await use(path, directory);
  });
}
