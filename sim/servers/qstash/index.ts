import { createHash, timingSafeEqual } from "node:crypto";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { FaultPlan } from "../../faults/fault-plan.ts";
import { Qstash } from "../../models/qstash.ts";
import { json, type SimRequest, type SimResponse, startSimServer } from "../http.ts";
import { createHttpDeliverer } from "./http-deliver.ts";
import * as manage from "./manage-routes.ts";
import { OffsetClock } from "./offset-clock.ts";
import * as publish from "./publish-routes.ts";
import { answerWorld } from "./world-routes.ts";

export interface QstashServerOptions {
  /** The machine's clock; the queue shifts only its own view of it. */
  clock: Clock;
  prng: Prng;
  faults: FaultPlan;
  token: string;
  currentKey: string;
  nextKey: string;
  /** Zero or absent picks a free port. */
  port?: number;
}

export interface QstashServer {
  url: string;
  /** The queue behind the REST API, for tests in the same process. */
  qstash: Qstash;
  close(): Promise<void>;
}

type Route = readonly [
  pattern: RegExp,
  answer: (qstash: Qstash, request: SimRequest, id: string) => SimResponse,
];

const SLEEP_MS_MAX = 500;

const ROUTES: readonly Route[] = [
  [/^POST \/v2\/publish\//, publish.answerPublish],
  [/^POST \/v2\/enqueue\//, publish.answerEnqueue],
  [/^POST \/v2\/batch$/, publish.answerBatch],
  [/^GET \/v2\/messages\/([^/]+)$/, (q, _, id) => manage.answerGetMessage(q, id)],
  [/^DELETE \/v2\/messages\/([^/]+)$/, (q, _, id) => manage.answerCancelMessage(q, id)],
  [/^DELETE \/v2\/messages$/, manage.answerCancelMessages],
  [/^GET \/v2\/queues$/, (q) => json(200, q.queues.list())],
  [/^POST \/v2\/queues$/, manage.answerUpsertQueue],
  [/^GET \/v2\/queues\/([^/]+)$/, (q, _, id) => manage.answerGetQueue(q, id)],
  [/^DELETE \/v2\/queues\/([^/]+)$/, (q, _, id) => manage.answerDeleteQueue(q, id)],
  [/^POST \/v2\/queues\/([^/]+)\/pause$/, (q, _, id) => manage.answerPauseQueue(q, id, true)],
  [/^POST \/v2\/queues\/([^/]+)\/resume$/, (q, _, id) => manage.answerPauseQueue(q, id, false)],
  // The SDK pauses with PATCH, the REST reference with POST.
  [
    /^(?:PATCH|POST) \/v2\/schedules\/([^/]+)\/pause$/,
    (q, _, id) => manage.answerPauseSchedule(q, id, true),
  ],
  [
    /^(?:PATCH|POST) \/v2\/schedules\/([^/]+)\/resume$/,
    (q, _, id) => manage.answerPauseSchedule(q, id, false),
  ],
  [/^POST \/v2\/schedules\//, publish.answerCreateSchedule],
  [/^GET \/v2\/schedules$/, manage.answerListSchedules],
  [/^GET \/v2\/schedules\/([^/]+)$/, (q, _, id) => manage.answerGetSchedule(q, id)],
  [/^DELETE \/v2\/schedules\/([^/]+)$/, (q, _, id) => manage.answerDeleteSchedule(q, id)],
  [/^GET \/v2\/dlq$/, manage.answerListDeadLetters],
  [/^DELETE \/v2\/dlq$/, manage.answerDeleteDeadLetters],
  [/^POST \/v2\/dlq\/retry$/, manage.answerRetryDeadLetters],
  [/^POST \/v2\/dlq\/retry\/([^/]+)$/, (q, _, id) => manage.answerRetryDeadLetter(q, id)],
  [/^GET \/v2\/dlq\/([^/]+)$/, (q, _, id) => manage.answerGetDeadLetter(q, id)],
  [/^DELETE \/v2\/dlq\/([^/]+)$/, (q, _, id) => manage.answerDeleteDeadLetter(q, id)],
  [/^GET \/v2\/keys$/, (q) => json(200, q.signer.keys())],
  [/^POST \/v2\/keys\/rotate$/, (q) => json(200, q.signer.rotate())],
  [/^GET \/v2\/events$/, (q, request) => manage.answerEvents(q, request, "events")],
  [/^GET \/v2\/logs$/, (q, request) => manage.answerEvents(q, request, "logs")],
];

/**
 * The queue service over real HTTP. Operations for faults: the word after `/v2/` (`publish`,
 * `schedules`, `dlq`, ...), `deliver` for calls to destinations, `world` for the control API.
 */
export async function startQstash(options: QstashServerOptions): Promise<QstashServer> {
  const clock = new OffsetClock(options.clock);
  const deliverer = createHttpDeliverer(options.clock);
  const qstash = new Qstash({
    clock,
    prng: options.prng,
    faults: options.faults,
    keys: { current: options.currentKey, next: options.nextKey },
    deliver: deliverer.deliver,
    signatureNowMs: () => options.clock.nowMs(),
    sleepMsMax: SLEEP_MS_MAX,
  });
  const sim = await startSimServer({
    name: "qstash",
    clock: options.clock,
    faults: options.faults,
    port: options.port ?? 0,
    operationOf: (request) => /^\/(?:v2\/)?([a-zA-Z]+)/.exec(request.path)?.[1] ?? "unknown",
    handle: (request) => {
      if (request.path.startsWith("/world/")) return answerWorld(qstash, clock, request);
      if (!isAuthorized(request, options.token)) return publish.refuse(401, "invalid token");
      return answerRoute(qstash, request);
    },
  });
  return {
    url: sim.url,
    qstash,
    close: async () => {
      qstash.close();
      deliverer.close();
      await sim.close();
    },
  };
}

export function answerRoute(qstash: Qstash, request: SimRequest): SimResponse {
  const line = `${request.method} ${request.path}`;
  for (const [pattern, answer] of ROUTES) {
    const match = pattern.exec(line);
    if (match !== null) return answer(qstash, request, decodeURIComponent(match[1] ?? ""));
  }
  return publish.refuse(404, `endpoint ${line} not found`);
}

function isAuthorized(request: SimRequest, token: string): boolean {
  const bearer = /^Bearer (.+)$/i.exec(request.headers["authorization"] ?? "")?.[1];
  const given = bearer ?? request.query.get("qstash_token") ?? "";
  return timingSafeEqual(sha256(given), sha256(token));
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
