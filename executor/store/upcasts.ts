import type { EventKind } from "@raptor/shared/domain/events.ts";

/** The shape of event payloads, stored with every event; raised when a kind changes its shape. */
export const EVENT_VERSION = 2;

/** Gives a payload the shape of the next version. Never changes what is stored and hashed. */
export type Upcast = (payload: Record<string, unknown>) => Record<string, unknown>;

/**
 * How payloads of older versions are read, by kind and the version that they were written in.
 * A kind and version without an entry has kept its shape. Entries stay for ever: so do events.
 */
export const UPCASTS: { readonly [K in EventKind]?: Readonly<Record<number, Upcast>> } = {};

type UpcastTable = Readonly<Record<string, Readonly<Record<number, Upcast>> | undefined>>;

/** @returns the payload as this release's fold expects it. Newer ones are read as they are. */
export function upcastPayload(
  kind: string,
  version: number,
  payload: unknown,
  table: UpcastTable = UPCASTS,
): unknown {
  const steps = table[kind];
  if (steps === undefined) return payload;
  let shaped = payload as Record<string, unknown>;
  for (let from = version; from < EVENT_VERSION; from++) shaped = steps[from]?.(shaped) ?? shaped;
  return shaped;
}
