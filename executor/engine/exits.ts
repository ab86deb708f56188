import { ruleIdOf, type ExitRule } from "@raptor/shared/domain/exit-rules.ts";
import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import type { PriceFeed, PriceUpdate } from "../ports/market.ts";
import type { ArmedTrigger } from "./armed-trigger.ts";
import type { EngineContext } from "./context.ts";
import { DueTimes, type DueTime } from "./due-times.ts";
import { appendExitTrigger, replaceableSellOf } from "./exit-trigger.ts";
import type { FastExit } from "./fast-exit.ts";
import { isJournalTrouble, reportJournalTrouble } from "./journal-trouble.ts";
import { MarkKeeper } from "./mark-keeper.ts";
import type { OrderDriver } from "./order-driver.ts";
import type { PriceBook } from "./price-book.ts";
import { confirmByTime, freshPrice } from "./price-confirmation.ts";
import { SellsUnderWay } from "./sells-under-way.ts";
import { joinableGroupOf, StopJoins } from "./stop-joins.ts";
import { believedPrices } from "./tick-filter.ts";
import { TriggerIndex } from "./trigger-index.ts";

interface Plan {
  positionId: string;
  instrument: string;
  rules: readonly ExitRule[];
  markE9?: string;
}

/** After a trigger that the disk did not take, and while a price is too old to decide. */
const LOOK_AGAIN_MS = 1_000;

/** Watches prices of open positions and turns a crossed rule into a sell order. */
export class Exits {
  readonly #context: EngineContext;
  readonly #feed: PriceFeed;
  readonly #driver: OrderDriver;
  readonly #fast: FastExit;
  readonly #index = new TriggerIndex();
  readonly #firing = new Set<string>();
  readonly #sells: SellsUnderWay;
  readonly #joins: StopJoins;
  readonly #marks: MarkKeeper;
  readonly #times: DueTimes;
  readonly #abort = new AbortController();

  constructor(context: EngineContext, feed: PriceFeed, driver: OrderDriver, fast: FastExit) {
    this.#context = context;
    this.#feed = feed;
    this.#driver = driver;
    this.#fast = fast;
    this.#sells = new SellsUnderWay(context.store);
    this.#joins = new StopJoins(context.clock, context.settings.exitReplaceMs);
    this.#marks = new MarkKeeper(context, this.#index);
    this.#times = new DueTimes(context.clock, (due) => this.#onTime(due));
    context.store.onCommit((events) => this.#followAll(events));
    feed.onUpdate((update) => this.#onPrice(update));
  }

  /** Arms every stored plan; returns how many. Comes before the intake opens. */
  armAll(): number {
    this.#sells.load();
    let armed = 0;
    for (const plan of this.#context.store.eachArmedExitPlan()) {
      this.#arm(plan);
      armed += 1;
    }
    return armed;
  }

  stop(): void {
    this.#abort.abort();
    this.#fast.stop();
    this.#marks.stop();
    this.#times.stop();
  }

  #followAll(events: readonly JournalEvent[]): void {
    for (const event of events) this.#follow(event);
    for (const event of events) {
      const instrument = this.#sells.follow(event) ?? this.#pricedBy(event);
      // The price may not move again: what it has crossed meanwhile, or by a plan whose levels have
      // moved to the other side of it, fires now.
      if (instrument !== undefined) this.#lookAgain(instrument);
    }
  }

  /**
   * The instrument of a plan that was armed where a price is known, to us or to the feed, which
   * tells nobody twice what others have watched before; else its first price decides.
   */
  #pricedBy({ kind, payload }: JournalEvent): string | undefined {
    if (kind !== "ExitPlanArmed") return undefined;
    const { instrument } = payload;
    const known = this.#index.bookOf(instrument)?.latest ?? this.#feed.latest(instrument);
    return known === undefined ? undefined : instrument;
  }

