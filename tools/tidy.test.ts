import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import {
  checkBans,
  checkImports,
  checkLinks,
  checkShape,
  importsOf,
  roomOf,
  type SourceFile,
} from "./tidy-rules.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

function files(pattern: RegExp): SourceFile[] {
  const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: ROOT });
  return listed
    .toString("utf8")
    .split("\n")
    .filter((path) => pattern.test(path) && existsSync(join(ROOT, path)))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

const sources = files(/\.ts$/);

describe("the house is tidy", () => {
  test("every import is in the room table", () => {
    expect(sources.flatMap(checkImports)).toEqual([]);
  });

  test("clocks, chance and sockets come through seams, and banned words stay out", () => {
    expect(sources.flatMap(checkBans)).toEqual([]);
  });

  test("files are short, narrow and named after the one thing inside", () => {
    expect(sources.flatMap(checkShape)).toEqual([]);
  });

  test("no document links to nothing", () => {
    const exists = (path: string): boolean => existsSync(join(ROOT, path));
    expect(files(/\.md$/).flatMap((file) => checkLinks(file, exists))).toEqual([]);
  });

  test("production code knows nothing of stand-ins", () => {
    const production = sources.filter(
      (file) => /^(shared|edge|executor)\//.test(file.path) && !file.path.endsWith(".test.ts"),
    );
    const named = production.filter((file) => /stand-?in\b|\/world\/|LiteSVM/i.test(file.text));
    expect(named.map((file) => file.path)).toEqual([]);
  });

  test("the catalog pins exact versions and holds no known trap", () => {
    const text = readFileSync(join(ROOT, "pnpm-workspace.yaml"), "utf8");
    const catalog = text.slice(text.indexOf("catalog:"), text.indexOf("allowBuilds:"));
    for (const line of catalog
      .split("\n")
      .slice(1)
      .filter((one) => one.trim() !== "")) {
      expect(line).toMatch(/^ {2}"?[@\w./-]+"?: \d+\.\d+\.\d+[\w.-]*$/);
    }
    const lock = readFileSync(join(ROOT, "pnpm-lock.yaml"), "utf8");
    expect(lock).not.toMatch(/ts-bign|big-nunber|@solana\/web3\.js@1\.95\.[67]\b/);
  });
});

describe("tidy itself", () => {
  const file = (path: string, text: string): SourceFile => ({ path, text });

  test("refuses a venue that imports another venue", () => {
    const text = 'import { x } from "../kalshi/x.ts";\n';
    expect(checkImports(file("executor/venues/solana/a.ts", text))).toHaveLength(1);
  });

  test("refuses the inside of the signer to the engine and to the composition", () => {
    const text = 'import { openSecret } from "../signer/envelope.ts";\n';
    expect(checkImports(file("executor/engine/a.ts", text))).toHaveLength(1);
    const root = 'import { openSecret } from "./signer/envelope.ts";\n';
    expect(checkImports(file("executor/main.ts", root))).toHaveLength(1);
    const open = 'import { connectSigner } from "./signer/index.ts";\n';
    expect(checkImports(file("executor/main.ts", open))).toEqual([]);
  });

  test("refuses the edge in the executor and anything but shared in the edge", () => {
    const edge = 'import { x } from "@raptor/edge/app.ts";\n';
    expect(checkImports(file("executor/jobs/a.ts", edge))).toHaveLength(1);
    const executor = 'import type { x } from "@raptor/executor/ports/store.ts";\n';
    expect(checkImports(file("edge/app.ts", executor))).toHaveLength(1);
  });

  test("refuses an npm package in a room that has none", () => {
    const text = 'import { Connection } from "@solana/web3.js";\n';
    expect(checkImports(file("executor/signer/a.ts", text))).toHaveLength(1);
    expect(checkImports(file("executor/venues/solana/a.ts", text))).toEqual([]);
  });

  test("sees multi-line, dynamic and re-exporting imports", () => {
    const text =
      'import {\n  a,\n  b,\n} from "./one.ts";\nexport * from "./two.ts";\nawait import("./three.ts");\n';
    expect(importsOf(text)).toEqual(["./one.ts", "./two.ts", "./three.ts"]);
  });

  test("refuses the machine's clock and lets a reasoned exception pass", () => {
    const bad = "const now = Date.now();\n";
    expect(checkBans(file("executor/engine/a.ts", bad))).toHaveLength(1);
    const excused = "// sim-ok: only shown in a log\nconst now = Date.now();\n";
    expect(checkBans(file("executor/engine/a.ts", excused))).toEqual([]);
  });

  test("refuses long files, wide lines and names that say nothing", () => {
    expect(checkShape(file("executor/engine/a.ts", "\n".repeat(600)))).toHaveLength(1);
    expect(checkShape(file("executor/engine/a.ts", `${"x ".repeat(60)}\n`))).toHaveLength(1);
    expect(checkShape(file("executor/engine/utils.ts", ""))).toHaveLength(1);
  });

  test("takes the longest room that fits a path", () => {
    expect(roomOf("executor/venues/solana/a.ts")?.room).toBe("executor/venues/*");
    expect(roomOf("executor/main.ts")?.room).toBe("executor");
  });

  test("refuses a link to a file that is not there", () => {
    const page = file("docs/a.md", "[b](b.md) [c](https://example.com)");
    expect(checkLinks(page, () => false)).toHaveLength(1);
  });
});
