import { readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const readText = (name: string): string => readFileSync(join(ROOT, name), "utf8");

it("docs/dependencies.md gives a reason for each package of the catalog, and for no other", ({
  expect,
}) => {
  const [, catalog = ""] =
    /^catalog:\n((?: {2}.*\n)+)/m.exec(readText("pnpm-workspace.yaml")) ?? [];
  const pinned = [...catalog.matchAll(/^ {2}"?([^":]+)"?:/gm)].map(([, name = ""]) => name);
  const [doc = ""] = readText("docs/dependencies.md").split("## Outside npm");
  const explained = [...doc.matchAll(/^\| `([^`]+)` \| [^|]+ \| [^|]{10,} \| [^|]{5,} \|$/gm)];
  expect(pinned.length).toBeGreaterThan(10);
  expect(explained.map(([, name = ""]) => name).toSorted()).toEqual(pinned.toSorted());
});
