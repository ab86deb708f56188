import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { signDelivery } from "./forge.ts";
import { call, until } from "./probes.ts";
import type { ScenarioWorld } from "./scenario-world.ts";

/** After so long without a record another tick is sent. */
const TICK_WAIT_MS = 5_000;

export interface Tick {
  id?: string;
  path?: string;
  signature?: string;
  key?: string;
}

/** One delivery of the schedule, of which a forger may change any part; gives the edge's status. */
export async function tick(world: ScenarioWorld, over: Tick = {}): Promise<number> {
  const { id = `msg_${randomUUID()}`, path = "/cron/reconcile" } = over;
  const url = `${world.file.edge}${path}`;
  const key = over.key ?? world.file.qstashCurrentKey;
  const signature = over.signature ?? signDelivery({ key, url });
  const headers = { "upstash-message-id": id, "upstash-signature": signature };
  return (await call(url, { method: "POST", headers })).status;
}

/** A tick of the schedule, and the record that it leaves. */
export async function reconcileNow(world: ScenarioWorld): Promise<Record<string, unknown>> {
  const before = world.eventsOf("ReconcileCompleted").length;
  const isDone = (): boolean => world.eventsOf("ReconcileCompleted").length > before;
  // A tick during a run that the watched account began gets that run's result, and no record.
  await until(async () => {
    expect(await tick(world)).toBe(200);
    return until(isDone, TICK_WAIT_MS).then(
      () => true,
      () => false,
    );
  });
  return world.eventsOf("ReconcileCompleted").at(-1)?.payload ?? {};
}
