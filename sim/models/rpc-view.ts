import type { Block, Commitment, SlotClock } from "./slots.ts";

/** What one RPC node has seen of a chain: everything up to its own, lagging head. */
export class RpcView {
  readonly #slots: SlotClock;
  readonly #lagSlots: number;
  #frozenSlot: number | undefined;

  constructor(slots: SlotClock, lagSlots: number) {
    this.#slots = slots;
    this.#lagSlots = lagSlots;
  }

  /** Stops the view where it is, as a node does that lost its peers. */
  freeze(): void {
    this.#frozenSlot ??= this.#liveSlot();
  }

  thaw(): void {
    this.#frozenSlot = undefined;
  }

  /** The same node as it would look `slotCount` slots further behind. */
  behind(slotCount: number): RpcView {
    const view = new RpcView(this.#slots, this.#lagSlots + slotCount);
    if (this.#frozenSlot !== undefined) view.#frozenSlot = this.#frozenSlot - slotCount;
    return view;
  }

  slotsBehindChain(): number {
    return this.#slots.slot - this.#headSlot();
  }

  /** The newest block that the node answers from at this commitment. */
  block(commitment: Commitment): Block {
    const head = this.#slots.blockAt(this.#headSlot());
    if (commitment === "processed") return head;
    return this.#slots.blockAt(
      commitment === "confirmed" ? head.confirmedSlot : head.finalizedSlot,
    );
  }

  commitmentOf(slot: number): Commitment | undefined {
    const head = this.block("processed");
    if (slot > head.slot) return undefined;
    if (slot <= head.finalizedSlot) return "finalized";
    return slot <= head.confirmedSlot ? "confirmed" : "processed";
  }

  /** A node knows only blockhashes of blocks that it has seen at that commitment. */
  isBlockhashValid(blockhash: string, commitment: Commitment): boolean {
    return this.#slots.isBlockhashUsable(blockhash, this.block(commitment).height);
  }

  #headSlot(): number {
    return Math.min(this.#frozenSlot ?? Number.MAX_SAFE_INTEGER, this.#liveSlot());
  }

  #liveSlot(): number {
    return this.#slots.slot - this.#lagSlots;
  }
}
