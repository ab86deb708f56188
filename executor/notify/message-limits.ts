import type { MessageButton, MessageContent, MessageEntity } from "@raptor/shared/domain/rows.ts";

/** Limits of the Bot API. Text is counted in UTF-16 units, callback data in bytes. */
export const TEXT_CHARS_MAX = 4_096;
const ENTITIES_MAX = 100;
const CALLBACK_BYTES_MAX = 64;
const COPY_CHARS_MAX = 256;
const CUT_MARK = "\n…";

export type FittedMessage =
  | { isFit: true; content: MessageContent; losses: string[] }
  | { isFit: false; reason: string };

/**
 * Checks a message before it leaves. Too long a text is cut and a wrong entity dropped, because a
 * shortened receipt is better than none; a button that could not work is refused.
 */
export function fitMessage(content: MessageContent): FittedMessage {
  if (content.text.trim() === "") return { isFit: false, reason: "expected a text, was empty" };
  for (const button of content.keyboard.flat()) {
    const problem = checkButton(button);
    if (problem !== undefined) return { isFit: false, reason: problem };
  }
  const losses: string[] = [];
  const text = cutText(content.text);
  if (text !== content.text) losses.push("the text was cut");
  const inRange = content.entities.filter((entity) => isInRange(entity, content.text.length));
  if (inRange.length < content.entities.length) losses.push("entities out of range were dropped");
  const kept = inRange.flatMap((entity) => clipEntity(entity, text)).slice(0, ENTITIES_MAX);
  return { isFit: true, content: { ...content, text, entities: kept }, losses };
}

/** Cuts at a whole character. */
function cutText(text: string): string {
  if (text.length <= TEXT_CHARS_MAX) return text;
  return text.slice(0, TEXT_CHARS_MAX - CUT_MARK.length).toWellFormed() + CUT_MARK;
}

function isInRange({ offset, length }: MessageEntity, textLength: number): boolean {
  const isWhole = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
  return isWhole && offset >= 0 && length > 0 && offset + length <= textLength;
}

function clipEntity(entity: MessageEntity, text: string): MessageEntity[] {
  const length = Math.min(entity.length, text.length - entity.offset);
  return length > 0 ? [{ ...entity, length }] : [];
}

function checkButton(button: MessageButton): string | undefined {
  if (button.text.trim() === "") return "expected a button with a text";
  if ("callbackData" in button) {
    const byteCount = Buffer.byteLength(button.callbackData);
    if (byteCount < 1 || byteCount > CALLBACK_BYTES_MAX) {
      return `expected callback data of 1 to ${CALLBACK_BYTES_MAX} bytes, was ${byteCount}`;
    }
  }
  if ("copyText" in button) {
    const charCount = button.copyText.length;
    if (charCount < 1 || charCount > COPY_CHARS_MAX) {
      return `expected copy text of 1 to ${COPY_CHARS_MAX} characters, was ${charCount}`;
    }
  }
  return undefined;
}
