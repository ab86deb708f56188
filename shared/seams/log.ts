export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log. Fields must never hold secrets, keys, or URLs that carry a token. */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}
