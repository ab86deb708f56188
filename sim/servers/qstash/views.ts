import { isUtf8 } from "node:buffer";
import {
  type DeadLetter,
  isFinished,
  type QstashDelivery,
  type QstashEvent,
  type QstashMessage,
  spreadHeaders,
} from "../../models/qstash-message.ts";
import type { QstashSchedule } from "../../models/qstash-schedules.ts";
import type { MessageSpec } from "../../models/qstash-spec.ts";

type Fields = Record<string, unknown>;

/** Fields without a value are left out of the JSON, as JSON.stringify does with undefined. */
export function viewMessage(message: QstashMessage): Fields {
  return {
    messageId: message.id,
    url: message.spec.url,
    method: message.spec.method,
    header: viewHeader(message.spec),
    ...viewBody(message.spec.body, "body", "bodyBase64"),
    maxRetries: message.spec.retriesMax,
    retryDelayExpression: message.spec.retryDelay,
    notBefore: message.notBeforeMs,
    createdAt: message.createdAtMs,
    queueName: message.queueName,
    scheduleId: message.scheduleId,
    ...viewShared(message.spec),
  };
}

export function viewDeadLetter(letter: DeadLetter): Fields {
  const { answer } = letter;
  return {
    ...viewMessage(letter.message),
    dlqId: letter.dlqId,
    responseStatus: answer?.status,
    responseHeader: answer === undefined ? undefined : spreadHeaders(answer.headers),
    ...(answer === undefined ? {} : viewBody(answer.body, "responseBody", "responseBodyBase64")),
  };
}

export function viewEvent(event: QstashEvent): Fields {
  const { message } = event;
  return {
    time: event.timeMs,
    state: event.state,
    messageId: message.id,
    nextDeliveryTime: event.nextDeliveryMs,
    error: event.error,
    url: message.spec.url,
    header: viewHeader(message.spec),
    body: message.spec.body.toString("base64"),
    queueName: message.queueName,
    scheduleId: message.scheduleId,
    label: message.spec.labels[0],
    labels: message.spec.labels,
  };
}

export function viewSchedule(
  schedule: QstashSchedule,
  messages: ReadonlyMap<string, QstashMessage>,
): Fields {
  const { spec } = schedule;
  const states: Record<string, string> = {};
  for (const id of schedule.messageIds) states[id] = viewOutcome(messages.get(id));
  return {
    scheduleId: schedule.id,
    cron: schedule.cronText,
    createdAt: schedule.createdAtMs,
    destination: spec.url,
    method: spec.method,
    header: viewHeader(spec),
    ...viewBody(spec.body, "body", "bodyBase64"),
    retries: spec.retriesMax,
    retryDelayExpression: spec.retryDelay,
    delay: spec.delayMs === 0 ? undefined : spec.delayMs / 1_000,
    isPaused: schedule.isPaused,
    queueName: spec.queueName,
    lastScheduleTime: schedule.lastFiredMs,
    nextScheduleTime: schedule.nextFireMs,
    lastScheduleStates: states,
    ...viewShared(spec),
  };
}

/** What `GET /world/deliveries` shows: the whole call, so that a test can replay it. */
export function viewDelivery(delivery: QstashDelivery): Fields {
  const { call, ...rest } = delivery;
  return {
    ...rest,
    url: call.url,
    method: call.method,
    headers: call.headers,
    body: call.body.toString("utf8"),
  };
}

function viewOutcome(message: QstashMessage | undefined): string {
  if (message === undefined || message.state === "DELIVERED") return "SUCCESS";
  return isFinished(message) ? "FAIL" : "IN_PROGRESS";
}

function viewShared(spec: MessageSpec): Fields {
  return {
    callback: spec.callback?.url,
    failureCallback: spec.failureCallback?.url,
    callerIP: spec.callerIp,
    flowControlKey: spec.flowControlKey,
    label: spec.labels[0],
    labels: spec.labels.length === 0 ? undefined : spec.labels,
  };
}

function viewHeader(spec: MessageSpec): Record<string, string[]> {
  const contentType = spec.contentType === undefined ? {} : { "Content-Type": spec.contentType };
  return spreadHeaders({ ...spec.forward, ...contentType });
}

function viewBody(body: Buffer, textName: string, base64Name: string): Fields {
  if (body.length === 0) return {};
  return isUtf8(body)
    ? { [textName]: body.toString("utf8") }
    : { [base64Name]: body.toString("base64") };
}
