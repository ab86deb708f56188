import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import { badRequest } from "./api-error.ts";
import type { CallbackQuery, TelegramMessage, TelegramUser, Toast } from "./objects.ts";
import { CALLBACK_LIFE_MS } from "./update-store.ts";

const OPEN_MAX = 5_000;
const TOASTS_MAX = 1_000;
const ANSWER_CHARS_MAX = 200;

interface OpenQuery {
  chatId: number;
  messageId: number;
  pressedAtMs: number;
}

/** Presses that wait for the bot's one answer, and the answers that people saw. */
export class CallbackStore {
  readonly #clock: Clock;
  readonly #prng: Prng;
  readonly #open = new Map<string, OpenQuery>();
  #toasts: Toast[] = [];

  constructor(clock: Clock, prng: Prng) {
    this.#clock = clock;
    this.#prng = prng;
  }

  open(from: TelegramUser, message: TelegramMessage, data: string): CallbackQuery {
    const id = `${from.id}${String(this.#prng.nextInt(2 ** 31)).padStart(10, "0")}`;
    this.#open.set(id, {
      chatId: message.chat.id,
      messageId: message.message_id,
      pressedAtMs: this.#clock.nowMs(),
    });
    const oldest = this.#open.keys().next().value;
    if (this.#open.size > OPEN_MAX && oldest !== undefined) this.#open.delete(oldest);
    return { id, from, message, chat_instance: chatInstance(message.chat.id), data };
  }

  /** @throws TelegramApiError 400 for an unknown, answered or expired query, or a long text. */
  answer(queryId: string, answer: Pick<Toast, "text" | "showAlert" | "url">): Toast {
    const open = this.#open.get(queryId);
    const nowMs = this.#clock.nowMs();
    if (open === undefined || nowMs - open.pressedAtMs > CALLBACK_LIFE_MS) {
      this.#open.delete(queryId);
      throw badRequest("query is too old and response timeout expired or query ID is invalid");
    }
    if (answer.text.length > ANSWER_CHARS_MAX) throw badRequest("MESSAGE_TOO_LONG");
    this.#open.delete(queryId);
    const { chatId, messageId } = open;
    const toast: Toast = { chatId, messageId, callbackQueryId: queryId, ...answer, atMs: nowMs };
    this.#toasts = [...this.#toasts.slice(1 - TOASTS_MAX), toast];
    return toast;
  }

  toasts(chatId: number): Toast[] {
    return this.#toasts.filter((toast) => toast.chatId === chatId);
  }
}

/** Stable per chat, and too large for a double, as the real one. */
function chatInstance(chatId: number): string {
  return String(BigInt(chatId) * 7_919_000_017n + 4_611_686_018_427_387_904n);
}
