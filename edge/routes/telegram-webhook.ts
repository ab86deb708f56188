import { isUrgentJob, type Job } from "@raptor/shared/wire/job.ts";
import { type Delivery, deliverJob } from "../jobs/deliver.ts";
import { parseJsonText } from "../jobs/json-text.ts";
import { parseUpdate, type UpdateDecision } from "../jobs/parse-update.ts";
import { hasContentType, readBody } from "../middleware/body.ts";
import { isEqualSecret } from "../middleware/constant-time.ts";
import { createProblem } from "../middleware/problem.ts";
import { encodeDelivery, encodeSentence } from "../replies/delivery-reply.ts";
import { tooMany } from "../replies/sentences.ts";
import type { WebhookReply } from "../replies/webhook-reply.ts";
import type { EdgeServices } from "../services.ts";

export const WEBHOOK_PATH = "/telegram/webhook";
const SECRET_HEADER = "x-telegram-bot-api-secret-token";
const BODY_BYTES_MAX = 64 * 1024;
/** How long a job without a deadline is worth asking Telegram for another delivery. */
const PATIENCE_MS = 60_000;
const RETRY_AFTER_S = 2;
/** Younger than any second delivery: our own Retry-After lies between the two. */
const FIRST_DELIVERY_MS = RETRY_AFTER_S * 1_000;
/** A group is told once, then again only after an hour of this isolate's life. */
const GROUP_SILENCE_MS = 3_600_000;
const GROUPS_MAX = 1_000;

export function createTelegramWebhook(services: EdgeServices) {
  const { env, metrics, quietLog } = services;
  const bot = { id: env.BOT_ID, username: env.BOT_USERNAME };
  const answeredGroups = new Map<number, number>();

  return async function handleWebhook(request: Request): Promise<Response> {
    const secret = request.headers.get(SECRET_HEADER) ?? "";
    if (!(await isEqualSecret(secret, env.TELEGRAM_WEBHOOK_SECRET))) {
      metrics.count("raptor_edge_refusals_total", { reason: "webhook-secret" });
      quietLog("webhook-secret", {}, "update refused");
      return createProblem("WEBHOOK_SECRET", WEBHOOK_PATH);
    }
    if (!hasContentType(request, "application/json")) {
      return createProblem("BODY_TYPE", WEBHOOK_PATH);
    }
    const body = await readBody(request, BODY_BYTES_MAX);
    const decision: UpdateDecision =
      body.kind === "body"
        ? parseUpdate(parseJsonText(body.text), bot)
        : { kind: "poison", reason: body.kind };
    return answer(decision);
  };

  async function answer(decision: UpdateDecision): Promise<Response> {
    metrics.count("raptor_edge_updates_total", { decision: decision.kind });
    switch (decision.kind) {
      case "poison":
        // Anything but success would make Telegram repeat it and hold back this chat for a day.
        metrics.count("raptor_edge_refusals_total", { reason: "poison-update" });
        quietLog("poison-update", { problem: decision.reason }, "unreadable update dropped");
        return encodeReply(undefined);
      case "ignore":
        services.log.debug({ reason: decision.reason }, "update ignored");
        return encodeReply(undefined);
      case "reply":
        if (decision.groupId !== undefined && wasGroupAnswered(decision.groupId)) {
          return encodeReply(undefined);
        }
        return encodeReply(decision.reply);
      case "job":
        return takeJob(services, decision.updateId, decision.job, decision.messageId);
    }
  }

  function wasGroupAnswered(groupId: number): boolean {
    const nowMs = services.clock.monotonicMs();
    const lastMs = answeredGroups.get(groupId);
    if (lastMs !== undefined && nowMs - lastMs < GROUP_SILENCE_MS) return true;
    if (answeredGroups.size >= GROUPS_MAX) answeredGroups.clear();
    answeredGroups.set(groupId, nowMs);
    return false;
  }
}

async function takeJob(
  services: EdgeServices,
  updateId: number,
  job: Job,
  messageId: number | undefined,
): Promise<Response> {
  const nowMs = services.clock.nowMs();
  // A press has no time of its own, so that it may always have been tried elsewhere.
  const isFirst = job.kind !== "press" && nowMs - job.createdMs < FIRST_DELIVERY_MS;
  const { tries, isNew } = services.tries.open(updateId, nowMs, isFirst);
  const [isDone, limited] = await Promise.all([
    // The executor knows repeats by their job id; a forged mark in Redis must not stop a sell.
    isUrgentJob(job) ? false : services.updates.isDone(updateId),
    // A repeated delivery was let through before; "nothing was done" could be wrong by now.
    isNew ? takeLimit(services, job) : undefined,
  ]);
  if (isDone) {
    services.tries.close(updateId);
    services.metrics.count("raptor_edge_updates_total", { decision: "repeated" });
    return encodeReply(undefined);
  }
  if (limited !== undefined) {
    services.tries.close(updateId);
    const { name, retryAfterS } = limited;
    // A button works once, so that pressing it again is safe whatever became of it.
    const isCertain = tries.isCertain || job.kind === "press";
    const sentence = tooMany(name, retryAfterS, isCertain);
    return encodeReply(encodeSentence(job, sentence));
  }
  const delivery = await deliverSafely(services, job);
  if (delivery.kind === "lost") return answerLost(services, updateId, job, tries, delivery);
  services.tries.close(updateId);
  if (delivery.kind !== "refused") services.waitUntil(services.updates.markDone(updateId));
  return encodeReply(encodeDelivery(job, delivery, messageId));
}

/** The limit that was met, or undefined when the job may pass. */
async function takeLimit(services: EdgeServices, job: Job) {
  if (job.actor.kind !== "telegram") return undefined;
  const taken = await services.limits.takeCommand(job.actor.userId, job);
  return taken.isAllowed ? undefined : taken;
}

async function deliverSafely(services: EdgeServices, job: Job): Promise<Delivery> {
  try {
    return await deliverJob(services, job);
  } catch (error) {
    // A fault of ours must neither lose the job nor block the chat: it is treated as a try that
    // may have got through, which the executor's idempotency makes safe to repeat.
    const cause = error instanceof Error ? error.name : "unknown";
    services.log.error({ jobId: job.id, cause }, "delivery failed unexpectedly");
    return { kind: "lost", isCertain: false };
  }
}

function answerLost(
  services: EdgeServices,
  updateId: number,
  job: Job,
  tries: { firstSeenMs: number; isCertain: boolean },
  delivery: Delivery & { kind: "lost" },
): Response {
  tries.isCertain &&= delivery.isCertain;
  // The message behind a press may be old, so patience with a press starts at its first sight.
  const startMs = job.kind === "press" ? tries.firstSeenMs : job.createdMs;
  if (services.clock.nowMs() < (job.deadlineMs ?? startMs + PATIENCE_MS)) {
    return createProblem("NOT_TAKEN", WEBHOOK_PATH, {
      headers: { "retry-after": String(RETRY_AFTER_S) },
    });
  }
  services.tries.close(updateId);
  const { isCertain } = tries;
  services.log.error({ jobId: job.id, isCertain }, "gave up on an update");
  return encodeReply(encodeDelivery(job, { kind: "lost", isCertain }));
}

function encodeReply(reply: WebhookReply | undefined): Response {
  if (reply === undefined) return new Response(null, { status: 200 });
  return Response.json(reply);
}
