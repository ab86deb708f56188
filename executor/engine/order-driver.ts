import type { Evidence } from "@raptor/shared/domain/events.ts";
import { FINAL_ORDER_STATUSES, type OrderStatus } from "@raptor/shared/domain/order.ts";
import type { AttemptRow, OrderRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import type { ErrorCode } from "@raptor/shared/errors/codes.ts";
import { assert, isRaptorError, sentenceOf } from "@raptor/shared/errors/raptor-error.ts";
import { chooseLifetime } from "./attempt-lifetime.ts";
import type { AttemptTracker } from "./attempt-tracker.ts";
import { approveEntry } from "./approve-entry.ts";
import type { EngineContext } from "./context.ts";
import { type DeadEnd, DeadEnds } from "./dead-ends.ts";
import { EntryVoids } from "./entry-voids.ts";
import { ExitAlarm } from "./exit-alarm.ts";
import { FREEZE_KNOWN_MS, freezeCauseOf, PART_FREEZES_MAX } from "./frozen-holding.ts";
import { attemptIdOf, slotOf } from "./ids.ts";
import { journalAttempt } from "./journal-attempt.ts";
import { isJournalTrouble, reportJournalTrouble } from "./journal-trouble.ts";
import { isUnresolved } from "./nonce-accounts.ts";
import type { NoncePool } from "./nonce-pool.ts";
import { backOffMs, pauseBefore } from "./order-pause.ts";
import { checkOrderEnd, closeOrder } from "./order-end.ts";
import { quoteOrder } from "./order-quote.ts";
import { type Drive, isLastTry, type Step, STOP } from "./order-steps.ts";
import { prepareAttempt, type Goods } from "./prepare-attempt.ts";
import { judgePrice } from "./price-doubt.ts";
import { closeSoldElsewhere } from "./sold-elsewhere.ts";
import { type SmallSell, SmallSells } from "./small-sells.ts";
import { StuckExits } from "./stuck-exits.ts";
import { tellRefusal } from "./tell-refusal.ts";
import { bookCauseOfEmpty, bookUndone } from "./undone-reverts.ts";

const JOURNAL_TROUBLE = "the journal cannot be written";
/** What no other try of an entry changes. */
const FINAL_CODES: readonly ErrorCode[] = ["RAPTOR_VENUE__NO_ROUTE", "RAPTOR_VENUE__TOO_SMALL"];
/** Whatever moved the wallet during the seconds of a trial may be over a moment later. */
const BUSY_WALLET_WAIT_MS = 1_000;
/** Reads of an empty wallet in a row before it is believed that nothing is left to sell. */
const EMPTY_READS_MIN = 2;

/** Moves orders forward: route, risk, attempt, submission. One drive per order at a time. */
export class OrderDriver {
  readonly #context: EngineContext;
  readonly #tracker: AttemptTracker;
  readonly #pool: NoncePool;
  readonly #stuck: StuckExits;
  readonly #voids: EntryVoids;
  readonly #alarm: ExitAlarm;
  readonly #small = new SmallSells();
  readonly #dead: DeadEnds;
  readonly #driving = new Map<string, Promise<void>>();
  /** Orders that were asked for while their drive was ending: they are looked at once more. */
  readonly #askedAgain = new Set<string>();
  readonly #abort = new AbortController();
  readonly #onBooked = (orderIds: readonly string[]): void => this.#tracker.announceEnded(orderIds);

  constructor(context: EngineContext, tracker: AttemptTracker, pool: NoncePool) {
    this.#context = context;
    this.#tracker = tracker;
    this.#pool = pool;
    this.#stuck = new StuckExits(context, this.#abort.signal, (orderId) => this.start(orderId));
    this.#voids = new EntryVoids(context, tracker);
    this.#alarm = new ExitAlarm(context);
    this.#dead = new DeadEnds(context.clock, (userId) => tracker.announceClosed(userId));
    tracker.onResolved((orderId) => this.start(orderId));
    tracker.onOverdue((orderId) => this.start(orderId));
  }

  /** Drives an order in the background until it waits for the venue or is final. */
  start(orderId: string): void {
    if (this.#abort.signal.aborted) return;
    if (this.#driving.has(orderId)) {
      this.#askedAgain.add(orderId);
      this.#small.wake(orderId);
      return;
    }
    const drive = this.#drive(orderId)
      .catch((error: unknown) => this.#context.onFatal(error))
      .finally(() => {
        this.#driving.delete(orderId);
        if (this.#askedAgain.delete(orderId)) this.start(orderId);
      });
    this.#driving.set(orderId, drive);
  }

  /** A sell that is worth less than what the network takes: nothing of it is under way. */
  isHeldSmall(orderId: string): boolean {
    return this.#small.isHeld(orderId);
  }

  /** Why a sell has not been possible at any price for minutes. */
  deadEndOf(orderId: string): DeadEnd | undefined {
    return this.#dead.find(orderId);
  }

  /** No new attempts; resolves when those under way have reached the journal. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#driving.values());
  }

  async #drive(orderId: string): Promise<void> {
    const { store, clock } = this.#context;
    const { signal } = this.#abort;
    const drive: Drive = {
      tries: 0,
      emptyReads: 0,
      refusals: 0,
      partFreezes: 0,
      frozenMs: undefined,
    };
    let hasPaused = false;
    while (!signal.aborted) {
      const order = store.order(orderId);
      if (order === undefined || FINAL_ORDER_STATUSES.includes(order.status)) {
        this.#alarm.forget(orderId);
        this.#stuck.forget(orderId);
        this.#small.forget(orderId);
        this.#dead.forget(orderId);
        this.#voids.forget(orderId);
        return;
      }
      const pause = hasPaused ? undefined : await pauseBefore(this.#context, this.#alarm, order);
      hasPaused = true;
      const step: Step = pause ?? (await this.#tryStep(order, drive));
      if (step.next === "stop") return;
      const { cause, small, waitMs } = step;
      if (order.side === "sell" && cause !== JOURNAL_TROUBLE) {
        if (small === true) await this.#alarm.tellSmall(order, cause);
        else await this.#alarm.check(order, cause);
      }
      // Somebody asked while it was looked at: what they know may not be in the answer.
      if (small === true && this.#askedAgain.delete(orderId)) continue;
      if (small === true && waitMs !== undefined) {
        await this.#small.sleep(clock, orderId, waitMs, signal);
      } else await clock.sleep(waitMs ?? backOffMs(order, drive.tries), signal);
      if (pause === undefined && waitMs === undefined) drive.tries++;
    }
  }

  /** What cannot be journaled is not sent: the order waits until the disk takes writes again. */
  async #tryStep(order: OrderRow, drive: Drive): Promise<Step> {
    try {
      return await this.#step(order, drive);
    } catch (error) {
      if (!isJournalTrouble(error)) throw error;
      reportJournalTrouble(this.#context, error);
      return { next: "again", cause: JOURNAL_TROUBLE };
    }
  }

  async #step(order: OrderRow, drive: Drive): Promise<Step> {
    const attempts = this.#context.store.attemptsOf(order.orderId);
    const open = attempts.filter(isUnresolved);
    for (const { attemptId } of open) this.#tracker.track(attemptId);
    const delay = open.length > 0 ? await this.#voids.advance(order) : undefined;
    if (delay !== undefined) return { next: "again", cause: delay };
    // What is not decided outlives every deadline and switch; an exit may get a dearer copy.
    if (open.length > 0 && !this.#stuck.isDue(order)) return STOP;
    const ended = open.length > 0 ? undefined : checkOrderEnd(this.#context, order, attempts);
    if (ended !== undefined) return this.#close(order, ended.status, ended.reason);
    if (order.side === "sell" && (await bookUndone(this.#context, attempts, this.#onBooked))) {
      return STOP;
    }
    try {
      return await this.#attempt(order, attempts, drive);
    } catch (error) {
      return this.#afterVenueError(order, drive, error);
    }
  }

  async #attempt(order: OrderRow, attempts: readonly AttemptRow[], drive: Drive): Promise<Step> {
    const { store } = this.#context;
    const wallet = store.wallet(order.walletId);
    const wrapped = store.vault(order.walletId);
    assert(wallet !== undefined && wrapped !== undefined, `order ${order.orderId} has no wallet`);
    const choice = chooseLifetime(this.#context, order);
    if (choice.kind === "wait" && order.side === "sell") {
      return { next: "again", cause: choice.cause };
    }
    const triesBefore = attempts.length + drive.refusals;
    const isPartTried = drive.partFreezes >= PART_FREEZES_MAX;
    const quote = await quoteOrder(this.#context, order, wallet, triesBefore, isPartTried);
    // Only reads that follow one another bear each other out.
    if (quote.kind !== "empty") drive.emptyReads = 0;
    if (quote.kind === "early") {
      const cause = "No node shows the tokens, but not all of them know the last trade.";
      return { next: "again", cause };
    }
    if (quote.kind === "frozen") return this.#afterFreeze(order, quote.freeze, drive);
    if (quote.kind === "empty") return this.#afterEmptyRead(order, wallet, drive);
    this.#dead.forget(order.orderId);
    drive.frozenMs = undefined;
    const small = this.#judgeSmall(order, quote.route.quantityOut);
    if (small !== undefined) return this.#afterSmall(order, small);
    if (order.side === "buy") {
      if (!(await approveEntry(this.#context, order, quote, attempts.length))) {
        this.#tracker.announceClosed(order.userId);
        return STOP;
      }
      const isWaiting = attempts.length === 0 && (await this.#pool.secure(order));
      if (isWaiting) return { next: "again", cause: "Accounts for safe exits were set up." };
    }
    const doubt = judgePrice(this.#context, order, quote.route);
    if (doubt !== undefined) {
      return this.#afterRefusal(order, { ...doubt, refusedRoute: quote.route.evidence }, drive);
    }
    return this.#prepare(
      order,
      { wallet, wrapped, route: quote.route },
      attempts.length + 1,
      drive,
    );
  }

  #judgeSmall(order: OrderRow, lamports: bigint): SmallSell | undefined {
    return order.side === "buy" ? undefined : this.#small.judge(order, lamports);
  }

  /**
   * A person who sells by hand is told and decides; an exit or a panic sell stays, because a price
   * may rise again, and somebody who waits for its panic is told that this is left.
   */
  async #afterSmall(order: OrderRow, small: SmallSell): Promise<Step> {
    const { store } = this.#context;
    // A level that this stop has joined may still land, too.
    const isOpen = store.unresolvedInSlot(slotOf(order)) !== undefined;
    if (isOpen || !small.isSure) return { next: "again", cause: small.cause };
    if (order.source.kind === "job") {
      const reason = `Too small to sell. ${small.cause} Sell it with more of it, or keep it.`;
      return this.#close(order, "canceled", reason);
    }
    if (order.source.kind === "panic") this.#tracker.announceClosed(order.userId);
    return { next: "again", cause: small.cause, waitMs: small.waitMs, small: true };
  }

  async #prepare(order: OrderRow, goods: Goods, n: number, drive: Drive): Promise<Step> {
    const { store } = this.#context;
    const made = await prepareAttempt(this.#context, order, goods, n);
    if (made.kind === "wait") {
      // A buy waits only for what its gate decides: its deadline, or the reason of a hold.
      if (order.side === "buy") return this.#close(order, "canceled", made.cause);
      return { next: "again", cause: made.cause };
    }
    const { prepared, joins } = made;
    if (prepared.outcome === "refused") return this.#afterRefusal(order, prepared, drive);
    const { attempt } = prepared;
    const journaled = await store.transact((tx) =>
      journalAttempt(this.#context, tx, order, n, attempt, joins),
    );
    if (journaled === "again") {
      return { next: "again", cause: "What was prepared was overtaken by another attempt." };
    }
    if (journaled === "journaled") await this.#tracker.submit(attemptIdOf(order.orderId, n));
    else this.#tracker.announceClosed(order.userId);
    this.#stuck.isDue(order);
    return STOP;
  }

  /** Nothing is signed for what nobody can move. */
  #afterFreeze(order: OrderRow, freeze: "part" | "whole", drive: Drive): Step {
    const nowMs = this.#context.clock.monotonicMs();
    if (freeze === "whole") drive.frozenMs = nowMs;
    const isKnown = drive.frozenMs !== undefined && nowMs - drive.frozenMs <= FREEZE_KNOWN_MS;
    drive.partFreezes = isKnown ? 0 : drive.partFreezes + 1;
    if (isKnown) this.#dead.note(order, "frozen");
    return { next: "again", cause: freezeCauseOf(freeze) };
  }

  /** One empty read may be a slip; a second one of all nodes is what the chain says. */
  async #afterEmptyRead(order: OrderRow, wallet: WalletRow, drive: Drive): Promise<Step> {
    const reason = "The wallet holds none of this token any more.";
    drive.emptyReads += 1;
    if (drive.emptyReads < EMPTY_READS_MIN) return { next: "again", cause: reason };
    const attempts = this.#context.store.attemptsOf(order.orderId);
    if (await bookCauseOfEmpty(this.#context, attempts, this.#onBooked)) return STOP;
    const isClosed = await closeSoldElsewhere(this.#context, order, wallet, reason);
    if (!isClosed) return { next: "again", cause: reason };
    this.#tracker.announceClosed(order.userId);
    return STOP;
  }

  async #afterRefusal(
    order: OrderRow,
    refusal: { reason: string; alert: boolean; refusedRoute?: Evidence; isWalletBusy?: true },
    drive: Drive,
  ): Promise<Step> {
    const told = tellRefusal(this.#context, order, refusal);
    if (refusal.isWalletBusy === true) {
      // Not a word about the price: more slippage would be given away for nothing.
      if (order.side === "sell") return { next: "again", cause: told, waitMs: BUSY_WALLET_WAIT_MS };
      if (!isLastTry(drive)) return { next: "again", cause: told };
    }
    if (order.side === "buy") return this.#close(order, "rejected", told, refusal.refusedRoute);
    if (!refusal.alert) drive.refusals += 1;
    return { next: "again", cause: told };
  }

  async #afterVenueError(order: OrderRow, drive: Drive, error: unknown): Promise<Step> {
    if (!isRaptorError(error) || isJournalTrouble(error)) throw error;
    if (error.code === "RAPTOR_SIGNER__GONE") throw error;
    const { code, context } = error;
    this.#context.log.warn({ orderId: order.orderId, code, ...context }, "venue trouble");
    const small = code === "RAPTOR_VENUE__TOO_SMALL" ? this.#judgeSmall(order, 0n) : undefined;
    if (small !== undefined) return this.#afterSmall(order, small);
    const isFinal = FINAL_CODES.includes(code) || isLastTry(drive);
    if (order.side === "buy" && isFinal) return this.#close(order, "rejected", sentenceOf(error));
    if (code === "RAPTOR_VENUE__NO_ROUTE") {
      this.#dead.note(order, "noRoute");
      // No route is asked for before a node has spoken against a freeze that all had vouched for.
      drive.frozenMs = undefined;
    }
    return { next: "again", cause: sentenceOf(error) };
  }

  async #close(
    order: OrderRow,
    status: OrderStatus,
    reason: string,
    refusedRoute?: Evidence,
  ): Promise<Step> {
    await closeOrder(this.#context, order, status, reason, refusedRoute);
    this.#tracker.announceClosed(order.userId);
    return STOP;
  }
}
