import type { MessageEntity } from "@raptor/shared/domain/rows.ts";

/** Builds text with entities. Offsets count UTF-16 units, which is what a string's length is. */
export class RichText {
  text = "";
  readonly entities: MessageEntity[] = [];

  plain(text: string): this {
    this.text += text;
    return this;
  }

  bold(text: string): this {
    return this.#marked("bold", text);
  }

  /** Monospace, copied by a tap. */
  code(text: string): this {
    return this.#marked("code", text);
  }

  link(text: string, url: string): this {
    if (text === "") return this;
    this.entities.push({ type: "text_link", offset: this.text.length, length: text.length, url });
    this.text += text;
    return this;
  }

  /** Ends the line, and starts with `text` on the next one. */
  line(text = ""): this {
    this.text += `\n${text}`;
    return this;
  }

  #marked(type: "bold" | "code", text: string): this {
    if (text === "") return this;
    this.entities.push({ type, offset: this.text.length, length: text.length });
    this.text += text;
    return this;
  }
}
