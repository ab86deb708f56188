import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { FaultPlan } from "../faults/fault-plan.ts";
import { DueQueue } from "./due-queue.ts";
import { deriveRetryWaitMs, isNonRetryable } from "./qstash-backoff.ts";
import { type CourierOutcome, QstashCourier } from "./qstash-courier.ts";
import { QstashDeduplication } from "./qstash-deduplication.ts";
import {
  type DeadLetter,
  type DeliverPort,
  encodeCallbackBody,
  isFinished,
  type MessageState,
  type QstashAnswer,
  type QstashEvent,
  type QstashMessage,
} from "./qstash-message.ts";
import { QstashQueues } from "./qstash-queues.ts";
import { QstashSchedules } from "./qstash-schedules.ts";
import { generateQstashId, type QstashKeys, QstashSigner } from "./qstash-signature.ts";
import type { CallSpec, MessageSpec } from "./qstash-spec.ts";

export interface QstashOptions {
  clock: Clock;
  prng: Prng;
  faults: FaultPlan;
  keys: QstashKeys;
  deliver: DeliverPort;
  /** Time inside signatures; receivers check it against their own clock. Default: `clock`. */
  signatureNowMs?: () => number;
  /** The longest sleep before the clock is read again; for clocks that others may shift. */
  sleepMsMax?: number;
}

export interface Published {
  messageId: string;
  isDeduplicated: boolean;
}

interface Origin {
  scheduleId?: string;
  queueName?: string;
  sourceId?: string;
}

const MESSAGES_MAX = 10_000;
const EVENTS_MAX = 10_000;
const DEAD_LETTERS_MAX = 100_000;

/** The behaviour of the queue service without any socket: the simulator and the stand-in run it. */
export class Qstash {
  readonly #clock: Clock;
  readonly #prng: Prng;
  readonly #due: DueQueue;
  readonly #deduplication: QstashDeduplication;
  readonly signer: QstashSigner;
  readonly courier: QstashCourier;
  readonly queues: QstashQueues;
  readonly schedules: QstashSchedules;
  readonly messages = new Map<string, QstashMessage>();
  readonly deadLetters = new Map<string, DeadLetter>();
  /** Oldest first, bounded. */
  readonly events: QstashEvent[] = [];
  #dlqSerial = 0;

  constructor(options: QstashOptions) {
    const { clock, prng, faults, deliver } = options;
    const nowMs = (): number => clock.nowMs();
    this.#clock = clock;
    this.#prng = prng;
    this.#due = new DueQueue(clock, options.sleepMsMax);
    this.#deduplication = new QstashDeduplication(nowMs);
    this.signer = new QstashSigner(options.keys, prng, options.signatureNowMs ?? nowMs);
    this.courier = new QstashCourier({ clock, faults, deliver, signer: this.signer });
    this.queues = new QstashQueues(nowMs, (id) => this.#startQueued(id));
    this.schedules = new QstashSchedules({
      due: this.#due,
      nowMs,
      generateId: () => generateQstashId(prng, "scd_"),
      publish: (spec, scheduleId) => this.#publishScheduled(spec, scheduleId),
    });
  }

  /** Takes a message; a deduplicated one answers the id of the message it repeats. */
  publish(spec: MessageSpec, origin: Origin = {}): Published {
    const known = this.#deduplication.find(spec);
    if (known !== undefined) return { messageId: known, isDeduplicated: true };
    const nowMs = this.#clock.nowMs();
    const message: QstashMessage = {
      id: generateQstashId(this.#prng, "msg_"),
      spec,
      state: "CREATED",
      createdAtMs: nowMs,
      notBeforeMs: spec.notBeforeMs ?? nowMs + spec.delayMs,
      retried: 0,
      scheduleId: origin.scheduleId,
      queueName: origin.queueName,
      sourceId: origin.sourceId,
      pendingCallbacks: new Set(),
    };
    this.#forgetOldMessages();
    this.messages.set(message.id, message);
    this.#deduplication.remember(spec, message.id);
    this.#record(message, "CREATED", { nextDeliveryMs: message.notBeforeMs });
    if (message.queueName === undefined) this.#attemptAt(message, message.notBeforeMs);
    else this.queues.add(message.queueName, message.id);
    return { messageId: message.id, isDeduplicated: false };
  }

  /** False when the message is unknown or done. An attempt under way is not called back. */
  cancel(messageId: string): boolean {
    const message = this.messages.get(messageId);
    if (message === undefined || isFinished(message)) return false;
    this.#record(message, "CANCEL_REQUESTED");
    this.#finish(message, "CANCELLED");
    return true;
  }

  /** Publishes the dead letter as a new message and removes it; answers the new id. */
  retryDeadLetter(dlqId: string): string | undefined {
    const letter = this.deadLetters.get(dlqId);
    if (letter === undefined) return undefined;
    this.deadLetters.delete(dlqId);
    const { spec, scheduleId } = letter.message;
    const fresh: MessageSpec = {
      ...spec,
      notBeforeMs: undefined,
      delayMs: 0,
      deduplicationId: undefined,
      isContentDeduplicated: false,
    };
    return this.publish(fresh, scheduleId === undefined ? {} : { scheduleId }).messageId;
  }

  /** Delivers a message once more under the same id, as an at-least-once queue may. */
  async duplicate(messageId: string): Promise<CourierOutcome | undefined> {
    const message = this.messages.get(messageId);
    return message === undefined ? undefined : this.courier.exchange(message, true);
  }

  /** To be called after the clock was shifted. */
  wake(): void {
    this.#due.wake();
  }

  close(): void {
    this.#due.close();
    this.courier.close();
  }

  #publishScheduled(spec: MessageSpec, scheduleId: string): string {
    const { queueName } = spec;
    if (queueName !== undefined && !this.queues.has(queueName)) {
      this.queues.upsert(queueName, 1, false);
    }
    const origin = queueName === undefined ? { scheduleId } : { scheduleId, queueName };
    return this.publish(spec, origin).messageId;
  }

  #startQueued(messageId: string): void {
    const message = this.messages.get(messageId);
    if (message === undefined || isFinished(message)) return;
    this.#attemptAt(message, Math.max(message.notBeforeMs, this.#clock.nowMs()));
  }

