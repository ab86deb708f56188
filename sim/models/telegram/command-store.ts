import { badRequest } from "./api-error.ts";
import type { CallParams } from "./call-params.ts";
import { isRecord, type BotCommand } from "./objects.ts";

const COMMANDS_MAX = 100;
const DESCRIPTION_CHARS_MAX = 256;
const PLAIN_SCOPES: ReadonlySet<string> = new Set([
  "default",
  "all_private_chats",
  "all_group_chats",
  "all_chat_administrators",
]);

/** The command menu per scope and language. */
export class CommandStore {
  readonly #lists = new Map<string, BotCommand[]>();

  set(params: CallParams): void {
    const key = scopeKey(params);
    const parsed = params.json("commands", "commands");
    if (!Array.isArray(parsed)) throw badRequest("can't parse commands: expected an Array");
    if (parsed.length > COMMANDS_MAX) throw badRequest("BOT_COMMANDS_TOO_MUCH");
    this.#lists.set(key, parsed.map(parseCommand));
  }

  get(params: CallParams): BotCommand[] {
    return this.#lists.get(scopeKey(params)) ?? [];
  }

  delete(params: CallParams): void {
    this.#lists.delete(scopeKey(params));
  }

  /** What a person sees in a private chat: the narrowest scope that has a list. */
  forChat(chatId: number, language: string): BotCommand[] {
    for (const scope of [`chat:${chatId}`, "all_private_chats", "default"]) {
      for (const code of [language, ""]) {
        const list = this.#lists.get(`${scope}/${code}`);
        if (list !== undefined && list.length > 0) return list;
      }
    }
    return [];
  }
}

function scopeKey(params: CallParams): string {
  const scope = params.json("scope", "BotCommandScope") ?? { type: "default" };
  const language = params.text("language_code");
  if (language !== "" && !/^[a-z]{2}$/.test(language)) {
    throw badRequest("invalid language code specified");
  }
  if (!isRecord(scope)) throw badRequest("BotCommandScope must be an Object");
  const { type, chat_id: chatId } = scope;
  if (type === "chat") {
    if (chatId === undefined) throw badRequest("chat_id is empty");
    return `chat:${String(chatId)}/${language}`;
  }
  if (typeof type !== "string" || !PLAIN_SCOPES.has(type)) {
    throw badRequest("can't parse BotCommandScope: Unsupported type specified");
  }
  return `${type}/${language}`;
}

function parseCommand(value: unknown): BotCommand {
  const { command, description } = isRecord(value) ? value : {};
  if (typeof command !== "string" || typeof description !== "string") {
    throw badRequest("can't parse BotCommand: expected command and description");
  }
  const name = command.startsWith("/") ? command.slice(1) : command;
  if (!/^[a-z0-9_]{1,32}$/.test(name)) throw badRequest("BOT_COMMAND_INVALID");
  const length = description.trim().length;
  if (length < 1 || length > DESCRIPTION_CHARS_MAX) {
    throw badRequest("BOT_COMMAND_DESCRIPTION_INVALID");
  }
  return { command: name, description: description.trim() };
}
