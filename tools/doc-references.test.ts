import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, it } from "vitest";

/** Files that documents name in backquotes must exist; links are checked by tidy.test.ts. */
const ROOT = join(import.meta.dirname, "..");
const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], {
  cwd: ROOT,
  encoding: "utf8",
  maxBuffer: 64 * 1024 * 1024,
}).split("\n");
const documents = listed.filter((file) => file.endsWith(".md") && existsSync(join(ROOT, file)));
const names = new Set(listed.map((file) => basename(file)));
/** Made by commands of the documents, or standing on another machine. */
const ELSEWHERE: ReadonlySet<string> = new Set(["positions.json", "world.json"]);

function namedFiles(text: string): string[] {
  const quoted = [...text.matchAll(/`([\w@./-]+)`/g)].map(([, name = ""]) => name);
  return quoted.filter((name) => /\.(ts|toml|yml|yaml|sh|json|js|html)$/.test(name));
}

describe("the documents", () => {
  it("name only files that exist, by path or by name", ({ expect }) => {
    const missing = documents.flatMap((file) =>
      namedFiles(readFileSync(join(ROOT, file), "utf8"))
        .filter((name) => !/^[/.@]/.test(name))
        .filter((name) => !ELSEWHERE.has(basename(name)))
        .filter((name) => (name.includes("/") ? !existsSync(join(ROOT, name)) : !names.has(name)))
        .filter((name) => !existsSync(join(ROOT, "executor", name)))
        .map((name) => `${file}: ${name}`),
    );
    expect(missing).toEqual([]);
  });

  it("are many, and name many files", ({ expect }) => {
    const text = documents.map((file) => readFileSync(join(ROOT, file), "utf8")).join("\n");
    expect(documents.length).toBeGreaterThan(20);
    expect(namedFiles(text).length).toBeGreaterThan(100);
  });
});
