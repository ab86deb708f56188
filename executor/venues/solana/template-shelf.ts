import type { DirectPool } from "../../pools/direct-pool.ts";
import { compileTemplate, type CompiledTemplate, type DirectPlan } from "./direct-template.ts";

/** About 1.4 kB each: two for every open position of a large desk, and some to spare. */
const TEMPLATES_MAX = 25_000;

/** Compiled swaps by everything that decides their accounts; the oldest make room. */
export class TemplateShelf {
  readonly #compiled = new Map<string, CompiledTemplate>();

  /** Not ok: it does not fit into one packet, and says how long it is. */
  get(plan: DirectPlan, pool: DirectPool): CompiledTemplate {
    const key = keyOf(plan, pool);
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const compiled = compileTemplate(plan, pool);
    if (this.#compiled.size >= TEMPLATES_MAX) this.#dropOldest();
    this.#compiled.set(key, compiled);
    return compiled;
  }

  get size(): number {
    return this.#compiled.size;
  }

  #dropOldest(): void {
    for (const key of this.#compiled.keys()) {
      this.#compiled.delete(key);
      return;
    }
  }
}

/** A pool says itself when its account list changes; the rest of the list is ours. */
function keyOf(plan: DirectPlan, { ref, accountsKey }: DirectPool): string {
  const { side, accounts, hasNonce, tipCount } = plan;
  const pool = `${ref.mint}|${ref.address}|${accountsKey}`;
  return `${side}|${accounts.wallet}|${hasNonce}|${tipCount}|${pool}`;
}
