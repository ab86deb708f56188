import type { ExitRule } from "@raptor/shared/domain/order.ts";

export interface ArmedTrigger {
  positionId: string;
  rule: ExitRule;
  priceE9: bigint;
}

interface InstrumentTriggers {
  /** Fire when the price rises to them; ascending, so the next to fire is first. */
  above: ArmedTrigger[];
  /** Fire when the price falls to them; descending. */
  below: ArmedTrigger[];
}

/** Armed exit rules by instrument. A price that crosses nothing costs two comparisons. */
export class TriggerIndex {
  readonly #byInstrument = new Map<string, InstrumentTriggers>();
  readonly #instrumentOf = new Map<string, string>();

  /** Replaces whatever was armed for this position. */
  arm(positionId: string, instrument: string, rules: readonly ExitRule[]): void {
    this.disarm(positionId);
    const triggers = this.#byInstrument.get(instrument) ?? { above: [], below: [] };
    for (const rule of rules) {
      const trigger = { positionId, rule, priceE9: BigInt(rule.triggerPriceE9) };
      if (rule.kind === "takeProfit") insert(triggers.above, trigger, (a, b) => a < b);
      else insert(triggers.below, trigger, (a, b) => a > b);
    }
    this.#byInstrument.set(instrument, triggers);
    this.#instrumentOf.set(positionId, instrument);
  }

  /** Returns the instrument when nothing is armed for it any more. */
  disarm(positionId: string): string | undefined {
    const instrument = this.#instrumentOf.get(positionId);
    if (instrument === undefined) return undefined;
    this.#instrumentOf.delete(positionId);
    const triggers = this.#byInstrument.get(instrument);
    if (triggers === undefined) return undefined;
    triggers.above = triggers.above.filter((trigger) => trigger.positionId !== positionId);
    triggers.below = triggers.below.filter((trigger) => trigger.positionId !== positionId);
    if (triggers.above.length + triggers.below.length > 0) return undefined;
    this.#byInstrument.delete(instrument);
    return instrument;
  }

  /** Triggers that this price has reached. They stay armed until the position says otherwise. */
  crossed(instrument: string, priceE9: bigint): ArmedTrigger[] {
    const triggers = this.#byInstrument.get(instrument);
    if (triggers === undefined) return [];
    const found: ArmedTrigger[] = [];
    for (const trigger of triggers.below) {
      if (priceE9 > trigger.priceE9) break;
      found.push(trigger);
    }
    for (const trigger of triggers.above) {
      if (priceE9 < trigger.priceE9) break;
      found.push(trigger);
    }
    return found;
  }

  holds(instrument: string): boolean {
    return this.#byInstrument.has(instrument);
  }
}

function insert(
  list: ArmedTrigger[],
  trigger: ArmedTrigger,
  isBefore: (a: bigint, b: bigint) => boolean,
): void {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore((list[middle] as ArmedTrigger).priceE9, trigger.priceE9)) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, trigger);
}
