import type { AttemptRow, FillRow, OrderRow, PositionRow } from "@raptor/shared/domain/rows.ts";
import { assert } from "@raptor/shared/errors/raptor-error.ts";
import type { Reader, Tx } from "../ports/store.ts";
import type { AttemptReport } from "../ports/venue.ts";
import type { EngineContext } from "./context.ts";
import { armExits, disarmExits, settleExitRule } from "./exit-arming.ts";
import { recallLoss } from "./external-loss.ts";
import { derivePositionId } from "./ids.ts";
import { applyBuy, applySell, soldCostOf } from "./positions.ts";

type Landed = Extract<AttemptReport, { state: "landed" }>;

/** Far more than land within the life of a buy that a fork may take back. */
const FILLS_BACK_MAX = 500;

/** Books a landed attempt: fill, position, exit plan and notice, all in the caller's transaction. */
export function bookFill(
  context: EngineContext,
  tx: Tx,
  order: OrderRow,
  attempt: AttemptRow,
  landed: Landed,
): void {
  const fill = {
    fillId: landed.fillId,
    quantity: landed.quantity.toString(),
    notionalLamports: landed.notionalLamports.toString(),
  };
  const held = heldBefore(tx, order, fill.fillId);
  if (order.side === "sell") recallLoss(context, tx, held, landed.quantity, attempt.preparedMs);
  const sold = order.side === "sell" ? heldBefore(tx, order, fill.fillId) : undefined;
  const change = positionAfter(tx, order, fill);
  const isAgain = isTakenBack(tx, order, fill.fillId);
  tx.append({
    stream: `order:${order.orderId}`,
    kind: "FillRecorded",
    payload: {
      ...fill,
      attemptId: attempt.attemptId,
      orderId: order.orderId,
      userId: order.userId,
      positionId: change.positionId,
      instrument: order.instrument,
      side: order.side,
      feeLamports: landed.feeLamports.toString(),
      rentLamports: landed.rentLamports.toString(),
      ...(sold === undefined ? {} : { soldCostLamports: soldCostOf(sold, fill).toString() }),
      venueSlot: landed.venueSlot,
      evidence: landed.evidence,
    },
  });
  tx.append({ stream: `position:${change.positionId}`, kind: "PositionChanged", payload: change });
  if (order.side === "buy") armExits(context, tx, change, { added: landed.quantity, isAgain });
  else if (change.state === "closed") disarmExits(tx, change.positionId, "position closed");
  else settleExitRule(tx, order, landed.quantity);
  context.notices.order(tx, order.orderId);
}

/** What a fill makes of the position, on the state before the fill is booked. */
export function positionAfter(
  reader: Reader,
  order: OrderRow,
  fill: Parameters<typeof applySell>[1],
): Change {
  const held = heldBefore(reader, order, fill.fillId);
  return order.side === "buy" ? applyBuy(order, held, fill) : sellOf(held, order, fill);
}

function heldBefore(tx: Reader, order: OrderRow, fillId: string): PositionRow | undefined {
  const open = tx.openPositionOf(order.walletId, order.instrument);
  if (order.positionId !== null) {
    const own = tx.position(order.positionId);
    // A rolled back sell has left its tokens to the position that was open by then.
    return own?.state === "closed" && isTakenBack(tx, order, fillId) ? (open ?? own) : own;
  }
  if (open !== undefined) return open;
  // A buy that was rolled back and landed again goes on with the position that it had opened, or
  // joined: with that one's rules, whichever of its buys lands first.
  const joined = takenBackOf(tx, order, fillId)?.positionId;
  if (joined !== undefined && isWhollyTakenBack(tx, order.userId, joined)) {
    return tx.position(joined);
  }
  return tx.position(derivePositionId(order.orderId));
}

/** Nothing of it stands that was bought or sold: a fork has ended it, no sale. */
function isWhollyTakenBack(reader: Reader, userId: number, positionId: string): boolean {
  return reader
    .fillsPage(userId, FILLS_BACK_MAX, null)
    .every((fill) => fill.positionId !== positionId);
}

/** It was booked before a fork, itself or as a copy, and taken back since. */
function isTakenBack(reader: Reader, order: OrderRow, fillId: string): boolean {
  return takenBackOf(reader, order, fillId) !== undefined;
}

function takenBackOf(reader: Reader, order: OrderRow, fillId: string): FillRow | undefined {
  const own = reader.fill(fillId);
  return own?.state === "reversed" ? own : copyTakenBack(reader, order);
}

/** A copy on the same nonce value was booked before a fork, and taken back since. */
function copyTakenBack(reader: Reader, order: OrderRow): FillRow | undefined {
  return reader
    .attemptsOf(order.orderId)
    .filter(({ bound }) => bound.kind === "nonce")
    .flatMap(({ exclusionGroup }) => reader.attemptsOfGroup(exclusionGroup))
    .flatMap(({ orderId, attemptId }) =>
      reader.fillsOf(orderId).filter((fill) => fill.attemptId === attemptId),
    )
    .find(({ state }) => state === "reversed");
}

function sellOf(
  held: PositionRow | undefined,
  order: OrderRow,
  fill: Parameters<typeof applySell>[1],
): ReturnType<typeof applySell> {
  assert(held !== undefined, `sell ${order.orderId} has no position`);
  return applySell(held, fill);
}

type Change = ReturnType<typeof applyBuy>;
