import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { PendingUpdate, UpdateStore } from "./update-store.ts";

export interface WebhookRequest {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  /** Aborts when Telegram stops waiting for the answer. */
  signal: AbortSignal;
}

export interface WebhookAnswer {
  status: number;
  /** The status line's words; only getWebhookInfo shows them. */
  reason?: string;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  body: string;
}

/** No complete answer came; the text is what getWebhookInfo shows. */
export interface WebhookFailure {
  failure: string;
}

export type Deliver = (request: WebhookRequest) => Promise<WebhookAnswer | WebhookFailure>;

export interface WebhookSettings {
  url: string;
  secretToken: string;
  maxConnections: number;
}

export interface WebhookDeliveryOptions {
  clock: Clock;
  prng: Prng;
  store: UpdateStore;
  deliver: Deliver;
  /** Runs the method that a 2xx answer may carry in its body. */
  onReply(answer: WebhookAnswer): Promise<void>;
  onOutcome(updateId: number, outcome: "delivered" | "retry" | "dropped"): void;
}

const ANSWER_TIMEOUT_MS = 60_000;
const RETRY_AFTER_SECONDS_MAX = 3_600;
/** The doubling stops at a random point between this and twice this. */
const RESEND_SECONDS_CAP = 60;
/** A hook that says "gone" this long is believed. */
const GONE_LIMIT_MS = 23 * 3_600_000;

/** Sends pending updates: serial within a queue, parallel across queues, never forgetting one. */
export class WebhookDelivery {
  readonly #options: WebhookDeliveryOptions;
  #settings: WebhookSettings | undefined;
  /** Ends every send and every timer of the hook as it was before a change. */
  #life = new AbortController();
  #inFlight = new Set<number>();
  #timer = new AbortController();
  #goneSinceMs: number | undefined;
  #lastError: { date: number; message: string } | undefined;

  constructor(options: WebhookDeliveryOptions) {
    this.#options = options;
    options.store.arrivalListeners.add(() => this.pump());
  }

  get settings(): WebhookSettings | undefined {
    return this.#settings;
  }

  get lastError(): { date: number; message: string } | undefined {
    return this.#lastError;
  }

  /** Undefined removes the hook. Sends under way are abandoned and their updates kept. */
  set(settings: WebhookSettings | undefined): void {
    this.#life.abort();
    this.#life = new AbortController();
    this.#inFlight = new Set();
    this.#settings = settings;
    this.#goneSinceMs = undefined;
    this.#lastError = undefined;
    this.pump();
  }

  /** Sends what is due. Also to be called after somebody moved the clock. */
  pump(): void {
    this.#timer.abort();
    const settings = this.#settings;
    if (settings === undefined) return;
    const due: PendingUpdate[] = [];
    let nextWakeMs = Infinity;
    for (const head of this.#heads()) {
      if (head.wakeAtMs <= this.#options.clock.monotonicMs()) due.push(head);
      else nextWakeMs = Math.min(nextWakeMs, head.wakeAtMs);
    }
    due.sort((a, b) => a.wakeAtMs - b.wakeAtMs || a.order - b.order);
    for (const head of due) {
      if (this.#inFlight.size >= settings.maxConnections) break;
      this.#inFlight.add(head.queueKey);
      void this.#send(settings, head, this.#life.signal);
    }
    if (nextWakeMs < Infinity) void this.#pumpAt(nextWakeMs);
  }

  close(): void {
    this.#settings = undefined;
    this.#life.abort();
    this.#timer.abort();
  }

  /** The first update of every idle queue that is still worth sending. */
  *#heads(): Generator<PendingUpdate> {
    const { store, clock } = this.#options;
    for (const queueKey of [...store.queues.keys()]) {
      if (this.#inFlight.has(queueKey)) continue;
      let head = store.queues.get(queueKey)?.[0];
      while (head !== undefined && head.expiresAtMs < clock.nowMs()) {
        this.#drop(head);
        head = store.queues.get(queueKey)?.[0];
      }
      if (head !== undefined) yield head;
    }
  }

  async #pumpAt(wakeAtMs: number): Promise<void> {
    const timer = new AbortController();
    this.#timer = timer;
    await this.#options.clock.sleep(wakeAtMs - this.#options.clock.monotonicMs(), timer.signal);
    if (!timer.signal.aborted) this.pump();
  }

  async #send(settings: WebhookSettings, head: PendingUpdate, life: AbortSignal): Promise<void> {
    const answer = await this.#exchange(settings, head, life);
    if (life.aborted) return;
    this.#inFlight.delete(head.queueKey);
    if ("status" in answer && answer.status >= 200 && answer.status <= 299) {
      this.#goneSinceMs = undefined;
      this.#options.store.remove(head);
      this.#options.onOutcome(head.update.update_id, "delivered");
      this.pump();
      await this.#options.onReply(answer);
      return;
    }
    this.#onError(head, answer);
    this.pump();
  }

