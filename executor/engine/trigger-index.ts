import { ruleIdOf, type ExitRule } from "@raptor/shared/domain/exit-rules.ts";
import { sideOf } from "../strategies/exit-plan.ts";
import type { ArmedTrigger, TrailTrigger } from "./armed-trigger.ts";
import { PriceBook } from "./price-book.ts";

/** A position's armed rules as the index needs them. */
export interface IndexedPlan {
  positionId: string;
  instrument: string;
  rules: readonly ExitRule[];
  /** The highest price that the journal knows; trailing stops begin there. */
  markE9: bigint;
}

interface Armed {
  book: PriceBook;
  triggers: ArmedTrigger[];
}

/** A price that no token has: a time limit without one of its own fires at any. */
const ANY_PRICE_E9 = 1n << 256n;

/**
 * Armed exit rules by instrument. A price that crosses nothing costs a few comparisons, however
 * many positions there are; what crosses is found without looking at the others.
 */
export class TriggerIndex {
  readonly #books = new Map<string, PriceBook>();
  readonly #armed = new Map<string, Armed>();

  /** Replaces what was armed for this position, and keeps the highest price that it has seen. */
  arm(plan: IndexedPlan): void {
    const { positionId, instrument } = plan;
    const seenE9 = this.markOf(positionId) ?? 0n;
    const markE9 = seenE9 > plan.markE9 ? seenE9 : plan.markE9;
    this.#remove(positionId);
    const book = this.#books.get(instrument) ?? new PriceBook(instrument);
    this.#books.set(instrument, book);
    const armed: Armed = { book, triggers: [] };
    this.#armed.set(positionId, armed);
    book.planCount += 1;
    for (const rule of plan.rules) this.#add(armed, { positionId, rule }, markE9, plan.markE9);
  }

  /** Returns the instrument when nothing is armed for it any more. */
  disarm(positionId: string): string | undefined {
    const book = this.#remove(positionId);
    if (book === undefined || book.planCount > 0) return undefined;
    this.#books.delete(book.instrument);
    return book.instrument;
  }

  bookOf(instrument: string): PriceBook | undefined {
    return this.#books.get(instrument);
  }

  books(): Iterable<PriceBook> {
    return this.#books.values();
  }

  holds(instrument: string): boolean {
    return this.#books.has(instrument);
  }

  /** From its moment on a time limit waits for its price, or for none. */
  releaseTime(positionId: string, ruleId: string): ArmedTrigger | undefined {
    const armed = this.#armed.get(positionId);
    const trigger = armed?.triggers.find(({ rule }) => ruleIdOf(rule) === ruleId);
    if (armed === undefined || trigger === undefined || trigger.priceE9 !== 0n) return undefined;
    const priceE9 = BigInt(trigger.rule.triggerPriceE9);
    trigger.priceE9 = priceE9 === 0n ? ANY_PRICE_E9 : priceE9;
    armed.book.addBelow(trigger);
    return trigger;
  }

  /** A trailing stop whose beginning was reached follows the price from now on. */
  releaseTrail(waiting: ArmedTrigger, markE9: bigint): void {
    const armed = this.#armed.get(waiting.positionId);
    if (armed === undefined || waiting.isDead || waiting.rule.kind !== "trailingStop") return;
    waiting.isDead = true;
    armed.book.noteDead();
    armed.triggers = armed.triggers.filter((trigger) => trigger !== waiting);
    const { positionId, rule } = waiting;
    armed.triggers.push(addTrail(armed.book, { positionId, rule }, markE9, 0n));
  }

  /** The highest price that this position's trailing stop has seen, while it follows the price. */
  markOf(positionId: string): bigint | undefined {
    const armed = this.#armed.get(positionId);
    const trail = armed?.triggers.find(isTrail);
    return trail === undefined ? undefined : armed?.book.trails.markOf(trail);
  }

  #add(
    armed: Armed,
    of: { positionId: string; rule: ExitRule },
    markE9: bigint,
    persistedE9: bigint,
  ): void {
    const { book, triggers } = armed;
    const { rule } = of;
    const priceE9 = BigInt(rule.triggerPriceE9);
    if (rule.kind === "trailingStop" && markE9 > 0n && markE9 >= priceE9) {
      triggers.push(addTrail(book, of, markE9, persistedE9));
      return;
    }
    const isTimed = sideOf(rule) === "time";
    const trigger = { ...of, priceE9: isTimed ? 0n : priceE9, markE9: 0n, isDead: false };
    triggers.push(trigger);
    if (isTimed) return;
    if (sideOf(rule) === "below") book.addBelow(trigger);
    else book.addAbove(trigger);
  }

  #remove(positionId: string): PriceBook | undefined {
    const armed = this.#armed.get(positionId);
    if (armed === undefined) return undefined;
    this.#armed.delete(positionId);
    armed.book.planCount -= 1;
    for (const trigger of armed.triggers) {
      trigger.isDead = true;
      if (isTrail(trigger)) armed.book.trails.noteDead();
      // A time limit that is not due lies in no heap.
      else if (sideOf(trigger.rule) !== "time" || trigger.priceE9 !== 0n) armed.book.noteDead();
    }
    return armed.book;
  }
}

function addTrail(
  book: PriceBook,
  of: { positionId: string; rule: ExitRule },
  markE9: bigint,
  persistedE9: bigint,
): TrailTrigger {
  const dropBps = of.rule.kind === "trailingStop" ? of.rule.dropBps : 0;
  const links = { left: undefined, right: undefined, rank: 1 };
  const trigger = { ...of, priceE9: 0n, markE9, isDead: false, dropBps, persistedE9, ...links };
  book.trails.add(trigger);
  return trigger;
}

function isTrail(trigger: ArmedTrigger): trigger is TrailTrigger {
  return "dropBps" in trigger;
}
