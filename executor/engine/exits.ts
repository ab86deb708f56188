import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import type { ExitPlanRow } from "@raptor/shared/domain/rows.ts";
import type { PriceFeed, PriceUpdate } from "../ports/market.ts";
import type { Tx } from "../ports/store.ts";
import type { EngineContext } from "./context.ts";
import { deriveExitOrderId } from "./ids.ts";
import { isJournalTrouble, reportJournalTrouble } from "./journal-trouble.ts";
import type { OrderDriver } from "./order-driver.ts";
import { initializeSell, openSellOf } from "./orders.ts";
import { TriggerIndex, type ArmedTrigger } from "./trigger-index.ts";

/** Watches prices of open positions and turns a crossed rule into a sell order. */
export class Exits {
  readonly #context: EngineContext;
  readonly #feed: PriceFeed;
  readonly #driver: OrderDriver;
  readonly #index = new TriggerIndex();
  readonly #firing = new Set<string>();
  #isStopping = false;

  constructor(context: EngineContext, feed: PriceFeed, driver: OrderDriver) {
    this.#context = context;
    this.#feed = feed;
    this.#driver = driver;
    context.store.onCommit((events) => events.forEach((event) => this.#follow(event)));
    feed.onUpdate((update) => this.#onPrice(update));
  }

  /** Arms every stored plan; returns how many. Comes before the intake opens. */
  armAll(): number {
    const plans = this.#context.store.armedExitPlans();
    for (const plan of plans) this.#arm(plan);
    return plans.length;
  }

  stop(): void {
    this.#isStopping = true;
  }

  #follow(event: JournalEvent): void {
    if (event.kind === "ExitPlanArmed") {
      this.#arm(event.payload);
    } else if (event.kind === "ExitPlanDisarmed") {
      const instrument = this.#index.disarm(event.payload.positionId);
      if (instrument !== undefined) this.#feed.unwatch(instrument);
    }
  }

  /** The feed counts its watchers, so that each instrument is watched once, however often armed. */
  #arm(plan: Pick<ExitPlanRow, "positionId" | "instrument" | "rules">): void {
    const isWatched = this.#index.holds(plan.instrument);
    this.#index.arm(plan.positionId, plan.instrument, plan.rules);
    if (isWatched) return;
    const position = this.#context.store.position(plan.positionId);
    if (position === undefined) this.#feed.watch(plan.instrument);
    // What was paid is the only price known before the feed has one of its own.
    else this.#feed.watch(plan.instrument, BigInt(position.entryPriceE9));
  }

  #onPrice(update: PriceUpdate): void {
    if (this.#isStopping) return;
    for (const trigger of this.#index.crossed(update.instrument, update.priceE9)) {
      if (this.#firing.has(trigger.positionId)) continue;
      this.#firing.add(trigger.positionId);
      this.#fire(trigger, update)
        .catch((error: unknown) => this.#afterFailure(error))
        .finally(() => this.#firing.delete(trigger.positionId));
    }
  }

  /** A trigger that cannot be recorded stays armed; the next price fires it again. */
  #afterFailure(error: unknown): void {
    if (isJournalTrouble(error)) reportJournalTrouble(this.#context, error);
    else this.#context.onFatal(error);
  }

  async #fire(trigger: ArmedTrigger, update: PriceUpdate): Promise<void> {
    const { store, metrics } = this.#context;
    const orderId = await store.transact((tx) => this.#trigger(tx, trigger, update));
    if (orderId === undefined) return;
    metrics.count("exits_triggered_total", { rule: trigger.rule.kind });
    this.#driver.start(orderId);
  }

  #trigger(tx: Tx, trigger: ArmedTrigger, update: PriceUpdate): string | undefined {
    const { clock, notices, settings } = this.#context;
    const { positionId, rule } = trigger;
    const plan = tx.exitPlan(positionId);
    const position = tx.position(positionId);
    if (plan?.state !== "armed" || position?.state !== "open") return undefined;
    if (openSellOf(tx, positionId) !== undefined) return undefined;
    const n = plan.triggers + 1;
    const orderId = deriveExitOrderId(positionId, rule.kind, n);
    tx.append({
      stream: `position:${positionId}`,
      kind: "ExitTriggered",
      payload: {
        positionId,
        rule: rule.kind,
        n,
        triggerPriceE9: rule.triggerPriceE9,
        priceE9: update.priceE9.toString(),
        priceAgeMs: Math.round(clock.monotonicMs() - update.atMonotonicMs),
        orderId,
      },
    });
    initializeSell(tx, {
      orderId,
      position,
      quantityBps: rule.quantityBps,
      slippageBpsMax: settings.exitSlippageRampBps.at(-1) as number,
      source: { kind: "exit", positionId, rule: rule.kind, n },
      noticeKey: `order:${orderId}`,
    });
    notices.order(tx, orderId);
    return orderId;
  }
}
