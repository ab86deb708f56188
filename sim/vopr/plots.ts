import type { Prng } from "@raptor/shared/seams/chance.ts";
import { createNamedPrng } from "../models/prng.ts";
import type { Swarm } from "./swarm.ts";
import type { Theme } from "./themes.ts";

/**
 * Stories of several steps that no draw of single faults tells often enough. Drawn apart from the
 * swarm: a seed without any of them is the same as if there were none.
 */
export interface Plots {
  /** A desk ends between the record of a buy and its sending, and is long in coming back. */
  isBackLate: boolean;
  /** An attempt lands in its last blocks, and no node's history has come that far. */
  isHistoryOlder: boolean;
  /** Chance at each sell on a nonce that its account is held up, and prices fall meanwhile. */
  heldUp: number;
}

const BACK_LATE_PART = 0.1;
/** Every node must be asked for it, so it is told where single nodes are seldom away. */
const HISTORY_PARTS: Partial<Record<Theme, number>> = { mixed: 0.12 };
const HELD_UP_PARTS: Partial<Record<Theme, number>> = { whipsaw: 0.5 };
const HELD_UP_PART = 0.08;
/** One account for all exits of a wallet, as somebody sets it whom the rent is too much. */
const ONE_NONCE_PARTS: Partial<Record<Theme, number>> = { whipsaw: 0.4 };
const ONE_NONCE_PART = 0.12;

/** One person with several positions who sells parts of them, and finds nothing switched off. */
const PART_SELLERS: Swarm["tilt"] = {
  "buy typed": 2,
  "sell typed": 3,
  "token card": 0.3,
  "any button": 0.3,
  "kill switch": 0.1,
  "change of mind": 0.1,
  "crossed switches": 0.1,
  pause: 0.1,
};

export function drawPlots(seed: number, theme: Theme): Plots {
  const prng = createNamedPrng(seed, "plots");
  const isOn = (part: number): boolean => prng.nextFloat() < part;
  return {
    isBackLate: isOn(BACK_LATE_PART),
    isHistoryOlder: isOn(HISTORY_PARTS[theme] ?? 0),
    heldUp: isOn(HELD_UP_PARTS[theme] ?? HELD_UP_PART) ? 0.6 + prng.nextFloat() * 0.4 : 0,
  };
}

/** The swarm as the plots need it; the same where there are none. */
export function withPlots(swarm: Swarm, { heldUp }: Plots, prng: Prng): Swarm {
  if (heldUp === 0) return swarm;
  return {
    ...swarm,
    people: 1,
    presses: swarm.presses + 6,
    gapMs: 1_200 + prng.nextInt(1_500),
    tilt: PART_SELLERS,
    // A buy that reverts is never sold.
    joltAfterPrepared: swarm.joltAfterPrepared / 4,
  };
}

/** Whether a wallet has one nonce account at most; else as many as the setting says. */
export function hasOneNonce(seed: number, theme: Theme): boolean {
  const part = ONE_NONCE_PARTS[theme] ?? ONE_NONCE_PART;
  return createNamedPrng(seed, "nonces").nextFloat() < part;
}
