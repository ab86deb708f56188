import type { OrderRow, PositionRow } from "@raptor/shared/domain/rows.ts";
import type { Tx } from "../ports/store.ts";
import type { AttemptTracker } from "./attempt-tracker.ts";
import type { EngineContext } from "./context.ts";
import { undecidedGroupOf } from "./attempt-lifetime.ts";
import { derivePanicId, derivePanicOrderId, slotOf } from "./ids.ts";
import { outlastJournalTrouble } from "./journal-trouble.ts";
import { appendClosed } from "./journal-attempt.ts";
import type { DeadEnd } from "./dead-ends.ts";
import type { OrderDriver } from "./order-driver.ts";
import { initializeSell, openPanicOf, openSellOf } from "./orders.ts";

/** Less than the network takes; or not to be sold at any price. */
type WhyLeft = "small" | DeadEnd;

const LEFT_REASONS: Readonly<Record<WhyLeft, string>> = {
  small: "Too small to sell: it would bring less than it costs.",
  noRoute: "Nobody takes it now: no pool and no service offers a way to sell it.",
  frozen: "Its maker has frozen it in this wallet, so that nobody can sell it now.",
};

/**
 * Sells everything of one person. It stays open until every entry that was unresolved at the
 * press is decided and, if it landed, sold too.
 */
export class Panic {
  readonly #context: EngineContext;
  readonly #driver: OrderDriver;
  readonly #abort = new AbortController();

  constructor(context: EngineContext, driver: OrderDriver, tracker: AttemptTracker) {
    this.#context = context;
    this.#driver = driver;
    tracker.onUserChanged((userId) => this.follow(userId));
  }

  /** Part of the transaction that accepts the press: pauses entries and opens the panic. */
  open(tx: Tx, userId: number, jobId: string): void {
    openPanic(tx, userId, jobId, this.#context.clock.nowMs());
  }

  /** Sells what is open and not yet being sold; closes the panic when nothing is left. */
  async advance(userId: number): Promise<void> {
    const started = await this.#context.store.transact((tx) => this.#step(tx, userId));
    for (const orderId of started) this.#driver.start(orderId);
  }

  async resumeAll(): Promise<void> {
    for (const user of this.#context.store.users()) {
      if (user.panicId !== null) await this.advance(user.userId);
    }
  }

  stop(): void {
    this.#abort.abort();
  }

  /** Nobody asks a second time, so that a full disk must not end the look. */
  follow(userId: number): void {
    const { store, onFatal } = this.#context;
    if ((store.user(userId)?.panicId ?? null) === null) return;
    const advance = (): Promise<void> => this.advance(userId);
    outlastJournalTrouble(this.#context, this.#abort.signal, advance).catch(onFatal);
  }

  #step(tx: Tx, userId: number): string[] {
    const panicId = tx.user(userId)?.panicId ?? null;
    if (panicId === null) return [];
    const positions = tx.openPositions(userId);
    const started: string[] = [];
    for (const position of positions) {
      const sell = openSellOf(tx, position.positionId);
      if (sell !== undefined && !this.#mayTakeOver(tx, sell)) continue;
      // One that waits for a better price hears of it now.
      if (sell !== undefined && this.#driver.isHeldSmall(sell.orderId)) started.push(sell.orderId);
      const orderId = this.#nextOrderId(tx, panicId, position.positionId);
      initializeSell(tx, {
        orderId,
        position,
        quantityBps: 10_000,
        slippageBpsMax: this.#context.settings.exitSlippageRampBps.at(-1) as number,
        source: { kind: "panic", jobId: panicId, positionId: position.positionId },
        noticeKey: `order:${orderId}`,
      });
      this.#context.notices.order(tx, orderId);
      started.push(orderId);
    }
    const isBusy = tx.openOrders().some((order) => order.userId === userId);
    if (positions.length === 0 && !isBusy) {
      tx.append({
        stream: `user:${userId}`,
        kind: "PanicClosed",
        payload: { panicId, userId },
      });
      this.#context.notices.alert(tx, userId, `panic:${panicId}:done`, [
        "Panic is done: no position is open and no order is under way.",
        "Entries stay paused until you press /resume.",
      ]);
    }
    if (started.length === 0) this.#leave(tx, { panicId, userId }, positions);
    return started;
  }

  /**
   * Ends a panic of which only that is left what would bring less than it costs, or what nobody
   * takes: a token that cannot be sold any more must not keep its person from trading for ever.
   */
  #leave(
    tx: Tx,
    { panicId, userId }: { panicId: string; userId: number },
    positions: readonly PositionRow[],
  ): void {
    const sells = positions.flatMap((position) => openPanicOf(tx, position) ?? []);
    const left = sells.flatMap((sell) => {
      const why = this.#whyLeft(tx, sell);
      return why === undefined ? [] : [{ sell, why }];
    });
    const busy = tx.openOrders().filter((order) => order.userId === userId);
    if (left.length === 0 || left.length < positions.length || busy.length > left.length) return;
    tx.append({
      stream: `user:${userId}`,
      kind: "PanicClosed",
      payload: { panicId, userId, left: positions.map(({ positionId }) => positionId) },
    });
    for (const { sell, why } of left) {
      appendClosed(tx, sell, "canceled", LEFT_REASONS[why]);
      this.#context.notices.order(tx, sell.orderId);
    }
    this.#context.notices.alert(tx, userId, `panic:${panicId}:done`, leftLines(left));
  }