  async #exchange(
    settings: WebhookSettings,
    head: PendingUpdate,
    life: AbortSignal,
  ): Promise<WebhookAnswer | WebhookFailure> {
    const answered = new AbortController();
    const gaveUp = new AbortController();
    life.addEventListener("abort", () => gaveUp.abort(), { once: true, signal: answered.signal });
    const timeout = this.#options.clock
      .sleep(ANSWER_TIMEOUT_MS, AbortSignal.any([answered.signal, life]))
      .then((): WebhookFailure => ({ failure: "Read timeout expired" }));
    const exchange = this.#options.deliver({
      url: settings.url,
      headers: webhookHeaders(settings),
      body: JSON.stringify(head.update),
      signal: gaveUp.signal,
    });
    const answer = await Promise.race([
      timeout,
      exchange.catch((error: unknown): WebhookFailure => ({ failure: String(error) })),
    ]);
    answered.abort();
    gaveUp.abort();
    return answer;
  }

  #onError(head: PendingUpdate, answer: WebhookAnswer | WebhookFailure): void {
    const { clock, prng } = this.#options;
    const message =
      "failure" in answer
        ? answer.failure
        : `Wrong response from the webhook: ${answer.status} ${answer.reason ?? ""}`.trim();
    this.#lastError = { date: Math.floor(clock.nowMs() / 1_000), message };
    if (this.#isGoneForGood(answer)) return this.set(undefined);
    const retryAfterSeconds = "failure" in answer ? 0 : retryAfterOf(answer.headers);
    let waitSeconds = retryAfterSeconds;
    if (retryAfterSeconds === 0 && head.failCount > 0) {
      const cap = RESEND_SECONDS_CAP + prng.nextInt(RESEND_SECONDS_CAP + 1);
      head.delaySeconds = Math.min(cap, head.delaySeconds * 2);
      waitSeconds = head.delaySeconds;
    }
    if (clock.nowMs() + waitSeconds * 1_000 > head.expiresAtMs) return this.#drop(head);
    head.failCount += 1;
    head.wakeAtMs = clock.monotonicMs() + waitSeconds * 1_000;
    this.#options.onOutcome(head.update.update_id, "retry");
  }

  #isGoneForGood(answer: WebhookAnswer | WebhookFailure): boolean {
    if ("failure" in answer) return false;
    if (answer.status !== 410) {
      this.#goneSinceMs = undefined;
      return false;
    }
    const nowMs = this.#options.clock.monotonicMs();
    this.#goneSinceMs ??= nowMs;
    return nowMs - this.#goneSinceMs > GONE_LIMIT_MS;
  }

  #drop(head: PendingUpdate): void {
    this.#options.store.remove(head);
    this.#options.onOutcome(head.update.update_id, "dropped");
  }
}

function webhookHeaders(settings: WebhookSettings): Record<string, string> {
  return {
    "content-type": "application/json",
    "accept-encoding": "gzip, deflate",
    connection: "keep-alive",
    ...(settings.secretToken === ""
      ? {}
      : { "x-telegram-bot-api-secret-token": settings.secretToken }),
  };
}

function retryAfterOf(headers: Readonly<Record<string, string>>): number {
  const text = headers["retry-after"]?.trim() ?? "";
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  return Math.min(RETRY_AFTER_SECONDS_MAX, seconds);
}
