import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import { LINK_GROUPS, type Swarm } from "./swarm.ts";
import type { ChainHost } from "./chain-host.ts";
import type { EdgeHost } from "./edge-host.ts";
import type { ExecutorHost } from "./executor-host.ts";
import { FaultPlots } from "./fault-plots.ts";
import { ForkFaults } from "./fork-faults.ts";
import type { LedgerRecord } from "../models/ledger-chain.ts";
import type { Network } from "./network.ts";
import { NATIVE_MINT } from "../models/token-accounts.ts";
import { NodeFaults } from "./node-faults.ts";
import type { Plots } from "./plots.ts";
import { drawMoveBps } from "./price-moves.ts";
import { PoolFaults } from "./pool-faults.ts";
import { spoilSending } from "./send-faults.ts";
import type { World } from "./world.ts";

export interface FaultTargets {
  world: World;
  network: Network;
  chain: ChainHost;
  edge: EdgeHost;
  executor: ExecutorHost;
  /** Wallet addresses that exist by now. */
  wallets(): readonly string[];
  /** Nobody answers at the desk for so long. */
  onAway(ms: number): void;
  onFault(name: string): void;
  onTrace(text: string): void;
  onViolation(checker: string, detail: string): void;
}

export interface SeedPlots {
  drawn: Plots;
  prng: Prng;
}

/** Blockhashes live for about a minute: longer than this, every one in hand is too old. */
const FREEZE_MS = 75_000;

/** Makes happen in one seed what its swarm says, until it is told to stop. */
export class FaultDriver {
  readonly #swarm: Swarm;
  readonly #prng: Prng;
  readonly #at: FaultTargets;
  readonly #nodes: NodeFaults;
  readonly #pools: PoolFaults;
  readonly #forks: ForkFaults;
  readonly #plots: FaultPlots;
  #isOn = true;

  constructor(swarm: Swarm, prng: Prng, targets: FaultTargets, plots: SeedPlots) {
    this.#swarm = swarm;
    this.#prng = prng;
    this.#at = targets;
    this.#nodes = new NodeFaults(swarm, prng, targets);
    const every = (meanMs: number, act: () => void): void => this.#every(meanMs, act);
    this.#pools = new PoolFaults(swarm.pools, prng, { ...targets, every });
    this.#forks = new ForkFaults(targets);
    this.#plots = new FaultPlots(plots.drawn, plots.prng, { ...targets, forks: this.#forks });
  }

  /** Last time that a block that some node called confirmed was taken back. */
  get deepForkMs(): number {
    return this.#forks.deepMs;
  }

  /** A story of several steps has begun and is not told to its end. */
  get isUnderWay(): boolean {
    return this.#plots.isUnderWay;
  }

