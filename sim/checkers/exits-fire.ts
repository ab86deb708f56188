import type { EventPayloads, JournalEvent } from "@raptor/shared/domain/events.ts";
import { NATIVE_MINT } from "../models/token-accounts.ts";
import type { Checker, Watch } from "./checker.ts";
import { isClearlyCrossed } from "./crossed-rules.ts";

interface Crossing {
  sinceMs: number;
  lastMs: number;
  answers: number;
}

/** From the first price that crossed to the committed trigger, in one undisturbed life. */
const FIRE_MS_MAX = 15_000;
const ANSWERS_MIN = 4;
/** Whoever stands still meanwhile is told nothing. */
const TOLD_MS_MAX = 10_000;

/** One more answer; the first one again where nobody was told anything for long. */
function goOn(known: Crossing | undefined, nowMs: number): Crossing {
  const isTold = known !== undefined && nowMs - known.lastMs < TOLD_MS_MAX;
  if (!isTold) return { sinceMs: nowMs, lastMs: nowMs, answers: 1 };
  return { ...known, lastMs: nowMs, answers: known.answers + 1 };
}

/**
 * Invariant 15. After every step: a living executor that keeps being told a price beyond an armed
 * trigger records the trigger in time, judged from the price answers that reach it. At rest: no
 * position is held beyond its trigger, whether or not anybody asked for its price.
 */
export function createExitsFire(watch: Watch): Checker {
  const guarded = new GuardedPositions();
  const crossings = new Map<string, Crossing>();

  function notePrices(body: string): void {
    const prices = JSON.parse(body) as Record<string, { usdPrice?: number } | undefined>;
    const sol = prices[NATIVE_MINT]?.usdPrice;
    const isHeld = watch.isDiskFull() || watch.isDraining();
    if (sol === undefined || isHeld) return crossings.clear();
    const idle = guarded.idle();
    for (const positionId of crossings.keys()) {
      if (!idle.has(positionId)) crossings.delete(positionId);
    }
    for (const [positionId, { instrument, rules, markE9 }] of idle) {
      // Its pool is what the desk follows, and a node that is behind tells of it late.
      if (isPooled(instrument)) continue;
      const usd = prices[instrument.slice(0, instrument.indexOf("."))]?.usdPrice;
      if (usd === undefined) continue;
      const at = {
        priceE9: (usd / sol) * 1e18,
        markE9: Number(markE9 ?? 0),
        nowMs: watch.deskNowMs(),
      };
      if (rules.some((rule) => isClearlyCrossed(rule, at))) noteCrossing(positionId);
      else crossings.delete(positionId);
    }
  }

  function isPooled(instrument: string): boolean {
    const mint = instrument.slice(0, instrument.indexOf("."));
    return watch.chain.market.pools?.has(mint) === true;
  }

  function noteCrossing(positionId: string): void {
    const nowMs = watch.nowMs();
    const crossing = goOn(crossings.get(positionId), nowMs);
    crossings.set(positionId, crossing);
    const ms = nowMs - crossing.sinceMs;
    if (crossing.answers < ANSWERS_MIN || ms < FIRE_MS_MAX) return;
    crossings.delete(positionId);
    watch.report(`the exit of ${positionId} did not fire in ${ms} ms of crossed prices`);
  }

  return {
    name: "15 exits fire",
    onCommit(events) {
      for (const event of events) guarded.take(event);
    },
    onDelivered(host, { url }, { status, body }) {
      if (host === "jupiter.sim" && status === 200 && url.includes("/price/v3")) {
        if (body.startsWith("{")) notePrices(body);
      }
    },
    onEnd() {
      crossings.clear();
    },
    atRest() {
      const { market } = watch.chain;
      const sol = market.usdPrice(NATIVE_MINT) ?? NaN;
      for (const [positionId, { instrument, rules, markE9 }] of guarded.idle()) {
        const usd = market.usdPrice(instrument.slice(0, instrument.indexOf("."))) ?? NaN;
        const at = {
          priceE9: (usd / sol) * 1e18,
          markE9: Number(markE9 ?? 0),
          // What became due a moment ago may still fire.
          nowMs: watch.deskNowMs() - FIRE_MS_MAX,
        };
        const crossed = rules.find((rule) => isClearlyCrossed(rule, at));
        if (crossed === undefined) continue;
        watch.report(`position ${positionId} is held at rest beyond its trigger: ${crossed.kind}`);
      }
    },
  };
}

/** Open positions with armed rules, told apart by whether a sell of them is under way. */
class GuardedPositions {
  readonly #armed = new Map<string, EventPayloads["ExitPlanArmed"]>();
  readonly #open = new Set<string>();
  /** Sells under way, and the positions of all sells ever, by order. */
  readonly #selling = new Set<string>();
  readonly #positionOf = new Map<string, string>();

  idle(): Map<string, EventPayloads["ExitPlanArmed"]> {
    const idle = new Map<string, EventPayloads["ExitPlanArmed"]>();
    for (const positionId of this.#open) {
      const plan = this.#armed.get(positionId);
      if (plan !== undefined) idle.set(positionId, plan);
    }
    for (const orderId of this.#selling) idle.delete(this.#positionOf.get(orderId) ?? "");
    return idle;
  }

  take({ kind, payload }: JournalEvent): void {
    switch (kind) {
      case "PositionChanged":
        if (payload.state === "open") this.#open.add(payload.positionId);
        else this.#open.delete(payload.positionId);
        return;
      case "ExitPlanArmed":
        this.#armed.set(payload.positionId, payload);
        return;
      case "ExitMarksMoved":
        for (const { positionId, markE9 } of payload.marks) {
          const plan = this.#armed.get(positionId);
          if (plan !== undefined) this.#armed.set(positionId, { ...plan, markE9 });
        }
        return;
      case "OrderInitialized":
        if (payload.side !== "sell" || payload.positionId === null) return;
        this.#selling.add(payload.orderId);
        this.#positionOf.set(payload.orderId, payload.positionId);
        return;
      case "OrderClosed":
      case "FillRecorded":
        this.#selling.delete(payload.orderId);
        return;
      case "FillReversed":
        this.#resume(payload.attemptId.slice(0, payload.attemptId.lastIndexOf(":")));
        return;
      default:
    }
  }

  #resume(orderId: string): void {
    if (this.#positionOf.has(orderId)) this.#selling.add(orderId);
  }
}
