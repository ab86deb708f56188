import { badRequest } from "./api-error.ts";
import { isRecord, type MessageEntity } from "./objects.ts";

/** Formatting after the hundredth entity is ignored, without an error. */
const ENTITIES_MAX = 100;
const OFFSET_MAX = 1_000_000;

const GIVEN_TYPES: ReadonlySet<string> = new Set([
  "bold",
  "italic",
  "underline",
  "strikethrough",
  "spoiler",
  "blockquote",
  "expandable_blockquote",
  "code",
  "pre",
  "text_link",
  "custom_emoji",
]);

/** The server finds these itself; a bot may name them, but they are taken from the text. */
const FOUND_TYPES: ReadonlySet<string> = new Set([
  "mention",
  "hashtag",
  "cashtag",
  "bot_command",
  "url",
  "email",
  "phone_number",
]);

const FOUND_PATTERNS: ReadonlyArray<readonly [string, RegExp]> = [
  ["url", /(?:https?:\/\/|www\.)[^\s<>"]*[^\s<>".,!?;:)\]']/giu],
  ["bot_command", /(?<![\w/@#$])\/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/])/gu],
  ["mention", /(?<![\w@])@[A-Za-z0-9_]{4,32}\b/gu],
  ["hashtag", /(?<![\w#])#(?=\w*[\p{L}_])[\p{L}\p{N}_]{1,256}/gu],
  ["cashtag", /(?<![\w$])\$[A-Z]{1,8}(?!\w)/gu],
];

export interface FormattedText {
  text: string;
  entities: MessageEntity[];
}

/** @throws TelegramApiError 400 in the words of the real server. */
export function parseEntities(value: unknown): MessageEntity[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw badRequest("can't parse entities: expected an Array");
  return value
    .map(parseEntity)
    .filter((entity) => entity.length > 0 && GIVEN_TYPES.has(entity.type));
}

function parseEntity(value: unknown): MessageEntity {
  if (!isRecord(value)) throw badRequest("can't parse MessageEntity: expected an Object");
  const { type, offset, length, url, language, custom_emoji_id: emojiId } = value;
  for (const [name, field] of Object.entries({ offset, length })) {
    if (typeof field !== "number" || !Number.isInteger(field)) {
      throw badRequest(`can't parse MessageEntity: Field "${name}" must be of type Number`);
    }
    if (field < 0 || field > OFFSET_MAX) {
      throw badRequest(`receive an entity with incorrect ${name} ${field}`);
    }
  }
  if (typeof type !== "string" || !(GIVEN_TYPES.has(type) || FOUND_TYPES.has(type))) {
    throw badRequest("can't parse MessageEntity: Unsupported type specified");
  }
  if (type === "text_link" && !(typeof url === "string" && isHttpUrl(url))) {
    throw badRequest(`entity URL '${String(url)}' is invalid: Wrong HTTP URL`);
  }
  return {
    type,
    offset: Number(offset),
    length: Number(length),
    ...(typeof url === "string" && type === "text_link" ? { url } : {}),
    ...(typeof language === "string" && type === "pre" ? { language } : {}),
    ...(typeof emojiId === "string" ? { custom_emoji_id: emojiId } : {}),
  };
}

export function isHttpUrl(url: string): boolean {
  if (/^tg:\/\/\w/.test(url)) return true;
  const parsed = URL.parse(/^https?:\/\//i.test(url) ? url : `http://${url}`);
  return parsed !== null && (parsed.hostname.includes(".") || parsed.hostname === "localhost");
}

/**
 * Checks entities against the text, trims blank ends as the server does, and adds what the server
 * finds by itself (links, commands) where nothing was given.
 * @throws TelegramApiError 400 when an entity does not fit the text.
 */
export function formatText(raw: string, given: readonly MessageEntity[]): FormattedText {
  checkFit(raw, given);
  const end = raw.trimEnd().length;
  const firstAt = Math.min(end, ...given.map((entity) => entity.offset));
  const start = Math.min(firstAt, raw.length - raw.trimStart().length);
  const text = raw.slice(start, end);
  const kept = given
    .map((entity) => ({
      ...entity,
      offset: entity.offset - start,
      length: Math.min(entity.offset + entity.length, end) - entity.offset,
    }))
    .filter((entity) => entity.length > 0);
  const entities = [...kept, ...findEntities(text, kept)].toSorted(
    (a, b) => a.offset - b.offset || b.length - a.length,
  );
  return { text, entities: entities.slice(0, ENTITIES_MAX) };
}

/** Links, commands, mentions and tags in `text` outside of the entities in `taken`. */
export function findEntities(text: string, taken: readonly MessageEntity[]): MessageEntity[] {
  const found: MessageEntity[] = [];
  const blocking = taken.filter((entity) => ["code", "pre", "text_link"].includes(entity.type));
  for (const [type, pattern] of FOUND_PATTERNS) {
    for (const match of text.matchAll(pattern)) {
      const entity = { type, offset: match.index, length: match[0].length };
      if (![...blocking, ...found].some((other) => overlaps(other, entity))) found.push(entity);
    }
  }
  return found;
}

function checkFit(text: string, entities: readonly MessageEntity[]): void {
  for (const { offset, length } of entities) {
    if (offset > text.length) {
      throw badRequest(`entity begins after the end of the text at UTF-16 offset ${offset}`);
    }
    const end = offset + length;
    if (end > text.length) {
      throw badRequest(
        `entity beginning at UTF-16 offset ${offset} ends after the end of the text ` +
          `at UTF-16 offset ${end}`,
      );
    }
    if (splitsSymbol(text, offset)) {
      throw badRequest(
        `entity begins in a middle of a UTF-16 symbol at byte offset ${byteOffset(text, offset)}`,
      );
    }
    if (splitsSymbol(text, end)) {
      throw badRequest(
        `entity beginning at UTF-16 offset ${offset} ends in a middle of a UTF-16 symbol ` +
          `at byte offset ${byteOffset(text, end)}`,
      );
    }
  }
}

function splitsSymbol(text: string, at: number): boolean {
  if (at <= 0 || at >= text.length) return false;
  return /^[\uD800-\uDBFF][\uDC00-\uDFFF]$/.test(text.slice(at - 1, at + 1));
}

/** The real server counts to the end of the split symbol. */
function byteOffset(text: string, at: number): number {
  return Buffer.byteLength(text.slice(0, at + 1), "utf8");
}

function overlaps(a: MessageEntity, b: MessageEntity): boolean {
  return a.offset < b.offset + b.length && b.offset < a.offset + a.length;
}