  start(): void {
    const { process, chain, outageEveryMs, dryEveryMs } = this.#swarm;
    const { executor, edge } = this.#at;
    this.#setTempers();
    this.#every(process.killEveryMs, () => executor.kill("kill -9"));
    this.#every(process.deployEveryMs, () => executor.deploy());
    this.#every(process.stallEveryMs, () => executor.stall(500 + this.#upTo(4_000), "stall"));
    this.#every(process.freezeEveryMs, () => executor.stall(5_000 + this.#upTo(60_000), "freeze"));
    this.#every(process.diskFullEveryMs, () => this.#spoilDisk("full"));
    this.#every(process.readOnlyEveryMs, () => this.#spoilDisk("readOnly"));
    this.#every(process.clockJumpEveryMs, () => this.#jumpClock());
    this.#every(process.secondStartEveryMs, () => this.#startSecond());
    this.#every(process.evictEveryMs, () => this.#evict(edge));
    this.#every(chain.forkEveryMs, () => {
      this.#forks.takeBack(1 + this.#upTo(this.#swarm.chain.forkDepthMax));
    });
    this.#every(chain.lagEveryMs, () => this.#nodes.lag());
    this.#every(chain.breakSocketsEveryMs, () => this.#breakSockets());
    this.#every(chain.historyLagEveryMs, () => this.#nodes.lagHistory());
    this.#every(outageEveryMs, () => this.#outage());
    this.#every(this.#swarm.nodeOutageEveryMs, () => this.#nodes.outage());
    this.#every(dryEveryMs, () => this.#dryUp());
    this.#every(this.#swarm.moveAwayEveryMs, () => this.#moveAway());
    this.#pools.start();
  }

  /** Prices go on moving in the quiet phase too, but gently and only for a while. */
  startPrices(): void {
    this.#every(this.#swarm.priceMoveEveryMs, () => this.#movePrice());
  }

  /** All faults off; what they did stays done. */
  stop(): void {
    this.#isOn = false;
    const { network, executor, chain } = this.#at;
    network.calm();
    const { faults } = executor;
    faults.crashAtCommit = 0;
    faults.crashAtRequest = 0;
    faults.disk = undefined;
    faults.wallSkewMs = 0;
    chain.holes.chance = 0;
    chain.sockets.silentChance = 0;
    chain.sockets.noiseChance = 0;
    chain.sockets.deadChance = 0;
    chain.chain.tempers.lossChance = 0;
    chain.chain.tempers.lateChance = 0;
    this.#plots.stop();
    this.#nodes.stop();
    for (const token of chain.market.tokens()) token.isDry = false;
  }

  /** An attempt was committed this moment and nothing of it has left. */
  onPrepared(attempt: EventPayloads["AttemptPrepared"]): void {
    if (!this.#isOn) return;
    this.#plots.onPrepared(attempt);
    const { crashAfterPrepared, freezeAfterPrepared } = this.#swarm.process;
    const { executor } = this.#at;
    if (this.#prng.nextFloat() < this.#swarm.joltAfterPrepared) this.#jolt();
    spoilSending(this.#swarm.sendTrouble, this.#prng, this.#at);
    if (this.#prng.nextFloat() < crashAfterPrepared) executor.kill("crash before the first send");
    else if (this.#prng.nextFloat() < freezeAfterPrepared) {
      executor.stall(FREEZE_MS, "freeze until the blockhash is old");
    }
  }

  /** A buy was booked this moment. */
  onBought(): void {
    if (this.#isOn) this.#nodes.onBought();
  }

  /** A transaction was executed this moment. */
  onLanded(record: LedgerRecord): void {
    this.#plots.onLanded(record);
    if (!this.#isOn || this.#prng.nextFloat() >= this.#swarm.chain.forkAfterLanding) return;
    this.#at.world.after(400 + this.#upTo(4_000), () => {
      if (this.#isOn) this.#forks.takeBack(1 + this.#upTo(12));
    });
  }

  #setTempers(): void {
    const { process, chain: wanted, links } = this.#swarm;
    const { executor, chain, network } = this.#at;
    executor.faults.crashAtCommit = process.crashAtCommit;
    executor.faults.crashAtRequest = process.crashAtRequest;
    chain.holes.chance = wanted.holes;
    chain.sockets.silentChance = wanted.silentSockets;
    chain.sockets.noiseChance = wanted.frameNoise;
    chain.chain.tempers.lossChance = wanted.loss;
    chain.chain.tempers.lateChance = wanted.late;
    for (const node of chain.nodes) if (this.#coin()) node.forgetChance = wanted.forget;
    const oneNode = chain.nodes[this.#upTo(chain.nodes.length)];
    if (oneNode !== undefined) oneNode.emptyReadChance = wanted.emptyReads;
    for (const host of network.hosts()) {
      const group = host.replace(/\d*\.sim$/, "");
      const faults = links[group];
      if (faults !== undefined && (group !== "rpc" || this.#prng.nextFloat() < 0.7)) {
        network.setFaults(host, faults);
      }
    }
  }

  #spoilDisk(trouble: "full" | "readOnly"): void {
    const { executor, world } = this.#at;
    if (executor.faults.disk !== undefined) return;
    this.#note(`disk/${trouble}`, `disk: ${trouble === "full" ? "full" : "read-only"}`);
    executor.faults.disk = trouble;
    world.after(300 + this.#upTo(12_000), () => {
      executor.faults.disk = undefined;
    });
  }

  #jumpClock(): void {
    const isForward = this.#coin();
    const ms = this.#coin() ? 2_000 + this.#upTo(120_000) : this.#upTo(25 * 3_600_000);
    this.#note(`clock/jump ${isForward ? "forward" : "back"}`, `clock: ${ms} ms`);
    this.#at.executor.faults.wallSkewMs = isForward ? ms : -ms;
    this.#at.world.after(3_000 + this.#upTo(40_000), () => {
      this.#at.executor.faults.wallSkewMs = 0;
    });
  }

  #startSecond(): void {
    if (!this.#at.executor.startSecond()) {
      this.#at.onViolation("lock", "a second executor was let in on the same volume");
    }
  }

  #evict(edge: EdgeHost): void {
    this.#note("edge/evicted", "edge: the isolate is thrown away");
    edge.evict();
  }

  #breakSockets(): void {
    this.#note("socket/broken", "rpc: all sockets break");
    this.#at.chain.sockets.breakAll();
  }

  /** One service, two at once, or every node. */
  #outage(): void {
    const { network } = this.#at;
    const groups = LINK_GROUPS.filter((group) => group !== "executor");
    const first = groups[this.#upTo(groups.length)] as string;
    const second = this.#coin() ? groups[this.#upTo(groups.length)] : undefined;
    const ms = 500 + this.#upTo(this.#swarm.outageMsMax);
    const down = [...new Set([first, second ?? first])];
    if (down.length > 1) this.#note(`outage/${down.toSorted().join(" and ")}`, "two at once");
    for (const host of network.hosts()) {
      const group = host.replace(/\d*\.sim$/, "");
      if (!down.includes(group)) continue;
      network.takeDown(host, ms);
      this.#at.onTrace(`${host}: down for ${ms} ms`);
    }
  }

  #dryUp(): void {
    const token = this.#oneToken();
    this.#note("jupiter/no route", `market: ${token.symbol} has no route`);
    token.isDry = true;
    this.#at.world.after(1_000 + this.#upTo(15_000), () => {
      token.isDry = false;
    });
  }

  #movePrice(): void {
    const { market } = this.#at.chain;
    const token = this.#oneToken();
    const bps = drawMoveBps(this.#prng, this.#swarm.pools.isGentle);
    market.move(token.mint, bps);
    this.#at.onTrace(`market: ${token.symbol} times ${bps / 10_000}`);
  }

  /** While a transaction is on its way all prices jump, and soon they are back. */
  #jolt(): void {
    const { market } = this.#at.chain;
    const [there, back] = this.#coin() ? [20_000, 5_000] : [5_000, 20_000];
    this.#note("market/jolt", `market: all prices times ${there / 10_000}`);
    const moveAll = (bps: number): void => {
      for (const { mint } of market.tokens()) market.move(mint, bps);
    };
    moveAll(there);
    this.#at.world.after(800 + this.#upTo(12_000), () => moveAll(back));
  }

  #moveAway(): void {
    const wallets = this.#at.wallets();
    const wallet = wallets[this.#upTo(wallets.length)];
    const token = this.#oneToken();
    if (wallet === undefined || token.mint === NATIVE_MINT) return;
    const held = this.#at.chain.chain.quantityOf(wallet, token.mint);
    // The larger half: a single unit that is left over is worth nothing and no pool takes it.
    const quantity = this.#coin() ? held : held - held / 2n;
    if (quantity > 0n && this.#at.chain.chain.moveAway(wallet, token.mint, quantity)) {
      this.#note("people/tokens sent out by hand", `${wallet} sends ${quantity} ${token.symbol}`);
    }
  }

  #oneToken(): ReturnType<ChainHost["market"]["tokens"]>[number] {
    const tokens = this.#at.chain.market.tokens();
    return tokens[this.#upTo(tokens.length)] as (typeof tokens)[number];
  }

  #note(name: string, text: string): void {
    this.#at.onFault(name);
    this.#at.onTrace(text);
  }

  #every(meanMs: number, act: () => void): void {
    if (meanMs === 0) return;
    const again = (): void => {
      this.#at.world.after(meanMs / 2 + this.#upTo(meanMs), () => {
        if (!this.#isOn) return;
        act();
        again();
      });
    };
    again();
  }

  #upTo(bound: number): number {
    return this.#prng.nextInt(Math.max(1, Math.floor(bound)));
  }

  #coin(): boolean {
    return this.#prng.nextFloat() < 0.5;
  }
}
