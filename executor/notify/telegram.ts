import type { MessageButton, MessageContent } from "@raptor/shared/domain/rows.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { Net } from "@raptor/shared/seams/net.ts";
import type { Secret } from "@raptor/shared/values/secret.ts";
import type { ChatPort, DeliverOutcome, OutgoingMessage } from "../ports/notifier.ts";
import { fitMessage } from "./message-limits.ts";
import { TelegramApi, type ApiAnswer } from "./telegram-api.ts";

export interface TelegramChatDeps {
  net: Net;
  clock: Clock;
  log: Log;
  baseUrl: string;
  token: Secret;
}

export interface BotCommand {
  command: string;
  description: string;
}

export interface WebhookState {
  url: string;
  pendingUpdates: number;
  lastError: { atMs: number; message: string } | undefined;
}

export interface TelegramChat extends ChatPort {
  /** Fills the menu of commands. @returns false when Telegram did not take it. */
  setCommands(commands: readonly BotCommand[]): Promise<boolean>;
  /**
   * Points the webhook at `url`, also when it points there already: the secret cannot be read
   * back, so only setting it again makes sure of it.
   * @returns false when Telegram could not be asked or refused.
   */
  setWebhook(webhook: { url: string; secret: Secret }): Promise<boolean>;
  /** Where Telegram sends updates, and its last trouble with that; undefined when it is silent. */
  getWebhook(): Promise<WebhookState | undefined>;
  /** Who the token belongs to; undefined when Telegram did not say. */
  getMe(): Promise<{ id: number; username: string } | undefined>;
}

/** The only kinds of update that the edge understands. */
const ALLOWED_UPDATES = ["callback_query", "message"];

/** Telegram's words for an edit that changes nothing: what was wanted is what stands there. */
const NOT_MODIFIED = "message is not modified";
/** The message is gone or can no longer be edited: the news goes into a new one. */
const NOT_EDITABLE = ["message to edit not found", "message can't be edited", "MESSAGE_ID_INVALID"];

export function createTelegramChat(deps: TelegramChatDeps): TelegramChat {
  return new BotApiChat(deps);
}

class BotApiChat implements TelegramChat {
  readonly #api: TelegramApi;
  readonly #log: Log;

  constructor(deps: TelegramChatDeps) {
    this.#api = new TelegramApi(deps);
    this.#log = deps.log;
  }

  health(): { name: string; ok: boolean; detail: string } {
    return this.#api.health();
  }

  async deliver(message: OutgoingMessage): Promise<DeliverOutcome> {
    const fitted = fitMessage(message.content);
    if (!fitted.isFit) return { outcome: "refused", reason: fitted.reason };
    const { content, losses } = fitted;
    if (losses.length > 0) this.#log.warn({ losses }, "a message did not fit as it was");
    if (message.messageId !== null) {
      const edited = await this.#edit(message.chatId, message.messageId, content);
      if (edited !== undefined) return edited;
    }
    return this.#send(message, content);
  }

  async setCommands(commands: readonly BotCommand[]): Promise<boolean> {
    return this.#succeeds("setMyCommands", { commands });
  }

  async setWebhook(webhook: { url: string; secret: Secret }): Promise<boolean> {
    return this.#succeeds("setWebhook", {
      url: webhook.url,
      secret_token: webhook.secret.reveal(),
      allowed_updates: ALLOWED_UPDATES,
    });
  }

  async getMe(): Promise<{ id: number; username: string } | undefined> {
    const answer = await this.#api.call("getMe", {});
    if (answer.kind !== "ok") return undefined;
    const { id, username } = fieldsOf(answer.result);
    if (typeof id !== "number" || typeof username !== "string") return undefined;
    return { id, username };
  }

  async getWebhook(): Promise<WebhookState | undefined> {
    const answer = await this.#api.call("getWebhookInfo", {});
    if (answer.kind !== "ok") return undefined;
    const { url, pending_update_count: pending, ...rest } = fieldsOf(answer.result);
    const { last_error_date: atS, last_error_message: message } = rest;
    const lastError =
      typeof atS === "number" && typeof message === "string"
        ? { atMs: atS * 1_000, message }
        : undefined;
    const pendingUpdates = typeof pending === "number" ? pending : 0;
    return { url: typeof url === "string" ? url : "", pendingUpdates, lastError };
  }

  /** Undefined when the message can no longer be edited. */
  async #edit(
    chatId: number,
    messageId: number,
    content: MessageContent,
  ): Promise<DeliverOutcome | undefined> {
    const answer = await this.#api.call("editMessageText", {
      ...bodyOf(chatId, content),
      message_id: messageId,
    });
    if (answer.kind === "refused") {
      if (answer.description.includes(NOT_MODIFIED)) return { outcome: "delivered", messageId };
      if (NOT_EDITABLE.some((words) => answer.description.includes(words))) return undefined;
    }
    return answer.kind === "ok" ? { outcome: "delivered", messageId } : failureOf(answer);
  }

  async #send(message: OutgoingMessage, content: MessageContent): Promise<DeliverOutcome> {
    const answer = await this.#api.call("sendMessage", {
      ...bodyOf(message.chatId, content),
      ...forceReplyOf(content),
      disable_notification: message.isSilent,
      protect_content: message.isProtected,
    });
    if (answer.kind !== "ok") return failureOf(answer);
    const { message_id: messageId } = fieldsOf(answer.result);
    if (typeof messageId === "number") return { outcome: "delivered", messageId };
    return { outcome: "retry", afterMs: null, cause: "an answer without message_id" };
  }

  async #succeeds(method: string, params: Readonly<Record<string, unknown>>): Promise<boolean> {
    const answer = await this.#api.call(method, params);
    if (answer.kind === "refused") {
      const { description } = answer;
      this.#log.warn({ method, description }, "Telegram refused a setting of the bot");
    }
    return answer.kind === "ok";
  }
}

function failureOf(answer: Exclude<ApiAnswer, { kind: "ok" }>): DeliverOutcome {
  if (answer.kind === "wait") {
    return { outcome: "retry", afterMs: answer.afterMs, cause: "too many requests" };
  }
  if (answer.kind === "silent") {
    return { outcome: "retry", afterMs: null, cause: answer.cause };
  }
  return { outcome: "refused", reason: `${answer.status} ${answer.description}`.trim() };
}

/** Text and entities, never a parse mode, so that no name can become markup. */
function bodyOf(chatId: number, content: MessageContent): Record<string, unknown> {
  const keyboard = content.keyboard.filter((row) => row.length > 0);
  const hasKeyboard = keyboard.length > 0;
  return {
    chat_id: chatId,
    text: content.text,
    entities: content.entities,
    link_preview_options: { is_disabled: true },
    ...(hasKeyboard
      ? { reply_markup: { inline_keyboard: keyboard.map((row) => row.map(buttonOf)) } }
      : {}),
  };
}

/** Telegram takes one kind of markup a message, and a forced reply only with a new one. */
function forceReplyOf(content: MessageContent): Record<string, unknown> {
  if (content.forceReply !== true || content.keyboard.flat().length > 0) return {};
  return { reply_markup: { force_reply: true } };
}

function buttonOf(button: MessageButton): Record<string, unknown> {
  if ("url" in button) return { text: button.text, url: button.url };
  if ("copyText" in button) return { text: button.text, copy_text: { text: button.copyText } };
  const { text, callbackData, style } = button;
  return { text, callback_data: callbackData, ...(style === undefined ? {} : { style }) };
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
