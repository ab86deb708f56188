import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import { TelegramApiError } from "./telegram/api-error.ts";
import type { BotWorld } from "./telegram/bot-world.ts";
import { CallLog, type CallOrigin, type LoggedCall } from "./telegram/call-log.ts";
import { parseCallParams, type CallParams } from "./telegram/call-params.ts";
import { CallbackStore } from "./telegram/callback-store.ts";
import { ChatStore, userObject, type SimUser } from "./telegram/chat-store.ts";
import { CommandStore } from "./telegram/command-store.ts";
import { findEntities } from "./telegram/entities.ts";
import { findMethod } from "./telegram/methods-bot.ts";
import type {
  BotCommand,
  TelegramMessage,
  TelegramUser,
  Toast,
  WorldEvent,
} from "./telegram/objects.ts";
import { PhotoStore, type StoredPhoto } from "./telegram/photo-store.ts";
import { SEND_LIMITS_DEFAULT, SendLimiter, type SendLimits } from "./telegram/rate-limit.ts";
import { UpdateStore } from "./telegram/update-store.ts";
import { WebhookDelivery, type Deliver, type WebhookAnswer } from "./telegram/webhook-delivery.ts";

export interface TelegramModelOptions {
  clock: Clock;
  prng: Prng;
  /** `<bot id>:<secret>`. */
  botToken: string;
  botUsername: string;
  botName?: string;
  users: readonly SimUser[];
  /** Real Telegram takes only https; a local world may hook a loopback http address. */
  allowHttpWebhook: boolean;
  /** Carries one update to the bot; the only way out of the model. */
  deliver: Deliver;
  limits?: Partial<SendLimits>;
}

export interface ApiAnswer {
  status: number;
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

/** A person tried something that their screen would not let them do. */
export class ImpossibleAct extends Error {
  override readonly name = "ImpossibleAct";
}

const USER_TEXT_CHARS_MAX = 4_096;
/** What a webhook answer may not do: read, or change how the bot is reached. */
const NOT_IN_REPLY = /^(?:get.*|setwebhook|deletewebhook|close|logout)$/;

/** The Bot API server and the people on its other side, without any socket. */
export class TelegramModel {
  readonly bot: TelegramUser;
  readonly #world: BotWorld;
  readonly #token: string;
  readonly #calls: CallLog;
  readonly #listeners = new Set<(event: WorldEvent) => void>();

  constructor(options: TelegramModelOptions) {
    const { clock, prng } = options;
    this.#token = options.botToken;
    this.#calls = new CallLog(clock);
    this.bot = {
      id: Number(options.botToken.split(":")[0]),
      is_bot: true,
      first_name: options.botName ?? "Raptor",
      username: options.botUsername,
    };
    const updates = new UpdateStore(clock, prng);
    this.#world = {
      clock,
      bot: this.bot,
      chats: new ChatStore(clock),
      callbacks: new CallbackStore(clock, prng),
      commands: new CommandStore(),
      photos: new PhotoStore(prng),
      limiter: new SendLimiter(clock, { ...SEND_LIMITS_DEFAULT, ...options.limits }),
      updates,
      webhook: new WebhookDelivery({
        clock,
        prng,
        store: updates,
        deliver: options.deliver,
        onReply: (answer) => this.#runReply(answer),
        onOutcome: (updateId, outcome) => this.#emit({ type: "delivery", updateId, outcome }),
      }),
      allowHttpWebhook: options.allowHttpWebhook,
      emit: (event) => this.#emit(event),
    };
    for (const user of options.users) this.#world.chats.putUser(user);
  }

