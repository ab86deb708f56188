import type { Tx } from "../ports/store.ts";
import { openPanic } from "./panic.ts";

/** Who is named in the journal: the machine knows no person. */
const OPERATOR = "operator on the machine";

export interface OperatorHalt {
  reason: string;
  isPanic: boolean;
  nowMs: number;
}

export interface OperatorHalted {
  /** For what is told of it; every halt has its own. */
  key: string;
  lines: string[];
  /** Whose positions are sold. */
  panicUserIds: number[];
}

/** Halts all entries, whoever else is in charge. One transaction; announcing is the caller's. */
export function haltByOperator(tx: Tx, halt: OperatorHalt): OperatorHalted {
  const { reason, isPanic, nowMs } = halt;
  const key = `operator:${nowMs}`;
  tx.append({
    stream: "control",
    kind: "TradingStateChanged",
    payload: {
      state: "halted",
      reason,
      by: OPERATOR,
      jobId: key,
      createdMs: nowMs,
      tightenedMs: Math.max(tx.control().tightenedMs, nowMs),
    },
  });
  const panicUserIds = isPanic ? usersAtRisk(tx) : [];
  // A panic has the id of its cause, and each person's is one of its own.
  for (const userId of panicUserIds) openPanic(tx, userId, `${key}:${userId}`, nowMs);
  const lines = [
    `Trading was halted by the ${OPERATOR}`,
    `Reason: ${reason}`,
    isPanic
      ? "No new buys for anybody, and everything that is open is being sold."
      : "No new buys for anybody. Exits, sells and panic go on.",
    "An admin allows buys again with /kill active.",
  ];
  return { key, lines, panicUserIds };
}

/** Who holds something, or may in a moment. */
function usersAtRisk(tx: Tx): number[] {
  const holders = [...tx.openPositions(null), ...tx.openOrders()].map(({ userId }) => userId);
  return [...new Set(holders)];
}
