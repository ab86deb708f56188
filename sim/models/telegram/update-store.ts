import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import { isRecord, type TelegramUpdate } from "./objects.ts";

const DAY_MS = 86_400_000;
export const CALLBACK_LIFE_MS = 150_000;
/** Presses live beside messages, in a queue of their own per user. */
const CALLBACK_QUEUE_OFFSET = 3 * 2 ** 33;
/** Enough for any test to find an update again; older ones are forgotten. */
const HISTORY_MAX = 1_000;
/** The real server also refuses to hoard: beyond this the oldest update goes. */
const PENDING_MAX = 10_000;
const NOT_SENT_BY_DEFAULT: ReadonlySet<string> = new Set([
  "chat_member",
  "message_reaction",
  "message_reaction_count",
]);

export interface PendingUpdate {
  update: TelegramUpdate;
  queueKey: number;
  /** Wall time after which nobody wants it any more. */
  expiresAtMs: number;
  /** Monotonic time before which it is not sent again. */
  wakeAtMs: number;
  delaySeconds: number;
  failCount: number;
  /** Order of arrival. */
  order: number;
}

/** Updates that wait for the bot, in one serial queue per chat and one per pressing user. */
export class UpdateStore {
  readonly #clock: Clock;
  readonly queues = new Map<number, PendingUpdate[]>();
  readonly #history = new Map<number, TelegramUpdate>();
  #nextUpdateId: number;
  #nextOrder = 1;
  #nextLoneQueue = -1;
  /** Empty means the default set. */
  allowedUpdates: readonly string[] = [];
  /** Told after every arrival. */
  readonly arrivalListeners = new Set<() => void>();

  constructor(clock: Clock, prng: Prng) {
    this.#clock = clock;
    // Real bots meet large, arbitrary ids; a small first id would hide 32-bit mistakes.
    this.#nextUpdateId = 100_000_000 + prng.nextInt(800_000_000);
  }

  get pendingCount(): number {
    let count = 0;
    for (const queue of this.queues.values()) count += queue.length;
    return count;
  }

  pending(): PendingUpdate[] {
    return [...this.queues.values()].flat().toSorted((a, b) => a.order - b.order);
  }

  /** Queues a fresh update; undefined when the bot did not ask for this type. */
  add(type: string, payload: unknown): number | undefined {
    const wanted =
      this.allowedUpdates.length === 0
        ? !NOT_SENT_BY_DEFAULT.has(type)
        : this.allowedUpdates.includes(type);
    if (!wanted) return undefined;
    return this.inject({ [type]: payload });
  }

  /** Queues an update as it is, without asking whether the bot wants it. */
  inject(raw: Readonly<Record<string, unknown>>): number {
    const { update_id: givenId, ...rest } = raw;
    const updateId = typeof givenId === "number" ? givenId : this.#nextUpdateId++;
    const update: TelegramUpdate = { update_id: updateId, ...rest };
    this.#history.delete(updateId);
    this.#history.set(updateId, update);
    const oldestId = this.#history.keys().next().value;
    if (this.#history.size > HISTORY_MAX && oldestId !== undefined) this.#history.delete(oldestId);
    this.#enqueue(update);
    for (const listener of [...this.arrivalListeners]) listener();
    return updateId;
  }

  /** Queues a known update again; undefined when it is not known. */
  repeat(updateId: number, newUpdateId: boolean): number | undefined {
    const known = this.#history.get(updateId);
    if (known === undefined) return undefined;
    const { update_id: _, ...rest } = known;
    return this.inject(newUpdateId ? rest : known);
  }

  remove(pending: PendingUpdate): void {
    const queue = this.queues.get(pending.queueKey);
    if (queue === undefined) return;
    const rest = queue.filter((other) => other !== pending);
    if (rest.length === 0) this.queues.delete(pending.queueKey);
    else this.queues.set(pending.queueKey, rest);
  }

  clear(): void {
    this.queues.clear();
  }

  #enqueue(update: TelegramUpdate): void {
    if (this.pendingCount >= PENDING_MAX) {
      const oldest = this.pending()[0];
      if (oldest !== undefined) this.remove(oldest);
    }
    const queueKey = this.#queueKeyOf(update);
    const pending: PendingUpdate = {
      update,
      queueKey,
      expiresAtMs: this.#expiryOf(update),
      wakeAtMs: this.#clock.monotonicMs(),
      delaySeconds: 1,
      failCount: 0,
      order: this.#nextOrder++,
    };
    const queue = this.queues.get(queueKey);
    if (queue === undefined) this.queues.set(queueKey, [pending]);
    else queue.push(pending);
  }

  #queueKeyOf(update: TelegramUpdate): number {
    const userId = idAt(update["callback_query"], "from");
    if (userId !== undefined) return userId + CALLBACK_QUEUE_OFFSET;
    const chatId = idAt(update["message"] ?? update["edited_message"], "chat");
    return chatId ?? this.#nextLoneQueue--;
  }

  #expiryOf(update: TelegramUpdate): number {
    if ("callback_query" in update) return this.#clock.nowMs() + CALLBACK_LIFE_MS;
    const message = update["message"] ?? update["edited_message"];
    const date = isRecord(message) ? message["date"] : undefined;
    return (typeof date === "number" ? date * 1_000 : this.#clock.nowMs()) + DAY_MS;
  }
}

function idAt(holder: unknown, field: string): number | undefined {
  const inner = isRecord(holder) ? holder[field] : undefined;
  const id = isRecord(inner) ? inner["id"] : undefined;
  return typeof id === "number" ? id : undefined;
}
