import { hash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** Everything that decides what the tables look like and what stands in them. */
const SOURCES: readonly string[] = [
  "../fold",
  "../../shared/domain",
  "apply-change.ts",
  "canonical-json.ts",
  "migrations.ts",
  "operational-tables.ts",
  "row-codec.ts",
  "schema.ts",
  "upcasts.ts",
];
/** Tests are not there in production and decide nothing. */
const NO_SOURCE = /\.test\.ts$|-fixture\.ts$/;

let known: string | undefined;

/**
 * Names the fold of this release by the text of its sources, which are what runs: nobody has to
 * remember to raise a number, and a changed comment costs one more folding and nothing else.
 */
export function foldDigest(): string {
  known ??= hash("sha256", SOURCES.flatMap(sourceTexts).join("\n"), "hex");
  return known;
}

function sourceTexts(source: string): string[] {
  const path = join(import.meta.dirname, source);
  if (!statSync(path).isDirectory()) return [source, readFileSync(path, "utf8")];
  const names = readdirSync(path).filter((name) => name.endsWith(".ts") && !NO_SOURCE.test(name));
  return names.toSorted().flatMap((name) => sourceTexts(join(source, name)));
}
