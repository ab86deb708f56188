import type { Clock } from "@raptor/shared/seams/clock.ts";
import { tooManyRequests } from "./api-error.ts";

export interface SendLimits {
  /** Steady messages per second into one chat. */
  chatPerSecond: number;
  /** Messages that one quiet chat takes at once. */
  chatBurst: number;
  /** Steady messages per second over all chats; also the burst. */
  overallPerSecond: number;
}

/** The real figures are unpublished; these are the ones its FAQ tells bots to expect. */
export const SEND_LIMITS_DEFAULT: SendLimits = {
  chatPerSecond: 1,
  chatBurst: 20,
  overallPerSecond: 30,
};

interface Bucket {
  tokens: number;
  atMs: number;
}

interface Flood {
  chatId: number | undefined;
  untilMs: number;
}

/** Token buckets for sends and edits, and floods that a test starts by hand. */
export class SendLimiter {
  readonly #clock: Clock;
  #limits: SendLimits;
  readonly #chats = new Map<number, Bucket>();
  readonly #overall: Bucket;
  #floods: Flood[] = [];

  constructor(clock: Clock, limits: SendLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#overall = { tokens: limits.overallPerSecond, atMs: clock.monotonicMs() };
  }

  setLimits(limits: Partial<SendLimits>): SendLimits {
    this.#limits = { ...this.#limits, ...limits };
    return this.#limits;
  }

  /** Refuses every send into `chatId` (or anywhere) for `seconds`, as after a burst elsewhere. */
  flood(seconds: number, chatId?: number): void {
    this.#floods.push({ chatId, untilMs: this.#clock.monotonicMs() + seconds * 1_000 });
  }

  /** @throws TelegramApiError 429 with the whole seconds until the next send is taken. */
  take(chatId: number): void {
    const nowMs = this.#clock.monotonicMs();
    const { chatPerSecond, chatBurst, overallPerSecond } = this.#limits;
    const chat = this.#chats.get(chatId) ?? { tokens: chatBurst, atMs: nowMs };
    this.#chats.set(chatId, chat);
    refill(chat, chatPerSecond, chatBurst, nowMs);
    refill(this.#overall, overallPerSecond, overallPerSecond, nowMs);
    const waitMs = Math.max(
      waitForTokenMs(chat, chatPerSecond),
      waitForTokenMs(this.#overall, overallPerSecond),
      this.#floodLeftMs(chatId, nowMs),
    );
    if (waitMs > 0) throw tooManyRequests(Math.max(1, Math.ceil(waitMs / 1_000)));
    chat.tokens -= 1;
    this.#overall.tokens -= 1;
  }

  #floodLeftMs(chatId: number, nowMs: number): number {
    this.#floods = this.#floods.filter((flood) => flood.untilMs > nowMs);
    const matching = this.#floods.filter(
      (flood) => flood.chatId === undefined || flood.chatId === chatId,
    );
    return Math.max(0, ...matching.map((flood) => flood.untilMs - nowMs));
  }
}

function refill(bucket: Bucket, perSecond: number, burst: number, nowMs: number): void {
  const earned = ((nowMs - bucket.atMs) / 1_000) * perSecond;
  bucket.tokens = Math.min(burst, bucket.tokens + Math.max(0, earned));
  bucket.atMs = nowMs;
}

function waitForTokenMs(bucket: Bucket, perSecond: number): number {
  return bucket.tokens >= 1 ? 0 : ((1 - bucket.tokens) / perSecond) * 1_000;
}
