import type { EventPayloads, JournalEvent } from "@raptor/shared/domain/events.ts";
import type { ArmedEntryRow, OrderRow } from "@raptor/shared/domain/rows.ts";
import type { PriceFeed, PriceUpdate } from "../ports/market.ts";
import type { Reader, Tx } from "../ports/store.ts";
import type { EngineContext } from "./context.ts";
import { DueTimes } from "./due-times.ts";
import { checkEntryGate } from "./entry-gate.ts";
import { deriveEntryOrderId } from "./ids.ts";
import { isJournalTrouble, reportJournalTrouble } from "./journal-trouble.ts";
import type { OrderDriver } from "./order-driver.ts";
import { initializeOrder } from "./orders.ts";
import type { PriceBook } from "./price-book.ts";
import { confirmByTime, freshPrice } from "./price-confirmation.ts";
import { believedPrices } from "./tick-filter.ts";
import { TriggerIndex } from "./trigger-index.ts";

/** A person keeps an eye on so many; each is watched like a position. */
export const ARMED_ENTRIES_MAX = 10;
/** After an end that the disk did not take. */
const EXPIRE_AGAIN_MS = 1_000;
/** After a moment in which an entry had its price and could not fire. */
const LOOK_AGAIN_MS = 1_000;
/** The one rule of an entry in the index. */
const RULE_ID = "entry";

/**
 * Buys that wait for their price. One fires once, when two prices in a row are at or below its
 * trigger, and then is an order like any other: limits, kill switch and pauses decide about it.
 * While entries are stopped it waits; when its time is over it is called off.
 */
export class LimitBuys {
  readonly #context: EngineContext;
  readonly #feed: PriceFeed;
  readonly #driver: OrderDriver;
  readonly #index = new TriggerIndex();
  readonly #times: DueTimes;
  readonly #firing = new Set<string>();
  readonly #abort = new AbortController();

