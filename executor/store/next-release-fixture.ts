import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { SCHEMA_VERSION } from "./migrations.ts";

export const REPOSITORY = join(import.meta.dirname, "..", "..");

/** What the release after this one may do to a journal, as changes of these sources. */
const PATCHES: readonly (readonly [file: string, from: string, to: string])[] = [
  [
    "executor/store/migrations.ts",
    `SCHEMA_VERSION = ${SCHEMA_VERSION};`,
    `SCHEMA_VERSION = ${SCHEMA_VERSION + 1};`,
  ],
  [
    "executor/fold/tables.ts",
    "      heldReason: text,",
    "      heldReason: text,\n      nick: text,",
  ],
  [
    "executor/fold/fold.ts",
    'heldReason: "", panicId: null',
    'heldReason: "", nick: "", panicId: null',
  ],
  ["executor/fold/fold.ts", 'keep: ["paused",', 'keep: ["nick", "paused",'],
  [
    "executor/fold/fold.ts",
    "const FOLDS: Folds = {",
    "const FOLDS: Folds = {\n  UserNicknamed: ({ userId, nick }) => updateUser(userId, { nick }),",
  ],
  ["executor/store/operational-tables.ts", "expiresMs: int },", "expiresMs: int, place: text },"],
];

/** A copy of the executor as the next release could be: one schema, column and event further. */
export function makeNextRelease(directory: string): string {
  for (const name of ["executor", "shared"]) {
    cpSync(join(REPOSITORY, name), join(directory, name), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !path.endsWith(".test.ts") && basename(path) !== "fixtures",
    });
  }
  symlinkSync(join(REPOSITORY, "node_modules"), join(directory, "node_modules"));
  for (const [file, from, to] of PATCHES) {
    const path = join(directory, file);
    const text = readFileSync(path, "utf8");
    if (!text.includes(from)) throw new Error(`expected ${file} to contain ${from}`);
    writeFileSync(path, text.replace(from, to));
  }
  return directory;
}
