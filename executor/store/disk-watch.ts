import type { Ballast } from "./ballast.ts";

const HOLD = "The disk is full; buys wait until there is room again, exits go on.";
const TIGHT_ALERT =
  "The disk is full. Buys stop; exits go on in the room that was kept back for them. " +
  "Make room or extend the volume.";
const ROOM_ALERT = "The disk has room again. Buys go on.";

/** What the desk makes of the ballast: entries wait without one, and people hear of it. */
export class DiskWatch {
  readonly #ballast: Ballast;
  readonly #shout: (text: string) => void;
  #hasShouted = false;

  constructor(ballast: Ballast, shout: (text: string) => void) {
    this.#ballast = ballast;
    this.#shout = shout;
  }

  /** Why entries must wait; undefined when they need not. */
  hold(): string | undefined {
    return this.#ballast.isTight() ? HOLD : undefined;
  }

  health(): { name: string; ok: boolean; detail: string } {
    const isTight = this.#ballast.isTight();
    return { name: "disk", ok: !isTight, detail: isTight ? "full, entries wait" : "has room" };
  }

  /** Says once what changed, and makes the ballast again as soon as that is possible. */
  async tend(): Promise<void> {
    if (this.#ballast.isTight() && !this.#hasShouted) {
      this.#hasShouted = true;
      this.#shout(TIGHT_ALERT);
    }
    await this.#ballast.tend();
    if (!this.#ballast.isTight() && this.#hasShouted) {
      this.#hasShouted = false;
      this.#shout(ROOM_ALERT);
    }
  }
}
