import { badRequest } from "./api-error.ts";
import type { BotWorld, MethodResult } from "./bot-world.ts";
import type { CallParams } from "./call-params.ts";
import { formatText, parseEntities, type FormattedText } from "./entities.ts";
import { parseReplyMarkup, type ReplyMarkup } from "./keyboard.ts";
import { isRecord, type TelegramMessage } from "./objects.ts";

const TEXT_CHARS_MAX = 4_096;
const CAPTION_CHARS_MAX = 1_024;
const CHAT_ACTIONS: ReadonlySet<string> = new Set([
  "typing",
  "upload_photo",
  "record_video",
  "upload_video",
  "record_voice",
  "upload_voice",
  "upload_document",
  "choose_sticker",
  "find_location",
  "record_video_note",
  "upload_video_note",
]);

/** Text of a message as the server keeps it. @throws TelegramApiError 400 on every limit. */
export function readText(params: CallParams): FormattedText {
  refuseParseMode(params);
  const entities = parseEntities(params.json("entities", "entities"));
  const formatted = formatText(params.text("text"), entities);
  if (formatted.text === "") throw badRequest("message text is empty");
  if (formatted.text.length > TEXT_CHARS_MAX) throw badRequest("message is too long");
  return formatted;
}

export function readCaption(params: CallParams): FormattedText {
  refuseParseMode(params);
  const entities = parseEntities(params.json("caption_entities", "caption entities"));
  const formatted = formatText(params.text("caption"), entities);
  if (formatted.text.length > CAPTION_CHARS_MAX) throw badRequest("message caption is too long");
  return formatted;
}

export function readReplyMarkup(params: CallParams): ReplyMarkup {
  return parseReplyMarkup(params.json("reply_markup", "reply keyboard markup"));
}

/** Our bot writes entities only, so markup that would need a parser is refused loudly. */
function refuseParseMode(params: CallParams): void {
  if (params.has("parse_mode")) throw badRequest("unsupported parse_mode");
}

export function sendMessage(world: BotWorld, params: CallParams): MethodResult {
  const { text, entities } = readText(params);
  const markup = readReplyMarkup(params);
  const preview = params.json("link_preview_options", "link preview options");
  return send(world, params, markup, {
    text,
    ...(entities.length === 0 ? {} : { entities }),
    ...(isRecord(preview) && preview["is_disabled"] === true
      ? { link_preview_options: { is_disabled: true } }
      : {}),
  });
}

export function sendPhoto(world: BotWorld, params: CallParams): MethodResult {
  const caption = readCaption(params);
  const markup = readReplyMarkup(params);
  world.chats.writableChatId(params);
  const photo = [world.photos.take(params)];
  return send(world, params, markup, {
    photo,
    ...(caption.text === "" ? {} : { caption: caption.text }),
    ...(caption.entities.length === 0 ? {} : { caption_entities: caption.entities }),
  });
}

function send(
  world: BotWorld,
  params: CallParams,
  markup: ReplyMarkup,
  content: Partial<TelegramMessage>,
): MethodResult {
  const chatId = world.chats.writableChatId(params);
  const replyTo = findReplyTarget(world, params, chatId);
  world.limiter.take(chatId);
  const message = world.chats.post(chatId, world.bot, {
    ...(replyTo === undefined ? {} : { reply_to_message: replyTo }),
    ...content,
    ...(params.flag("protect_content") ? { has_protected_content: true as const } : {}),
    ...(markup.keyboard === undefined ? {} : { reply_markup: markup.keyboard }),
  });
  world.emit({ type: "message", chatId, message });
  if (markup.forceReply !== undefined) {
    const { placeholder } = markup.forceReply;
    world.emit({ type: "prompt", chatId, messageId: message.message_id, placeholder });
  }
  return { result: message };
}

function findReplyTarget(
  world: BotWorld,
  params: CallParams,
  chatId: number,
): TelegramMessage | undefined {
  const given = params.json("reply_parameters", "reply parameters");
  const options = isRecord(given) ? given : {};
  const messageId = Number(options["message_id"] ?? params.integer("reply_to_message_id"));
  if (messageId === 0) return undefined;
  const target = world.chats.message(chatId, messageId);
  const mayMiss =
    options["allow_sending_without_reply"] === true || params.flag("allow_sending_without_reply");
  if (target === undefined && !mayMiss) throw badRequest("message to be replied not found");
  if (target === undefined) return undefined;
  // The real server never nests replies deeper than one level.
  const { reply_to_message: _, ...flat } = target;
  return flat;
}

export function sendChatAction(world: BotWorld, params: CallParams): MethodResult {
  const chatId = world.chats.writableChatId(params);
  const action = params.text("action").toLowerCase();
  if (!CHAT_ACTIONS.has(action)) throw badRequest("wrong parameter action in request");
  world.emit({ type: "action", chatId, action });
  return { result: true };
}
