import type { FaultTargets } from "./fault-driver.ts";

/** That a confirmed block is taken back was never seen on the real chain: once at a time it may. */
const DEEP_FORK_PAUSE_MS = 60_000;

/** The newest blocks are exchanged for others. */
export class ForkFaults {
  readonly #at: Pick<FaultTargets, "world" | "chain" | "onFault" | "onTrace">;
  /** Last time that a block that some node called confirmed was taken back. */
  deepMs = -Infinity;

  constructor(targets: Pick<FaultTargets, "world" | "chain" | "onFault" | "onTrace">) {
    this.#at = targets;
  }

  /** Takes back as many slots, or fewer where more are not to be had now. */
  takeBack(depth: number): void {
    const { slots } = this.#at.chain.chain;
    const fromSlot = Math.max(this.#lowest() + 1, slots.slot - depth + 1);
    const isDeep = fromSlot <= slots.head.confirmedSlot;
    const lost = this.#at.chain.chain.rollBack(fromSlot);
    if (isDeep) this.deepMs = this.#at.world.nowMs;
    const name = `chain/fork ${isDeep ? "of confirmed blocks" : "of the tip"}`;
    this.#note(name, `chain: ${depth} back`);
    if (lost > 0) this.#note("chain/transaction rolled back", `chain: ${lost} transactions undone`);
  }

  /** Takes back all from this slot on. @returns whether that is to be had now. */
  takeBackFrom(slot: number): boolean {
    if (slot <= this.#lowest()) return false;
    this.takeBack(this.#at.chain.chain.slots.slot - slot + 1);
    return true;
  }

  #lowest(): number {
    const { finalizedSlot, confirmedSlot } = this.#at.chain.chain.slots.head;
    const mayBeDeep = this.#at.world.nowMs - this.deepMs > DEEP_FORK_PAUSE_MS;
    return mayBeDeep ? finalizedSlot : confirmedSlot;
  }

  #note(name: string, text: string): void {
    this.#at.onFault(name);
    this.#at.onTrace(text);
  }
}
