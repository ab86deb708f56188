import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { describe, test } from "vitest";
import { checkMasterKeys, parseMasterKeys } from "./master-keys.ts";

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const filled = (next: (at: number) => number): string =>
  base64(Uint8Array.from({ length: 32 }, (_, at) => next(at)));
const GOOD = base64(randomBytes(32));
const OTHER = base64(randomBytes(32));

describe("master keys", () => {
  test("are read in order, the first being the current one", ({ expect }) => {
    const keys = parseMasterKeys(` new:${GOOD}, old:${OTHER} `);
    expect(keys.currentKid).toBe("new");
    expect(keys.find("old")).toEqual(Buffer.from(OTHER, "base64"));
    expect(keys.find("none")).toBeUndefined();
  });

  test("may come as base64url without padding", ({ expect }) => {
    const bytes = Buffer.concat([Buffer.from([0xfb, 0xff, 0xbf]), randomBytes(29)]);
    expect(parseMasterKeys(`k:${bytes.toString("base64url")}`).find("k")).toEqual(bytes);
  });

  test("are accepted whenever they are random", ({ expect }) => {
    for (let n = 0; n < 2_000; n++) {
      expect(() => checkMasterKeys(`k:${base64(randomBytes(32))}`)).not.toThrow();
    }
  });

  const refusals: [string, string, RegExp][] = [
    ["nothing", "", /at least one/],
    ["a key without a kid", GOOD, /expected kid:base64/],
    ["16 bytes", `k:${base64(randomBytes(16))}`, /32 bytes, was 16/],
    ["33 bytes", `k:${base64(randomBytes(33))}`, /32 bytes, was 33/],
    ["hex", `k:${randomBytes(32).toString("hex")}`, /looks like hex/],
    ["no base64", `k:${GOOD.slice(0, 20)}!${GOOD.slice(21)}`, /not base64/],
    ["a kid twice", `k:${GOOD},k:${OTHER}`, /stands there twice/],
    ["a key twice", `k:${GOOD},l:${GOOD}`, /under two kids/],
    ["all zeros", `k:${filled(() => 0)}`, /all bytes are the same/],
    ["all the same", `k:${filled(() => 0xa7)}`, /all bytes are the same/],
    [
      "a repeated half",
      `k:${filled((at) => [3, 141, 59, 26, 200, 97, 93, 238][at % 8] ?? 0)}`,
      /repeats/,
    ],
    ["a count", `k:${filled((at) => at * 7)}`, /count up or down/],
    ["words", `k:${base64(Buffer.from("correct horse battery staple 123"))}`, /readable text/],
    ["hex digits as text", `k:${base64(Buffer.from(randomBytes(16).toString("hex")))}`, /readable/],
    [
      "few values",
      `k:${filled((at) => [200, 9, 17, 130, 66, 251, 3, 144][(at * at * 5 + at) % 7] ?? 0)}`,
      /too few different bytes|repeats/,
    ],
    ["typed letters", "k:thisisaverysecretpassphraseforthewalletsofc", /typed by hand/],
  ];
  for (const [name, text, problem] of refusals) {
    test(`are refused when they are ${name}`, ({ expect }) => {
      expect(() => parseMasterKeys(text)).toThrow(problem);
      expect(() => parseMasterKeys(text)).toThrow(/setting=WALLET_MASTER_KEYS/);
    });
  }

  test("never show themselves in errors, JSON or logs", ({ expect }) => {
    const keys = parseMasterKeys(`k:${GOOD}`);
    const secret = Buffer.from(GOOD, "base64").toString("hex").slice(0, 8);
    expect(JSON.stringify({ keys })).toBe('{"keys":"[secret]"}');
    expect(inspect(keys, { depth: 9, showHidden: true })).not.toContain(secret.slice(0, 4));
    for (const text of [`${GOOD}:${OTHER}`, `k:${GOOD}x`, `k:${GOOD},k:${OTHER}`]) {
      expect(errorOf(text)).not.toContain(GOOD.slice(0, 12));
    }
  });
});

function errorOf(text: string): string {
  try {
    parseMasterKeys(text);
  } catch (error) {
    return inspect(error);
  }
  return "nothing was thrown";
}
