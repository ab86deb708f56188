import * as z from "zod";
import type { Job } from "@raptor/shared/wire/job.ts";
import { positionIdSchema } from "@raptor/shared/wire/job.ts";
import { deliverDirectly } from "../jobs/deliver.ts";
import { parseJsonText } from "../jobs/json-text.ts";
import { isAdmin } from "../middleware/bearer.ts";
import { hasContentType, readBody } from "../middleware/body.ts";
import { createProblem } from "../middleware/problem.ts";
import type { EdgeServices } from "../services.ts";
import { refuseToken } from "./read-api.ts";

export const SET_EXITS_PATH = "/admin/exits";
const BODY_BYTES_MAX = 4 * 1024;
const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const setExitsSchema = z.strictObject({
  positionId: positionIdSchema,
  /** One rule each, as it is typed in Telegram; they take the place of all that are armed. */
  rules: z
    .array(
      z
        .string()
        .min(1)
        .max(64)
        .regex(/^[^\n]*$/),
    )
    .max(12),
});
export const setExitsAnswerSchema = z.object({
  jobId: z.string(),
  status: z.string(),
  epoch: z.number(),
});

/**
 * Gives a position other exit rules. On the direct path only: 200 means that the executor has
 * recorded the wish; `/v1/jobs/{id}` then says whether the rules were armed, or why not.
 */
export function createSetExits(services: EdgeServices) {
  return async function handleSetExits(request: Request): Promise<Response> {
    if (!(await isAdmin(request, services.env.ADMIN_TOKEN))) {
      return refuseToken(services, SET_EXITS_PATH);
    }
    if (!hasContentType(request, "application/json"))
      return createProblem("BODY_TYPE", SET_EXITS_PATH);
    const body = await readBody(request, BODY_BYTES_MAX);
    if (body.kind !== "body") return createProblem("BODY_TOO_LARGE", SET_EXITS_PATH);
    const parsed = setExitsSchema.safeParse(parseJsonText(body.text));
    const key = request.headers.get("idempotency-key")?.toLowerCase();
    if (key === undefined || !UUID_PATTERN.test(key)) {
      const detail = "The Idempotency-Key header must be a UUID. Nothing was done.";
      return createProblem("BODY_INVALID", SET_EXITS_PATH, { detail });
    }
    if (!parsed.success) {
      const errors = parsed.error.issues.map((issue) => ({
        pointer: `#/${issue.path.join("/")}`,
        detail: issue.message,
      }));
      return createProblem("BODY_INVALID", SET_EXITS_PATH, { errors });
    }
    // A repeat under the same key must be the same job to the last byte: it carries no time.
    const head = { id: `ui:${key}`, actor: { kind: "admin" as const }, createdMs: 0 };
    const { positionId, rules } = parsed.data;
    const rulesText = rules.join("\n");
    return deliver(services, { ...head, kind: "setExits", positionId, rulesText });
  };
}

async function deliver(services: EdgeServices, job: Job): Promise<Response> {
  const { result } = await deliverDirectly(services, job, 1);
  if (result.kind === "closed") return createProblem("EXITS_NOT_CONFIRMED", SET_EXITS_PATH);
  if (result.kind === "refused") return createProblem("EXITS_REFUSED", SET_EXITS_PATH);
  const { status, epoch } = result.answer;
  if (status === "refused" || status === "error") {
    return createProblem("EXITS_REFUSED", SET_EXITS_PATH);
  }
  return Response.json({ jobId: job.id, status, epoch });
}