  /** Why a panic may end without this sell; undefined: it goes on. */
  #whyLeft(tx: Tx, sell: OrderRow): WhyLeft | undefined {
    if (tx.unresolvedInSlot(slotOf(sell)) !== undefined) return undefined;
    if (this.#driver.isHeldSmall(sell.orderId)) return "small";
    return this.#driver.deadEndOf(sell.orderId);
  }

  /**
   * An exit whose attempt stands on a nonce and is not decided is joined by a dearer one that sells
   * everything: of the two only one can land. One of which nothing is undecided is replaced; what
   * stands on a blockhash is waited for.
   */
  #mayTakeOver(tx: Tx, sell: OrderRow): boolean {
    if (openPanicOf(tx, sell) !== undefined) return false;
    const group = undecidedGroupOf(tx, slotOf(sell));
    return group === undefined || group[0]?.bound.kind === "nonce";
  }

  #nextOrderId(tx: Tx, panicId: string, positionId: string): string {
    for (let n = 1; ; n++) {
      const orderId = derivePanicOrderId(panicId, positionId, n);
      if (tx.order(orderId) === undefined) return orderId;
    }
  }
}

function leftLines(left: readonly { sell: OrderRow; why: WhyLeft }[]): string[] {
  const namesOf = (wanted: WhyLeft): string =>
    left.flatMap(({ sell, why }) => (why === wanted ? [sell.symbol] : [])).join(", ");
  const [small, noRoute, frozen] = [namesOf("small"), namesOf("noRoute"), namesOf("frozen")];
  const isAllSmall = noRoute === "" && frozen === "";
  const lines = [
    `Panic is done, but for what ${isAllSmall ? "is too small to sell" : "cannot be sold now"}.`,
  ];
  if (small !== "") {
    lines.push(`You still hold ${small}: selling would bring less than the network takes for it.`);
  }
  if (noRoute !== "") {
    lines.push(
      `You still hold ${noRoute}: no pool and no service has taken it for 2 minutes, at any price.`,
      "It may be worth nothing any more, or trade again later: then press Sell in /positions, or " +
        "/panic again.",
    );
  }
  if (frozen !== "") {
    lines.push(
      `You still hold ${frozen}: its maker has frozen it in your wallet, and nobody can sell it.`,
      "Should it thaw, press Sell in /positions, or /panic again.",
    );
  }
  lines.push(
    "The panic's sells of it are canceled. Their exits stay armed, and a rule that fires is tried " +
      "until it is sold. Entries stay paused until you press /resume.",
  );
  return lines;
}

/** Pauses a person's entries and opens their panic; once, however often it is asked for. */
export function openPanic(tx: Tx, userId: number, jobId: string, nowMs: number): void {
  const user = tx.user(userId);
  if (user === undefined || user.panicId !== null) return;
  const stream = `user:${userId}`;
  // A press carries no time: it counts as made now, so that no older /resume undoes it.
  const tightenedMs = Math.max(user.pausedMs, nowMs);
  tx.append({
    stream,
    kind: "UserPausedChanged",
    payload: { userId, paused: true, jobId, createdMs: 0, tightenedMs },
  });
  const panicId = derivePanicId(jobId);
  tx.append({ stream, kind: "PanicOpened", payload: { panicId, userId } });
}
