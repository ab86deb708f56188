import { describe, test } from "vitest";
import { findEntities, formatText, parseEntities } from "./entities.ts";

describe("formatted text", () => {
  test("commands, links and tags are found in plain text", ({ expect }) => {
    const text = "/buy@raptor_bot see https://dexscreener.com/solana/abc, $WIF and a/b or 1/2";
    const found = findEntities(text, []).map(({ type, offset, length }) => [
      type,
      text.slice(offset, offset + length),
    ]);
    expect(found).toEqual([
      ["url", "https://dexscreener.com/solana/abc"],
      ["bot_command", "/buy@raptor_bot"],
      ["cashtag", "$WIF"],
    ]);
  });

  test("nothing is found inside code", ({ expect }) => {
    const code = [{ type: "code", offset: 0, length: 6 }];
    expect(formatText("/start", code).entities).toEqual(code);
  });

  test("offsets count UTF-16 units", ({ expect }) => {
    const bold = [{ type: "bold", offset: 2, length: 2 }];
    expect(formatText("🚀ab", bold)).toEqual({ text: "🚀ab", entities: bold });
  });

  test("blank ends go away and entities shrink with them", ({ expect }) => {
    const bold = [{ type: "bold", offset: 2, length: 7 }];
    expect(formatText("  hello  ", bold)).toEqual({
      text: "hello",
      entities: [{ type: "bold", offset: 0, length: 5 }],
    });
  });

  test("the hundred and first entity is ignored", ({ expect }) => {
    const text = "ab".repeat(101);
    const bold = Array.from({ length: 101 }, (_, index) => ({
      type: "bold",
      offset: index * 2,
      length: 1,
    }));
    expect(formatText(text, bold).entities).toHaveLength(100);
  });

  test.for([
    [
      [{ type: "bold", offset: 0, length: 4 }],
      "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 4",
    ],
    [
      [{ type: "bold", offset: 9, length: 1 }],
      "entity begins after the end of the text at UTF-16 offset 9",
    ],
    [
      [{ type: "bold", offset: 1, length: 1 }],
      "entity begins in a middle of a UTF-16 symbol at byte offset",
    ],
    [
      [{ type: "bold", offset: 0, length: 1 }],
      "entity beginning at UTF-16 offset 0 ends in a middle of a UTF-16 symbol at byte offset",
    ],
    [[{ type: "bold", offset: -1, length: 1 }], "receive an entity with incorrect offset -1"],
    [[{ type: "shout", offset: 0, length: 1 }], "Unsupported type specified"],
    [[{ type: "bold", offset: "0", length: 1 }], 'Field "offset" must be of type Number'],
    [
      [{ type: "text_link", offset: 0, length: 3, url: "nowhere" }],
      "entity URL 'nowhere' is invalid: Wrong HTTP URL",
    ],
  ] as const)("refuses %j", ([entities, words], { expect }) => {
    expect(() => formatText("🚀a", parseEntities(entities))).toThrow(words);
  });
});
