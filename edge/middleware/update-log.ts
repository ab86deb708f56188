import type { SoftRedis } from "./redis.ts";

/** Which updates are done with: a shortcut only, the executor knows for certain. */
export interface UpdateLog {
  isDone(updateId: number): Promise<boolean>;
  /** To be called only once the executor or the queue holds the update's job. */
  markDone(updateId: number): Promise<void>;
}

/** Telegram re-sends a message for up to 24 hours. */
const TTL_S = 25 * 60 * 60;

export function createUpdateLog(soft: SoftRedis, prefix: string): UpdateLog {
  return {
    async isDone(updateId) {
      const found = await soft.attempt((redis) => redis.get<string>(`${prefix}:${updateId}`));
      return found !== undefined && found !== null;
    },
    async markDone(updateId) {
      await soft.attempt((redis) => redis.set(`${prefix}:${updateId}`, "1", { ex: TTL_S }));
    },
  };
}

/** What this isolate remembers of an update between Telegram's deliveries of it. */
export interface UpdateTries {
  firstSeenMs: number;
  /** False once a try may have reached the executor or the queue. */
  isCertain: boolean;
}

/** Updates that may be in trouble at once; older ones start their count again. */
const UPDATES_MAX = 1_000;

export interface TryMemory {
  /**
   * The record of an update, new or known. `isFirst`: no other isolate can have tried it before;
   * without that nothing is certain.
   */
  open(updateId: number, nowMs: number, isFirst: boolean): { tries: UpdateTries; isNew: boolean };
  close(updateId: number): void;
}

export function createTryMemory(): TryMemory {
  const records = new Map<number, UpdateTries>();
  return {
    open(updateId, nowMs, isFirst) {
      const known = records.get(updateId);
      if (known !== undefined) return { tries: known, isNew: false };
      const tries = { firstSeenMs: nowMs, isCertain: isFirst };
      records.set(updateId, tries);
      if (records.size > UPDATES_MAX) {
        const [oldest] = records.keys();
        if (oldest !== undefined) records.delete(oldest);
      }
      return { tries, isNew: true };
    },
    close: (updateId) => void records.delete(updateId),
  };
}
