import type { MessageContent } from "@raptor/shared/domain/rows.ts";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log, LogFields } from "@raptor/shared/seams/log.ts";
import type { Net, NetRequest, NetResponse } from "@raptor/shared/seams/net.ts";

interface Sleeper {
  wakeMs: number;
  wake(): void;
}

/** Turns of the event loop that a chain of promises may need to come to rest. */
const SETTLE_TURNS = 12;

/** Time that moves only when a test says so; work that needs no time still runs. */
export class ManualClock implements Clock {
  ms = 1_700_000_000_000;
  /** What the wall clock was set forward, or back; the monotonic one knows nothing of it. */
  wallShiftMs = 0;
  #sleepers: Sleeper[] = [];

  nowMs(): number {
    return this.ms + this.wallShiftMs;
  }

  monotonicMs(): number {
    return this.ms;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const wake = (): void => {
        this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.wake !== wake);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      this.#sleepers.push({ wakeMs: this.ms + ms, wake });
      signal?.addEventListener("abort", wake);
    });
  }

  defer(task: () => void): void {
    setImmediate(task);
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < SETTLE_TURNS; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async advance(ms: number): Promise<void> {
    const endMs = this.ms + ms;
    await this.settle();
    for (;;) {
      const due = this.#sleepers.filter((sleeper) => sleeper.wakeMs <= endMs);
      const next = due.toSorted((left, right) => left.wakeMs - right.wakeMs)[0];
      if (next === undefined) break;
      this.ms = Math.max(this.ms, next.wakeMs);
      next.wake();
      await this.settle();
    }
    this.ms = endMs;
  }
}

export class RecordingLog implements Log {
  readonly lines: string[] = [];
  debug(fields: LogFields, message: string): void {
    this.#write(fields, message);
  }
  info(fields: LogFields, message: string): void {
    this.#write(fields, message);
  }
  warn(fields: LogFields, message: string): void {
    this.#write(fields, message);
  }
  error(fields: LogFields, message: string): void {
    this.#write(fields, message);
  }
  #write(fields: LogFields, message: string): void {
    this.lines.push(`${message} ${JSON.stringify(fields)}`);
  }
}

/** No jitter, so that back-offs are round numbers. */
export const calmPrng: Prng = { nextFloat: () => 0, nextInt: () => 0 };

export function contentOf(text: string, over: Partial<MessageContent> = {}): MessageContent {
  return { text, entities: [], keyboard: [], ...over };
}

/** A network of one answer at a time; it keeps what was asked. */
export class ScriptedNet implements Net {
  readonly requests: NetRequest[] = [];
  readonly #answers: (NetResponse | Error)[] = [];

  answer(status: number, body: unknown, headers: Record<string, string> = {}): void {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    this.#answers.push({ status, headers, body: text });
  }

  fail(error: Error): void {
    this.#answers.push(error);
  }

  async fetch(request: NetRequest): Promise<NetResponse> {
    this.requests.push(request);
    const answer = this.#answers.shift();
    if (answer === undefined) throw new Error(`no answer is scripted for ${request.url}`);
    if (answer instanceof Error) throw answer;
    return answer;
  }

  connect(): never {
    throw new Error("expected no socket");
  }
}
