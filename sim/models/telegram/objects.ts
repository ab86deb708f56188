/** The parts of the Bot API's objects that the stand-in produces, with the wire's own names. */
export interface TelegramUser {
  id: number;
  is_bot: boolean;
  first_name: string;
  username?: string;
  language_code?: string;
}

export interface TelegramChat {
  id: number;
  type: "private";
  first_name: string;
  username?: string;
}

export interface MessageEntity {
  type: string;
  /** UTF-16 code units, as is `length`. */
  offset: number;
  length: number;
  url?: string;
  language?: string;
  custom_emoji_id?: string;
}

export interface InlineButton {
  text: string;
  callback_data?: string;
  url?: string;
  copy_text?: { text: string };
  web_app?: { url: string };
  style?: "danger" | "success" | "primary";
}

export interface InlineKeyboard {
  inline_keyboard: InlineButton[][];
}

export interface PhotoSize {
  file_id: string;
  file_unique_id: string;
  width: number;
  height: number;
  file_size: number;
}

export interface TelegramMessage {
  message_id: number;
  from: TelegramUser;
  chat: TelegramChat;
  /** Seconds since the Unix epoch, as is `edit_date`. */
  date: number;
  edit_date?: number;
  reply_to_message?: TelegramMessage;
  text?: string;
  entities?: MessageEntity[];
  photo?: PhotoSize[];
  caption?: string;
  caption_entities?: MessageEntity[];
  link_preview_options?: { is_disabled: boolean };
  has_protected_content?: true;
  reply_markup?: InlineKeyboard;
}

export interface CallbackQuery {
  id: string;
  from: TelegramUser;
  message: TelegramMessage;
  chat_instance: string;
  data: string;
}

/** One update: its id and exactly one further field named after its type. */
export type TelegramUpdate = { update_id: number } & Record<string, unknown>;

export interface BotCommand {
  command: string;
  description: string;
}

/** How a person's screen learns of changes; the chat page receives these as they are. */
export type WorldEvent =
  | { type: "message" | "edit"; chatId: number; message: TelegramMessage; updateId?: number }
  | { type: "delete"; chatId: number; messageId: number }
  | { type: "press"; chatId: number; messageId: number; callbackQueryId: string; data: string }
  | ({ type: "toast" } & Toast)
  | { type: "action"; chatId: number; action: string }
  | { type: "prompt"; chatId: number; messageId: number; placeholder: string }
  | { type: "commands" }
  | { type: "user"; userId: number }
  | { type: "delivery"; updateId: number; outcome: "delivered" | "retry" | "dropped" };

export interface Toast {
  chatId: number;
  messageId: number;
  callbackQueryId: string;
  text: string;
  showAlert: boolean;
  url: string;
  atMs: number;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
