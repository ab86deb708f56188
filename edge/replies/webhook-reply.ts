/**
 * A Bot API call inside the answer to a webhook: Telegram executes it, so the edge needs no bot
 * token. Nothing has a parse mode, so no text can be mistaken for markup.
 */
export type WebhookReply =
  | {
      method: "sendMessage";
      chat_id: number;
      text: string;
      link_preview_options: { is_disabled: true };
      reply_parameters?: { message_id: number; allow_sending_without_reply: true };
    }
  | { method: "answerCallbackQuery"; callback_query_id: string; text?: string; show_alert?: true }
  | { method: "sendChatAction"; chat_id: number; action: "typing" };

const TOAST_CHARS_MAX = 200;
const TEXT_CHARS_MAX = 4_096;

/** `aboutMessageId`: the message that the text is about, which Telegram shows above it. */
export function encodeMessage(chatId: number, text: string, aboutMessageId?: number): WebhookReply {
  const about = { message_id: aboutMessageId ?? 0, allow_sending_without_reply: true } as const;
  return {
    method: "sendMessage",
    chat_id: chatId,
    text: clip(text, TEXT_CHARS_MAX),
    link_preview_options: { is_disabled: true },
    ...(aboutMessageId === undefined ? {} : { reply_parameters: about }),
  };
}

/** The one answer that every pressed button must get, or its spinner never ends. */
export function encodeToast(callbackQueryId: string, text?: string, isAlert = false): WebhookReply {
  return {
    method: "answerCallbackQuery",
    callback_query_id: callbackQueryId,
    ...(text === undefined || text === "" ? {} : { text: clip(text, TOAST_CHARS_MAX) }),
    ...(isAlert ? { show_alert: true } : {}),
  };
}

export function encodeTyping(chatId: number): WebhookReply {
  return { method: "sendChatAction", chat_id: chatId, action: "typing" };
}

function clip(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 1).toWellFormed()}…`;
}
