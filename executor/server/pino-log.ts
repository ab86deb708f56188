import pino from "pino";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { LineOutput } from "./line-output.ts";

/**
 * JSON lines. Secrets never reach it: a scenario searches a whole run's log. Pino's own output would
 * write synchronously, so a reader that stops would stop the desk.
 */
export function createPinoLog(level: string, output: Pick<LineOutput, "write">): Log {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const logger = pino(options, output);
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}
