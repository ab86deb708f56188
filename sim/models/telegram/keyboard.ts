import { badRequest } from "./api-error.ts";
import { isHttpUrl } from "./entities.ts";
import { isRecord, type InlineButton, type InlineKeyboard } from "./objects.ts";

const CALLBACK_DATA_BYTES_MAX = 64;
const COPY_TEXT_CHARS_MAX = 256;
const ROW_BUTTONS_MAX = 8;
const BUTTONS_MAX = 100;
const STYLES = ["danger", "success", "primary"] as const;

export interface ReplyMarkup {
  keyboard: InlineKeyboard | undefined;
  /** Set when the bot asks the person to reply; the placeholder may be empty. */
  forceReply: { placeholder: string } | undefined;
}

/** @throws TelegramApiError 400 in the words of the real server. */
export function parseReplyMarkup(value: unknown): ReplyMarkup {
  if (value === undefined) return { keyboard: undefined, forceReply: undefined };
  if (!isRecord(value)) throw badRequest("object expected as reply markup");
  if (value["force_reply"] === true) {
    const placeholder = value["input_field_placeholder"];
    return {
      keyboard: undefined,
      forceReply: { placeholder: typeof placeholder === "string" ? placeholder : "" },
    };
  }
  const rows = value["inline_keyboard"];
  // Reply keyboards change the person's own keyboard; no screen of ours has one.
  if (rows === undefined) return { keyboard: undefined, forceReply: undefined };
  if (!Array.isArray(rows)) {
    throw badRequest(`field "inline_keyboard" must be of type Array`);
  }
  const keyboard = rows.map(parseRow).filter((row) => row.length > 0);
  if (
    keyboard.some((row) => row.length > ROW_BUTTONS_MAX) ||
    keyboard.flat().length > BUTTONS_MAX
  ) {
    throw badRequest("reply markup is too long");
  }
  return {
    keyboard: keyboard.length === 0 ? undefined : { inline_keyboard: keyboard },
    forceReply: undefined,
  };
}

function parseRow(row: unknown): InlineButton[] {
  if (!Array.isArray(row)) {
    throw badRequest(`field "inline_keyboard" must be an Array of Arrays`);
  }
  return row.map(parseButton);
}

function parseButton(value: unknown): InlineButton {
  const where = "can't parse inline keyboard button: ";
  if (!isRecord(value)) throw badRequest(`${where}InlineKeyboardButton must be an Object`);
  const { text, style } = value;
  if (text === undefined) throw badRequest(`${where}Can't find field "text"`);
  if (typeof text !== "string") throw badRequest(`${where}Field "text" must be of type String`);
  if (text.trim() === "") throw badRequest("BUTTON_TEXT_INVALID");
  const known = STYLES.find((name) => name === style);
  if (style !== undefined && known === undefined) {
    throw badRequest(`${where}invalid button style specified`);
  }
  return { text, ...parseAction(value, where), ...(known === undefined ? {} : { style: known }) };
}

function parseAction(value: Record<string, unknown>, where: string): Partial<InlineButton> {
  const { callback_data: data, url, copy_text: copy, web_app: app } = value;
  if (typeof url === "string" && url !== "") {
    if (!isHttpUrl(url)) {
      throw badRequest(`inline keyboard button URL '${url}' is invalid: Wrong HTTP URL`);
    }
    return { url };
  }
  if (typeof data === "string" && data !== "") {
    if (Buffer.byteLength(data, "utf8") > CALLBACK_DATA_BYTES_MAX) {
      throw badRequest("BUTTON_DATA_INVALID");
    }
    return { callback_data: data };
  }
  if (isRecord(copy) && typeof copy["text"] === "string") {
    const length = copy["text"].length;
    if (length < 1 || length > COPY_TEXT_CHARS_MAX) throw badRequest("BUTTON_COPY_TEXT_INVALID");
    return { copy_text: { text: copy["text"] } };
  }
  if (isRecord(app) && typeof app["url"] === "string") {
    if (!app["url"].startsWith("https://")) {
      throw badRequest(
        `inline keyboard button Web App URL '${app["url"]}' is invalid: ` +
          "Only HTTPS links are allowed",
      );
    }
    return { web_app: { url: app["url"] } };
  }
  throw badRequest(`${where}Text buttons are unallowed in the inline keyboard`);
}
