import { createHash, createHmac } from "node:crypto";

/**
 * API tokens are `rpt_<id>_<mac>`: the secret part follows from the id, so no table and no outbox
 * row ever holds a usable token, and a lookup by SHA-256 finds the id that it belongs to.
 */
export class ApiTokens {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  tokenOf(tokenId: string): string {
    const mac = createHmac("sha256", this.#key).update(`api-token/v1|${tokenId}`).digest();
    return `rpt_${tokenId}_${mac.toString("base64url")}`;
  }

  sha256Of(tokenId: string): string {
    return createHash("sha256").update(this.tokenOf(tokenId)).digest("base64url");
  }
}
