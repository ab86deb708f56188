import * as z from "zod";
import { TRADING_STATES } from "@raptor/shared/domain/trading-state.ts";
import type { IdSource } from "@raptor/shared/seams/chance.ts";
import type { Job } from "@raptor/shared/wire/job.ts";
import { deliverDirectly, URGENT_TRIES } from "../jobs/deliver.ts";
import { parseJsonText } from "../jobs/json-text.ts";
import { isAdmin } from "../middleware/bearer.ts";
import { hasContentType, readBody } from "../middleware/body.ts";
import { createProblem, type ProblemCode } from "../middleware/problem.ts";
import type { EdgeServices } from "../services.ts";
import { refuseToken } from "./read-api.ts";

export const KILL_SWITCH_PATH = "/admin/kill-switch";
const BODY_BYTES_MAX = 4 * 1024;
const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const killSwitchSchema = z.strictObject({
  state: z.enum(TRADING_STATES),
  reason: z.string().min(1).max(256),
});
export const killSwitchAnswerSchema = z.object({
  jobId: z.string(),
  state: z.enum(TRADING_STATES),
  status: z.string(),
  epoch: z.number().nullable(),
});

/**
 * Changes the trading state on the direct path only: an answer of 200 means that the executor has
 * recorded it. A queue could only promise it, and nobody flipping this switch wants a promise.
 */
export function createKillSwitch(services: EdgeServices) {
  return async function handleKillSwitch(request: Request): Promise<Response> {
    if (!(await isAdmin(request, services.env.ADMIN_TOKEN))) {
      return refuseToken(services, KILL_SWITCH_PATH);
    }
    const wanted = await readWanted(request);
    if (wanted instanceof Response) return wanted;
    const key = request.headers.get("idempotency-key")?.toLowerCase();
    if (key !== undefined && !UUID_PATTERN.test(key)) {
      return problem("BODY_INVALID", "The Idempotency-Key header must be a UUID.");
    }
    const job: Job = {
      id: `ui:${key ?? generateUuid(services.ids)}`,
      actor: { kind: "admin" },
      // A repeat under the same key must be the same job to the last byte, and the second request
      // cannot know when the first one came; so a keyed job carries no time of its own.
      createdMs: key === undefined ? services.clock.nowMs() : 0,
      kind: "setTradingState",
      ...wanted,
    };
    return deliver(services, job, wanted.state);
  };
}

async function deliver(services: EdgeServices, job: Job, state: string): Promise<Response> {
  const { result } = await deliverDirectly(services, job, URGENT_TRIES);
  services.log.warn({ jobId: job.id, state, result: result.kind }, "kill switch used");
  if (result.kind === "closed") return problem("STATE_NOT_CONFIRMED");
  if (result.kind === "refused") {
    if (result.status !== 409) return problem("STATE_REFUSED");
    return problem(
      "STATE_REFUSED",
      "This Idempotency-Key belongs to another change, so this one was NOT made. Use a new key.",
    );
  }
  const { answer } = result;
  if (answer.status === "refused" || answer.status === "error") return problem("STATE_REFUSED");
  // A repeat is answered like the first request only while what that one did still holds.
  if (answer.tradingState !== undefined && answer.tradingState !== state) {
    return problem(
      "STATE_REFUSED",
      `This Idempotency-Key was used before and trading is ${answer.tradingState} now. Nothing ` +
        "was changed by this request. Use a new key.",
    );
  }
  return Response.json({ jobId: job.id, state, status: answer.status, epoch: answer.epoch });
}

async function readWanted(request: Request): Promise<z.infer<typeof killSwitchSchema> | Response> {
  if (!hasContentType(request, "application/json")) return problem("BODY_TYPE");
  const body = await readBody(request, BODY_BYTES_MAX);
  if (body.kind !== "body") return problem("BODY_TOO_LARGE");
  const parsed = killSwitchSchema.safeParse(parseJsonText(body.text));
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map((issue) => ({
    pointer: `#/${issue.path.join("/")}`,
    detail: issue.message,
  }));
  return createProblem("BODY_INVALID", KILL_SWITCH_PATH, { errors });
}

function problem(code: ProblemCode, detail?: string): Response {
  return createProblem(code, KILL_SWITCH_PATH, detail === undefined ? {} : { detail });
}

/** A random (version 4) UUID from the injected source of ids. */
function generateUuid(ids: IdSource): string {
  const text = atob(ids.token(16).replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Array.from(text, (char) => char.charCodeAt(0));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
  return `${parts.join("-")}-${hex.slice(20, 32)}`;
}
