import { ruleIdOf } from "@raptor/shared/domain/exit-rules.ts";
import type {
  AttemptRow,
  ExitPlanRow,
  FillRow,
  OrderRow,
  View,
} from "@raptor/shared/domain/rows.ts";
import { assert } from "@raptor/shared/errors/raptor-error.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { mulDivCeil } from "@raptor/shared/values/money.ts";
import type { Drift } from "@raptor/shared/wire/read.ts";
import { mintOf } from "../engine/ids.ts";
import { isUnresolved } from "../engine/nonce-accounts.ts";
import { isOnlyDuplicateGuard } from "../engine/risk.ts";
import type { Notices } from "../ports/notices.ts";
import type { Reader, Tx } from "../ports/store.ts";
import type { Venue } from "../ports/venue.ts";
import { shortAddress } from "../screens/numbers.ts";
import { orderScreen } from "../screens/order.ts";
import { driftScreen, foundScreen } from "../screens/drift.ts";
import { noticeScreen } from "../screens/plain.ts";
import type { Screen } from "../screens/screen.ts";
import type { TicketIssuer } from "./tickets.ts";

/** The newest fills of a person that are looked through for the name of a token. */
const FILLS_SEARCHED = 200;

/** Writes notices as outbox rows, inside the transaction of the change that they report. */
export function createNotices(deps: {
  venue: Pick<Venue, "explorerUrl" | "boundSecondsLeft">;
  clock: Clock;
  tickets: TicketIssuer;
  adminUserIds: readonly number[];
}): Notices {
  function put(
    tx: Tx,
    userId: number,
    key: string,
    view: View,
    screen: Screen,
    silent = false,
  ): void {
    const user = tx.user(userId);
    assert(user !== undefined, `notice ${key} is for an unknown user`);
    const content = deps.tickets.issue(tx, userId, user.chatId, screen);
    tx.putOutbox({ key, chatId: user.chatId, content, view, isSilent: silent });
  }
  return {
    order(tx, orderId) {
      const order = tx.order(orderId);
      assert(order !== undefined, `notice of an unknown order ${orderId}`);
      const screen = orderScreen(orderModel(deps, tx, order));
      put(tx, order.userId, order.noticeKey, { kind: "order", orderId }, screen);
    },
    alert(tx, userId, key, lines) {
      const options = mayResume(tx, userId) ? { resumeShownMs: deps.clock.nowMs() } : {};
      put(tx, userId, key, { kind: "notice" }, noticeScreen(lines, options));
    },
    alertAdmins(tx, key, lines) {
      for (const userId of deps.adminUserIds) {
        if (tx.user(userId) === undefined) continue;
        put(tx, userId, `${key}:${userId}`, { kind: "notice" }, noticeScreen(lines));
      }
    },
    found(tx, userId, key, found) {
      const { walletId, mint, quantity } = found;
      put(tx, userId, key, { kind: "found", walletId, mint, quantity }, foundScreen(found));
    },
    drift(tx, userId, key, drift: readonly Drift[]) {
      const lost = drift.map((one) => {
        const links = (one.movedBy ?? []).map((identity) => deps.venue.explorerUrl(identity));
        return { ...one, ...tokenOf(tx, userId, one.mint), links };
      });
      const shownMs = Math.max(deps.clock.nowMs(), tx.user(userId)?.pausedMs ?? 0);
      put(tx, userId, key, { kind: "notice" }, driftScreen(lost, shownMs));
    },
  };
}

/** Buys wait for this person's word, and the word would be heard. */
function mayResume(tx: Reader, userId: number): boolean {
  const user = tx.user(userId);
  return user !== undefined && user.panicId === null && (user.paused || user.heldReason !== "");
}

/** Name and decimals of a token that the person held, also after its position was closed. */
function tokenOf(
  tx: Reader,
  userId: number,
  mint: string,
): { symbol: string; decimals: number | null } {
  const fills = tx.fillsPage(userId, FILLS_SEARCHED, null);
  const fill = fills.find(({ instrument }) => mintOf(instrument) === mint);
  const position = fill === undefined ? undefined : tx.position(fill.positionId);
  if (position === undefined) return { symbol: shortAddress(mint), decimals: null };
  return { symbol: position.symbol, decimals: position.decimals };
}

