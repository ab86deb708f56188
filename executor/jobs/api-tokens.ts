import { createHash, createHmac } from "node:crypto";
import type { MessageContent, OutboxRow } from "@raptor/shared/domain/rows.ts";

/**
 * API tokens are `rpt_<id>_<mac>`: the secret part follows from the id, so no table and no outbox
 * row ever holds a usable token, and a lookup by SHA-256 finds the id that it belongs to.
 */
export class ApiTokens {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  /** Stands in for the token in a stored message: as long as the token, and worth nothing. */
  placeholderOf(tokenId: string): string {
    return `rpt_${tokenId}_${"*".repeat(this.#macOf(tokenId).length)}`;
  }

  /** The message as it goes out: only here, on its way to Telegram, does it hold the token. */
  contentOf({ view, content }: Pick<OutboxRow, "view" | "content">): MessageContent {
    if (view.kind !== "apiToken") return content;
    const { tokenId } = view;
    const fill = (text: string): string =>
      text.replace(this.placeholderOf(tokenId), this.tokenOf(tokenId));
    const keyboard = content.keyboard.map((row) =>
      row.map((button) =>
        "copyText" in button ? { ...button, copyText: fill(button.copyText) } : button,
      ),
    );
    return { ...content, text: fill(content.text), keyboard };
  }

  tokenOf(tokenId: string): string {
    return `rpt_${tokenId}_${this.#macOf(tokenId)}`;
  }

  sha256Of(tokenId: string): string {
    return createHash("sha256").update(this.tokenOf(tokenId)).digest("base64url");
  }

  #macOf(tokenId: string): string {
    const mac = createHmac("sha256", this.#key).update(`api-token/v1|${tokenId}`).digest();
    return mac.toString("base64url");
  }
}
