import type { EventPayloads, JournalEvent } from "@raptor/shared/domain/events.ts";
import type { Invariant, Report } from "./invariant.ts";

export interface SpendLimits {
  notionalLamportsMax: bigint;
  dailyLamportsMax: bigint;
}

interface Buy {
  userId: number;
  sinceMs: number;
  lamports: bigint;
}

/** Approved buys of one person, oldest first, and their sum. */
interface Account {
  buys: Map<string, Buy>;
  total: bigint;
}

/** A little less than the day of the rule, because the two moments are not read at once. */
const WINDOW_MS = 24 * 3_600_000 - 10_000;

/**
 * Invariant 8: what a person's approved buys have spent or may still spend stays within the limits,
 * added up anew from the events at every attempt. The limits are those given, or those that the
 * approval itself names.
 */
export function createSpend(report: Report, fixed?: SpendLimits): Invariant {
  const buys = new Map<string, Buy>();
  const accounts = new Map<number, Account>();
  let limits: SpendLimits | undefined = fixed;

  function approve({ orderId, inputs }: EventPayloads["OrderApproved"]): void {
    limits = fixed ?? {
      notionalLamportsMax: BigInt(inputs.limits.notionalLamportsMax),
      dailyLamportsMax: BigInt(inputs.limits.dailyLamportsMax),
    };
    const buy = buys.get(orderId);
    if (buy === undefined) return;
    const account = accounts.get(buy.userId) ?? { buys: new Map<string, Buy>(), total: 0n };
    if (!account.buys.has(orderId)) account.total += buy.lamports;
    account.buys.set(orderId, buy);
    accounts.set(buy.userId, account);
  }

  function check({ orderId, voids }: EventPayloads["AttemptPrepared"], nowMs: number): void {
    const buy = buys.get(orderId);
    // A void spends nothing but a network fee, however long ago its order was approved.
    if (buy === undefined || voids !== undefined) return;
    const account = accounts.get(buy.userId);
    if (account?.buys.has(orderId) !== true || limits === undefined) {
      return report(`order ${orderId} was prepared without approval`);
    }
    if (buy.lamports > limits.notionalLamportsMax) {
      report(`order ${orderId} spends ${buy.lamports} lamports, over the limit of one order`);
    }
    for (const [id, other] of account.buys) {
      if (other.sinceMs >= nowMs - WINDOW_MS) break;
      forget(id);
    }
    const { total } = account;
    if (total <= limits.dailyLamportsMax) return;
    report(`person ${buy.userId} has ${total} lamports spent or in flight, over the day's limit`);
  }

  /** Ended without a fill, or out of the window. */
  function forget(orderId: string): void {
    const buy = buys.get(orderId);
    buys.delete(orderId);
    if (buy === undefined) return;
    const account = accounts.get(buy.userId);
    if (account?.buys.delete(orderId) === true) account.total -= buy.lamports;
  }

  function take({ kind, payload, tsMs }: JournalEvent): void {
    switch (kind) {
      case "OrderInitialized": {
        if (payload.side !== "buy") return;
        const { orderId, userId } = payload;
        const lamports = BigInt(payload.notionalLamports);
        return void buys.set(orderId, { userId, sinceMs: tsMs, lamports });
      }
      case "OrderApproved":
        return approve(payload);
      case "AttemptPrepared":
        return check(payload, tsMs);
      case "OrderDenied":
      case "OrderClosed":
        return forget(payload.orderId);
      default:
    }
  }

  return { name: "8 spending limits", take };
}
