import { describe, it } from "vitest";
import { ApiTokens } from "./api-tokens.ts";

const tokens = new ApiTokens(Buffer.alloc(32, 1));

describe("an API token", () => {
  it("follows from its id and the key alone", ({ expect }) => {
    expect(tokens.tokenOf("abc")).toBe(new ApiTokens(Buffer.alloc(32, 1)).tokenOf("abc"));
    expect(tokens.tokenOf("abc")).toMatch(/^rpt_abc_[\w-]{43}$/);
    expect(tokens.tokenOf("abc")).not.toBe(tokens.tokenOf("abd").replace("abd", "abc"));
    const otherKey = new ApiTokens(Buffer.alloc(32, 2));
    expect(otherKey.tokenOf("abc")).not.toBe(tokens.tokenOf("abc"));
  });

  it("is found by a hash that does not give it away", ({ expect }) => {
    expect(tokens.sha256Of("abc")).toMatch(/^[\w-]{43}$/);
    expect(tokens.tokenOf("abc")).not.toContain(tokens.sha256Of("abc"));
    expect(tokens.sha256Of("abc")).not.toBe(tokens.sha256Of("abd"));
  });

  it("is absent from the stored message and present in the one that is sent", ({ expect }) => {
    const secret = tokens.tokenOf("abc");
    const stored = tokens.placeholderOf("abc");
    expect(stored).not.toContain(secret.slice(-20));
    expect(stored).toHaveLength(secret.length);
    const content = {
      text: `Token: ${stored}`,
      entities: [],
      keyboard: [[{ text: "Copy", copyText: stored }]],
    };
    const sent = tokens.contentOf({ view: { kind: "apiToken", tokenId: "abc" }, content });
    expect(sent.text).toBe(`Token: ${secret}`);
    expect(sent.keyboard).toEqual([[{ text: "Copy", copyText: secret }]]);
    expect(tokens.contentOf({ view: { kind: "notice" }, content })).toBe(content);
  });
});
