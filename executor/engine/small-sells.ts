import type { OrderRow } from "@raptor/shared/domain/rows.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { formatDecimal } from "@raptor/shared/values/decimal.ts";
import { SOL_DECIMALS } from "@raptor/shared/values/money.ts";

/** What the network takes for a transaction with one signature, before anything is bid on top. */
export const NETWORK_FEE_LAMPORTS_MIN = 5_000n;
/** One answer may be a slip, or the one state of a pool that nobody else has seen. */
const READS_MIN = 3;
/** Reads at the usual pace, about a minute of them: a wrong state must not hold a stop for long. */
const QUICK_READS_MAX = 12;
/** From then on: a hundred such sells must not use up what the route service allows. */
const LOOK_AGAIN_MS = 600_000;

/** The alert that an exit is held back; it stands as long as the order's other messages do. */
export function heldKeyOf(orderId: string): string {
  return `small:${orderId}`;
}

/** Why a sell is not worth a transaction now. */
export interface SmallSell {
  cause: string;
  /** Said often enough to be told, and to end a sell by hand. */
  isSure: boolean;
  /** Until it is looked at again; undefined at the usual pace. */
  waitMs: number | undefined;
}

/**
 * Sells that would bring no more than the network takes for them. Nothing is sent for those:
 * whoever holds them would only become poorer. What reverted tries have cost before is no reason to
 * hold one back: that is spent either way, and `exit-fees.ts` slows such a sell down.
 */
export class SmallSells {
  /** Such answers in a row, by order. */
  readonly #reads = new Map<string, number>();
  readonly #naps = new Map<string, () => void>();

  /** Takes note of what a route would bring; undefined when that is worth a transaction. */
  judge({ orderId }: Pick<OrderRow, "orderId">, lamports: bigint): SmallSell | undefined {
    if (lamports > NETWORK_FEE_LAMPORTS_MIN) {
      this.#reads.delete(orderId);
      return undefined;
    }
    const reads = (this.#reads.get(orderId) ?? 0) + 1;
    this.#reads.set(orderId, reads);
    const cause =
      `It would bring ${solOf(lamports)} SOL, and a transaction costs at least ` +
      `${solOf(NETWORK_FEE_LAMPORTS_MIN)} SOL.`;
    const isSure = reads >= READS_MIN;
    return { cause, isSure, waitMs: reads > QUICK_READS_MAX ? LOOK_AGAIN_MS : undefined };
  }

  /** Whether it waits for a better price, with nothing sent. */
  isHeld(orderId: string): boolean {
    return (this.#reads.get(orderId) ?? 0) >= READS_MIN;
  }

  forget(orderId: string): void {
    this.#reads.delete(orderId);
  }

  /** A long wait for a better price, which `wake` ends early. */
  async sleep(clock: Clock, orderId: string, waitMs: number, stop: AbortSignal): Promise<void> {
    const nap = new AbortController();
    this.#naps.set(orderId, () => nap.abort());
    await clock.sleep(waitMs, AbortSignal.any([stop, nap.signal]));
    this.#naps.delete(orderId);
  }

  /** Somebody asks for it, or something has happened: it is looked at now. */
  wake(orderId: string): void {
    this.#naps.get(orderId)?.();
  }
}

function solOf(lamports: bigint): string {
  return formatDecimal(lamports, SOL_DECIMALS);
}
