import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import type { NonceAccountRow } from "@raptor/shared/domain/rows.ts";
import type { EventHead } from "./fold-orders.ts";
import type { RowChange } from "./row-change.ts";

type State = NonceAccountRow["state"];

/** An account that was reclaimed or refused may be wanted again; its row then begins anew. */
export function foldNonceAccountsWanted(
  { walletId, accounts, rentLamports }: EventPayloads["NonceAccountsWanted"],
  head: EventHead,
): RowChange[] {
  return accounts.map(({ account, nonceIndex }) => ({
    op: "upsert",
    table: "nonce_accounts",
    row: {
      account,
      walletId,
      nonceIndex,
      state: "wanted",
      lamports: rentLamports,
      reason: null,
      changedMs: head.tsMs,
    },
    onlyOver: { state: ["refused", "reclaimed"] },
  }));
}

export function foldNonceAccountsCreated(
  { accounts }: EventPayloads["NonceAccountsCreated"],
  head: EventHead,
): RowChange[] {
  return accounts.map(({ account, lamports }) => ({
    ...moved(account, ["wanted"]),
    set: { state: "ready", lamports, reason: null, changedMs: head.tsMs },
  }));
}

export function foldNonceAccountsRefused(
  { accounts, reason }: EventPayloads["NonceAccountsRefused"],
  head: EventHead,
): RowChange[] {
  return accounts.map(({ account }) => ({
    ...moved(account, ["wanted"]),
    set: { state: "refused", reason, changedMs: head.tsMs },
  }));
}

export function foldNonceReclaimWanted(
  { account }: EventPayloads["NonceReclaimWanted"],
  head: EventHead,
): RowChange[] {
  return [{ ...moved(account, ["ready"]), set: { state: "reclaiming", changedMs: head.tsMs } }];
}

export function foldNonceAccountReclaimed(
  { account }: EventPayloads["NonceAccountReclaimed"],
  head: EventHead,
): RowChange[] {
  const set = { state: "reclaimed" as const, lamports: "0", changedMs: head.tsMs };
  return [{ ...moved(account, ["reclaiming"]), set }];
}

/** The account is as it was: attempts may stand on it again. */
export function foldNonceReclaimRefused(
  { account, reason }: EventPayloads["NonceReclaimRefused"],
  head: EventHead,
): RowChange[] {
  const set = { state: "ready" as const, reason, changedMs: head.tsMs };
  return [{ ...moved(account, ["reclaiming"]), set }];
}

function moved(account: string, from: readonly State[]) {
  return {
    op: "update",
    table: "nonce_accounts",
    where: { account, state: from },
    rows: "one",
  } as const;
}
