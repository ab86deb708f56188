import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { LedgerNode } from "../models/ledger-node.ts";
import type { FaultTargets } from "./fault-driver.ts";
import { RPC_HOSTS, SLOT_MS } from "./settings.ts";
import type { Swarm } from "./swarm.ts";

const FAR_BEHIND_SLOTS = 150;
/** What nodes remember may end before the last possible block of an attempt. */
const HISTORY_SLOTS_MIN = 20;
const HISTORY_SLOTS_MAX = 190;
/** Before a fill is final nobody writes its tokens off, whatever a wallet shows. */
const SETTLED_MS = 14_000;
const PAST_AFTER_MS_MAX = 12_000;
/** Long enough for a sell that asks twice, and mostly for a reconcile. */
const PAST_MS_MIN = 8_000;
const PAST_MS_MAX = 36_000;
/** Longer than any attempt lives. */
const NODE_OUTAGE_MS_MAX = 150_000;

/** What single nodes, or all of them together, do not know at a moment. */
export class NodeFaults {
  readonly #swarm: Swarm;
  readonly #prng: Prng;
  readonly #at: FaultTargets;
  #isOn = true;

  constructor(swarm: Swarm, prng: Prng, targets: FaultTargets) {
    this.#swarm = swarm;
    this.#prng = prng;
    this.#at = targets;
  }

  stop(): void {
    this.#isOn = false;
    for (const node of this.#at.chain.nodes) {
      node.setLag(0);
      node.historyLagSlots = 0;
      node.forgetChance = 0;
      node.emptyReadChance = 0;
    }
  }

  lag(): void {
    const node = this.#oneNode();
    const slots = this.#coin() ? 0 : 1 + this.#upTo(this.#swarm.chain.lagSlotsMax);
    node.setLag(slots);
    if (slots === 0) return;
    const name = slots >= FAR_BEHIND_SLOTS ? "rpc/far behind" : "rpc/behind";
    this.#note(name, `rpc: a node is ${slots} slots behind`);
  }

  /** The archive behind one node, or behind all of them, stands still for a while. */
  lagHistory(): void {
    const slots = HISTORY_SLOTS_MIN + this.#upTo(HISTORY_SLOTS_MAX - HISTORY_SLOTS_MIN);
    const nodes = this.#coin() ? this.#at.chain.nodes : [this.#oneNode()];
    this.#note("rpc/history behind", `rpc: ${nodes.length} histories are ${slots} slots behind`);
    for (const node of nodes) node.historyLagSlots = slots;
    this.#later(10_000 + this.#upTo(80_000), () => {
      for (const node of nodes) node.historyLagSlots = 0;
    });
  }

  /** One node alone, so that what only it has seen is not to be had. */
  outage(): void {
    const host = this.#oneHost();
    const ms = 5_000 + this.#upTo(NODE_OUTAGE_MS_MAX);
    this.#note("rpc/one node away", `${host}: away for ${ms} ms`);
    this.#at.network.takeDown(host, ms);
  }

  /** Tokens were bought this moment. Soon the nodes may tell of a wallet without them. */
  onBought(): void {
    if (this.#prng.nextFloat() >= this.#swarm.chain.pastAfterFill) return;
    const isSettled = this.#prng.nextFloat() < 0.75;
    const afterMs = isSettled ? SETTLED_MS + this.#upTo(PAST_AFTER_MS_MAX) : this.#upTo(3_000);
    const slots = Math.ceil(afterMs / SLOT_MS) + 5 + this.#upTo(60);
    this.#later(afterMs, () => {
      const ms = PAST_MS_MIN + this.#upTo(PAST_MS_MAX);
      if (this.#coin()) this.#allInThePast(slots, ms);
      else this.#oneAlone(slots, ms);
    });
  }

  /** All nodes are one provider's, and it restores a snapshot. */
  #allInThePast(slots: number, ms: number): void {
    this.#note("rpc/all behind", `rpc: all nodes are ${slots} slots behind`);
    const { nodes } = this.#at.chain;
    // From there on they follow the chain, that far behind.
    for (const node of nodes) node.setLag(slots + Math.ceil(ms / SLOT_MS));
    this.#later(ms, () => {
      for (const node of nodes) node.setLag(0);
    });
  }

  /** One node answers, from the past or with nothing in any wallet; the others are away. */
  #oneAlone(slots: number, ms: number): void {
    const { network, chain } = this.#at;
    const only = this.#oneHost();
    const node = chain.nodes[RPC_HOSTS.indexOf(only)] as LedgerNode;
    this.#note("rpc/one node left, without the tokens", `rpc: for ${ms} ms ${only} answers alone`);
    for (const host of RPC_HOSTS) if (host !== only) network.takeDown(host, ms);
    const before = node.emptyReadChance;
    if (this.#coin()) node.emptyReadChance = 1;
    else node.setLag(slots + Math.ceil(ms / SLOT_MS));
    this.#later(ms, () => {
      node.emptyReadChance = before;
      node.setLag(0);
    });
  }

  #later(ms: number, act: () => void): void {
    this.#at.world.after(ms, () => {
      if (this.#isOn) act();
    });
  }

  #oneNode(): LedgerNode {
    const { nodes } = this.#at.chain;
    return nodes[this.#upTo(nodes.length)] as LedgerNode;
  }

  #oneHost(): (typeof RPC_HOSTS)[number] {
    return RPC_HOSTS[this.#upTo(RPC_HOSTS.length)] as (typeof RPC_HOSTS)[number];
  }

  #note(name: string, text: string): void {
    this.#at.onFault(name);
    this.#at.onTrace(text);
  }

  #coin(): boolean {
    return this.#prng.nextFloat() < 0.5;
  }

  #upTo(max: number): number {
    return this.#prng.nextInt(max);
  }
}
