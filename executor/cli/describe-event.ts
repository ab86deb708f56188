import type { EventKind, EventPayloads, JournalEvent } from "@raptor/shared/domain/events.ts";

type Describers = { [K in EventKind]?: (payload: EventPayloads[K]) => string };

/** The kinds whose meaning is worth a sentence; the others show their fields. */
const DESCRIBERS: Describers = {
  JobAccepted: (job) => `a ${job.kind} job of ${personText(job.userId)} was accepted`,
  JobRefused: (job) => `a ${job.kind} job of ${personText(job.userId)} was refused: ${job.reason}`,
  JobFinished: (job) => `the job ended: ${job.outcome}`,
  TicketClaimed: (claim) => `ticket ${claim.ticket} was redeemed`,
  OrderInitialized: (order) =>
    `order ${order.orderId}: ${order.side} ${order.instrument} for ` +
    (order.side === "buy" ? `${order.notionalLamports} lamports` : `${order.quantity} units`),
  OrderApproved: () => "the risk check let it pass",
  OrderDenied: (denied) => `the risk check denied it: ${denied.reasons.join("; ")}`,
  OrderClosed: (closed) => `the order ended ${closed.status}: ${closed.reason}`,
  AttemptPrepared: (attempt) =>
    `attempt ${attempt.n} as ${attempt.identity}, dead after block height ` +
    `${attempt.bound.lastValidBlockHeight}, at most ${attempt.costCapLamports} lamports`,
  AttemptSubmitted: (sent) => `sent by ${sent.lanes.join(", ")}`,
  AttemptAccepted: () => "a node has seen it",
  AttemptRejected: (rejected) => `the venue refused it: ${rejected.reason}`,
  AttemptUnknown: (unknown) => `not decided: ${unknown.cause}`,
  AttemptFailed: (failed) =>
    `it landed and was reverted: ${failed.venueError}, cost ${failed.costLamports} lamports`,
  AttemptDead: () => "it is proven that it can no longer happen",
  FillRecorded: (fill) =>
    `filled: ${fill.side} ${fill.quantity} units for ${fill.notionalLamports} lamports, ` +
    `fee ${fill.feeLamports}, slot ${fill.venueSlot}`,
  FillReversed: () => "the venue took the fill back",
  FillSettled: () => "the fill is final",
  PositionChanged: (position) =>
    `position ${position.state}: ${position.quantity} units, cost ${position.costLamports} lamports`,
  ExitTriggered: (exit) =>
    `${exit.rule} fired at ${exit.priceE9}, its trigger was ${exit.triggerPriceE9}`,
  NoticeDelivered: (notice) => `told in chat ${notice.chatId} by message ${notice.messageId}`,
};

/** One line of `raptor why`: when, which event, what it means. */
export function describeEvent(event: JournalEvent): string {
  // sim-ok: formats a recorded time and does not read the clock.
  const time = new Date(event.tsMs).toISOString();
  const meaning = meaningOf(event.kind, event.payload);
  return `${time}  #${event.seq}  ${event.kind.padEnd(17)} ${meaning}`;
}

function meaningOf<K extends EventKind>(kind: K, payload: EventPayloads[K]): string {
  const describe = DESCRIBERS[kind];
  return describe === undefined ? fieldsText(payload) : describe(payload);
}

function fieldsText(payload: object): string {
  return Object.entries(payload as Record<string, unknown>)
    .filter(([, value]) => typeof value !== "object")
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(" ");
}

function personText(userId: number | null): string {
  return userId === null ? "the system" : `person ${userId}`;
}
