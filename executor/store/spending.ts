import type { Statements } from "./statements.ts";

/**
 * Orders are numbered by their rowid in order of initialization: rows are never deleted, and
 * folding the journal again gives the same numbers. An order that is not there counts everything.
 */
const EARLIER_BUYS_SQL = `
select {columns} from orders o
where o.side = 'buy' and o.user_id = ?
  and o.status not in ('denied', 'canceled', 'expired', 'rejected')
  and o.rowid < coalesce(
    (select b.rowid from orders b where b.order_id = ?), 9223372036854775807)`;

/** Bought: what left the wallet for the tokens. Still open: all that may yet leave it. */
const SPENT_SQL = `${EARLIER_BUYS_SQL.replace(
  "{columns}",
  "o.order_id, o.status, o.notional_lamports",
)} and o.created_ms >= ?`;

const FILLED_SQL = "select notional_lamports from fills where order_id = ? and state <> 'reversed'";

const LAST_BUY_SQL = `${EARLIER_BUYS_SQL.replace(
  "{columns}",
  "max(o.created_ms)",
)} and o.instrument = ?`;

export function spentLamportsSince(
  statements: Statements,
  userId: number,
  sinceMs: number,
  beforeOrderId: string,
): bigint {
  let total = 0n;
  for (const row of statements.all(SPENT_SQL, userId, beforeOrderId, sinceMs)) {
    const [orderId, status, notionalLamports] = row.map(String) as [string, string, string];
    if (status !== "filled") {
      total += BigInt(notionalLamports);
      continue;
    }
    for (const [filled] of statements.all(FILLED_SQL, orderId)) total += BigInt(String(filled));
  }
  return total;
}

export function lastBuyMs(
  statements: Statements,
  userId: number,
  instrument: string,
  beforeOrderId: string,
): number | undefined {
  const row = statements.one(LAST_BUY_SQL, userId, beforeOrderId, instrument);
  return typeof row?.[0] === "number" ? row[0] : undefined;
}
