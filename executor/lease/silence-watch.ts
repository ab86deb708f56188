import type { Clock } from "@raptor/shared/seams/clock.ts";
import { elapsedAtLeast, momentOf, type Moment } from "./elapsed.ts";
import { isSameWrite } from "./judge-claim.ts";
import type { LeaseRow } from "./lease-database.ts";

/** How long a row has not been written, as far as we can tell. */
export class SilenceWatch {
  readonly #clock: Clock;
  #seen: LeaseRow | undefined;
  #since: Moment | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counted from the first answer that showed it: it may have been written just before. */
  silentMs(row: LeaseRow | undefined): number {
    if (this.#since === undefined || !isSameWrite(row, this.#seen)) {
      this.#seen = row;
      this.#since = momentOf(this.#clock);
    }
    return elapsedAtLeast(this.#clock, this.#since);
  }
}