  #follow(event: JournalEvent): void {
    if (event.kind === "ExitPlanArmed") {
      this.#arm(event.payload);
    } else if (event.kind === "ExitPlanDisarmed") {
      this.#joins.forget(event.payload.positionId);
      const instrument = this.#index.disarm(event.payload.positionId);
      if (instrument !== undefined) this.#feed.unwatch(instrument);
    }
  }

  /** The feed counts its watchers, so that each instrument is watched once, however often armed. */
  #arm(plan: Plan): void {
    const { positionId, instrument, rules } = plan;
    const isWatched = this.#index.holds(instrument);
    this.#index.arm({ positionId, instrument, rules, markE9: BigInt(plan.markE9 ?? "0") });
    for (const rule of rules) {
      if (rule.kind !== "timeLimit") continue;
      this.#times.add({ dueMs: rule.dueMs, positionId, ruleId: ruleIdOf(rule) });
    }
    if (isWatched) return;
    const position = this.#context.store.position(positionId);
    if (position === undefined) this.#feed.watch(instrument);
    // What was paid is the only price known before the feed has one of its own.
    else this.#feed.watch(instrument, BigInt(position.entryPriceE9));
  }

  #onPrice(update: PriceUpdate): void {
    if (this.#abort.signal.aborted || update.isStale === true) return;
    const book = this.#index.bookOf(update.instrument);
    if (book === undefined) return;
    book.note(update);
    if (!book.isQuiet(update.priceE9)) this.#evaluate(book, update);
  }

  #evaluate(book: PriceBook, update: PriceUpdate): void {
    const { tickWildBps: wildBps, tickConfirmMs: confirmMs } = this.#context.settings;
    const { upE9, downE9 } = believedPrices(update, book.previousE9, { wildBps, confirmMs });
    if (upE9 !== undefined && book.trails.raise(upE9)) this.#marks.noteMoved();
    for (const trigger of book.crossed(upE9, downE9)) {
      if (trigger.rule.kind === "trailingStop" && trigger.markE9 === 0n) {
        this.#index.releaseTrail(trigger, upE9 ?? update.priceE9);
        this.#marks.noteMoved();
        continue;
      }
      this.#consider(trigger, update);
    }
    if (upE9 !== update.priceE9 || downE9 !== update.priceE9) this.#confirmLater(book);
  }

  #consider(trigger: ArmedTrigger, update: PriceUpdate): void {
    const { positionId, rule } = trigger;
    // Lanes may take seconds to answer a first send, and the price may not move again after that.
    if (this.#firing.has(positionId)) return this.#lookLater(update.instrument);
    const { store } = this.#context;
    // A stop that only moves may do so while something is being sold.
    const isBusy =
      rule.kind !== "breakeven" &&
      this.#sells.isUnderWay(positionId) &&
      replaceableSellOf(store, trigger) === undefined;
    const joins = isBusy ? joinableGroupOf(store, trigger) : undefined;
    if (isBusy && joins === undefined) return;
    // The price may not move again until then.
    if (joins !== undefined && !this.#joins.isDue(positionId, joins)) {
      return this.#lookLater(update.instrument);
    }
    this.#firing.add(positionId);
    this.#fire(trigger, update, joins)
      .catch((error: unknown) => this.#afterFailure(error, update.instrument))
      .finally(() => this.#firing.delete(trigger.positionId));
  }

  #confirmLater(book: PriceBook): void {
    if (book.isConfirming) return;
    const { signal } = this.#abort;
    void confirmByTime(this.#context, this.#feed, book, signal).then(() => {
      if (book.latest !== undefined) this.#lookAgain(book.instrument);
    });
  }

  #lookAgain(instrument: string): void {
    const book = this.#index.bookOf(instrument);
    if (this.#abort.signal.aborted || book === undefined) return;
    const known = freshPrice(this.#context, this.#feed, instrument);
    if (known === undefined) {
      // A price that comes back unchanged is told to nobody.
      this.#lookLater(instrument);
      return this.#fireTimes(book);
    }
    if (book.latest === undefined) book.note(known);
    const latest = book.latest ?? known;
    if (!book.isQuiet(latest.priceE9)) this.#evaluate(book, latest);
  }

  /** Time alone needs no price, so an old one or none at all must not hold it. */
  #fireTimes(book: PriceBook): void {
    const { instrument } = book;
    const atMonotonicMs = this.#context.clock.monotonicMs();
    const update = this.#feed.latest(instrument) ?? { instrument, priceE9: 0n, atMonotonicMs };
    for (const trigger of book.crossed(undefined, 0n)) {
      if (isTimeAlone(trigger.rule)) this.#consider(trigger, update);
    }
  }

  /** A time limit: one with a price waits for it from now on, the other needs no price. */
  #onTime({ positionId, ruleId }: DueTime): void {
    const trigger = this.#index.releaseTime(positionId, ruleId);
    const plan = trigger && this.#context.store.exitPlan(positionId);
    const book = plan && this.#index.bookOf(plan.instrument);
    if (this.#abort.signal.aborted || trigger === undefined || book === undefined) return;
    if (isTimeAlone(trigger.rule)) this.#fireTimes(book);
    else this.#lookAgain(book.instrument);
  }

  /** What cannot be recorded stays armed, and fires without a next price: there may be none. */
  #afterFailure(error: unknown, instrument: string): void {
    if (!isJournalTrouble(error)) return this.#context.onFatal(error);
    reportJournalTrouble(this.#context, error);
    this.#lookLater(instrument);
  }

  #lookLater(instrument: string): void {
    const book = this.#index.bookOf(instrument);
    if (book === undefined || book.isAwaited) return;
    book.isAwaited = true;
    void this.#context.clock.sleep(LOOK_AGAIN_MS, this.#abort.signal).then(() => {
      book.isAwaited = false;
      this.#lookAgain(instrument);
    });
  }

  async #fire(
    trigger: ArmedTrigger,
    update: PriceUpdate,
    joins: string | undefined,
  ): Promise<void> {
    const { store, metrics } = this.#context;
    const { positionId, rule, markE9 } = trigger;
    const fired = joins === undefined ? trigger : { positionId, rule, markE9, joins };
    const fast = await this.#fast.fire(trigger, update);
    const orderId =
      fast.kind === "decided"
        ? fast.orderId
        : await store.transact((tx) => appendExitTrigger(this.#context, tx, fired, update));
    // Something came between, and no price may follow that would look again.
    if (orderId === undefined) return this.#lookLater(update.instrument);
    metrics.count("exits_triggered_total", { rule: trigger.rule.kind });
    this.#driver.start(orderId);
  }
}

function isTimeAlone({ kind, triggerPriceE9 }: ExitRule): boolean {
  return kind === "timeLimit" && triggerPriceE9 === "0";
}
