import type { OrderRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import { assert } from "@raptor/shared/errors/raptor-error.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { PrepareOutcome, RouteRequest } from "../../ports/venue.ts";
import { instrumentOf } from "./instrument-name.ts";

/** Why nothing was prepared; `alert` when the route service's answer looks like an attack. */
export interface Refusal {
  ok: false;
  reason: string;
  alert: boolean;
  onlyNonceTooLong?: true;
  /** It could not be judged for what else moves the wallet. */
  isWalletBusy?: true;
  /** It does not fit into one packet: with less in it, it may. */
  isTooLong?: true;
}

/** A step on the way to an attempt. */
export type Step<T> = { ok: true; value: T } | Refusal;

export function refused(reason: string, alert: boolean): Refusal {
  return { ok: false, reason, alert };
}

/** Tells the log of a refusal, and the engine what it may know of it. */
export function refuse(
  log: Log,
  { orderId, instrument }: OrderRow,
  { reason, alert, onlyNonceTooLong, isWalletBusy }: Refusal,
  words: { suspicious: string; plain: string },
): PrepareOutcome {
  const fields = { orderId, instrument, reason };
  if (alert) log.error(fields, words.suspicious);
  else log.info(fields, words.plain);
  const told = { outcome: "refused" as const, reason, alert };
  if (isWalletBusy === true) return { ...told, isWalletBusy };
  return onlyNonceTooLong === true ? { ...told, onlyNonceTooLong } : told;
}

/** The engine must hand over what belongs together; anything else is a defect of ours. */
export function assertRequestOf(order: OrderRow, wallet: WalletRow, request: RouteRequest): void {
  const quantityMax = BigInt(order.side === "buy" ? order.notionalLamports : order.quantity);
  assert(request.wallet === wallet.address, "the route is for this wallet");
  assert(instrumentOf(request.mint) === order.instrument, "the route is for this instrument");
  assert(request.side === order.side, "the route is for this side");
  assert(request.quantityIn <= quantityMax, "the route spends no more than the order");
  assert(request.slippageBps <= order.slippageBpsMax, "the route keeps the order's slippage");
}
