import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FILE = fileURLToPath(new URL("./recorded.json", import.meta.url));

/** Seeds that caught each mutant when they were last recorded. */
export type Recorded = Readonly<Record<string, readonly number[]>>;

export function readRecorded(): Recorded {
  if (!existsSync(FILE)) return {};
  return JSON.parse(readFileSync(FILE, "utf8")) as Recorded;
}

export function writeRecorded(recorded: Recorded): void {
  writeFileSync(FILE, `${JSON.stringify(recorded, null, 2)}\n`);
}
