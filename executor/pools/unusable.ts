/**
 * Why a pool cannot be traded now. `complete`: the curve is full and moves to PumpSwap, so wait
 * for the new pool. `missing`: bytes of a watched account were not given. `disabled`: the program
 * or the pool refuses this for the time being. `unsupported`: never, by us. `corrupt`: not what
 * it claims.
 */
export type UnusableCause = "complete" | "missing" | "disabled" | "unsupported" | "corrupt";

export interface PoolUnusable {
  readonly kind: "unusable";
  readonly cause: UnusableCause;
  /** A sentence for a person, without addresses. */
  readonly reason: string;
}

export function unusable(cause: UnusableCause, reason: string): PoolUnusable {
  return { kind: "unusable", cause, reason };
}

/** For anything that tells by `kind` what it is. */
export function isUnusable(found: { readonly kind: string }): found is PoolUnusable {
  return found.kind === "unusable";
}
