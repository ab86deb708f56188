import type { Chain } from "../models/chain.ts";

const ADDRESS = /^[1-9A-HJ-NP-Za-km-z]{32,44}$/;
const POLL_MS = 200;

/** What `GET /world/chats/:id/messages` lists, as far as the faucet reads it. */
interface ChatMessage {
  text?: string;
  entities?: { type: string; offset: number; length: number }[];
}

/** A generous friend: sends SOL once to each deposit address that the bot shows to a person. */
export class Faucet {
  readonly #chain: Chain;
  readonly #telegramUrl: string;
  readonly #userIds: readonly number[];
  readonly #lamports: bigint;
  readonly #funded = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: {
    chain: Chain;
    telegramUrl: string;
    userIds: readonly number[];
    lamports: bigint;
  }) {
    this.#chain = options.chain;
    this.#telegramUrl = options.telegramUrl;
    this.#userIds = options.userIds;
    this.#lamports = options.lamports;
  }

  start(): void {
    this.#timer = setInterval(() => {
      for (const userId of this.#userIds) {
        if (!this.#funded.has(`user:${userId}`)) void this.#look(userId);
      }
    }, POLL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(userId: number): Promise<void> {
    for (const message of await this.#read(userId)) {
      for (const { type, offset, length } of message.entities ?? []) {
        const address = (message.text ?? "").slice(offset, offset + length);
        const isHome = (message.text ?? "").startsWith("Raptor ·");
        if (type !== "code" || !isHome || !ADDRESS.test(address)) continue;
        if (this.#funded.has(address)) continue;
        this.#funded.add(address).add(`user:${userId}`);
        this.#chain.airdrop(address, this.#lamports);
      }
    }
  }

  async #read(userId: number): Promise<ChatMessage[]> {
    try {
      const response = await fetch(`${this.#telegramUrl}/world/chats/${userId}/messages`);
      return response.ok ? ((await response.json()) as ChatMessage[]) : [];
    } catch {
      // The chat has no time, or ends while it is read: the next look is a moment away.
      return [];
    }
  }
}