  constructor(context: EngineContext, feed: PriceFeed, driver: OrderDriver) {
    this.#context = context;
    this.#feed = feed;
    this.#driver = driver;
    this.#times = new DueTimes(context.clock, ({ positionId }) => this.#expire(positionId));
    context.store.onCommit((events) => events.forEach((event) => this.#follow(event)));
    feed.onUpdate((update) => this.#onPrice(update));
  }

  /** Of whoever may not buy any more they stay in the journal, and nobody looks at a price. */
  armAll(mayBuy: (userId: number) => boolean): void {
    for (const entry of this.#context.store.armedEntries(null)) {
      if (mayBuy(entry.userId)) this.#arm(entry);
    }
  }

  stop(): void {
    this.#abort.abort();
    this.#times.stop();
  }

  #follow(event: JournalEvent): void {
    if (event.kind === "EntryArmed") this.#arm(event.payload);
    if (event.kind !== "EntryTriggered" && event.kind !== "EntryDisarmed") return;
    const instrument = this.#index.disarm(event.payload.entryId);
    if (instrument !== undefined) this.#feed.unwatch(instrument);
  }

  #arm({ entryId, instrument, triggerPriceE9, deadlineMs }: EventPayloads["EntryArmed"]): void {
    const isWatched = this.#index.holds(instrument);
    const rule = {
      kind: "stopLoss" as const,
      id: RULE_ID,
      triggerBps: 0,
      triggerPriceE9,
      quantityBps: 10_000,
    };
    this.#index.arm({ positionId: entryId, instrument, rules: [rule], markE9: 0n });
    this.#times.add({ dueMs: deadlineMs, positionId: entryId, ruleId: RULE_ID });
    if (!isWatched) this.#feed.watch(instrument);
    // The feed tells nobody twice what others have watched before, and a pool may stay quiet.
    const known = this.#feed.latest(instrument);
    if (known !== undefined) this.#onPrice(known);
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
    const { downE9 } = believedPrices(update, book.previousE9, { wildBps, confirmMs });
    if (downE9 !== update.priceE9) this.#confirmLater(book);
    for (const { positionId } of book.crossed(undefined, downE9)) {
      if (this.#firing.has(positionId)) continue;
      if (this.#stopOf(positionId) !== undefined) {
        this.#lookLater(book);
        continue;
      }
      this.#firing.add(positionId);
      this.#fire(positionId, update, book)
        .catch((error: unknown) => {
          this.#afterFailure(error);
          this.#lookLater(book);
        })
        .finally(() => this.#firing.delete(positionId));
    }
  }

  #confirmLater(book: PriceBook): void {
    if (book.isConfirming) return;
    const { signal } = this.#abort;
    void confirmByTime(this.#context, this.#feed, book, signal).then(() => this.#lookAgain(book));
  }

  #lookAgain(book: PriceBook): void {
    const { latest, instrument } = book;
    if (this.#abort.signal.aborted || latest === undefined) return;
    if (book.isQuiet(latest.priceE9)) return;
    if (freshPrice(this.#context, this.#feed, instrument) === undefined) this.#lookLater(book);
    else this.#evaluate(book, latest);
  }

  /** A price that stands still is told to nobody again, so that nothing else would look. */
  #lookLater(book: PriceBook): void {
    if (book.isAwaited) return;
    book.isAwaited = true;
    void this.#context.clock.sleep(LOOK_AGAIN_MS, this.#abort.signal).then(() => {
      book.isAwaited = false;
      this.#lookAgain(book);
    });
  }

  /** While entries are stopped, prices that come by cost no transaction. */
  #stopOf(entryId: string): object | undefined {
    const { store, clock } = this.#context;
    const entry = store.armedEntry(entryId);
    return entry && gateOf(store, entry, clock.nowMs(), this.#context.entryHold());
  }

  async #fire(entryId: string, update: PriceUpdate, book: PriceBook): Promise<void> {
    const { store, metrics } = this.#context;
    const orderId = await store.transact((tx) =>
      appendEntryTrigger(this.#context, tx, entryId, update),
    );
    // Something came between, and no price may follow that would look again.
    if (orderId === undefined) return this.#lookLater(book);
    metrics.count("entries_triggered_total", {});
    this.#driver.start(orderId);
  }

  #expire(entryId: string): void {
    if (this.#abort.signal.aborted) return;
    const { store, clock, notices } = this.#context;
    store
      .transact((tx) => {
        const entry = tx.armedEntry(entryId);
        if (entry?.state !== "armed" || clock.nowMs() < entry.deadlineMs) return;
        disarmEntry(tx, entry, "its time is over");
        notices.alert(tx, entry.userId, `entry:${entryId}`, [
          `A limit buy of ${entry.symbol} is over`,
          "The price did not come down to it in time. Nothing was bought and nothing was spent.",
          "Paste the token again to make a new one.",
        ]);
      })
      .catch((error: unknown) => {
        this.#afterFailure(error);
        const dueMs = clock.nowMs() + EXPIRE_AGAIN_MS;
        this.#times.add({ dueMs, positionId: entryId, ruleId: RULE_ID });
      });
  }

  #afterFailure(error: unknown): void {
    if (isJournalTrouble(error)) reportJournalTrouble(this.#context, error);
    else this.#context.onFatal(error);
  }
}

export function disarmEntry(tx: Tx, { entryId, userId }: ArmedEntryRow, reason: string): void {
  const payload = { entryId, userId, reason };
  tx.append({ stream: `entry:${entryId}`, kind: "EntryDisarmed", payload });
}

/** Why an entry must not become an order now; it then goes on waiting. */
function gateOf(
  reader: Reader,
  { userId, deadlineMs }: ArmedEntryRow,
  nowMs: number,
  hold: string | undefined,
): object | undefined {
  return checkEntryGate(reader, { userId, deadlineMs }, nowMs, hold);
}

/** Whether the price has come down to what an entry waits for. */
export function isEntryReached(
  { triggerPriceE9 }: Pick<ArmedEntryRow, "triggerPriceE9">,
  priceE9: bigint,
): boolean {
  return priceE9 <= BigInt(triggerPriceE9);
}

/** The order of an entry that has its price. Its id follows from the entry: it fires once. */
export function appendEntryTrigger(
  context: Pick<EngineContext, "clock" | "settings" | "notices" | "entryHold">,
  tx: Tx,
  entryId: string,
  update: PriceUpdate,
): string | undefined {
  const { clock, settings, notices } = context;
  const entry = tx.armedEntry(entryId);
  const nowMs = clock.nowMs();
  if (entry?.state !== "armed" || !isEntryReached(entry, update.priceE9)) return undefined;
  if (gateOf(tx, entry, nowMs, context.entryHold()) !== undefined) return undefined;
  const orderId = deriveEntryOrderId(entryId);
  tx.append({
    stream: `entry:${entryId}`,
    kind: "EntryTriggered",
    payload: {
      entryId,
      userId: entry.userId,
      triggerPriceE9: entry.triggerPriceE9,
      priceE9: update.priceE9.toString(),
      priceAgeMs: Math.round(clock.monotonicMs() - update.atMonotonicMs),
      orderId,
    },
  });
  initializeOrder(tx, entryOrderOf(entry, orderId, nowMs + settings.buyDeadlineMs));
  notices.order(tx, orderId);
  return orderId;
}

function entryOrderOf(
  entry: ArmedEntryRow,
  orderId: string,
  startByMs: number,
): Omit<OrderRow, "status" | "reason" | "createdMs"> {
  const { deadlineMs, triggerPriceE9, jobId } = entry;
  const { userId, walletId, venue, instrument, symbol, decimals, tokenProgram } = entry;
  return {
    orderId,
    userId,
    walletId,
    venue,
    instrument,
    symbol,
    decimals,
    tokenProgram,
    side: "buy",
    source: { kind: "job", jobId },
    notionalLamports: entry.notionalLamports,
    quantity: "0",
    slippageBpsMax: entry.slippageBpsMax,
    positionId: null,
    // The route is held against the price that the person named, not against a worse one.
    entryPriceE9: triggerPriceE9,
    deadlineMs: Math.min(deadlineMs, startByMs),
    guardOverride: true,
    noticeKey: `order:${orderId}`,
  };
}
