/** A step on the way to an attempt; `alert` when the route service's answer looks like an attack. */
export type Step<T> = { ok: true; value: T } | { ok: false; reason: string; alert: boolean };

export function refused(
  reason: string,
  alert: boolean,
): { ok: false; reason: string; alert: boolean } {
  return { ok: false, reason, alert };
}
