import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { FaultTargets } from "./fault-driver.ts";
import { LANE_HOSTS } from "./settings.ts";
import type { PoolSwarm } from "./swarm.ts";

export interface PoolFaultTargets extends Pick<
  FaultTargets,
  "world" | "network" | "chain" | "onTrace" | "onFault"
> {
  every(meanMs: number, act: () => void): void;
}

/** A slot: what one wild tick lasts. */
const TICK_MS = 400;
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

  /** One slot tells a price that no other one ever tells. */
  #wildTick(): void {
    const { market } = this.#at.chain;
    const mint = this.#oneMint();
    const bps = this.#prng.nextFloat() < 0.5 ? 4_000 : 25_000;
    this.#note("pool/wild tick", `one slot tells ${bps / ALL_BPS} times the price of ${mint}`);
    market.move(mint, bps);
    this.#at.world.after(TICK_MS, () => market.move(mint, (ALL_BPS * ALL_BPS) / bps));
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
