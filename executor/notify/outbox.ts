import type { MessageContent, OutboxRow } from "@raptor/shared/domain/rows.ts";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { ChatPort, DeliverOutcome } from "../ports/notifier.ts";
import type { Store, Tx } from "../ports/store.ts";

export interface OutboxDeps {
  store: Store;
  chat: ChatPort;
  clock: Clock;
  prng: Prng;
  log: Log;
  /** Fills in what must not be stored; absent, a message goes out as it is stored. */
  contentOf?(row: OutboxRow): MessageContent;
}

/** Delivers what the store's outbox holds until it is delivered or refused for good. */
export interface Outbox {
  start(): void;
  /** Starts nothing new and waits for what is under way. The rest stays in the store. */
  stop(): Promise<void>;
}

/** Chats served at the same time; Telegram takes about 30 messages a second over all. */
const CHATS_IN_FLIGHT_MAX = 8;
/** Chats looked at in one round, so that chats which must wait cannot hide the others. */
const CHATS_LOOKED_AT_MAX = 1_000;
const BACK_OFF_FIRST_MS = 1_000;
const BACK_OFF_MAX_MS = 60_000;
/** Part of a back-off that is random, so that chats do not come back all at once. */
const JITTER_PART = 0.1;
/** No try is set further away than this, on a wall clock that somebody may set back. */
const WAIT_MAX_MS = Math.ceil(BACK_OFF_MAX_MS * (1 + JITTER_PART));
/** Finds rows whose time came while nobody held a timer for them: after a restart. */
const LOOK_INTERVAL_MS = 1_000;
/** How long a chat waits when the journal could not record its last delivery. */
const UNRECORDED_WAIT_MS = 5_000;

export function createOutbox(deps: OutboxDeps): Outbox {
  return new OutboxSender(deps);
}

interface Delivery {
  version: number;
  messageId: number;
}

class OutboxSender implements Outbox {
  readonly #deps: OutboxDeps;
  readonly #abort = new AbortController();
  readonly #inFlight = new Map<number, Promise<void>>();
  /** Chats that must rest until this moment on the monotonic clock. */
  readonly #restUntilMs = new Map<number, number>();
  /** Delivered, but the journal could not take the record: must not be sent twice. */
  readonly #unrecorded = new Map<string, Delivery>();
  #isLookScheduled = false;
  #loop: Promise<void> | undefined;

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#deps.store.onCommit(() => this.#lookSoon());
    this.#loop = this.#lookOften();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all([...this.#inFlight.values(), this.#loop]);
  }

  async #lookOften(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      this.#look();
      await this.#deps.clock.sleep(LOOK_INTERVAL_MS, this.#abort.signal);
    }
  }

  /** After the commit's own replies: a person's answer is not kept waiting by notices. */
  #lookSoon(): void {
    if (this.#isLookScheduled) return;
    this.#isLookScheduled = true;
    this.#deps.clock.defer(() => {
      this.#isLookScheduled = false;
      this.#look();
    });
  }

  #look(): void {
    const { store, clock } = this.#deps;
    if (this.#abort.signal.aborted) return;
    const monotonicMs = clock.monotonicMs();
    for (const [chatId, untilMs] of this.#restUntilMs) {
      if (untilMs <= monotonicMs) this.#restUntilMs.delete(chatId);
    }
    for (const row of store.outboxDue(clock.nowMs(), WAIT_MAX_MS, CHATS_LOOKED_AT_MAX)) {
      if (this.#inFlight.size >= CHATS_IN_FLIGHT_MAX) return;
      const { chatId } = row;
      if (this.#inFlight.has(chatId) || this.#restUntilMs.has(chatId)) continue;
      const work = this.#deliver(row).finally(() => {
        this.#inFlight.delete(chatId);
        this.#lookSoon();
      });
      this.#inFlight.set(chatId, work);
    }
  }

  async #deliver(row: OutboxRow): Promise<void> {
    const { store, log } = this.#deps;
    try {
      const outcome = await this.#outcomeOf(row);
      if (outcome.outcome === "retry") this.#restAfter(row, outcome.afterMs);
      if (outcome.outcome === "refused") {
        log.warn({ key: row.key, reason: outcome.reason }, "a notice was refused for good");
      }
      await store.transact((tx) => this.#record(tx, row, outcome));
      this.#unrecorded.delete(row.key);
    } catch (error) {
      // The store says loudly what is wrong with it; here it only must not become a flood.
      const cause = error instanceof Error ? error.message : String(error);
      log.error({ key: row.key, cause }, "a delivery could not be recorded");
      this.#rest(row.chatId, UNRECORDED_WAIT_MS);
    }
  }

  async #outcomeOf(row: OutboxRow): Promise<DeliverOutcome> {
    const { store, chat, contentOf } = this.#deps;
    const done = this.#unrecorded.get(row.key);
    if (done !== undefined && done.version === row.version) {
      return { outcome: "delivered", messageId: done.messageId };
    }
    const notice = store.notice(row.key);
    const noticed = notice?.chatId === row.chatId ? notice.messageId : null;
    const { chatId, isSilent, isProtected } = row;
    const content = contentOf?.(row) ?? row.content;
    const messageId = row.messageId ?? done?.messageId ?? noticed;
    const outcome = await chat.deliver({ chatId, messageId, content, isSilent, isProtected });
    if (outcome.outcome === "delivered") {
      this.#unrecorded.set(row.key, { version: row.version, messageId: outcome.messageId });
    }
    return outcome;
  }

  #record(tx: Tx, row: OutboxRow, outcome: DeliverOutcome): void {
    const { key, chatId, version } = row;
    const nowMs = this.#deps.clock.nowMs();
    if (outcome.outcome === "delivered") {
      const { messageId } = outcome;
      const notice = tx.notice(key);
      if (notice?.messageId !== messageId || notice.chatId !== chatId) {
        const payload = { key, chatId, messageId };
        tx.append({ stream: `notice:${key}`, kind: "NoticeDelivered", payload });
      }
      tx.markOutboxDelivered(key, version, messageId);
      return;
    }
    // Newer content has a right to its own tries.
    if (tx.outbox(key)?.version !== version) return;
    const tries = row.tries + 1;
    if (outcome.outcome === "refused") tx.markOutboxTry(key, tries, nowMs, outcome.reason);
    else tx.markOutboxTry(key, tries, nowMs + this.#waitMs(row, outcome.afterMs), null);
  }

  #waitMs(row: OutboxRow, afterMs: number | null): number {
    // A longer rest is the chat's, on the monotonic clock; a new process learns of it by asking.
    if (afterMs !== null) return Math.min(afterMs, WAIT_MAX_MS);
    const backOffMs = Math.min(BACK_OFF_MAX_MS, BACK_OFF_FIRST_MS * 2 ** Math.min(row.tries, 16));
    return Math.round(backOffMs * (1 + JITTER_PART * this.#deps.prng.nextFloat()));
  }

  /** A chat that was told to wait rests as a whole; after silence only the row waits. */
  #restAfter(row: OutboxRow, afterMs: number | null): void {
    if (afterMs !== null) this.#rest(row.chatId, afterMs);
  }

  #rest(chatId: number, ms: number): void {
    this.#restUntilMs.set(chatId, this.#deps.clock.monotonicMs() + ms);
  }
}
