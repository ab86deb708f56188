import type { EntryEnd } from "@raptor/shared/domain/order.ts";
import type { AttemptRow, OrderRow } from "@raptor/shared/domain/rows.ts";
import { formatDecimal } from "@raptor/shared/values/decimal.ts";
import { SOL_DECIMALS } from "@raptor/shared/values/money.ts";
import type { Reader } from "../ports/store.ts";
import { checkEntryGate } from "./entry-gate.ts";
import { slotOf } from "./ids.ts";
import { isUnresolved } from "./nonce-accounts.ts";
import { checkRestoredOrder } from "./restored-order.ts";

/**
 * An entry that was sent may be taken this long after its deadline, as one by blockhash may be
 * until its blockhash ends. Nothing else would ever end one on a nonce.
 */
export const ENTRY_GRACE_MS = 60_000;
/** Voids of one order; each bids twice as much as the one before. */
const VOIDS_MAX = 5;

/** What an undecided entry is called off by, and why. */
export interface VoidPlan {
  end: EntryEnd;
  /** All attempts on the nonce value, oldest first. */
  group: AttemptRow[];
}

export function isVoid({ voids }: Pick<AttemptRow, "voids">): boolean {
  return voids !== null;
}

/**
 * Whether the undecided try of an entry is to be called off, by a transaction that only uses its
 * nonce up. Such a try never dies by itself: what may not be sent any more and may have left before
 * would stay undecided for good. Once a void is out there is no way back, whatever the gate says.
 */
export function planVoid(reader: Reader, order: OrderRow, nowMs: number): VoidPlan | undefined {
  const group = undecidedGroupOf(reader, order);
  if (group === undefined || !isOpenGroup(reader, order, group)) return undefined;
  const begun = group.findLast(isVoid)?.voids ?? undefined;
  const end = begun ?? endOf(reader, order, group, nowMs);
  return end === undefined ? undefined : { end, group };
}

/** How an order ends whose entry was called off, once nothing of it is undecided any more. */
export function endOfVoided(attempts: readonly AttemptRow[]): EntryEnd | undefined {
  const last = attempts.findLast(isVoid);
  if (last?.voids === undefined || last.voids === null) return undefined;
  // Where the entry itself has failed, its own cause says more.
  if (attempts.some((one) => !isVoid(one) && one.state === "failed")) return undefined;
  const { status, reason } = last.voids;
  const landed = attempts.find((one) => isVoid(one) && one.state === "failed");
  return { status, reason: `${reason} ${landed?.cause ?? "Nothing was bought."}` };
}

/** The cause that a landed void is journaled with. */
export function voidedText(costLamports: bigint): string {
  const fee = formatDecimal(costLamports, SOL_DECIMALS);
  return `Nothing was bought; calling it off cost ${fee} SOL of network fee.`;
}

function undecidedGroupOf(reader: Reader, order: OrderRow): AttemptRow[] | undefined {
  if (order.side !== "buy") return undefined;
  const open = reader.attemptsOf(order.orderId).filter(isUnresolved).at(-1);
  return open?.bound.kind === "nonce" ? reader.attemptsOfGroup(open.exclusionGroup) : undefined;
}

/** What a node has seen may be booked in a moment; what has an end needs no other. */
function isOpenGroup(reader: Reader, order: OrderRow, group: readonly AttemptRow[]): boolean {
  const [first] = group;
  if (first === undefined || group.some(({ orderId }) => orderId !== order.orderId)) return false;
  if (group.filter(isVoid).length >= VOIDS_MAX) return false;
  const isSpent = group.some(
    ({ attemptId, state }) =>
      state === "failed" || state === "accepted" || reader.fillOfAttempt(attemptId) !== undefined,
  );
  // After a fork an older try may be undecided beside a newer one: one of them at a time.
  const slot = slotOf(order);
  const isShared = reader
    .unresolvedAttempts()
    .some((one) => one.slot === slot && one.exclusionGroup !== first.exclusionGroup);
  return !isSpent && !isShared;
}

function endOf(
  reader: Reader,
  order: OrderRow,
  group: readonly AttemptRow[],
  nowMs: number,
): EntryEnd | undefined {
  const restored = checkRestoredOrder(reader, group);
  if (restored !== undefined) return { status: "canceled", reason: restored.reason };
  if (group.every(({ submittedMs }) => submittedMs === null)) {
    return checkEntryGate(reader, order, nowMs, undefined);
  }
  const stop = checkEntryGate(reader, { ...order, deadlineMs: null }, nowMs, undefined);
  if (stop !== undefined) return stop;
  if (order.deadlineMs === null || nowMs <= order.deadlineMs + ENTRY_GRACE_MS) return undefined;
  return { status: "expired", reason: "The network did not take it before its deadline." };
}
