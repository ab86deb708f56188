import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Of the log, of an end that nobody planned. */
const LINES_TOLD = 30;

export function logFileOf(stateDir: string): string {
  return join(stateDir, "logs", "executor.log");
}

/** What each process said when its desk was ready. */
export function readyLines(logFile: string): string[] {
  return linesOf(logFile).filter((line) => line.includes('"msg":"ready"') && line.endsWith("}"));
}

/** The last that a desk had to say which ended by itself. */
export function describeOwnEnd(logFile: string): string {
  const told = linesOf(logFile)
    .slice(-LINES_TOLD)
    .filter((line) => line !== "" && !line.includes('"level":"info"'));
  return `the desk ended by itself: ${told.join(" ") || "it said nothing"}`;
}

function linesOf(logFile: string): string[] {
  return readFileSync(logFile, "utf8").split("\n");
}
