import fc from "fast-check";
import { describe, test } from "vitest";
import { decodeBase64, isSlotAhead, parseAccountNews, parseFrame } from "./stream-frame.ts";

const bytes = fc.uint8Array({ maxLength: 300 });

function frame(slot: unknown, lamports: string, data: unknown): string {
  const rest = `"executable":false,"owner":"o","rentEpoch":18446744073709551615,"space":1`;
  const value = `{"data":${JSON.stringify(data)},"lamports":${lamports},${rest}}`;
  const result = `{"context":{"slot":${JSON.stringify(slot)}},"value":${value}}`;
  const params = `{"result":${result},"subscription":7}`;
  return `{"jsonrpc":"2.0","method":"accountNotification","params":${params}}`;
}

describe("a frame", () => {
  test("with an account gives back its bytes, slot and lamports", ({ expect }) => {
    fc.assert(
      fc.property(bytes, fc.nat(), fc.maxSafeNat(), (data, slot, lamports) => {
        const text = Buffer.from(data).toString("base64");
        const read = parseFrame(frame(slot, String(lamports), [text, "base64"]));
        expect(read).toMatchObject({ kind: "news", subscription: 7 });
        const account = read?.kind === "news" ? parseAccountNews(read.result) : undefined;
        expect(account).toEqual({ slot, lamports: BigInt(lamports), owner: "o", data: text });
        expect(decodeBase64(account?.data ?? "")).toEqual(data);
      }),
    );
  });

  test("of any text is read or not, and never throws", ({ expect }) => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const read = parseFrame(text);
        if (read?.kind === "news") parseAccountNews(read.result);
      }),
    );
    expect(parseFrame(`"${"x".repeat(1_048_577)}"`)).toBeUndefined();
  });

  test("whose account is not whole is none", ({ expect }) => {
    const broken = [
      frame(-1, "1", ["", "base64"]),
      frame("5", "1", ["", "base64"]),
      frame(5, "9007199254740993", ["", "base64"]),
      frame(5, "-1", ["", "base64"]),
      frame(5, "1.5", ["", "base64"]),
      frame(5, "1", ["", "base58"]),
      frame(5, "1", ""),
      frame(5, "1", [1, "base64"]),
    ];
    for (const text of broken) {
      const read = parseFrame(text);
      expect(read?.kind === "news" ? parseAccountNews(read.result) : read).toBeUndefined();
    }
  });
});

describe("base64", () => {
  test("is taken whole or not at all", ({ expect }) => {
    fc.assert(
      fc.property(bytes, fc.nat(), fc.constantFrom("%", " ", "\n"), (data, at, odd) => {
        const text = Buffer.from(data).toString("base64");
        const cut = text.slice(0, at % (text.length + 1)) + odd;
        expect(decodeBase64(cut + text.slice(cut.length))).toBeUndefined();
      }),
    );
  });
});

describe("a slot", () => {
  test("is too far ahead only where it is known how far one can be", ({ expect }) => {
    expect(isSlotAhead(1_000_000, 0)).toBe(false);
    expect(isSlotAhead(1_150, 1_000)).toBe(false);
    expect(isSlotAhead(1_151, 1_000)).toBe(true);
  });
});
