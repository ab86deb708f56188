/** Some six seconds of slots: more than any price waits for the next one. */
const LINKS_MAX = 16;

/** Slots between two blocks of which the second stands on the first. */
interface Gap {
  after: number;
  before: number;
}

/**
 * The newest slots that one connection told of, and which block each of them stands on. A node
 * tells of slots that lose as well: only what the newest one stands on, block by block, is its
 * chain.
 */
export class SlotChain {
  readonly #parents = new Map<number, number>();
  #newest = 0;
  #gaps: Gap[] = [];

  /** 0 before the first. */
  get newest(): number {
    return this.#newest;
  }

  reset(): void {
    this.#parents.clear();
    this.#newest = 0;
    this.#gaps = [];
  }

  /** Late ones tell as much of the chain as newer ones. Some nodes tell of no parents. */
  note(slot: number, parent: number | undefined): void {
    if (slot <= this.#newest - LINKS_MAX) return;
    this.#newest = Math.max(this.#newest, slot);
    if (parent !== undefined && parent < slot) this.#parents.set(slot, parent);
    for (const oldest of this.#parents.keys()) {
      if (this.#parents.size <= LINKS_MAX) break;
      this.#parents.delete(oldest);
    }
    this.#gaps = this.#findGaps();
  }

  /**
   * Whether the newest slot stands on a block that itself stands on this slot's, so that this one
   * and the next block are whole. Not where a slot in between was never told of: it may have left
   * this one out.
   */
  hasPassed(slot: number): boolean {
    let at = this.#parents.get(this.#newest);
    if (at === undefined || at <= slot) return false;
    while (at !== undefined && at > slot) at = this.#parents.get(at);
    return at === slot;
  }

  /** Whether the newest chain left this slot out: what was told of it never happened there. */
  hasSkipped(slot: number): boolean {
    return this.#gaps.some(({ after, before }) => after < slot && slot < before);
  }

  /** Whether it left out any lately. */
  hasGaps(): boolean {
    return this.#gaps.length > 0;
  }

  #findGaps(): Gap[] {
    const gaps: Gap[] = [];
    let before = this.#newest;
    for (;;) {
      const after = this.#parents.get(before);
      if (after === undefined) return gaps;
      if (after < before - 1) gaps.push({ after, before });
      before = after;
    }
  }
}
