import type { Prng } from "@raptor/shared/seams/chance.ts";
import { createNamedPrng } from "../models/prng.ts";
import type { Swarm } from "./swarm.ts";

/**
 * What a seed is about. A mixed swarm meets everything now and then; some steps need two or three
 * faults and the right press within seconds, and a seed made for them goes there nearly every time.
 */
const OTHER_THEMES = ["forks", "whipsaw", "past", "blind", "held", "switches"] as const;
export type Theme = "mixed" | "pools" | (typeof OTHER_THEMES)[number];

/** Half of all seeds stay mixed: nobody knows beforehand which faults belong together. */
const MIXED_PART = 0.5;
/** Of all seeds, about exits that pools fire; taken from the mixed ones. */
const POOLS_PART = 0.15;
/** Of the others, those in which tokens trade in pools of real programs too. */
const POOLED_PART = 0.25;
const LANES_PART = 0.6;

const SELLERS = {
  "sell typed": 2,
  "sell or panic pressed": 2.5,
  "buy typed": 1.3,
  "token card": 0.5,
  positions: 1.5,
  "kill switch": 0.3,
  pause: 0.3,
  panic: 2,
};

/** They leave selling to their rules. */
const POOL_TRADERS: Swarm["tilt"] = {
  "buy typed": 1.5,
  "buy pressed": 1.5,
  "sell typed": 0.5,
  "sell or panic pressed": 0.3,
  "rules of new positions": 1.5,
  "rules of a position": 2,
  "limit buy": 1.5,
  "kill switch": 0.2,
  panic: 0.3,
  "any button": 0.3,
};

const SWITCHERS: Swarm["tilt"] = {
  "buy typed": 1.5,
  "kill switch": 4,
  "change of mind": 5,
  "crossed switches": 6,
  pause: 2,
  resume: 3,
};

/** The theme is drawn apart, so that it is known of a seed before it runs. */
export function themeOf(seed: number): Theme {
  const draw = createNamedPrng(seed, "theme").nextFloat();
  if (draw < POOLS_PART) return "pools";
  if (draw < MIXED_PART) return "mixed";
  const at = Math.floor(((draw - MIXED_PART) / (1 - MIXED_PART)) * OTHER_THEMES.length);
  return OTHER_THEMES[at] ?? "mixed";
}

/** Drawn apart as well: without pools a seed stays what it was before there were any. */
export function hasPools(seed: number): boolean {
  return themeOf(seed) === "pools" || createNamedPrng(seed, "pools").nextFloat() < POOLED_PART;
}

/** Whether the desk pays landing services; only where pools are, for the same reason. */
export function hasLanes(seed: number): boolean {
  return hasPools(seed) && createNamedPrng(seed, "lanes").nextFloat() < LANES_PART;
}

/** The swarm with what the theme is about turned on; everything else stays as it was drawn. */
export function applyTheme(theme: Theme, swarm: Swarm, prng: Prng): Swarm {
  const between = (low: number, high: number): number => low + prng.nextFloat() * (high - low);
  const ms = (low: number, high: number): number => Math.round(between(low, high));
  const { chain } = swarm;
  switch (theme) {
    case "mixed":
      return swarm;
    case "pools":
      return {
        ...swarm,
        tilt: POOL_TRADERS,
        // A stop wants two prices in a row, and what it starts must be over before the next one.
        gapMs: ms(1_000, 2_500),
        priceMoveEveryMs: ms(700, 2_500),
      };
    case "forks":
      return {
        ...swarm,
        tilt: SELLERS,
        chain: {
          ...chain,
          forkAfterLanding: between(0.5, 0.95),
          forkEveryMs: ms(3_000, 15_000),
          loss: between(0, 0.4),
          late: between(0, 0.4),
        },
      };
    case "whipsaw":
      return {
        ...swarm,
        tilt: SELLERS,
        priceMoveEveryMs: ms(1_500, 6_000),
        joltAfterPrepared: between(0.3, 0.8),
        chain: { ...chain, forkAfterLanding: between(0, 0.9), late: between(0, 0.5) },
      };
    case "past":
      return past(swarm, { between, ms });
    case "blind":
      return blind(swarm, { between, ms });
    case "switches":
      return { ...swarm, tilt: SWITCHERS };
    case "held":
      return {
        ...swarm,
        tilt: { resume: 6, "buy typed": 1.5 },
        moveAwayEveryMs: ms(4_000, 9_000),
      };
  }
}

interface Draws {
  between(low: number, high: number): number;
  ms(low: number, high: number): number;
}

function past(swarm: Swarm, { between, ms }: Draws): Swarm {
  const { chain } = swarm;
  return {
    ...swarm,
    tilt: { ...SELLERS, panic: 0.5 },
    // What was bought must become final before anybody may doubt it.
    gapMs: ms(1_500, 3_000),
    priceMoveEveryMs: ms(2_000, 6_000),
    chain: {
      ...chain,
      pastAfterFill: between(0.6, 1),
      lagEveryMs: ms(3_000, 12_000),
      lagSlotsMax: 240,
    },
  };
}

function blind(swarm: Swarm, { between, ms }: Draws): Swarm {
  const { chain } = swarm;
  return {
    ...swarm,
    // An attempt's whole life must fit in.
    gapMs: ms(1_500, 4_000),
    joltAfterPrepared: between(0.2, 0.7),
    nodeOutageEveryMs: ms(8_000, 30_000),
    moveAwayEveryMs: ms(6_000, 20_000),
    chain: {
      ...chain,
      holes: between(0.5, 1),
      late: between(0.2, 0.8),
      historyLagEveryMs: ms(8_000, 40_000),
    },
  };
}
