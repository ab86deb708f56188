import { describe, it } from "vitest";
import {
  createContextFilter,
  parseDockerfile,
  parseEnvironment,
  parseWords,
} from "./dockerfile.ts";

describe("the Dockerfile reader", () => {
  it("splits stages, joins lines and drops comments", ({ expect }) => {
    const stages = parseDockerfile(
      "# why\nFROM a:1 AS one\nENV A=1 \\\n    B=2\nFROM one\nCMD []\n",
    );
    expect(stages).toEqual([
      { name: "one", base: "a:1", instructions: [{ keyword: "ENV", text: "A=1 B=2" }] },
      { name: "1", base: "one", instructions: [{ keyword: "CMD", text: "[]" }] },
    ]);
    expect(parseEnvironment("A=1 B=2")).toEqual({ A: "1", B: "2" });
  });

  it("refuses what it cannot read", ({ expect }) => {
    expect(() => parseDockerfile("COPY a b\n")).toThrow("expected FROM");
    expect(() => parseEnvironment("A 1")).toThrow("expected A=b");
    expect(() => parseWords('"node"')).toThrow("expected a JSON list");
  });
});

describe("the build context", () => {
  const isVisible = createContextFilter("*\n!executor\n!a.json\n**/node_modules\n**/*.test.ts\n");

  it("holds what an exception names, with everything below it", ({ expect }) => {
    expect(["executor", "executor/main.ts", "a.json"].filter(isVisible)).toHaveLength(3);
  });

  it("hides everything else, and what a later rule takes away at any depth", ({ expect }) => {
    const hidden = [
      ".env",
      "sim/world.ts",
      "aXjson",
      "executor/node_modules/zod/index.js",
      "executor/a/b.test.ts",
      "executor/b.test.ts",
    ];
    expect(hidden.filter(isVisible)).toEqual([]);
  });
});
