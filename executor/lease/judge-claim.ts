import type { LeaseIdentity, LeaseRow } from "./lease-database.ts";

export type ClaimVerdict =
  | { may: "take" }
  /** Its holder may still live: only its silence for a whole TTL permits a take. */
  | { may: "wait" }
  /** A person has to decide. */
  | { may: "refuse"; reason: string };

/**
 * Whether an executor may take the lease, judged by the row alone. The caller holds the lock file
 * of its data directory: an executor of the same volume on the same machine has ended, whatever its
 * row and its session say. A session that ended proves nothing, as connections break under living
 * processes; and another volume holds another journal, which no waiting makes complete.
 */
export function judgeClaim(row: LeaseRow | undefined, me: LeaseIdentity): ClaimVerdict {
  if (row === undefined) return { may: "take" };
  if (row.holder === me.holder) return { may: "take" };
  if (row.volume !== me.volume) {
    const reason =
      "This desk belongs to another volume. To move it here, run `raptor restore` on this one; " +
      "if the other one should go on, destroy this Machine.";
    return { may: "refuse", reason };
  }
  if (row.phase === "handingOver") {
    const reason =
      "The restore on this volume did not come to its end. Run `raptor restore` again.";
    return { may: "refuse", reason };
  }
  if (row.phase !== "held" || row.machine === me.machine) return { may: "take" };
  return { may: "wait" };
}

/** The row of a claim of our own; its epoch is above every one seen here or in the journal. */
export function claimAfter(
  row: LeaseRow | undefined,
  me: LeaseIdentity,
  journalEpoch: number,
): LeaseRow {
  return {
    ...me,
    epoch: Math.max(row?.epoch ?? 0, journalEpoch) + 1,
    renewals: (row?.renewals ?? 0) + 1,
    phase: "held",
    headSeq: null,
  };
}

export function isSameWrite(a: LeaseRow | undefined, b: LeaseRow | undefined): boolean {
  return a?.epoch === b?.epoch && a?.renewals === b?.renewals && a?.holder === b?.holder;
}
