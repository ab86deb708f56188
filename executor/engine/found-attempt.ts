import type { Evidence } from "@raptor/shared/domain/events.ts";
import type { AttemptRow } from "@raptor/shared/domain/rows.ts";
import type { Tx } from "../ports/store.ts";
import type { AttemptReport } from "../ports/venue.ts";
import { fetchFinality, fetchReport } from "./attempt-end.ts";
import type { EngineContext } from "./context.ts";
import { bookLanding, isTooEarly } from "./landing.ts";
import { isUnresolved } from "./nonce-accounts.ts";

type Landed = Extract<AttemptReport, { state: "landed" }>;

/**
 * Books an attempt that was called over and that the wallet's history shows as executed. The history
 * is only a hint: the venue is asked as for every attempt, and its word is that of several nodes.
 * @returns the orders to look at again, or undefined when nothing was booked.
 */
export async function bookFound(
  context: EngineContext,
  attempt: AttemptRow,
): Promise<string[] | undefined> {
  const { store, metrics, shout, log } = context;
  const report = await fetchReport(context.venue, attempt);
  if (report.state !== "landed") return undefined;
  const finality = await fetchFinality(context, attempt, report);
  const ended = await store.transact((tx) => book(context, tx, attempt, report, finality));
  if (ended === undefined) return undefined;
  const { attemptId, identity, state } = attempt;
  metrics.count("alerts_total", { kind: "attempt-found" });
  log.error({ attemptId, identity, was: state }, "an attempt that was called over has landed");
  shout(`Attempt ${attemptId} was called ${state} and has landed: ${identity}. It is booked now.`);
  return ended;
}

function book(
  context: EngineContext,
  tx: Tx,
  { attemptId, identity }: AttemptRow,
  landed: Landed,
  finality: Evidence | undefined,
): string[] | undefined {
  const now = tx.attempt(attemptId);
  // Undecided ones are followed, and one that is filled has been booked since.
  if (now === undefined || isUnresolved(now) || now.state === "filled") return undefined;
  if (isTooEarly(tx, now, landed, finality)) return undefined;
  const { orderId, state } = now;
  // After a fork one of the two may not be true any more: the other's settlement says which. Where
  // both are of one nonce value that is known already, and they are exchanged.
  const isOtherBooked = tx.fillsOf(orderId).some((fill) => fill.state === "recorded");
  if (isOtherBooked && finality === undefined) return undefined;
  tx.append({
    stream: `order:${orderId}`,
    kind: "AttemptFound",
    payload: { attemptId, was: state, evidence: landed.evidence },
  });
  const ended = bookLanding(context, tx, now, landed, finality);
  const order = tx.order(orderId);
  const lines = [
    `A trade was found that had been called ${state}`,
    `The ${order?.side ?? "order"} of ${order?.symbol ?? "a token"} did happen on the chain.`,
    "It is booked now, and its message shows the figures. Nothing was sent for it again.",
    `Transaction: ${context.venue.explorerUrl(identity)}`,
  ];
  if (order !== undefined) context.notices.alert(tx, order.userId, `found:${attemptId}`, lines);
  context.notices.alertAdmins(tx, `found:${attemptId}`, lines);
  return [orderId, ...ended.filter((id) => id !== orderId)];
}
