/** Why nothing was prepared; `alert` when the route service's answer looks like an attack. */
export interface Refusal {
  ok: false;
  reason: string;
  alert: boolean;
  onlyNonceTooLong?: true;
  /** It does not fit into one packet: with less in it, it may. */
  isTooLong?: true;
}

/** A step on the way to an attempt. */
export type Step<T> = { ok: true; value: T } | Refusal;

export function refused(reason: string, alert: boolean): Refusal {
  return { ok: false, reason, alert };
}
