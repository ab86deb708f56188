import * as z from "zod";
import { chatIdSchema, userIdSchema, type Actor } from "@raptor/shared/wire/actor.ts";
import { parseCallbackData } from "@raptor/shared/wire/callback.ts";
import { type Job, jobSchema } from "@raptor/shared/wire/job.ts";
import { type JobRequest, parseTypedCommand } from "./parse-command.ts";
import { parseText } from "./parse-text.ts";
import { SENTENCES } from "../replies/sentences.ts";
import { encodeMessage, encodeToast, type WebhookReply } from "../replies/webhook-reply.ts";

/** What becomes of one Telegram update. */
export type UpdateDecision =
  /** `messageId`: what was typed, so that a sentence about it can point at it. */
  | { kind: "job"; updateId: number; job: Job; messageId?: number }
  | { kind: "reply"; updateId: number; reply: WebhookReply; groupId?: number }
  | { kind: "ignore"; reason: string }
  /** Authenticated but unreadable: answered 200, or Telegram would block the chat with retries. */
  | { kind: "poison"; reason: string };

export interface BotIdentity {
  id: string;
  username: string | undefined;
}

/** A buy, or a word that allows buys, typed this long ago is not what the person wants any more. */
const TYPED_DEADLINE_MS = 30_000;
const NAME_CHARS_MAX = 128;

const userSchema = z.object({
  id: userIdSchema,
  is_bot: z.boolean().optional(),
  first_name: z.string().optional(),
  last_name: z.string().optional(),
});
const chatSchema = z.object({ id: chatIdSchema, type: z.string() });
const messageSchema = z.object({
  message_id: z.int().positive(),
  date: z.int().nonnegative(),
  from: userSchema.optional(),
  chat: chatSchema,
  text: z.string().optional(),
  caption: z.string().optional(),
  entities: z
    .array(z.object({ url: z.string().optional() }))
    .max(200)
    .optional(),
  caption_entities: z
    .array(z.object({ url: z.string().optional() }))
    .max(200)
    .optional(),
  reply_to_message: z
    .object({ message_id: z.int().positive(), from: z.object({ id: z.int() }).optional() })
    .optional(),
  pinned_message: z.unknown().optional(),
  /** Somebody wrote it elsewhere: the words are theirs, also when the person forwards them. */
  forward_origin: z.unknown().optional(),
});
const callbackSchema = z.object({
  id: z.string().min(1).max(64),
  from: userSchema,
  data: z.string().optional(),
  message: z
    .object({
      message_id: z.int().positive(),
      date: z.int().nonnegative(),
      edit_date: z.int().nonnegative().optional(),
      chat: chatSchema,
    })
    .optional(),
});
const updateSchema = z.object({
  update_id: z.int().nonnegative(),
  message: z.unknown().optional(),
  callback_query: z.unknown().optional(),
});

/** Reads one update. Total: whatever JSON comes in, a decision comes out. */
export function parseUpdate(raw: unknown, bot: BotIdentity): UpdateDecision {
  const update = updateSchema.safeParse(raw);
  if (!update.success) return { kind: "poison", reason: "not an update" };
  const { update_id: updateId, message, callback_query: callback } = update.data;
  if (message !== undefined) {
    const parsed = messageSchema.safeParse(message);
    if (!parsed.success) return { kind: "poison", reason: "message of an unknown shape" };
    return decideMessage(updateId, parsed.data, bot);
  }
  if (callback !== undefined) {
    const parsed = callbackSchema.safeParse(callback);
    if (!parsed.success) return { kind: "poison", reason: "button press of an unknown shape" };
    return decidePress(updateId, parsed.data, bot);
  }
  return { kind: "ignore", reason: "kind of update" };
}

