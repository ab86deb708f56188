import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { FaultTargets } from "./fault-driver.ts";
import { LANE_HOSTS, SLOT_MS } from "./settings.ts";
import type { PoolSwarm } from "./swarm.ts";

/** What a run counts it as. */
export const WILD_TICK = "pool/wild tick";

export interface PoolFaultTargets extends Pick<
  FaultTargets,
  "world" | "network" | "chain" | "onTrace" | "onFault"
> {
  every(meanMs: number, act: () => void): void;
}

/** Where in its slot a wild tick begins and ends; the next slot tells better while it lasts. */
const TICK_FROM_MS = 100;
const TICK_TO_MS = 300;
const NEXT_SLOT_MS_MAX = 399;
const ALL_BPS = 10_000;

/** What goes wrong with pools and landing services; nothing where there are none. */
export class PoolFaults {
  readonly #swarm: PoolSwarm;
  readonly #prng: Prng;
  readonly #at: PoolFaultTargets;

  constructor(swarm: PoolSwarm, prng: Prng, targets: PoolFaultTargets) {
    this.#swarm = swarm;
    this.#prng = prng;
    this.#at = targets;
  }

  start(): void {
    const { chain, every } = this.#at;
    if (chain.market.pools === undefined) return;
    const { deadStreams, fullEveryMs, wildTickEveryMs, laneOutageEveryMs } = this.#swarm;
    chain.sockets.deadChance = deadStreams;
    every(fullEveryMs, () => this.#fillCurve());
    every(wildTickEveryMs, () => this.#wildTick());
    every(laneOutageEveryMs, () => this.#laneOutage());
  }

  /** In mid-position: nobody can trade until the curve has become its pool. */
  #fillCurve(): void {
    const { pools } = this.#at.chain.market;
    const mint = this.#oneMint();
    if (pools?.complete(mint) === true) this.#note("pool/curve full", `${mint} is full and moves`);
  }

  /**
   * One slot tells a price that no other one ever tells: somebody trades in front of another and
   * takes it back. The same slot tells so, or else the next one does, at its end at the latest.
   */
  #wildTick(): void {
    const { chain, world } = this.#at;
    const { market, sockets } = chain;
    const mint = this.#oneMint();
    const bps = this.#prng.nextFloat() < 0.5 ? 4_000 : 25_000;
    const isToldAtOnce = this.#prng.nextFloat() < 0.5;
    const nextMs = SLOT_MS + 1 + this.#prng.nextInt(NEXT_SLOT_MS_MAX);
    const move = (times: number): void => market.move(mint, times);
    const slotInMs = SLOT_MS - (world.elapsedMs % SLOT_MS);
    world.after(slotInMs + TICK_FROM_MS, () => {
      this.#note(WILD_TICK, `one slot tells ${bps / ALL_BPS} times the price of ${mint}`);
      move(bps);
      sockets.tellAccounts();
    });
    world.after(slotInMs + TICK_TO_MS, () => move((ALL_BPS * ALL_BPS) / bps));
    world.after(slotInMs + (isToldAtOnce ? TICK_TO_MS : nextMs), () => sockets.tellAccounts());
  }

  #laneOutage(): void {
    const ms = 2_000 + this.#prng.nextInt(20_000);
    const hosts = Object.values(LANE_HOSTS);
    const first = this.#prng.nextInt(hosts.length);
    const down = this.#prng.nextFloat() < 0.4 ? hosts : hosts.slice(first, first + 1);
    for (const host of down) this.#at.network.takeDown(host, ms);
    this.#at.onTrace(`${down.join(" and ")}: down for ${ms} ms`);
  }

  #oneMint(): string {
    const { market } = this.#at.chain;
    const pooled = market.tokens().filter(({ mint }) => market.pools?.has(mint));
    return pooled[this.#prng.nextInt(pooled.length)]?.mint ?? "";
  }

  #note(name: string, text: string): void {
    this.#at.onFault(name);
    this.#at.onTrace(text);
  }
}
