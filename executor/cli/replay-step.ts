import type { EventKind, EventPayloads } from "@raptor/shared/domain/events.ts";
import type { Reader } from "../ports/store.ts";
import { canonicalJson } from "../store/canonical-json.ts";
import type { ReplayRules } from "./replay-rules.ts";

/** What a replayed event is compared in. */
export interface ReplayStep<K extends EventKind> {
  payload: EventPayloads[K];
  tsMs: number;
  /** The tables as the deciding code saw them. */
  before: Reader;
  rules: ReplayRules;
  memory: ReplayMemory;
  /** Counts the decision; a detail says how it differs. */
  judge(rule: string, detail: string | undefined): void;
}

/** What events say that is not in the tables. */
export interface ReplayMemory {
  /** The limits that each order was approved under. */
  readonly limits: Map<string, { priceImpactBpsMax: number }>;
  /** Positions that fills make necessary and that no event has shown yet. */
  expected: EventPayloads["PositionChanged"][];
}

/** Names the first field that differs; undefined when the two are the same. */
export function differenceOf(journaled: object, again: object): string | undefined {
  const was = new Map(Object.entries(journaled));
  for (const [name, value] of Object.entries(again)) {
    const before = was.get(name);
    if (textOf(before) !== textOf(value)) {
      return `${name}: the journal says ${textOf(before)}, now it comes out as ${textOf(value)}`;
    }
  }
  return undefined;
}

function textOf(value: unknown): string {
  return value === undefined ? "nothing" : canonicalJson(value);
}
