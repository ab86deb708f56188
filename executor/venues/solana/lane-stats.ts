import type { LaneAnswer } from "./lane.ts";

/** What one way of sending has done since the start of the process. */
export interface LaneReport {
  name: string;
  sent: number;
  accepted: number;
  /** Turned away for good, with an answer from its list. */
  refused: number;
  /** No usable answer: it may have taken the bytes. */
  unclear: number;
  /** Asked for fewer calls. */
  limited: number;
  /** Not asked, because it rests or its limit was reached. */
  held: number;
  /** Of what it had accepted; other lanes may have accepted the same. */
  landed: number;
  slotDelayP50: number | null;
  slotDelayP99: number | null;
  /** Of what landed. */
  tipLamports: bigint;
  feeLamports: bigint;
}

/** Enough for a p99; older delays make room. */
const DELAYS_MAX = 256;
/** Attempts whose landing may still be told; far more than are ever under way at once. */
const SENT_MAX = 1_000;

interface Counts {
  sent: number;
  accepted: number;
  refused: number;
  unclear: number;
  limited: number;
  held: number;
  landed: number;
  tipLamports: bigint;
  feeLamports: bigint;
  delays: number[];
}

/** What is remembered of bytes between their first send and their end. */
export interface Sent {
  firstMs: number;
  firstSlot: number | undefined;
  accepted: Set<string>;
  tipLamportsByLane: ReadonlyMap<string, bigint>;
}

/** Counts per lane, since the start of the process. */
export class LaneStats {
  readonly #counts = new Map<string, Counts>();
  readonly #sent = new Map<string, Sent>();

  constructor(lanes: readonly string[]) {
    for (const lane of lanes) this.#counts.set(lane, createCounts());
  }

  /** The record of bytes that go out now, for the first time or again. */
  open(identity: string, fresh: () => Sent): Sent {
    const known = this.#sent.get(identity);
    if (known !== undefined) return known;
    const sent = fresh();
    this.#sent.set(identity, sent);
    const [oldest] = this.#sent.keys();
    if (this.#sent.size > SENT_MAX && oldest !== undefined) this.#sent.delete(oldest);
    return sent;
  }

  noteHeld(lane: string): void {
    this.#of(lane).held += 1;
  }

  noteAnswer(lane: string, identity: string, answer: LaneAnswer): void {
    const counts = this.#of(lane);
    counts.sent += 1;
    counts[answer.word] += 1;
    if (answer.isLimited) counts.limited += 1;
    if (answer.word === "accepted") this.#sent.get(identity)?.accepted.add(lane);
  }

  /** Nobody can tell which lane did it: all that had accepted the bytes share it. */
  noteLanded(identity: string, slot: number, feeLamports: bigint): void {
    const sent = this.#sent.get(identity);
    if (sent === undefined) return;
    this.#sent.delete(identity);
    for (const lane of sent.accepted) {
      const counts = this.#of(lane);
      counts.landed += 1;
      counts.tipLamports += sent.tipLamportsByLane.get(lane) ?? 0n;
      counts.feeLamports += feeLamports;
      if (sent.firstSlot === undefined) continue;
      counts.delays.push(Math.max(0, slot - sent.firstSlot));
      if (counts.delays.length > DELAYS_MAX) counts.delays.shift();
    }
  }

  /** An attempt that ended without landing: its memory is not needed any more. */
  forget(identity: string): void {
    this.#sent.delete(identity);
  }

  reports(): LaneReport[] {
    return [...this.#counts].map(([name, counts]) => {
      const { delays, ...rest } = counts;
      const sorted = delays.toSorted((left, right) => left - right);
      return {
        name,
        ...rest,
        slotDelayP50: quantile(sorted, 0.5),
        slotDelayP99: quantile(sorted, 0.99),
      };
    });
  }

  #of(lane: string): Counts {
    const counts = this.#counts.get(lane) ?? createCounts();
    this.#counts.set(lane, counts);
    return counts;
  }
}

function createCounts(): Counts {
  const counts = { sent: 0, accepted: 0, refused: 0, unclear: 0, limited: 0, held: 0, landed: 0 };
  return { ...counts, tipLamports: 0n, feeLamports: 0n, delays: [] };
}

function quantile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
}
