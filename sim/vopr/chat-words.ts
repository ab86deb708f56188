import type { TelegramMessage } from "../models/telegram/objects.ts";

/** What nobody should type as an amount. */
export const NONSENSE = [
  "0",
  "-1",
  "NaN",
  "1e309",
  "18446744073709551616",
  "0,1",
  "٠٫١",
  "0.0000000001",
  "all",
  "1 SOL",
  "0x10",
  "999999999",
];
export const BUY_AMOUNTS = ["0.05", "0.1", "0.2", "0.35", "0.5", "0.7"];
export const SELL_PERCENTS = ["100", "all", "50", "25", "10"];

/** The data behind the buttons of one message. */
export function buttonsOf(message: TelegramMessage, wanted: RegExp): string[] {
  const buttons = message.reply_markup?.inline_keyboard.flat() ?? [];
  return buttons.flatMap(({ callback_data: data }) =>
    data !== undefined && wanted.test(data) ? [data] : [],
  );
}

/** The newest button on which these words stand, among the bot's newest `count` messages. */
export function newestSaying(
  messages: readonly TelegramMessage[],
  count: number,
  words: RegExp,
): { messageId: number; data: string } | undefined {
  const own = messages.filter(({ from }) => from.is_bot).slice(-count);
  for (const message of own.toReversed()) {
    const buttons = message.reply_markup?.inline_keyboard.flat() ?? [];
    const data = buttons.find(({ text }) => words.test(text))?.callback_data;
    if (data !== undefined) return { messageId: message.message_id, data };
  }
  return undefined;
}
