/** What a node sends over a socket, as far as it can be read. */
export type StreamFrame =
  | { kind: "news"; subscription: number; result: unknown }
  | { kind: "answer"; id: number; result: number | boolean }
  | { kind: "refusal"; id: number | undefined; code: number; message: string };

/** An account as a notification tells it; `data` is still text. */
export interface AccountFrame {
  slot: number;
  lamports: bigint;
  owner: string;
  data: string;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * No account that is watched comes near this: pools, vaults, curves, nonces and settings have less
 * than 16 KiB. Longer text is dropped before anything is spent on reading it.
 */
const FRAME_CHARS_MAX = 1_048_576;

/** A minute: nodes that serve one provider's calls and streams are never so far apart. */
const AHEAD_SLOTS_MAX = 150;

/**
 * Reads one frame by hand. Prices wait for this line of work, and a schema costs several times what
 * the parsing itself does; undefined for whatever is no frame of a subscription.
 */
export function parseFrame(text: string): StreamFrame | undefined {
  if (text.length > FRAME_CHARS_MAX) return undefined;
  const frame = fieldsOf(parseJson(text));
  if (frame === undefined) return undefined;
  const params = fieldsOf(frame["params"]);
  if (params !== undefined) {
    const { subscription, result } = params;
    if (typeof frame["method"] !== "string" || !isCount(subscription)) return undefined;
    return { kind: "news", subscription, result };
  }
  const { id, result } = frame;
  const error = fieldsOf(frame["error"]);
  if (error !== undefined) return refusal(id, error);
  if (!isCount(id)) return undefined;
  if (!isCount(result) && typeof result !== "boolean") return undefined;
  return { kind: "answer", id, result };
}

/** The slot of an account's or a signature's news; undefined when there is none. */
export function contextSlotOf(result: unknown): number | undefined {
  const slot = fieldsOf(fieldsOf(result)?.["context"])?.["slot"];
  return isCount(slot) ? slot : undefined;
}

/** Whether a slot is beyond everything that a stream at `now` can tell of; 0: not known. */
export function isSlotAhead(slot: number, now: number): boolean {
  return now > 0 && slot > now + AHEAD_SLOTS_MAX;
}

/** `rentEpoch` and `space` are not looked at: the one fits no number, and nothing needs them. */
export function parseAccountNews(result: unknown): AccountFrame | undefined {
  const slot = contextSlotOf(result);
  const value = fieldsOf(fieldsOf(result)?.["value"]);
  if (slot === undefined || value === undefined) return undefined;
  const { lamports, owner, data } = value;
  if (!Array.isArray(data) || data.length !== 2 || data[1] !== "base64") return undefined;
  const text: unknown = data[0];
  if (typeof text !== "string" || typeof owner !== "string") return undefined;
  // Above 2^53 the number in the text was rounded: a wrong amount is worse than none.
  if (typeof lamports !== "number" || !Number.isSafeInteger(lamports) || lamports < 0) {
    return undefined;
  }
  return { slot, lamports: BigInt(lamports), owner, data: text };
}

/**
 * Undefined unless the text is whole base64; Node's decoder alone skips what it cannot read. The
 * bytes are a copy of their own: a slice of Node's shared pool would hold on to all 8 KiB of it for
 * as long as a quiet account keeps its last state.
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const bytes = Buffer.from(text, "base64");
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  if (bytes.length !== (text.length / 4) * 3 - padding) return undefined;
  return new Uint8Array(bytes);
}

function refusal(id: unknown, error: Fields): StreamFrame {
  const { code, message } = error;
  return {
    kind: "refusal",
    id: isCount(id) ? id : undefined,
    code: typeof code === "number" ? code : 0,
    message: typeof message === "string" ? message : "",
  };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function fieldsOf(value: unknown): Fields | undefined {
  return isFields(value) ? value : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
