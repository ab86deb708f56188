import pino from "pino";
import type { Log } from "@raptor/shared/seams/log.ts";

/** JSON lines on standard output. Secrets never reach it: a scenario searches a whole run's log. */
export function createPinoLog(level: string): Log {
  const logger = pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}
