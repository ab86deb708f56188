import { z } from "zod";
import { type DeadLetter, isFinished, type QstashMessage } from "../../models/qstash-message.ts";
import type { Qstash } from "../../models/qstash.ts";
import { json, type SimRequest, type SimResponse } from "../http.ts";
import { readJson, refuse } from "./publish-routes.ts";
import { viewDeadLetter, viewEvent, viewMessage, viewSchedule } from "./views.ts";

const PAGE_MAX = 100;
const EVENTS_PAGE_MAX = 1_000;
const OK: SimResponse = { status: 200 };
const ACCEPTED: SimResponse = { status: 202 };

const queueSchema = z.object({
  queueName: z.string().min(1),
  parallelism: z.int().min(1).default(1),
  paused: z.boolean().default(false),
});

export function answerGetMessage(qstash: Qstash, id: string): SimResponse {
  const message = qstash.messages.get(id);
  // The service forgets a message once it is done.
  if (message === undefined || isFinished(message)) return refuse(404, `message ${id} not found`);
  return json(200, viewMessage(message));
}

export function answerCancelMessage(qstash: Qstash, id: string): SimResponse {
  return qstash.cancel(id) ? json(200, { cancelled: 1 }) : refuse(404, `message ${id} not found`);
}

/** Without any filter every waiting message is canceled, as with the real service. */
export function answerCancelMessages(qstash: Qstash, request: SimRequest): SimResponse {
  const ids = request.query.getAll("messageIds");
  const matching = [...qstash.messages.values()].filter(
    (message) => (ids.length === 0 || ids.includes(message.id)) && isMatch(message, request.query),
  );
  const canceled = matching.filter((message) => qstash.cancel(message.id));
  return json(200, { cancelled: canceled.length });
}

export function answerUpsertQueue(qstash: Qstash, request: SimRequest): SimResponse {
  const body = queueSchema.safeParse(readJson(request));
  if (!body.success) return refuse(400, "expected {queueName, parallelism, paused}");
  qstash.queues.upsert(body.data.queueName, body.data.parallelism, body.data.paused);
  return OK;
}

export function answerGetQueue(qstash: Qstash, name: string): SimResponse {
  const view = qstash.queues.get(name);
  return view === undefined ? refuse(404, `queue ${name} not found`) : json(200, view);
}

export function answerDeleteQueue(qstash: Qstash, name: string): SimResponse {
  for (const messageId of qstash.queues.delete(name)) qstash.cancel(messageId);
  return OK;
}

export function answerPauseQueue(qstash: Qstash, name: string, isPaused: boolean): SimResponse {
  return qstash.queues.setPaused(name, isPaused) ? OK : refuse(404, `queue ${name} not found`);
}

export function answerListSchedules(qstash: Qstash): SimResponse {
  const views = qstash.schedules.list().map((item) => viewSchedule(item, qstash.messages));
  return json(200, views);
}

export function answerGetSchedule(qstash: Qstash, id: string): SimResponse {
  const schedule = qstash.schedules.get(id);
  if (schedule === undefined) return refuse(404, `schedule ${id} not found`);
  return json(200, viewSchedule(schedule, qstash.messages));
}

export function answerDeleteSchedule(qstash: Qstash, id: string): SimResponse {
  return qstash.schedules.delete(id) ? ACCEPTED : refuse(404, `schedule ${id} not found`);
}

export function answerPauseSchedule(qstash: Qstash, id: string, isPaused: boolean): SimResponse {
  const isKnown = qstash.schedules.setPaused(id, isPaused);
  return isKnown ? ACCEPTED : refuse(404, `schedule ${id} not found`);
}

export function answerListDeadLetters(qstash: Qstash, request: SimRequest): SimResponse {
  const { page, cursor } = pageOfDeadLetters(qstash, request.query);
  return json(200, { cursor, messages: page.map(viewDeadLetter) });
}

