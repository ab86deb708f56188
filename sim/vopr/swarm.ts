import type { Prng } from "@raptor/shared/seams/chance.ts";
import { type LinkFaults, NO_FAULTS } from "./network.ts";
import { applyTheme, type Theme } from "./themes.ts";

/** Hosts that fail alike; `rpc` stands for each node, drawn one by one. */
export const LINK_GROUPS = ["rpc", "jupiter", "telegram", "redis", "qstash", "executor", "edge"];

/** What is on in one seed and how strong. 0 means off everywhere; times are mean intervals. */
export interface Swarm {
  theme: Theme;
  /** How much more often than usual people do things, by the name of the act. */
  tilt: Readonly<Record<string, number>>;
  people: number;
  presses: number;
  gapMs: number;
  /** By group; a group that is absent has no faults. */
  links: Readonly<Record<string, LinkFaults>>;
  process: {
    crashAtCommit: number;
    crashAtRequest: number;
    /** Chance at each AttemptPrepared that the process ends before anything is sent. */
    crashAfterPrepared: number;
    /** Chance at each AttemptPrepared that it freezes until the blockhash is too old. */
    freezeAfterPrepared: number;
    killEveryMs: number;
    deployEveryMs: number;
    stallEveryMs: number;
    freezeEveryMs: number;
    diskFullEveryMs: number;
    readOnlyEveryMs: number;
    clockJumpEveryMs: number;
    secondStartEveryMs: number;
    evictEveryMs: number;
  };
  chain: {
    loss: number;
    late: number;
    holes: number;
    forget: number;
    skip: number;
    forkEveryMs: number;
    forkDepthMax: number;
    /** Chance at each execution that the block is taken back soon after it. */
    forkAfterLanding: number;
    lagEveryMs: number;
    lagSlotsMax: number;
    silentSockets: number;
    frameNoise: number;
    breakSocketsEveryMs: number;
    emptyReads: number;
    /** Chance at each buy that the nodes soon answer from before it, or nearly none answers. */
    pastAfterFill: number;
    historyLagEveryMs: number;
  };
  deliveries: {
    again: number;
    newId: number;
    reordered: number;
    lateEveryMs: number;
    forgedHookEveryMs: number;
    forgedJwsEveryMs: number;
    replayEveryMs: number;
    queueDuplicateEveryMs: number;
    floodEveryMs: number;
  };
  outageEveryMs: number;
  outageMsMax: number;
  /** One node alone, for longer than an attempt lives. */
  nodeOutageEveryMs: number;
  /** Chance at each AttemptPrepared that all prices jump and come back. */
  joltAfterPrepared: number;
  dryEveryMs: number;
  priceMoveEveryMs: number;
  moveAwayEveryMs: number;
  pools: PoolSwarm;
  /** Chance at each AttemptPrepared that no way to the chain says yes for a moment. */
  sendTrouble: number;
}

/** Of use only where tokens trade in pools of real programs. */
export interface PoolSwarm {
  /** Chance that a subscription to an account is confirmed and tells nothing, ever. */
  deadStreams: number;
  /** A curve is bought up and moves. */
  fullEveryMs: number;
  wildTickEveryMs: number;
  laneOutageEveryMs: number;
  /** No price moves so far at once that it would have to be told twice. */
  isGentle: boolean;
}

const NO_POOL_FAULTS: PoolSwarm = {
  deadStreams: 0,
  fullEveryMs: 0,
  wildTickEveryMs: 0,
  laneOutageEveryMs: 0,
  isGentle: false,
};

/** Seeds without any fault: what goes wrong in these goes wrong by itself. */
const CALM_PARTS: Partial<Record<Theme, number>> = { mixed: 0.1, pools: 0.3 };
/**
 * Of calm seeds about pools, in which single slots tell wild prices and nothing else is wrong. In
 * the others nothing wild is told, so that exits wait for nothing at all.
 */
const CALM_TICKS_PART = 0.5;

/** Most kinds are off in a seed, so that each is also seen alone and with few others. */
export function drawSwarm(prng: Prng, theme: Theme): Swarm {
  const draws = createDraws(prng, theme);
  const themed = applyTheme(theme, drawCommon(theme, prng, draws), prng);
  const { isCalm, upTo, every } = draws;
  // Drawn last, so that what is drawn before is the same as when there were no pools.
  const pools = {
    deadStreams: upTo(0.6),
    fullEveryMs: every(10_000, 50_000),
    wildTickEveryMs: every(3_000, 30_000),
    laneOutageEveryMs: every(8_000, 40_000),
    isGentle: false,
  };
  const sendTrouble = upTo(0.6);
  // Whether one is believed can be told best where nothing else goes wrong.
  if (theme === "pools" && isCalm) {
    if (prng.nextFloat() < CALM_TICKS_PART) pools.wildTickEveryMs = 2_000 + prng.nextInt(4_000);
    else pools.isGentle = true;
  }
  return { ...themed, pools, sendTrouble };
}

