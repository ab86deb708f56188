import { type Mutant, mutant } from "./mutant.ts";

const WEBHOOK = "edge/routes/telegram-webhook.ts";

/** Mistakes between Telegram and the executor's door. */
export const EDGE_MUTANTS: readonly Mutant[] = [
  mutant(
    "edge-answers-before-delivery",
    "Answers Telegram first and delivers afterwards: what fails then is lost, nobody repeats it.",
    WEBHOOK,
    "const delivery = await deliverSafely(services, job);",
    `services.waitUntil(deliverSafely(services, job));
  const delivery: Delivery = { kind: "taken", answer: undefined };`,
  ),
  mutant(
    "edge-failure-as-done",
    "Answers 200 although neither executor nor queue has the job: Telegram never asks again.",
    WEBHOOK,
    "return answerLost(services, updateId, job, tries, delivery);",
    "return encodeReply(undefined);",
  ),
  mutant(
    "edge-claims-update-first",
    "Marks an update as done before its job is anywhere, as update-id dedupe at the front often does.",
    WEBHOOK,
    "const delivery = await deliverSafely(services, job);",
    `await services.updates.markDone(updateId);
  const delivery = await deliverSafely(services, job);`,
  ),
  mutant(
    "edge-says-queued-without-queue",
    "Says that a command is queued although the queue did not take it.",
    "edge/jobs/deliver.ts",
    'if (queued.kind === "queued") {',
    'if (queued.kind === "queued" || !queued.isCertain) {',
  ),
  mutant(
    "redelivery-failure-as-done",
    "Tells QStash that a job is done although the executor could not be reached.",
    "edge/routes/redeliver.ts",
    'return createProblem("EXECUTOR_UNREACHABLE", REDELIVER_PATH);',
    `if (job.id !== "") return Response.json({ jobId: job.id });
      return createProblem("EXECUTOR_UNREACHABLE", REDELIVER_PATH);`,
  ),
  mutant(
    "random-job-ids",
    "hummingbot: ids hold a nonce and cannot be derived from the cause, so a repeat is a new order.",
    "edge/jobs/parse-update.ts",
    "id: `tg:${bot.id}:${updateId}`",
    // tidy-ok: text of a mutant; the simulator's chance stands behind it.
    "id: `tg:${bot.id}:${updateId}${Math.floor(Math.random() * 1_000)}`",
  ),
  mutant(
    "emergency-needs-redis",
    "The rate limit fails closed: while Redis is away nobody can sell, panic or kill.",
    "edge/middleware/rate-limits.ts",
    'if (name === "emergency") return takeEmergency(key);',
    'if (name === "emergency") return take(name, key, env.RATE_EMERGENCY_PER_MIN, 0);',
  ),
  mutant(
    "webhook-secret-unchecked",
    "Banana Gun 2024: commands that no person sent are believed.",
    WEBHOOK,
    "if (!(await isEqualSecret(secret, env.TELEGRAM_WEBHOOK_SECRET))) {",
    "if (!(await isEqualSecret(secret, env.TELEGRAM_WEBHOOK_SECRET)) && secret === env.BOT_ID) {",
  ),
  mutant(
    "job-signature-unchecked",
    "The executor believes whoever reaches its door: a forged job trades.",
    "executor/server/verify-jws.ts",
    'if (signature.length !== 64 || !verify(null, signed, key, signature)) return fail("signature");',
    "if (signature.length !== 64) verify(null, signed, key, signature);",
  ),
];