  #attemptAt(message: QstashMessage, dueMs: number): void {
    this.#due.at(dueMs, () => {
      if (!isFinished(message)) void this.#attempt(message);
    });
  }

  async #attempt(message: QstashMessage): Promise<void> {
    message.state = "ACTIVE";
    this.#record(message, "ACTIVE");
    const outcome = await this.courier.carry(message);
    if (isFinished(message)) return;
    const answer = outcome.kind === "answered" ? outcome.answer : undefined;
    if (answer !== undefined && answer.status >= 200 && answer.status < 300) {
      this.#publishCallback(message, message.spec.callback, answer);
      this.#finish(message, "DELIVERED");
      return;
    }
    const error = outcome.kind === "unreachable" ? outcome.error : `status ${answer?.status}`;
    this.#record(message, "ERROR", { error });
    if (answer !== undefined) this.#publishCallback(message, message.spec.callback, answer);
    const isFinal =
      message.retried >= message.spec.retriesMax ||
      (answer !== undefined && isNonRetryable(answer.status, answer.headers));
    if (isFinal) this.#bury(message, answer);
    else this.#retryLater(message, answer);
  }

  #retryLater(message: QstashMessage, answer: QstashAnswer | undefined): void {
    const nowMs = this.#clock.nowMs();
    const waitMs = deriveRetryWaitMs({
      retried: message.retried,
      retryDelay: message.spec.retryDelay,
      answerHeaders: answer?.headers ?? {},
      nowMs,
    });
    message.retried += 1;
    message.state = "RETRY";
    this.#record(message, "RETRY", { nextDeliveryMs: nowMs + waitMs });
    this.#attemptAt(message, nowMs + waitMs);
  }

  #bury(message: QstashMessage, answer: QstashAnswer | undefined): void {
    const failedAtMs = this.#clock.nowMs();
    const dlqId = `${failedAtMs}-${this.#dlqSerial++}`;
    this.deadLetters.set(dlqId, { dlqId, message, failedAtMs, answer });
    const [oldest] = this.deadLetters.keys();
    if (this.deadLetters.size > DEAD_LETTERS_MAX && oldest !== undefined) {
      this.deadLetters.delete(oldest);
    }
    this.#publishCallback(message, message.spec.failureCallback, answer, dlqId);
    this.#finish(message, "FAILED");
  }

  #publishCallback(
    message: QstashMessage,
    call: CallSpec | undefined,
    answer: QstashAnswer | undefined,
    dlqId?: string,
  ): void {
    if (call === undefined) return;
    const spec: MessageSpec = {
      ...call,
      body: encodeCallbackBody(message, answer, dlqId),
      contentType: "application/json",
      notBeforeMs: undefined,
      callback: undefined,
      failureCallback: undefined,
      deduplicationId: undefined,
      isContentDeduplicated: false,
      labels: message.spec.labels,
      queueName: undefined,
      flowControlKey: undefined,
      flowControlValue: undefined,
      cron: undefined,
      scheduleId: undefined,
      callerIp: message.spec.callerIp,
    };
    const { messageId } = this.publish(spec, { sourceId: message.id });
    message.pendingCallbacks.add(messageId);
  }

  #finish(message: QstashMessage, state: "DELIVERED" | "FAILED" | "CANCELLED"): void {
    message.state = state;
    this.#record(message, state);
    this.#releaseWhenDone(message);
    const source = message.sourceId === undefined ? undefined : this.messages.get(message.sourceId);
    if (source === undefined) return;
    source.pendingCallbacks.delete(message.id);
    this.#releaseWhenDone(source);
  }

  #releaseWhenDone(message: QstashMessage): void {
    if (message.queueName === undefined || !isFinished(message)) return;
    if (message.pendingCallbacks.size === 0) this.queues.release(message.queueName, message.id);
  }

  #record(
    message: QstashMessage,
    state: MessageState,
    extra: Pick<QstashEvent, "nextDeliveryMs" | "error"> = {},
  ): void {
    this.events.push({ timeMs: this.#clock.nowMs(), state, message, ...extra });
    if (this.events.length > EVENTS_MAX) this.events.shift();
  }

  /** Only finished messages are forgotten: an accepted message is never lost. */
  #forgetOldMessages(): void {
    if (this.messages.size < MESSAGES_MAX) return;
    for (const [id, message] of this.messages) {
      if (isFinished(message)) this.messages.delete(id);
      if (this.messages.size < MESSAGES_MAX) return;
    }
  }
}