interface Draws {
  isCalm: boolean;
  isOn(): boolean;
  upTo(max: number): number;
  every(shortestMs: number, longestMs: number): number;
}

function createDraws(prng: Prng, theme: Theme): Draws {
  const calmPart = CALM_PARTS[theme] ?? 0;
  const isCalm = calmPart > 0 && prng.nextFloat() < calmPart;
  const density = 0.1 + prng.nextFloat() * 0.4;
  const isOn = (): boolean => prng.nextFloat() < density && !isCalm;
  const upTo = (max: number): number => (isOn() ? prng.nextFloat() * max : 0);
  const every = (shortestMs: number, longestMs: number): number =>
    isOn() ? shortestMs + prng.nextInt(longestMs - shortestMs) : 0;
  return { isCalm, isOn, upTo, every };
}

function drawCommon(theme: Theme, prng: Prng, { isOn, upTo, every }: Draws): Swarm {
  return {
    theme,
    tilt: {},
    people: 1 + prng.nextInt(3),
    presses: 20 + prng.nextInt(4),
    gapMs: 200 + prng.nextInt(2_000),
    links: drawLinks(prng, isOn),
    process: {
      crashAtCommit: upTo(0.06),
      crashAtRequest: upTo(0.01),
      crashAfterPrepared: upTo(0.6),
      freezeAfterPrepared: upTo(0.25),
      killEveryMs: every(8_000, 60_000),
      deployEveryMs: every(15_000, 60_000),
      stallEveryMs: every(5_000, 40_000),
      freezeEveryMs: every(30_000, 90_000),
      diskFullEveryMs: every(8_000, 50_000),
      readOnlyEveryMs: every(15_000, 60_000),
      clockJumpEveryMs: every(10_000, 50_000),
      secondStartEveryMs: every(10_000, 60_000),
      evictEveryMs: every(3_000, 40_000),
    },
    chain: {
      loss: upTo(0.6),
      late: upTo(0.6),
      holes: upTo(0.8),
      forget: upTo(0.7),
      skip: isOn() ? 0.05 + prng.nextFloat() * 0.4 : 0.05,
      forkEveryMs: every(4_000, 40_000),
      forkDepthMax: 1 + prng.nextInt(isOn() ? 25 : 3),
      forkAfterLanding: upTo(0.7),
      lagEveryMs: every(5_000, 30_000),
      lagSlotsMax: 2 + prng.nextInt(200),
      silentSockets: upTo(1),
      frameNoise: upTo(0.5),
      breakSocketsEveryMs: every(5_000, 40_000),
      emptyReads: upTo(0.3),
      pastAfterFill: upTo(0.3),
      historyLagEveryMs: every(10_000, 60_000),
    },
    deliveries: {
      again: upTo(0.4),
      newId: upTo(0.3),
      reordered: upTo(0.3),
      lateEveryMs: every(8_000, 40_000),
      forgedHookEveryMs: every(8_000, 40_000),
      forgedJwsEveryMs: every(8_000, 40_000),
      replayEveryMs: every(5_000, 40_000),
      queueDuplicateEveryMs: every(3_000, 30_000),
      floodEveryMs: every(10_000, 60_000),
    },
    outageEveryMs: every(10_000, 60_000),
    outageMsMax: 2_000 + prng.nextInt(40_000),
    nodeOutageEveryMs: every(15_000, 60_000),
    joltAfterPrepared: upTo(0.3),
    dryEveryMs: every(10_000, 60_000),
    priceMoveEveryMs: 2_000 + prng.nextInt(15_000),
    moveAwayEveryMs: every(10_000, 60_000),
    pools: NO_POOL_FAULTS,
    sendTrouble: 0,
  };
}

function drawLinks(prng: Prng, isOn: () => boolean): Record<string, LinkFaults> {
  const links: Record<string, LinkFaults> = {};
  for (const group of LINK_GROUPS) {
    if (!isOn()) continue;
    const strength = prng.nextFloat() * (prng.nextFloat() < 0.1 ? 0.6 : 0.12);
    const faults = { ...NO_FAULTS };
    for (const name of Object.keys(faults) as (keyof LinkFaults)[]) {
      if (prng.nextFloat() < 0.5) faults[name] = (prng.nextFloat() * strength) / 2;
    }
    // Who calls the edge believes a success; nobody can make up for one that it did not say.
    if (group === "edge") faults.garbage = 0;
    links[group] = faults;
  }
  return links;
}
