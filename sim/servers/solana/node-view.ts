import type { FaultPlan } from "../../faults/fault-plan.ts";
import { RpcView } from "../../models/rpc-view.ts";
import type { Chain } from "../../models/chain.ts";

/**
 * What one node shows, stale faults included: `ms` of them is how far it falls behind, and 0
 * freezes it where it is until the fault is cleared.
 */
export class NodeView {
  readonly #view: RpcView;
  readonly #faults: FaultPlan;
  readonly #slotMs: number;

  constructor(chain: Chain, faults: FaultPlan, lagSlots: number) {
    this.#view = new RpcView(chain.slots, lagSlots);
    this.#faults = faults;
    this.#slotMs = chain.slotMs;
  }

  /** For one call of a method; uses up a hit of a stale fault. */
  forCall(method: string): RpcView {
    this.#followFreeze();
    const fault = this.#faults.take(method, ["stale"]);
    if (fault === undefined || fault.ms === 0) return this.#view;
    return this.#view.behind(Math.ceil(fault.ms / this.#slotMs));
  }

  /** For sockets, which a stale fault holds back as long as it is set. */
  forSockets(): RpcView {
    this.#followFreeze();
    const fault = this.#faults
      .list()
      .find(({ kind, on }) => kind === "stale" && (on === "ws" || on === "*"));
    return fault === undefined ? this.#view : this.#view.behind(Math.ceil(fault.ms / this.#slotMs));
  }

  #followFreeze(): void {
    const isFrozen = this.#faults.list().some(({ kind, ms }) => kind === "stale" && ms === 0);
    if (isFrozen) this.#view.freeze();
    else this.#view.thaw();
  }
}
