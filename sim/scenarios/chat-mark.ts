import { type ChatMessage, type Person, type Toast, waitUntil } from "./person.ts";

/**
 * What a chat showed at one moment. Only what came, or was edited to say so, after it counts: an
 * older message with the same words is no answer to what was done since.
 */
export class ChatMark {
  readonly #person: Person;
  readonly #texts: ReadonlyMap<number, string | undefined>;
  readonly #toasts: number;

  private constructor(person: Person, messages: readonly ChatMessage[], toasts: number) {
    this.#person = person;
    this.#texts = new Map(messages.map(({ message_id: id, text }) => [id, text]));
    this.#toasts = toasts;
  }

  static async of(person: Person): Promise<ChatMark> {
    const [messages, toasts] = await Promise.all([person.received(), person.toasts()]);
    return new ChatMark(person, messages, toasts.length);
  }

  /** The bot's messages that came or changed their text since, oldest first. */
  async news(): Promise<ChatMessage[]> {
    return (await this.#person.received()).filter(({ message_id: id, text }) => {
      return !this.#texts.has(id) || this.#texts.get(id) !== text;
    });
  }

  /** The newest of them whose text contains all these parts, as soon as there is one. */
  async next(...parts: string[]): Promise<ChatMessage> {
    return waitUntil(async () =>
      (await this.news()).findLast(({ text = "" }) => parts.every((part) => text.includes(part))),
    ).catch(async (cause: unknown) => {
      const seen = (await this.news()).map(({ text }) => text).join("\n---\n");
      throw new Error(`no news with "${parts.join('", "')}"; since the mark came:\n${seen}`, {
        cause,
      });
    });
  }

  /** The newest answer to a press since then that contains `part`. */
  async nextToast(part: string): Promise<Toast> {
    return waitUntil(async () =>
      (await this.#person.toasts())
        .slice(this.#toasts)
        .findLast(({ text }) => text?.includes(part)),
    );
  }
}

/** Says something and gives the message that answers it. */
export async function answerTo(
  person: Person,
  text: string,
  ...parts: string[]
): Promise<ChatMessage> {
  const mark = await ChatMark.of(person);
  await person.say(text);
  return mark.next(...parts);
}

/** A card of this token that nobody has pressed yet: earlier ones stand in the same chat. */
export function freshCard(person: Person, mint: string): Promise<ChatMessage> {
  return answerTo(person, mint, mint);
}

/** Presses a button of a fresh card, whose message turns into the answer. */
export async function pressCard(
  person: Person,
  mint: string,
  label = "0.1 SOL",
): Promise<ChatMessage> {
  const card = await freshCard(person, mint);
  await person.press(card, label);
  return card;
}
