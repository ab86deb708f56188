import type { WorldFile } from "../local/start-world.ts";

export interface ChatButton {
  text: string;
  callback_data?: string;
  url?: string;
}

/** A Telegram message as `GET /world/chats/:id/messages` lists it. */
export interface ChatMessage {
  message_id: number;
  from?: { id: number; is_bot: boolean };
  text?: string;
  reply_markup?: { inline_keyboard?: ChatButton[][] };
}

export interface Toast {
  callbackQueryId: string;
  text: string;
  showAlert: boolean;
}

const POLL_MS = 25;
/**
 * How long anything may take unless a test says otherwise. Only a failure waits for so long, and it
 * has to be one also on a machine that is busy with something else.
 */
const PATIENCE_MS = 60_000;

/** Somebody with a phone: types, presses, reads. Everything goes through the Telegram stand-in. */
export class Person {
  readonly id: number;
  readonly #telegram: string;
  readonly #rpc: string;
  readonly #symbols: ReadonlyMap<string, string>;

  constructor(world: Pick<WorldFile, "telegram" | "rpcs" | "mints">, id: number) {
    this.id = id;
    this.#telegram = world.telegram;
    this.#rpc = world.rpcs.at(-1)?.http ?? "";
    this.#symbols = new Map(world.mints.map(({ mint, symbol }) => [mint, symbol]));
  }

  async say(text: string): Promise<void> {
    await postJson(`${this.#telegram}/world/users/${this.id}/messages`, { text });
  }

  /** Presses the first button whose label contains `label`; fails when there is none. */
  async press(message: ChatMessage, label: string): Promise<{ data: string; updateId: number }> {
    const data = dataOf(message, label);
    const body = { messageId: message.message_id, data };
    const answer = await postJson(`${this.#telegram}/world/users/${this.id}/presses`, body);
    return { data, updateId: (answer as { updateId: number }).updateId };
  }

  async messages(): Promise<ChatMessage[]> {
    const response = await fetch(`${this.#telegram}/world/chats/${this.id}/messages`);
    return (await response.json()) as ChatMessage[];
  }

  /** The bot's messages only. */
  async received(): Promise<ChatMessage[]> {
    return (await this.messages()).filter(isFromBot);
  }

  /** The newest messages, and of them the bot's: a chat may hold thousands. */
  async newest(): Promise<ChatMessage[]> {
    const response = await fetch(`${this.#telegram}/world/chats/${this.id}/newest`);
    return ((await response.json()) as ChatMessage[]).filter(isFromBot);
  }

  /** The newest bot message whose text contains `part`, as soon as there is one. */
  async waitFor(part: string, timeoutMs = PATIENCE_MS): Promise<ChatMessage> {
    return this.#newest(`"${part}"`, ({ text }) => text?.includes(part) === true, timeoutMs);
  }

  async #newest(
    what: string,
    isIt: (message: ChatMessage) => boolean,
    timeoutMs = PATIENCE_MS,
  ): Promise<ChatMessage> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const received = await this.received();
      const found = received.findLast(isIt);
      if (found !== undefined) return found;
      if (performance.now() > deadline) {
        const seen = received.map((message) => message.text).join("\n---\n");
        throw new Error(`no message with ${what} within ${timeoutMs} ms; the chat holds:\n${seen}`);
      }
      await pause(POLL_MS);
    }
  }

  async toasts(): Promise<Toast[]> {
    const response = await fetch(`${this.#telegram}/world/chats/${this.id}/toasts`);
    return (await response.json()) as Toast[];
  }

  /** Waits for a callback answer whose text contains `part`. */
  async waitForToast(part: string, timeoutMs = PATIENCE_MS): Promise<Toast> {
    return waitUntil(async () => {
      return (await this.toasts()).findLast((toast) => toast.text?.includes(part));
    }, timeoutMs);
  }

  /** /start, a funded wallet, and its address. */
  async begin(): Promise<string> {
    await this.say("/start");
    const home = await this.waitFor("Deposit address");
    const address = /[1-9A-HJ-NP-Za-km-z]{32,44}/.exec((home.text ?? "").split("\n")[3] ?? "")?.[0];
    if (address === undefined) throw new Error(`no address on the home screen:\n${home.text}`);
    await waitUntil(async () => ((await this.#lamportsOf(address)) > 0 ? true : undefined));
    return address;
  }

  async #lamportsOf(address: string): Promise<number> {
    const params = [address, { commitment: "confirmed" }];
    const body = { jsonrpc: "2.0", id: 1, method: "getBalance", params };
    return ((await postJson(this.#rpc, body)) as { result: { value: number } }).result.value;
  }

  /** Pastes a mint, presses a preset, returns the receipt of this very buy. */
  async buy(mint: string, preset = "0.5 SOL"): Promise<ChatMessage> {
    const symbol = this.#symbols.get(mint);
    if (symbol === undefined) throw new Error(`the market has no token ${mint}`);
    const older = new Set((await this.received()).map((message) => message.message_id));
    const next = (what: string, isIt: (title: string, text: string) => boolean) =>
      this.#newest(what, ({ message_id, text = "" }) => {
        return !older.has(message_id) && isIt(text.split("\n")[0] ?? "", text);
      });
    await this.say(mint);
    await this.press(await next(`a card of ${symbol}`, (_, text) => text.includes(mint)), preset);
    return next(`a receipt of ${symbol}`, (title) => {
      return title.startsWith("✅ Bought") && title.endsWith(` ${symbol}`);
    });
  }

  /** A message as the chat shows it now: its buttons change with every edit. */
  async shown({ message_id: id }: ChatMessage): Promise<ChatMessage> {
    const found = (await this.messages()).find((message) => message.message_id === id);
    if (found === undefined) throw new Error(`the chat has no message ${id}`);
    return found;
  }
}

export function dataOf(message: ChatMessage, label: string): string {
  const buttons = message.reply_markup?.inline_keyboard?.flat() ?? [];
  const found = buttons.find((button) => button.text.includes(label));
  if (found?.callback_data === undefined) {
    const labels = buttons.map((button) => button.text).join(", ");
    throw new Error(`no button "${label}" among: ${labels}; text: ${message.text}`);
  }
  return found.callback_data;
}

export async function postJson(url: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${url} answered ${response.status}: ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}

function isFromBot({ from }: ChatMessage): boolean {
  return from?.is_bot === true;
}

export async function waitUntil<T>(
  look: () => Promise<T | undefined> | T | undefined,
  timeoutMs = PATIENCE_MS,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`it did not happen within ${timeoutMs} ms`);
    await pause(POLL_MS);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
