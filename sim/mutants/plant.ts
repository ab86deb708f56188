import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { findMutant } from "./all-mutants.ts";
import { applyEdit, type Edit } from "./mutant.ts";

/**
 * Preloaded by `node --import`: alters production modules on their way into this process, after
 * the `--planted NAME` of the command line. Nothing is written to disk.
 */
const ROOT = new URL("../../", import.meta.url).href;

function plant(name: string): void {
  const { edits } = findMutant(name);
  const editsOf = new Map<string, Edit[]>();
  for (const edit of edits) {
    const url = `${ROOT}${edit.file}`;
    editsOf.set(url, [...(editsOf.get(url) ?? []), edit]);
  }
  registerHooks({
    load(url, context, nextLoad) {
      const found = editsOf.get(url);
      if (found === undefined) return nextLoad(url, context);
      let source = readFileSync(fileURLToPath(url), "utf8");
      for (const edit of found) source = applyEdit(source, edit, name);
      return { format: "module-typescript", source, shortCircuit: true };
    },
  });
}

const at = process.argv.indexOf("--planted");
const wanted = process.argv[at + 1];
if (at !== -1 && wanted !== undefined) plant(wanted);
