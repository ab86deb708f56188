import type { Phase } from "../engine/read-models.ts";

/** Where the process is between start and stop; `halted` is what a ready one shows after a kill. */
export class Lifecycle {
  #phase: Exclude<Phase, "halted"> = "starting";

  get phase(): Exclude<Phase, "halted"> {
    return this.#phase;
  }

  /** A process that drains never comes back: a start-up still under way must not reopen it. */
  enter(phase: Exclude<Phase, "halted">): void {
    if (this.#phase !== "draining") this.#phase = phase;
  }
}
