import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { InstrumentReport } from "../../ports/venue.ts";

/**
 * From a card to its button. What makes a token safe or not is in its mint: authorities that were
 * given up cannot come back, and a transfer fee takes two epochs to rise.
 */
const FRESH_MS = 30_000;
const REPORTS_MAX = 256;

/** What was found out about tokens a moment ago, so that a press need not ask again. */
export class ReportMemory {
  readonly #clock: Clock;
  readonly #reports = new Map<string, { report: InstrumentReport; atMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  remember(report: InstrumentReport): InstrumentReport {
    this.#reports.delete(report.mint);
    this.#reports.set(report.mint, { report, atMs: this.#clock.monotonicMs() });
    const [oldest] = this.#reports.keys();
    if (this.#reports.size > REPORTS_MAX && oldest !== undefined) this.#reports.delete(oldest);
    return report;
  }

  /** As it was told; undefined when that is too long ago, or its pool is not at hand any more. */
  at(
    mint: string,
    priceOf: (decimals: number) => bigint | undefined,
  ): InstrumentReport | undefined {
    const known = this.#reports.get(mint);
    if (known === undefined) return undefined;
    if (this.#clock.monotonicMs() - known.atMs > FRESH_MS) return undefined;
    // The pool must be known, but not judge its own price: what the card said is what was ordered.
    return priceOf(known.report.decimals) === undefined ? undefined : known.report;
  }
}
