import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import { FINAL_ORDER_STATUSES, type OrderSource } from "@raptor/shared/domain/order.ts";
import type { OrderRow, PositionRow } from "@raptor/shared/domain/rows.ts";
import { BPS_ONE } from "@raptor/shared/values/money.ts";
import type { Reader, Tx } from "../ports/store.ts";

/** The sell order that is still open for a position, if any: a closing slot holds one at a time. */
export function openSellOf(
  reader: Pick<Reader, "openOrdersOf">,
  positionId: string,
): OrderRow | undefined {
  return reader.openOrdersOf(positionId).find((order) => order.side === "sell");
}

/** Closed, by whomever, as the tables are now. */
export function isOrderOver(
  reader: Pick<Reader, "order">,
  { orderId }: Pick<OrderRow, "orderId">,
): boolean {
  const status = reader.order(orderId)?.status;
  return status === undefined || FINAL_ORDER_STATUSES.includes(status);
}

/** The panic's own sell of the position that this order sells, while it is open. */
export function openPanicOf(
  reader: Reader,
  { positionId }: Pick<OrderRow, "positionId">,
): OrderRow | undefined {
  if (positionId === null) return undefined;
  return reader.openOrdersOf(positionId).find((order) => order.source.kind === "panic");
}

export interface SellWish {
  orderId: string;
  position: PositionRow;
  quantityBps: number;
  /** Base units; what a rule has worked out itself. */
  quantity?: bigint;
  slippageBpsMax: number;
  source: OrderSource;
  noticeKey: string;
}

/** Writes a sell of `quantityBps` of a position, the whole of it at 10,000, or of a `quantity`. */
export function initializeSell(tx: Pick<Tx, "order" | "append">, wish: SellWish): void {
  initializeOrder(tx, sellPayloadOf(wish));
}

export function sellPayloadOf(wish: SellWish): EventPayloads["OrderInitialized"] {
  const { position } = wish;
  const share = (BigInt(position.quantity) * BigInt(wish.quantityBps)) / BPS_ONE;
  const quantity = wish.quantity ?? share;
  return {
    orderId: wish.orderId,
    userId: position.userId,
    walletId: position.walletId,
    venue: position.venue,
    instrument: position.instrument,
    symbol: position.symbol,
    decimals: position.decimals,
    tokenProgram: position.tokenProgram,
    side: "sell",
    source: wish.source,
    notionalLamports: "0",
    quantity: (quantity === 0n ? 1n : quantity).toString(),
    slippageBpsMax: wish.slippageBpsMax,
    positionId: position.positionId,
    entryPriceE9: position.entryPriceE9,
    deadlineMs: null,
    guardOverride: false,
    noticeKey: wish.noticeKey,
  };
}

/** Writes the order unless its cause already made it: the same cause always has the same id. */
export function initializeOrder(
  tx: Pick<Tx, "order" | "append">,
  payload: EventPayloads["OrderInitialized"],
): void {
  if (tx.order(payload.orderId) !== undefined) return;
  tx.append({ stream: `order:${payload.orderId}`, kind: "OrderInitialized", payload });
}