export function answerGetDeadLetter(qstash: Qstash, dlqId: string): SimResponse {
  const letter = qstash.deadLetters.get(dlqId);
  if (letter === undefined) return refuse(404, `dlq message ${dlqId} not found`);
  return json(200, viewDeadLetter(letter));
}

export function answerDeleteDeadLetter(qstash: Qstash, dlqId: string): SimResponse {
  return qstash.deadLetters.delete(dlqId) ? OK : refuse(404, `dlq message ${dlqId} not found`);
}

export function answerDeleteDeadLetters(qstash: Qstash, request: SimRequest): SimResponse {
  const { page, cursor } = pageOfDeadLetters(qstash, request.query);
  for (const letter of page) qstash.deadLetters.delete(letter.dlqId);
  return json(200, { deleted: page.length, cursor });
}

export function answerRetryDeadLetter(qstash: Qstash, dlqId: string): SimResponse {
  const messageId = qstash.retryDeadLetter(dlqId);
  if (messageId === undefined) return refuse(404, `dlq message ${dlqId} not found`);
  return json(201, { responses: [{ messageId }], cursor: "" });
}

export function answerRetryDeadLetters(qstash: Qstash, request: SimRequest): SimResponse {
  const { page, cursor } = pageOfDeadLetters(qstash, request.query);
  const responses = page.map(({ dlqId }) => ({ messageId: qstash.retryDeadLetter(dlqId) }));
  return json(201, { responses, cursor: cursor ?? "" });
}

/** Newest first. The SDK reads `events`, the REST reference calls the same list `logs`. */
export function answerEvents(
  qstash: Qstash,
  request: SimRequest,
  name: "events" | "logs",
): SimResponse {
  const { query } = request;
  const ids = [...query.getAll("messageIds"), ...query.getAll("messageId")];
  const states = query.getAll("state");
  const matching = qstash.events
    .toReversed()
    .filter(
      ({ message, state }) =>
        (ids.length === 0 || ids.includes(message.id)) &&
        (states.length === 0 || states.includes(state)) &&
        isMatch(message, query),
    );
  const from = Number(query.get("cursor") ?? 0) || 0;
  const count = Math.min(Number(query.get("count") ?? PAGE_MAX) || PAGE_MAX, EVENTS_PAGE_MAX);
  const page = matching.slice(from, from + count).map(viewEvent);
  const cursor = from + count < matching.length ? String(from + count) : undefined;
  return json(200, { cursor, [name]: page });
}

function pageOfDeadLetters(
  qstash: Qstash,
  query: URLSearchParams,
): { page: DeadLetter[]; cursor: string | undefined } {
  const ids = query.getAll("dlqIds");
  const status = query.get("responseStatus");
  const matching = [...qstash.deadLetters.values()].filter(
    (letter) =>
      (ids.length === 0 || ids.includes(letter.dlqId)) &&
      (status === null || letter.answer?.status === Number(status)) &&
      isMatch(letter.message, query),
  );
  const start = matching.findIndex((letter) => letter.dlqId === query.get("cursor"));
  const count = Math.min(Number(query.get("count") ?? PAGE_MAX) || PAGE_MAX, PAGE_MAX);
  const rest = matching.slice(Math.max(0, start));
  return { page: rest.slice(0, count), cursor: rest[count]?.dlqId };
}

function isMatch(message: QstashMessage, query: URLSearchParams): boolean {
  const { spec } = message;
  const known: readonly (readonly [name: string, values: readonly (string | undefined)[]])[] = [
    ["url", [spec.url]],
    ["label", spec.labels],
    ["queueName", [message.queueName]],
    ["scheduleId", [message.scheduleId]],
    ["flowControlKey", [spec.flowControlKey]],
  ];
  return known.every(([name, values]) => {
    const wanted = query.getAll(name);
    return wanted.length === 0 || values.some((value) => wanted.includes(value ?? ""));
  });
}
