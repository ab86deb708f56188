import type { MessageSpec } from "./qstash-spec.ts";

/** The words are the service's own, as they appear in its logs. */
export type MessageState =
  | "CREATED"
  | "ACTIVE"
  | "RETRY"
  | "ERROR"
  | "DELIVERED"
  | "FAILED"
  | "CANCEL_REQUESTED"
  | "CANCELLED";

export interface QstashMessage {
  id: string;
  spec: MessageSpec;
  state: Exclude<MessageState, "ERROR" | "CANCEL_REQUESTED">;
  createdAtMs: number;
  notBeforeMs: number;
  /** Attempts that failed and were followed by another one. */
  retried: number;
  scheduleId: string | undefined;
  queueName: string | undefined;
  /** The message whose outcome this one reports, when it is a callback. */
  sourceId: string | undefined;
  /** Callbacks still on their way; a queue waits for them. */
  pendingCallbacks: Set<string>;
}

/** A complete HTTP answer of a destination. */
export interface QstashAnswer {
  status: number;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  body: Buffer;
}

export interface QstashCall {
  url: string;
  method: string;
  headers: Readonly<Record<string, string>>;
  body: Buffer;
  timeoutMs: number;
}

/** Makes the HTTP call; throws when no complete answer came back. */
export type DeliverPort = (call: QstashCall) => Promise<QstashAnswer>;

export interface DeadLetter {
  dlqId: string;
  message: QstashMessage;
  failedAtMs: number;
  /** Absent when the destination could not be reached at all. */
  answer: QstashAnswer | undefined;
}

export interface QstashEvent {
  timeMs: number;
  state: MessageState;
  message: QstashMessage;
  nextDeliveryMs?: number;
  error?: string;
}

/** One HTTP call as it was made, for tests and for the curious. */
export interface QstashDelivery {
  messageId: string;
  scheduleId: string | undefined;
  retried: number;
  isDuplicate: boolean;
  atMs: number;
  call: QstashCall;
  /** Zero while the answer is outstanding and when none came. */
  status: number;
  error: string | undefined;
}

export function isFinished(message: QstashMessage): boolean {
  return ["DELIVERED", "FAILED", "CANCELLED"].includes(message.state);
}

/** What a destination receives besides the signature. */
export function deriveDeliveryHeaders(message: QstashMessage): Record<string, string> {
  const { spec } = message;
  return {
    ...spec.forward,
    ...(spec.contentType === undefined ? {} : { "content-type": spec.contentType }),
    ...(message.scheduleId === undefined ? {} : { "upstash-schedule-id": message.scheduleId }),
    "user-agent": "Upstash-QStash",
    "upstash-message-id": message.id,
    "upstash-retried": String(message.retried),
    "upstash-caller-ip": spec.callerIp,
    "upstash-region": "EU-CENTRAL-1",
  };
}

/** The JSON that callbacks and failure callbacks carry. */
export function encodeCallbackBody(
  message: QstashMessage,
  answer: QstashAnswer | undefined,
  dlqId: string | undefined,
): Buffer {
  const { spec } = message;
  const sourceHeader: Record<string, string[]> = {};
  for (const [name, value] of Object.entries(spec.forward)) sourceHeader[name] = [value];
  if (spec.contentType !== undefined) sourceHeader["Content-Type"] = [spec.contentType];
  return Buffer.from(
    JSON.stringify({
      status: answer?.status ?? 0,
      header: spreadHeaders(answer?.headers ?? {}),
      body: (answer?.body ?? Buffer.alloc(0)).toString("base64"),
      retried: message.retried,
      maxRetries: spec.retriesMax,
      sourceMessageId: message.id,
      topicName: "",
      endpointName: "",
      url: spec.url,
      method: spec.method,
      sourceHeader,
      sourceBody: spec.body.toString("base64"),
      notBefore: message.notBeforeMs,
      createdAt: message.createdAtMs,
      scheduleId: message.scheduleId ?? "",
      callerIP: spec.callerIp,
      ...(dlqId === undefined ? {} : { dlqId }),
    }),
  );
}

export function spreadHeaders(headers: Readonly<Record<string, string>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
}
