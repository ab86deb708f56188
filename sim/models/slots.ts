import type { Prng } from "@raptor/shared/seams/chance.ts";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";

export type Commitment = "processed" | "confirmed" | "finalized";

export interface Block {
  slot: number;
  parentSlot: number;
  /** Counts blocks, so it stays behind the slot by every slot that a leader ever skipped. */
  height: number;
  blockhash: string;
  timeMs: number;
  /** Newest confirmed and finalized slots as this block's validators knew them. */
  confirmedSlot: number;
  finalizedSlot: number;
}

export interface SlotClockOptions {
  prng: Prng;
  nowMs: number;
  slotMs?: number;
  startSlot?: number;
  startHeight?: number;
  /** Chance that a slot's leader makes no block. */
  skipChance?: number;
}

/** A blockhash may be used in the 150 blocks after its own. */
const BLOCKHASH_AGE_BLOCKS_MAX = 150;
/** Votes on top of a block that make it final. */
const FINALITY_BLOCKS = 31;
const CONFIRMATION_BLOCKS_MAX = 2;
/** Enough for a view that is 150 slots stale to look back another 150 blocks for a blockhash. */
const BLOCKS_MAX = 1_024;
const BLOCKS_AT_START = 400;

/** Slots, heights, blockhashes and commitments of one chain; pure, driven by `advance`. */
export class SlotClock {
  readonly #prng: Prng;
  readonly #skipChance: number;
  readonly #blocks: Block[] = [];
  readonly #byHash = new Map<string, Block>();
  #slot: number;

  constructor(options: SlotClockOptions) {
    this.#prng = options.prng;
    this.#skipChance = options.skipChance ?? 0.05;
    const slotMs = options.slotMs ?? 400;
    const startSlot = options.startSlot ?? 380_000_000;
    const startHeight = options.startHeight ?? 358_000_000;
    this.#slot = startSlot - BLOCKS_AT_START;
    for (let back = BLOCKS_AT_START - 1; back >= 0; back--) {
      this.#slot += 1;
      this.#append(startHeight - back, options.nowMs - back * slotMs);
    }
  }

  /** The newest slot, whether or not it holds a block. */
  get slot(): number {
    return this.#slot;
  }

  get head(): Block {
    return this.#blocks.at(-1) as Block;
  }

  /** Goes to the next slot; the result is its block, or nothing when the leader skipped it. */
  advance(nowMs: number): Block | undefined {
    this.#slot += 1;
    if (this.#prng.nextFloat() < this.#skipChance) return undefined;
    return this.#append(this.head.height + 1, nowMs);
  }

  /** The newest block at or before `slot`; the oldest kept one when `slot` is older than that. */
  blockAt(slot: number): Block {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#blocks[middle] as Block).slot <= slot) low = middle;
      else high = middle - 1;
    }
    return this.#blocks[low] as Block;
  }

  blockByHash(blockhash: string): Block | undefined {
    return this.#byHash.get(blockhash);
  }

  lifetimeOf(block: Block): { blockhash: string; lastValidBlockHeight: number } {
    return {
      blockhash: block.blockhash,
      lastValidBlockHeight: block.height + BLOCKHASH_AGE_BLOCKS_MAX,
    };
  }

  /** Whether a transaction with this blockhash may enter a block of `height`. */
  isBlockhashUsable(blockhash: string, height: number): boolean {
    const block = this.#byHash.get(blockhash);
    if (block === undefined || block.height > height) return false;
    return height <= block.height + BLOCKHASH_AGE_BLOCKS_MAX;
  }

  #append(height: number, timeMs: number): Block {
    const parent = this.#blocks.at(-1);
    const block: Block = {
      slot: this.#slot,
      parentSlot: parent?.slot ?? this.#slot - 1,
      height,
      blockhash: this.#generateBlockhash(),
      timeMs,
      confirmedSlot: this.#confirmedSlot(parent),
      finalizedSlot: this.#blocks.at(-FINALITY_BLOCKS)?.slot ?? this.#slot,
    };
    this.#blocks.push(block);
    this.#byHash.set(block.blockhash, block);
    if (this.#blocks.length > BLOCKS_MAX) {
      this.#byHash.delete((this.#blocks.shift() as Block).blockhash);
    }
    return block;
  }

  #confirmedSlot(parent: Block | undefined): number {
    if (parent === undefined) return this.#slot;
    const behind = 1 + this.#prng.nextInt(CONFIRMATION_BLOCKS_MAX);
    const candidate = this.#blocks.at(-behind)?.slot ?? parent.slot;
    return Math.max(parent.confirmedSlot, candidate);
  }

  #generateBlockhash(): string {
    const bytes = new Uint8Array(32);
    for (let at = 0; at < 32; at++) bytes[at] = this.#prng.nextInt(256);
    return encodeBase58(bytes);
  }
}
