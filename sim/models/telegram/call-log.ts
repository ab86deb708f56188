import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { CallParams } from "./call-params.ts";

export type CallOrigin = "http" | "webhook-reply";

export interface LoggedCall {
  atMs: number;
  method: string;
  origin: CallOrigin;
  status: number;
  /** The refusal's words; empty for success. */
  description: string;
  params: Record<string, unknown>;
}

const CALLS_MAX = 1_000;
/** JSON arguments are shown as objects, so that a test can look inside. */
const LOOKS_LIKE_JSON = /^[[{]/;

/** The last method calls of the bot, newest last. */
export class CallLog {
  readonly #clock: Clock;
  #calls: LoggedCall[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(call: Omit<LoggedCall, "atMs" | "params"> & { params: CallParams }): void {
    const shown: Record<string, unknown> = {};
    for (const [name, text] of call.params.values) shown[name] = showValue(text);
    for (const [name, file] of call.params.files) shown[name] = `(${file.content.length} bytes)`;
    this.#calls.push({ ...call, atMs: this.#clock.nowMs(), params: shown });
    if (this.#calls.length > CALLS_MAX) this.#calls.shift();
  }

  list(): readonly LoggedCall[] {
    return this.#calls;
  }
}

function showValue(text: string): unknown {
  if (!LOOKS_LIKE_JSON.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
