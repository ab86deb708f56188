import { badRequest } from "./api-error.ts";
import type { BotWorld, MethodResult } from "./bot-world.ts";
import type { CallParams } from "./call-params.ts";
import { readCaption, readReplyMarkup, readText } from "./methods-send.ts";
import type { TelegramMessage } from "./objects.ts";

const DELETE_LIMIT_SECONDS = 48 * 3_600;

const NOT_MODIFIED =
  "message is not modified: specified new message content and reply markup are exactly the same " +
  "as a current content and reply markup of the message";

export function editMessageText(world: BotWorld, params: CallParams): MethodResult {
  const { text, entities } = readText(params);
  const message = findOwnMessage(world, params);
  if (message.text === undefined) throw badRequest("there is no text in the message to edit");
  const { entities: _, ...rest } = message;
  return replace(world, params, message, {
    ...rest,
    text,
    ...(entities.length === 0 ? {} : { entities }),
  });
}

export function editMessageCaption(world: BotWorld, params: CallParams): MethodResult {
  const caption = readCaption(params);
  const message = findOwnMessage(world, params);
  if (message.photo === undefined) throw badRequest("there is no caption in the message to edit");
  const { caption: _, caption_entities: __, ...rest } = message;
  return replace(world, params, message, {
    ...rest,
    ...(caption.text === "" ? {} : { caption: caption.text }),
    ...(caption.entities.length === 0 ? {} : { caption_entities: caption.entities }),
  });
}

export function editMessageReplyMarkup(world: BotWorld, params: CallParams): MethodResult {
  const message = findOwnMessage(world, params);
  return replace(world, params, message, message);
}

export function deleteMessage(world: BotWorld, params: CallParams): MethodResult {
  const chatId = world.chats.writableChatId(params);
  const messageId = readMessageId(params);
  const message = world.chats.message(chatId, messageId);
  if (message === undefined) throw badRequest("message to delete not found");
  if (world.clock.nowMs() / 1_000 - message.date > DELETE_LIMIT_SECONDS) {
    throw badRequest("message can't be deleted for everyone");
  }
  world.chats.delete(chatId, messageId);
  world.emit({ type: "delete", chatId, messageId });
  return { result: true };
}

export function answerCallbackQuery(world: BotWorld, params: CallParams): MethodResult {
  const toast = world.callbacks.answer(params.text("callback_query_id"), {
    text: params.text("text"),
    showAlert: params.flag("show_alert"),
    url: params.text("url"),
  });
  world.emit({ type: "toast", ...toast });
  return { result: true };
}

function readMessageId(params: CallParams): number {
  const messageId = params.integer("message_id");
  if (messageId <= 0) throw badRequest("message identifier is not specified");
  return messageId;
}

function findOwnMessage(world: BotWorld, params: CallParams): TelegramMessage {
  const chatId = world.chats.writableChatId(params);
  const message = world.chats.message(chatId, readMessageId(params));
  if (message === undefined) throw badRequest("message to edit not found");
  if (message.from.id !== world.bot.id) throw badRequest("message can't be edited");
  return message;
}

/** The keyboard always becomes what the call carries: an edit without one takes it away. */
function replace(
  world: BotWorld,
  params: CallParams,
  before: TelegramMessage,
  content: TelegramMessage,
): MethodResult {
  const { keyboard } = readReplyMarkup(params);
  const { reply_markup: _, ...rest } = content;
  const after = { ...rest, ...(keyboard === undefined ? {} : { reply_markup: keyboard }) };
  if (sameContent(before, after)) throw badRequest(NOT_MODIFIED);
  world.limiter.take(before.chat.id);
  const message = world.chats.replace(after);
  world.emit({ type: "edit", chatId: message.chat.id, message });
  return { result: message };
}

function sameContent(a: TelegramMessage, b: TelegramMessage): boolean {
  function contentOf(message: TelegramMessage): string {
    const { text, entities, caption, caption_entities: marks, reply_markup: markup } = message;
    return JSON.stringify([text, entities, caption, marks, markup]);
  }
  return contentOf(a) === contentOf(b);
}
