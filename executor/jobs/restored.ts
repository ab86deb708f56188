import type { OrderRow } from "@raptor/shared/domain/rows.ts";
import { UNRESOLVED_ATTEMPT_STATES } from "@raptor/shared/domain/order.ts";
import type { Job } from "@raptor/shared/wire/job.ts";
import { ENTRY_OP, EXIT_OP } from "@raptor/shared/wire/callback.ts";
import type { EngineContext } from "../engine/context.ts";
import { appendClosed } from "../engine/journal-attempt.ts";
import { disarmEntry } from "../engine/limit-buys.ts";
import type { RecoveryMark } from "../ports/recovery.ts";
import type { Reader, Tx } from "../ports/store.ts";

const HELD = "The journal was put back from a copy; look at what you hold, then allow buys again.";
const NOT_REPEATED =
  "The journal was put back from a copy, which does not say whether this was sent. It is not sent again.";

export interface RestoredReport {
  heldPeople: number;
  askedJobs: number;
  closedOrders: number;
}

type Deps = Pick<EngineContext, "store" | "notices" | "log" | "shout">;

/**
 * The first start on a journal that was put back from a copy. What the copy does not know may have
 * happened: nothing that was under way is done again, everybody is told and asked, and nobody's
 * buys go on before that person has looked. Attempts that the copy calls undecided are followed as
 * always, because the chain knows them by name. One transaction, so that it is done once.
 */
export async function settleRestored(deps: Deps): Promise<RestoredReport | undefined> {
  const { store, notices, log, shout } = deps;
  const report = await store.transact((tx) => {
    const mark = tx.recoveryMark();
    if (mark === undefined || mark.isSettled) return undefined;
    const { from, atMs, headSeq, headHash } = mark;
    const payload = { from, atMs, headSeq, headHash };
    tx.append({ stream: "executor", kind: "JournalRestored", payload });
    const closedOrders = closeUnsent(deps, tx);
    const askedJobs = askAboutPending(deps, tx);
    callOffEntries(deps, tx);
    const heldPeople = holdEverybody(deps, tx, mark);
    tx.settleRecovery();
    notices.alertAdmins(tx, `restored-desk:${atMs}`, [
      `The journal was put back from ${from}`,
      `${askedJobs} commands were not run again, ${closedOrders} orders were closed unsent.`,
      "Everybody's buys wait for their word. Look at the kill switch: it stands as in the copy.",
    ]);
    return { heldPeople, askedJobs, closedOrders };
  });
  if (report !== undefined) {
    log.warn({ ...report }, "this journal was put back from a copy");
    shout(`The journal was put back from a copy: buys of ${report.heldPeople} people are held`);
  }
  return report;
}

/** An order without an undecided attempt may have had one that the copy never saw. */
function closeUnsent({ notices }: Deps, tx: Tx): number {
  const unsent = tx.openOrders().filter((order) => !hasUndecided(tx, order));
  for (const order of unsent) {
    appendClosed(tx, order, "canceled", NOT_REPEATED);
    notices.order(tx, order.orderId);
  }
  return unsent.length;
}

function hasUndecided(tx: Reader, order: OrderRow): boolean {
  return tx
    .attemptsOf(order.orderId)
    .some((attempt) => UNRESOLVED_ATTEMPT_STATES.includes(attempt.state));
}

/** Jobs that made an order are told of by its message; the others are asked about. */
function askAboutPending({ notices }: Deps, tx: Tx): number {
  let asked = 0;
  for (const { jobId, job } of tx.pendingJobs()) {
    const outcome = "not run again: the journal was put back from a copy";
    tx.append({ stream: `job:${jobId}`, kind: "JobFinished", payload: { jobId, outcome } });
    if (job === null || job.actor.kind !== "telegram") continue;
    const { userId } = job.actor;
    if (!mayTrade(job) || tx.user(userId) === undefined) continue;
    if (tx.ordersOfJob(jobId).length > 0) continue;
    asked++;
    notices.alert(tx, userId, `asked:${jobId}`, [
      `Do you still want this: ${wishOf(job)}?`,
      "The journal was put back from a copy while it was under way, so it may or may not have " +
        "been done. It is not done again by itself.",
      "Look at /positions, and send it again if you still want it.",
    ]);
  }
  return asked;
}

/** A limit buy may have bought, or been called off, after the copy was made. */
function callOffEntries({ notices }: Deps, tx: Tx): void {
  for (const entry of tx.armedEntries(null)) {
    disarmEntry(tx, entry, "the journal was put back from a copy");
    notices.alert(tx, entry.userId, `entry:${entry.entryId}`, [
      `A limit buy of ${entry.symbol} was called off`,
      "The journal was put back from a copy, which does not say whether it has bought since. " +
        "Look at /positions, and make a new one if you still want it. Nothing is bought by this one.",
    ]);
  }
}

function holdEverybody({ notices }: Deps, tx: Tx, mark: RecoveryMark): number {
  const people = tx.users();
  for (const { userId, heldReason } of people) {
    if (heldReason === "") {
      const payload = { userId, reason: HELD };
      tx.append({ stream: `user:${userId}`, kind: "EntriesHeld", payload });
    }
    notices.alert(tx, userId, `restored:${mark.atMs}:${userId}`, [
      "The desk's records were put back from a copy",
      "What happened just before may be missing: compare /positions with your wallet. Exits are " +
        "armed as always. Buttons of older messages do not work any more.",
      "Your buys wait until you allow them again.",
    ]);
  }
  return people.length;
}

/** A command from before the restore may have been carried out, and the copy would not know. */
export function checkRestored(tx: Reader, job: Job): string | undefined {
  const mark = tx.recoveryMark();
  if (mark === undefined || job.createdMs >= mark.atMs) return undefined;
  // A press is judged by its ticket, and those were voided.
  if (job.kind === "press" || !mayTrade(job)) return undefined;
  return (
    "This came from before the desk's records were put back and may have been done already. " +
    "Look at /positions and send it again if you still want it. Nothing was done now."
  );
}

/** What may buy or sell. A press without a ticket only navigates. */
function mayTrade(job: Job): boolean {
  if (job.kind === "press") return job.op === ENTRY_OP || job.op === EXIT_OP;
  return job.kind === "buy" || job.kind === "sell" || job.kind === "say";
}

function wishOf(job: Job): string {
  switch (job.kind) {
    case "buy":
      return `buy for ${job.amountText} SOL, ${job.mint}`;
    case "sell":
      return `sell ${job.percentText} %, ${job.mint}`;
    case "say":
      return `your answer ${job.text}`;
    default:
      return "the button that you pressed";
  }
}
