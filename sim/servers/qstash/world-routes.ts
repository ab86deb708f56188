import { z } from "zod";
import type { Qstash } from "../../models/qstash.ts";
import { json, type SimRequest, type SimResponse } from "../http.ts";
import type { OffsetClock } from "./offset-clock.ts";
import { readJson, refuse } from "./publish-routes.ts";
import { viewDeadLetter, viewDelivery, viewMessage } from "./views.ts";

const clockSchema = z.object({ shiftMs: z.int().min(0) });
const signingSchema = z.object({
  key: z.enum(["current", "next", "wrong"]).default("current"),
  skewMs: z.int().default(0),
});

/** The control API under `/world/`, for tests and for people; it needs no token. */
export async function answerWorld(
  qstash: Qstash,
  clock: OffsetClock,
  request: SimRequest,
): Promise<SimResponse> {
  const { method, path } = request;
  const route = `${method} ${path}`;
  if (route === "GET /world/deliveries") {
    return json(200, qstash.courier.deliveries.map(viewDelivery));
  }
  if (route === "GET /world/messages") {
    const views = [...qstash.messages.values()].map((message) => ({
      ...viewMessage(message),
      state: message.state,
      retried: message.retried,
    }));
    return json(200, views);
  }
  if (route === "GET /world/dead-letters") {
    return json(200, [...qstash.deadLetters.values()].map(viewDeadLetter));
  }
  if (route === "POST /world/clock") return shiftClock(qstash, clock, request);
  if (route === "POST /world/signing") return chooseSigning(qstash, request);
  const run = /^POST \/world\/schedules\/([^/]+)\/run$/.exec(route);
  if (run !== null) return runSchedule(qstash, decodeURIComponent(run[1] ?? ""));
  const again = /^POST \/world\/messages\/([^/]+)\/duplicate$/.exec(route);
  if (again !== null) return duplicateMessage(qstash, again[1] ?? "");
  return refuse(404, `no control at ${route}`);
}

/** Time only goes forward: what was due in between is delivered at once. */
function shiftClock(qstash: Qstash, clock: OffsetClock, request: SimRequest): SimResponse {
  const body = clockSchema.safeParse(readJson(request));
  if (!body.success) return refuse(400, "expected {shiftMs: integer, not negative}");
  clock.shift(body.data.shiftMs);
  qstash.wake();
  return json(200, { nowMs: clock.nowMs() });
}

function chooseSigning(qstash: Qstash, request: SimRequest): SimResponse {
  const body = signingSchema.safeParse(readJson(request));
  if (!body.success) return refuse(400, "expected {key: current|next|wrong, skewMs?: integer}");
  qstash.signer.choice = body.data.key;
  qstash.signer.skewMs = body.data.skewMs;
  return json(200, body.data);
}

function runSchedule(qstash: Qstash, id: string): SimResponse {
  const messageId = qstash.schedules.runNow(id);
  return messageId === undefined
    ? refuse(404, `schedule ${id} not found`)
    : json(200, { messageId });
}

async function duplicateMessage(qstash: Qstash, id: string): Promise<SimResponse> {
  const outcome = await qstash.duplicate(id);
  if (outcome === undefined) return refuse(404, `message ${id} not found`);
  return outcome.kind === "answered"
    ? json(200, { status: outcome.answer.status })
    : json(200, { status: 0, error: outcome.error });
}
