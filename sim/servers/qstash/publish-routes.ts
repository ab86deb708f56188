import { z } from "zod";
import { type MessageSpec, parseMessageSpec, type SpecParse } from "../../models/qstash-spec.ts";
import type { Published, Qstash } from "../../models/qstash.ts";
import { json, type SimRequest, type SimResponse } from "../http.ts";

type Headers = Readonly<Record<string, string>>;

const CALLER_IP = "127.0.0.1";
const BATCH_MAX = 100;

const batchSchema = z
  .array(
    z.object({
      destination: z.string(),
      headers: z.record(z.string(), z.string()).default({}),
      body: z.string().default(""),
      queue: z.string().optional(),
    }),
  )
  .max(BATCH_MAX);

export function refuse(status: number, reason: string): SimResponse {
  return json(status, { error: reason });
}

/**
 * The destination is everything after the route, byte for byte: a URL in a path keeps its double
 * slash and its own query, and any decoding would break the signature's subject. Only the token
 * parameter is the queue's own and goes.
 */
export function readDestination(request: SimRequest, route: string): string {
  const raw = request.rawUrl.slice(route.length);
  if (!raw.includes("qstash_token=")) return raw;
  return raw.replace(/([?&])qstash_token=[^&]*(&|$)/, (_, before: string, after: string) =>
    after === "&" ? before : "",
  );
}

export function answerPublish(qstash: Qstash, request: SimRequest): SimResponse {
  const parsed = parseSpec(readDestination(request, "/v2/publish/"), request.headers, request.body);
  if (!parsed.ok) return refuse(400, parsed.reason);
  if (parsed.spec.cron !== undefined) return answerScheduleSpec(qstash, parsed.spec);
  const published = qstash.publish(parsed.spec);
  return json(published.isDeduplicated ? 202 : 200, viewPublished(published));
}

export function answerEnqueue(qstash: Qstash, request: SimRequest): SimResponse {
  const route = /^\/v2\/enqueue\/([^/?]+)\//.exec(request.rawUrl);
  if (route === null) return refuse(400, "expected /v2/enqueue/{queue}/{destination}");
  const queueName = decodeURIComponent(route[1] ?? "");
  if (!qstash.queues.has(queueName)) return refuse(404, `queue ${queueName} not found`);
  const destination = readDestination(request, route[0]);
  const parsed = parseSpec(destination, request.headers, request.body);
  if (!parsed.ok) return refuse(400, parsed.reason);
  const published = qstash.publish(parsed.spec, { queueName });
  return json(published.isDeduplicated ? 202 : 200, viewPublished(published));
}

/** All or nothing: one bad item refuses the batch before anything is published. */
export function answerBatch(qstash: Qstash, request: SimRequest): SimResponse {
  const body = batchSchema.safeParse(readJson(request));
  if (!body.success) return refuse(400, "expected an array of at most 100 messages");
  const ready: { spec: MessageSpec; queue: string | undefined }[] = [];
  for (const item of body.data) {
    const { queue } = item;
    if (queue !== undefined && !qstash.queues.has(queue)) {
      return refuse(404, `queue ${queue} not found`);
    }
    const lowered = Object.entries(item.headers).map(([name, value]) => [
      name.toLowerCase(),
      value,
    ]);
    const headers = Object.fromEntries(lowered) as Headers;
    const parsed = parseSpec(item.destination, headers, Buffer.from(item.body, "utf8"));
    if (!parsed.ok) return refuse(400, parsed.reason);
    ready.push({ spec: parsed.spec, queue });
  }
  const published = ready.map(({ spec, queue }) =>
    qstash.publish(spec, queue === undefined ? {} : { queueName: queue }),
  );
  return json(200, published.map(viewPublished));
}

export function answerCreateSchedule(qstash: Qstash, request: SimRequest): SimResponse {
  const destination = readDestination(request, "/v2/schedules/");
  const parsed = parseSpec(destination, request.headers, request.body);
  return parsed.ok ? answerScheduleSpec(qstash, parsed.spec) : refuse(400, parsed.reason);
}

/** The request's JSON, or undefined when it is none; the caller's schema refuses that. */
export function readJson(request: SimRequest): unknown {
  try {
    return JSON.parse(request.body.toString("utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function answerScheduleSpec(qstash: Qstash, spec: MessageSpec): SimResponse {
  const result = qstash.schedules.upsert(spec);
  return result.ok ? json(200, { scheduleId: result.scheduleId }) : refuse(400, result.reason);
}

function parseSpec(destination: string, headers: Headers, body: Buffer): SpecParse {
  return parseMessageSpec({ destination, headers, body, callerIp: CALLER_IP });
}

function viewPublished(published: Published): Record<string, unknown> {
  const { messageId, isDeduplicated } = published;
  return isDeduplicated ? { messageId, deduplicated: true } : { messageId };
}