function decideMessage(
  updateId: number,
  message: z.infer<typeof messageSchema>,
  bot: BotIdentity,
): UpdateDecision {
  const { chat, from } = message;
  const text = message.text ?? message.caption ?? "";
  if (chat.type === "group" || chat.type === "supergroup") {
    return decideGroup(updateId, chat.id, text, bot);
  }
  if (chat.type !== "private") return { kind: "ignore", reason: "chat type" };
  if (from === undefined || from.is_bot === true || from.id !== chat.id) {
    return { kind: "ignore", reason: "sender" };
  }
  if (message.pinned_message !== undefined) return { kind: "ignore", reason: "service message" };
  const reply = message.reply_to_message;
  const meaning = parseText({
    text,
    links: [...(message.entities ?? []), ...(message.caption_entities ?? [])].flatMap(
      (entity) => entity.url ?? [],
    ),
    replyToMessageId: String(reply?.from?.id) === bot.id ? reply?.message_id : undefined,
    botUsername: bot.username?.toLowerCase(),
  });
  if (meaning === undefined) return { kind: "ignore", reason: "command for another bot" };
  if (meaning.kind === "sentence") {
    return { kind: "reply", updateId, reply: encodeMessage(chat.id, meaning.text) };
  }
  if (message.forward_origin !== undefined && meaning.request.kind !== "showToken") {
    return { kind: "reply", updateId, reply: encodeMessage(chat.id, SENTENCES.forwarded) };
  }
  const createdMs = message.date * 1_000;
  const decision = createJob(updateId, bot, meaning.request, {
    actor: createActor(from, chat.id),
    createdMs,
    ...(hasDeadline(meaning.request) ? { deadlineMs: createdMs + TYPED_DEADLINE_MS } : {}),
  });
  return decision.kind === "job" ? { ...decision, messageId: message.message_id } : decision;
}

/** What allows or makes a buy must be fresh. What stops, pauses or sells is obeyed for ever. */
function hasDeadline(request: JobRequest): boolean {
  if (request.kind === "setTradingState") return request.state === "active";
  return request.kind === "buy" || request.kind === "say" || request.kind === "resume";
}

function decidePress(
  updateId: number,
  callback: z.infer<typeof callbackSchema>,
  bot: BotIdentity,
): UpdateDecision {
  const { message, from } = callback;
  const data = callback.data === undefined ? undefined : parseCallbackData(callback.data);
  if (message === undefined || data === undefined) {
    return toast(updateId, callback.id, SENTENCES.foreignButton);
  }
  if (message.chat.type !== "private" || from.id !== message.chat.id || from.is_bot === true) {
    return toast(updateId, callback.id, SENTENCES.privateOnly);
  }
  return createJob(
    updateId,
    bot,
    { kind: "press", callbackQueryId: callback.id, messageId: message.message_id, ...data },
    {
      actor: createActor(from, message.chat.id),
      // A press carries no time of its own. The time of the message's last edit is the latest
      // moment that is known to lie before it, and it is the same at every redelivery.
      createdMs: Math.max(message.date, message.edit_date ?? 0) * 1_000,
    },
  );
}

/** In groups the bot only ever says where to find it, and only when it was spoken to. */
function decideGroup(
  updateId: number,
  groupId: number,
  text: string,
  bot: BotIdentity,
): UpdateDecision {
  const command = parseTypedCommand(text);
  const addressee = command?.addressee ?? bot.username?.toLowerCase();
  if (command === undefined || addressee !== bot.username?.toLowerCase()) {
    return { kind: "ignore", reason: "group message" };
  }
  const where = bot.username === undefined ? "" : ` Open https://t.me/${bot.username}`;
  const reply = encodeMessage(groupId, `${SENTENCES.privateOnly}${where}`);
  return { kind: "reply", updateId, reply, groupId };
}

function createJob(
  updateId: number,
  bot: BotIdentity,
  request: JobRequest,
  head: { actor: Actor; createdMs: number; deadlineMs?: number },
): UpdateDecision {
  // The shared contract has the last word: what it refuses would be refused by the executor too.
  const job = jobSchema.safeParse({ id: `tg:${bot.id}:${updateId}`, ...head, ...request });
  if (!job.success) return { kind: "poison", reason: "no valid job" };
  return { kind: "job", updateId, job: job.data };
}

function createActor(from: z.infer<typeof userSchema>, chatId: number): Actor {
  const name = [from.first_name, from.last_name].filter((part) => part !== undefined).join(" ");
  return {
    kind: "telegram",
    userId: from.id,
    chatId,
    name: name.slice(0, NAME_CHARS_MAX).toWellFormed(),
  };
}

function toast(updateId: number, callbackQueryId: string, text: string): UpdateDecision {
  return { kind: "reply", updateId, reply: encodeToast(callbackQueryId, text) };
}
