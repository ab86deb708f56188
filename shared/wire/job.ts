import * as z from "zod";
import { TRADING_STATES } from "../domain/trading-state.ts";
import { isPubkey } from "../values/pubkey.ts";
import { actorSchema } from "./actor.ts";
import { isUrgentOp } from "./callback.ts";

/** The longest job in bytes as JSON; a longer body is refused before it is read. */
export const JOB_BYTES_MAX = 16 * 1024;

/** The longest id there is, a signature, and room for a careless paste. */
export const WHY_CHARS_MAX = 128;

export const API_SCOPES = ["status", "positions", "trades", "jobs"] as const;
export type ApiScope = (typeof API_SCOPES)[number];

const mintSchema = z.string().refine(isPubkey, "expected a Solana address");
/** What the person typed, unparsed: the executor owns the one parser and explains problems. */
const amountTextSchema = z.string().min(1).max(64);
const messageIdSchema = z.int().positive();

const jobHead = {
  /** `tg:<bot>:<update_id>`, `qs:<Upstash-Message-Id>` or `ui:<client uuid>`. */
  id: z.string().regex(/^(tg:\d{1,20}:\d{1,20}|qs:[\w-]{1,128}|ui:[0-9a-f-]{36})$/),
  actor: actorSchema,
  /** When the cause happened (message date, tick), milliseconds. */
  createdMs: z.int().nonnegative(),
  /** After this moment nothing new may start because of this job. Absent: no deadline. */
  deadlineMs: z.int().nonnegative().optional(),
};

/** Screens that need no argument. Navigation only; freely repeatable. */
export const SCREENS = [
  "home",
  "help",
  "status",
  "positions",
  "sell",
  "wallet",
  "settings",
  "orders",
] as const;

export const positionIdSchema = z.string().regex(/^pos_[a-z2-7]{16}$/);

export const jobSchema = z.discriminatedUnion("kind", [
  z.strictObject({ ...jobHead, kind: z.literal("start") }),
  z.strictObject({ ...jobHead, kind: z.literal("showScreen"), screen: z.enum(SCREENS) }),
  z.strictObject({ ...jobHead, kind: z.literal("showToken"), mint: mintSchema }),
  z.strictObject({
    ...jobHead,
    kind: z.literal("why"),
    /** Any id of a story, as typed; empty asks for the last trades. */
    about: z.string().max(WHY_CHARS_MAX),
  }),
  z.strictObject({
    ...jobHead,
    kind: z.literal("buy"),
    mint: mintSchema,
    /** SOL, as typed. */
    amountText: amountTextSchema,
  }),
  z.strictObject({
    ...jobHead,
    kind: z.literal("sell"),
    mint: mintSchema,
    /** Percent of the position, as typed; `all` or `max` mean 100. */
    percentText: amountTextSchema,
  }),
  z.strictObject({
    ...jobHead,
    kind: z.literal("press"),
    callbackQueryId: z.string().max(64),
    messageId: messageIdSchema,
    op: z.string().length(1),
    arg: z.string().max(6),
    ticket: z.string().max(16),
    tag: z.string().length(11),
  }),
  z.strictObject({
    ...jobHead,
    kind: z.literal("say"),
    /** A short text that may answer a prompt. */
    text: z.string().min(1).max(64),
    replyToMessageId: messageIdSchema.optional(),
  }),
  z.strictObject({ ...jobHead, kind: z.literal("pause") }),
  z.strictObject({ ...jobHead, kind: z.literal("resume") }),
  z.strictObject({ ...jobHead, kind: z.literal("panic") }),
  z.strictObject({
    ...jobHead,
    kind: z.literal("setTradingState"),
    state: z.enum(TRADING_STATES),
    reason: z.string().max(256),
  }),
  z.strictObject({
    ...jobHead,
    kind: z.literal("issueToken"),
    scopes: z.array(z.enum(API_SCOPES)).max(API_SCOPES.length),
  }),
  z.strictObject({
    ...jobHead,
    kind: z.literal("setExits"),
    positionId: positionIdSchema,
    /** Exit rules as people type them, one a line: all of a position's, for those it has. */
    rulesText: z.string().max(1_024),
  }),
  z.strictObject({ ...jobHead, kind: z.literal("revokeTokens") }),
  z.strictObject({ ...jobHead, kind: z.literal("reconcile") }),
]);

/** The one thing that crosses from edge to executor to make something happen. */
export type Job = z.infer<typeof jobSchema>;
export type JobKind = Job["kind"];
export type JobOf<K extends JobKind> = Extract<Job, { kind: K }>;

/** Kinds that overtake their user's lane and never wait for a queue or a rate limit. */
const URGENT_JOB_KINDS: readonly JobKind[] = ["panic", "setTradingState", "sell"];

/** Also a pressed button that closes or protects is urgent; its tag makes that unforgeable. */
export function isUrgentJob(job: Job): boolean {
  return URGENT_JOB_KINDS.includes(job.kind) || (job.kind === "press" && isUrgentOp(job.op));
}
