import type { Clock } from "@raptor/shared/seams/clock.ts";
import { badRequest, forbidden } from "./api-error.ts";
import type { CallParams } from "./call-params.ts";
import type { TelegramChat, TelegramMessage, TelegramUser } from "./objects.ts";

export interface SimUser {
  id: number;
  name: string;
  username?: string;
  /** The person blocked the bot; their next message lifts it. */
  blocked?: boolean;
  /** False: the person never opened the chat, so the bot cannot find it. Default true. */
  started?: boolean;
}

interface ChatState {
  user: SimUser;
  messages: Map<number, TelegramMessage>;
  nextMessageId: number;
}

/** A long run must not grow without end; an audit of a storm looks back over all of its chats. */
const CHAT_MESSAGES_MAX = 100_000;

/** People and their private chats with the bot. */
export class ChatStore {
  readonly #clock: Clock;
  readonly #chats = new Map<number, ChatState>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  users(): SimUser[] {
    return [...this.#chats.values()].map((chat) => chat.user);
  }

  user(userId: number): SimUser | undefined {
    return this.#chats.get(userId)?.user;
  }

  /** Adds a person, or changes what is known of one. */
  putUser(user: SimUser): SimUser {
    const chat = this.#chats.get(user.id);
    const merged = { ...chat?.user, ...user };
    if (chat === undefined) {
      this.#chats.set(user.id, { user: merged, messages: new Map(), nextMessageId: 1 });
    } else {
      chat.user = merged;
    }
    return merged;
  }

  messages(chatId: number): TelegramMessage[] | undefined {
    const chat = this.#chats.get(chatId);
    return chat === undefined ? undefined : [...chat.messages.values()];
  }

  message(chatId: number, messageId: number): TelegramMessage | undefined {
    return this.#chats.get(chatId)?.messages.get(messageId);
  }

  /** The chat that a method names. @throws TelegramApiError when the bot may not write there. */
  writableChatId(params: CallParams): number {
    if (!params.has("chat_id")) throw badRequest("chat_id is empty");
    const chatId = params.integer("chat_id");
    const user = this.user(chatId);
    if (user === undefined || user.started === false) throw badRequest("chat not found");
    if (user.blocked === true) throw forbidden("bot was blocked by the user");
    return chatId;
  }

  /** @throws Error when nobody has this id; callers look the chat up first. */
  post(
    chatId: number,
    from: TelegramUser,
    content: Omit<TelegramMessage, "message_id" | "from" | "chat" | "date">,
  ): TelegramMessage {
    const chat = this.#chats.get(chatId);
    if (chat === undefined) throw new Error(`expected a known chat, was ${chatId}`);
    const message: TelegramMessage = {
      message_id: chat.nextMessageId++,
      from,
      chat: chatOf(chat.user),
      date: this.#nowSeconds(),
      ...content,
    };
    chat.messages.set(message.message_id, message);
    const oldest = chat.messages.keys().next().value;
    if (chat.messages.size > CHAT_MESSAGES_MAX && oldest !== undefined)
      chat.messages.delete(oldest);
    return message;
  }

  replace(message: TelegramMessage): TelegramMessage {
    const edited = { ...message, edit_date: this.#nowSeconds() };
    this.#chats.get(message.chat.id)?.messages.set(message.message_id, edited);
    return edited;
  }

  delete(chatId: number, messageId: number): void {
    this.#chats.get(chatId)?.messages.delete(messageId);
  }

  #nowSeconds(): number {
    return Math.floor(this.#clock.nowMs() / 1_000);
  }
}

export function userObject(user: SimUser): TelegramUser {
  return {
    id: user.id,
    is_bot: false,
    first_name: user.name,
    ...(user.username === undefined ? {} : { username: user.username }),
    language_code: "en",
  };
}

function chatOf(user: SimUser): TelegramChat {
  return {
    id: user.id,
    type: "private",
    first_name: user.name,
    ...(user.username === undefined ? {} : { username: user.username }),
  };
}