  /** Answers one HTTP call to `/bot<token>/<method>`. */
  async answerHttp(request: {
    token: string;
    method: string;
    query: URLSearchParams;
    contentType: string;
    body: Buffer;
  }): Promise<ApiAnswer> {
    if (request.token !== this.#token)
      return errorAnswer(new TelegramApiError(401, "Unauthorized"));
    try {
      const params = parseCallParams(request.query, request.contentType, request.body);
      return await this.call(request.method, params, "http");
    } catch (error) {
      if (error instanceof TelegramApiError) return errorAnswer(error);
      throw error;
    }
  }

  /** Runs one method and logs it. */
  async call(methodName: string, params: CallParams, origin: CallOrigin): Promise<ApiAnswer> {
    const found = findMethod(methodName);
    const name = found?.name ?? methodName;
    try {
      if (found === undefined) throw new TelegramApiError(404, "Not Found: method not found");
      const result = await found.method(this.#world, params);
      this.#calls.add({ method: name, params, origin, status: 200, description: "" });
      return { status: 200, headers: {}, body: { ok: true, ...result } };
    } catch (error) {
      if (!(error instanceof TelegramApiError)) throw error;
      const { status, description } = error;
      this.#calls.add({ method: name, params, origin, status, description });
      return errorAnswer(error);
    }
  }

  subscribe(listener: (event: WorldEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  users(): SimUser[] {
    return this.#world.chats.users();
  }

  putUser(user: SimUser): SimUser {
    const put = this.#world.chats.putUser(user);
    this.#emit({ type: "user", userId: put.id });
    return put;
  }

  /** A person writes to the bot. @throws ImpossibleAct for an unknown person or a bad text. */
  sendUserMessage(
    userId: number,
    text: string,
    replyToMessageId?: number,
  ): { message: TelegramMessage; updateId: number | undefined } {
    const user = this.#knownUser(userId);
    const trimmed = text.trim();
    if (trimmed === "" || trimmed.length > USER_TEXT_CHARS_MAX) {
      throw new ImpossibleAct("expected a text of 1 to 4096 characters");
    }
    this.#world.chats.putUser({ ...user, blocked: false, started: true });
    const entities = findEntities(trimmed, []).toSorted((a, b) => a.offset - b.offset);
    const target =
      replyToMessageId === undefined
        ? undefined
        : this.#world.chats.message(userId, replyToMessageId);
    if (replyToMessageId !== undefined && target === undefined) {
      throw new ImpossibleAct(`expected a message to reply to, was ${replyToMessageId}`);
    }
    const message = this.#world.chats.post(userId, userObject(user), {
      ...(target === undefined ? {} : { reply_to_message: target }),
      text: trimmed,
      ...(entities.length === 0 ? {} : { entities }),
    });
    const updateId = this.#world.updates.add("message", message);
    const known = updateId === undefined ? {} : { updateId };
    this.#emit({ type: "message", chatId: userId, message, ...known });
    return { message, updateId };
  }

  /**
   * A person presses a button. `force` sends data that no button carries, as a changed client can.
   * @throws ImpossibleAct when the screen offers no such button.
   */
  pressButton(
    userId: number,
    press: { messageId: number; data: string; force?: boolean },
  ): { callbackQueryId: string; updateId: number | undefined } {
    const user = this.#knownUser(userId);
    const message = this.#world.chats.message(userId, press.messageId);
    if (message === undefined) {
      throw new ImpossibleAct(`expected a message of this chat, was ${press.messageId}`);
    }
    const buttons = message.reply_markup?.inline_keyboard.flat() ?? [];
    const isOffered = buttons.some((button) => button.callback_data === press.data);
    if (!isOffered && press.force !== true) {
      const offered = buttons.map((button) => button.callback_data ?? `(${button.text})`);
      throw new ImpossibleAct(
        `expected a button of the message [${offered.join(", ")}], was ${press.data}`,
      );
    }
    const query = this.#world.callbacks.open(userObject(user), message, press.data);
    const { messageId, data } = press;
    this.#emit({ type: "press", chatId: userId, messageId, callbackQueryId: query.id, data });
    const updateId = this.#world.updates.add("callback_query", query);
    return { callbackQueryId: query.id, updateId };
  }

  messages(chatId: number): TelegramMessage[] | undefined {
    return this.#world.chats.messages(chatId);
  }

  toasts(chatId: number): Toast[] {
    return this.#world.callbacks.toasts(chatId);
  }

  commands(chatId: number): BotCommand[] {
    return this.#world.commands.forChat(chatId, "en");
  }

  photo(fileId: string): StoredPhoto | undefined {
    return this.#world.photos.get(fileId);
  }

  calls(): readonly LoggedCall[] {
    return this.#calls.list();
  }

  injectUpdate(update: Readonly<Record<string, unknown>>): number {
    return this.#world.updates.inject(update);
  }

  /** Queues a known update `times` more; returns the ids used, none for an unknown update. */
  redeliver(updateId: number, times: number, newUpdateId: boolean): number[] {
    const ids: number[] = [];
    for (let index = 0; index < times; index += 1) {
      const id = this.#world.updates.repeat(updateId, newUpdateId);
      if (id !== undefined) ids.push(id);
    }
    return ids;
  }

  setLimits(limits: Partial<SendLimits>): SendLimits {
    return this.#world.limiter.setLimits(limits);
  }

  /** Answers 429 to sends and edits, of one chat or of all, for `seconds`. */
  flood(seconds: number, chatId?: number): void {
    this.#world.limiter.flood(seconds, chatId);
  }

  /** Looks again at what is due; to be called after somebody moved the clock. */
  wake(): void {
    this.#world.webhook.pump();
  }

  close(): void {
    this.#world.webhook.close();
  }

  #knownUser(userId: number): SimUser {
    const user = this.#world.chats.user(userId);
    if (user === undefined) throw new ImpossibleAct(`expected a known user id, was ${userId}`);
    return user;
  }

  async #runReply(answer: WebhookAnswer): Promise<void> {
    const contentType = answer.headers["content-type"] ?? "";
    try {
      const body = Buffer.from(answer.body, "utf8");
      const params = parseCallParams(new URLSearchParams(), contentType, body);
      const method = params.text("method");
      if (method === "" || NOT_IN_REPLY.test(method.toLowerCase())) return;
      await this.call(method, params, "webhook-reply");
    } catch (error) {
      // The real server also ignores an answer that it cannot read: the status alone counts.
      if (!(error instanceof TelegramApiError)) throw error;
    }
  }

  #emit(event: WorldEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function errorAnswer(error: TelegramApiError): ApiAnswer {
  const { status, description, retryAfterSeconds } = error;
  const body = { ok: false, error_code: status, description };
  if (retryAfterSeconds === undefined) return { status, headers: {}, body };
  return {
    status,
    headers: { "retry-after": String(retryAfterSeconds) },
    body: { ...body, parameters: { retry_after: retryAfterSeconds } },
  };
}
