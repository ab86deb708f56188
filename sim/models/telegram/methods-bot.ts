import type { BotWorld, Method, MethodResult } from "./bot-world.ts";
import type { CallParams } from "./call-params.ts";
import {
  answerCallbackQuery,
  deleteMessage,
  editMessageCaption,
  editMessageReplyMarkup,
  editMessageText,
} from "./methods-edit.ts";
import { sendChatAction, sendMessage, sendPhoto } from "./methods-send.ts";
import { deleteWebhook, getUpdates, getWebhookInfo, setWebhook } from "./methods-webhook.ts";

function getMe(world: BotWorld): MethodResult {
  const abilities = {
    can_join_groups: true,
    can_read_all_group_messages: false,
    supports_inline_queries: false,
    can_connect_to_business: false,
    has_main_web_app: false,
  };
  return { result: { ...world.bot, ...abilities } };
}

function setMyCommands(world: BotWorld, params: CallParams): MethodResult {
  world.commands.set(params);
  world.emit({ type: "commands" });
  return { result: true };
}

function getMyCommands(world: BotWorld, params: CallParams): MethodResult {
  return { result: world.commands.get(params) };
}

function deleteMyCommands(world: BotWorld, params: CallParams): MethodResult {
  world.commands.delete(params);
  world.emit({ type: "commands" });
  return { result: true };
}

const METHODS: Readonly<Record<string, Method>> = {
  answerCallbackQuery,
  deleteMessage,
  deleteMyCommands,
  deleteWebhook,
  editMessageCaption,
  editMessageReplyMarkup,
  editMessageText,
  getMe,
  getMyCommands,
  getUpdates,
  getWebhookInfo,
  sendChatAction,
  sendMessage,
  sendPhoto,
  setMyCommands,
  setWebhook,
};

const BY_LOWER_NAME = new Map(
  Object.entries(METHODS).map(([name, method]) => [name.toLowerCase(), { name, method }]),
);

/** Method names are not case sensitive. */
export function findMethod(name: string): { name: string; method: Method } | undefined {
  return BY_LOWER_NAME.get(name.toLowerCase());
}
