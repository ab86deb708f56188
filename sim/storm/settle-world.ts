import type { WorldFile } from "../local/start-world.ts";
import { pause, postJson } from "../scenarios/person.ts";
import { untilTaken } from "../scenarios/probes.ts";
import { countPending } from "./journal-look.ts";

/** Each round revives dead letters of the queue; a few come back only after several. */
const QUIET_ROUNDS = 10;
const SETTLE_MS = 300_000;

/** Gives everything that was acknowledged the time to end, with nothing in its way any more. */
export async function settleWorld(file: WorldFile): Promise<void> {
  const deadline = performance.now() + SETTLE_MS;
  let quietRounds = 0;
  while (quietRounds < QUIET_ROUNDS && performance.now() < deadline) {
    await postJson(`${file.telegram}/world/wake`, {});
    // An update that nobody took yet is neither known to the desk nor to the queue.
    const isTaken = await untilTaken(file).then(
      () => true,
      () => false,
    );
    // Waiting messages of the queue and its dead letters are due now.
    await postJson(`${file.qstash}/world/clock`, { shiftMs: 60_000 });
    await postJson(`${file.qstash}/world/schedules/raptor-reconcile-local/run`, {});
    await pause(500);
    const isQuiet =
      isTaken &&
      countPending(file.dataDir) === 0 &&
      (await countQueued(file.qstash)) === 0 &&
      (await countRevivable(file.qstash)) === 0;
    quietRounds = isQuiet ? quietRounds + 1 : 0;
  }
}

/** Told by the edge to the queue: trying again is of no use. */
const HOPELESS = 489;

/**
 * Dead letters that ticks will put back. On a machine without time for the desk a revived one may
 * die again, and the world is not quiet before all have come through.
 */
async function countRevivable(qstash: string): Promise<number> {
  const response = await fetch(`${qstash}/world/dead-letters`);
  const letters = (await response.json()) as { scheduleId?: string; responseStatus?: number }[];
  return letters.filter(
    ({ scheduleId, responseStatus }) => scheduleId === undefined && responseStatus !== HOPELESS,
  ).length;
}

const ENDED: readonly string[] = ["DELIVERED", "FAILED", "CANCELLED"];

/** Messages that the queue still has to deliver. */
async function countQueued(qstash: string): Promise<number> {
  const response = await fetch(`${qstash}/world/messages`);
  const messages = (await response.json()) as { state: string }[];
  return messages.filter(({ state }) => !ENDED.includes(state)).length;
}
