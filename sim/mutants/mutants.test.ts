import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { describe, it } from "vitest";
import { MUTANTS } from "./all-mutants.ts";
import { applyEdit } from "./mutant.ts";

const ROOT = new URL("../../", import.meta.url);

describe("the mutants", () => {
  it("each have a name and a story of their own", ({ expect }) => {
    for (const key of ["name", "story"] as const) {
      expect(new Set(MUTANTS.map((one) => one[key])).size).toBe(MUTANTS.length);
    }
    expect(MUTANTS.length).toBeGreaterThanOrEqual(30);
  });

  it.each(MUTANTS)(
    "$name alters lines that stand exactly once in production",
    ({ name, edits }) => {
      const sources = new Map<string, string>();
      for (const edit of edits) {
        const source = sources.get(edit.file) ?? readFileSync(new URL(edit.file, ROOT), "utf8");
        const altered = applyEdit(source, edit, name);
        // What does not parse would be caught for the wrong reason.
        stripTypeScriptTypes(altered, { mode: "strip" });
        sources.set(edit.file, altered);
      }
    },
  );

  it("are refused when their line is gone or stands twice", ({ expect }) => {
    const edit = { file: "a.ts", find: "x", replace: "y" };
    expect(() => applyEdit("nothing", edit, "m")).toThrow("expected its text once in a.ts, was 0");
    expect(() => applyEdit("x x", edit, "m")).toThrow("was 2 times");
    expect(applyEdit("a x", { ...edit, replace: "$&" }, "m")).toBe("a $&");
  });
});
