import type { Clock } from "@raptor/shared/seams/clock.ts";
import { FAULT_KINDS, type FaultKind, type FaultPlan } from "../faults/fault-plan.ts";
import {
  type DeliverPort,
  deriveDeliveryHeaders,
  type QstashAnswer,
  type QstashDelivery,
  type QstashMessage,
} from "./qstash-message.ts";
import type { QstashSigner } from "./qstash-signature.ts";

export type CourierOutcome =
  | { kind: "answered"; answer: QstashAnswer }
  | { kind: "unreachable"; error: string };

export interface QstashCourierOptions {
  clock: Clock;
  faults: FaultPlan;
  signer: QstashSigner;
  deliver: DeliverPort;
}

const DELIVERIES_MAX = 5_000;
const REORDER_WAIT_MS = 2_000;
const DELIVER_FAULTS: readonly FaultKind[] = FAULT_KINDS.filter(
  (kind) => kind !== "stale" && kind !== "silent",
);

/** Carries messages to their destinations, signed, through the faults of operation `deliver`. */
export class QstashCourier {
  readonly #options: QstashCourierOptions;
  #held: AbortController | undefined;
  /** Oldest first, bounded. */
  readonly deliveries: QstashDelivery[] = [];

  constructor(options: QstashCourierOptions) {
    this.#options = options;
  }

  async carry(message: QstashMessage): Promise<CourierOutcome> {
    const { clock, faults } = this.#options;
    const fault = faults.take("deliver", DELIVER_FAULTS);
    if (fault?.kind === "drop") return { kind: "unreachable", error: "connection lost (fault)" };
    if (fault?.kind === "error") {
      const body = Buffer.from(fault.body, "utf8");
      return { kind: "answered", answer: { status: fault.status, headers: {}, body } };
    }
    if (fault?.kind === "delay") await clock.sleep(fault.ms);
    if (fault?.kind === "reorder") await this.#holdUntilNext();
    const outcomes = [this.exchange(message, false)];
    // Both copies are on their way at once: the hardest form of at-least-once.
    if (fault?.kind === "duplicate") outcomes.push(this.exchange(message, true));
    const [first] = await Promise.all(outcomes);
    if (first === undefined) throw new Error("expected an outcome");
    if (fault?.kind === "accept-no-answer") {
      return { kind: "unreachable", error: "answer lost (fault)" };
    }
    return first;
  }

  /** One signed HTTP call without faults. */
  async exchange(message: QstashMessage, isDuplicate: boolean): Promise<CourierOutcome> {
    const { spec } = message;
    const hasBody = spec.method !== "GET";
    const body = hasBody ? spec.body : Buffer.alloc(0);
    const signature = this.#options.signer.sign(spec.url, body);
    const headers = { ...deriveDeliveryHeaders(message), "upstash-signature": signature };
    const call = { url: spec.url, method: spec.method, headers, body, timeoutMs: spec.timeoutMs };
    const delivery: QstashDelivery = {
      messageId: message.id,
      scheduleId: message.scheduleId,
      retried: message.retried,
      isDuplicate,
      atMs: this.#options.clock.nowMs(),
      call,
      status: 0,
      error: undefined,
    };
    this.deliveries.push(delivery);
    if (this.deliveries.length > DELIVERIES_MAX) this.deliveries.shift();
    this.#held?.abort();
    try {
      const answer = await this.#options.deliver(call);
      delivery.status = answer.status;
      return { kind: "answered", answer };
    } catch (error) {
      // Whatever the port throws means the same to the queue: no answer, so try again later.
      delivery.error = error instanceof Error ? error.message : String(error);
      return { kind: "unreachable", error: delivery.error };
    }
  }

  /** Lets go of a held message so that nothing waits after the end. */
  close(): void {
    this.#held?.abort();
  }

  async #holdUntilNext(): Promise<void> {
    const held = new AbortController();
    this.#held = held;
    await this.#options.clock.sleep(REORDER_WAIT_MS, held.signal);
    if (this.#held === held) this.#held = undefined;
  }
}
