import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FILE = fileURLToPath(new URL("../regressions.txt", import.meta.url));

/** Seeds that once failed, oldest first; each line is `seed  checker  what was found`. */
export function readRegressions(): number[] {
  if (!existsSync(FILE)) return [];
  const seeds = readFileSync(FILE, "utf8")
    .split("\n")
    .filter((line) => /^\d+\b/.test(line))
    .map((line) => Number(line.split(/\s/)[0]));
  return [...new Set(seeds)];
}

export function noteRegression(seed: number, checker: string, detail: string): void {
  if (readRegressions().includes(seed)) return;
  const text = (detail.split("\n")[0] ?? "").slice(0, 160);
  appendFileSync(FILE, `${seed}  ${checker}  ${text}\n`);
}