function orderModel(
  deps: { venue: Pick<Venue, "explorerUrl" | "boundSecondsLeft">; clock: Clock },
  tx: Tx,
  order: OrderRow,
): Parameters<typeof orderScreen>[0] {
  const attempts = tx.attemptsOf(order.orderId);
  const last: AttemptRow | undefined = attempts.at(-1);
  // What the network took back did not happen: the order is shown as it stands without it.
  const fill: FillRow | undefined = tx
    .fillsOf(order.orderId)
    .findLast(({ state }) => state !== "reversed");
  // Of several copies on one nonce the one that landed need not be the newest.
  const shown = attempts.find(({ attemptId }) => attemptId === fill?.attemptId) ?? last;
  const positionId = fill?.positionId ?? order.positionId;
  const position = positionId === null ? undefined : tx.position(positionId);
  const plan = positionId === null ? undefined : tx.exitPlan(positionId);
  const denial = order.status === "denied" ? tx.denialInputs(order.orderId) : undefined;
  const { venue, clock } = deps;
  return {
    order,
    attempts,
    fill,
    exits: plan?.state === "armed" ? plan.rules : [],
    position:
      position === undefined
        ? undefined
        : {
            positionId: position.positionId,
            quantity: position.quantity,
            isOpen: position.state === "open",
          },
    trigger: order.source.kind === "exit" ? tx.exitTrigger(order.orderId) : undefined,
    exitPlace: exitPlaceOf(order, plan),
    peakE9: plan === undefined ? undefined : BigInt(plan.markE9),
    soldCostLamports: soldCost(order, fill),
    boundSecondsLeft: last === undefined ? null : venue.boundSecondsLeft(last.bound),
    copies: last === undefined ? 0 : undecidedCopies(tx, last),
    explorerUrl: shown === undefined ? undefined : venue.explorerUrl(shown.identity),
    mayResume: mayResume(tx, order.userId),
    mayOverrideGuard: denial !== undefined && isOnlyDuplicateGuard(denial),
    mint: mintOf(order.instrument),
    nowMs: clock.nowMs(),
  };
}

/** Which of several rules of its kind has fired, from the nearest to the furthest. */
function exitPlaceOf(
  { source }: OrderRow,
  plan: ExitPlanRow | undefined,
): { number: number; of: number; shareBps: number } | undefined {
  if (source.kind !== "exit" || plan === undefined) return undefined;
  const alike = [...plan.rules, ...(plan.done ?? [])]
    .filter(({ kind }) => kind === source.rule)
    .toSorted((a, b) => a.triggerBps - b.triggerBps);
  const at = alike.findIndex((rule) => ruleIdOf(rule) === source.ruleId);
  const rule = alike[at];
  if (rule === undefined) return undefined;
  return { number: at + 1, of: alike.length, shareBps: rule.quantityBps };
}

/** Attempts on the same nonce value that are not decided, of this order and of others. */
function undecidedCopies(tx: Reader, { bound, exclusionGroup }: AttemptRow): number {
  if (bound.kind !== "nonce") return 0;
  return tx.attemptsOfGroup(exclusionGroup).filter(isUnresolved).length;
}

/**
 * Cost of what a sell sold, by the ledger. Fills of earlier releases do not name it: theirs is
 * reckoned at the entry price that the order was made with.
 */
function soldCost(order: OrderRow, fill: FillRow | undefined): bigint | undefined {
  const { soldCostLamports = null } = fill ?? {};
  if (soldCostLamports !== null) return BigInt(soldCostLamports);
  if (fill === undefined || order.side !== "sell" || order.entryPriceE9 === null) return undefined;
  const scale = 1_000_000_000n * 10n ** BigInt(order.decimals);
  return mulDivCeil(BigInt(fill.quantity), BigInt(order.entryPriceE9), scale);
}
