import type { Log, LogFields } from "@raptor/shared/seams/log.ts";

export interface LogLine {
  atMs: number;
  level: "debug" | "info" | "warn" | "error";
  fields: LogFields;
  message: string;
}

const LINES_MAX = 5_000;

/** Keeps what was logged, for the search for secrets and for traces. */
export function createKeptLog(
  nowMs: () => number,
  lines: LogLine[],
  onLine: (line: LogLine) => void,
): Log {
  const at =
    (level: LogLine["level"]) =>
    (fields: LogFields, message: string): void => {
      const line = { atMs: nowMs(), level, fields, message };
      if (lines.length < LINES_MAX) lines.push(line);
      onLine(line);
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
