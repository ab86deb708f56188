import { ERROR_TEXTS, type ErrorCode } from "./codes.ts";

export type ErrorContext = Readonly<Record<string, string | number | boolean | null>>;

/** An operating error: expected to happen, has a code, carries a context without secrets. */
export class RaptorError extends Error {
  readonly code: ErrorCode;
  readonly context: ErrorContext;

  constructor(code: ErrorCode, context: ErrorContext = {}, options?: ErrorOptions) {
    const details = Object.entries(context).map(([name, value]) => `${name}=${String(value)}`);
    super([ERROR_TEXTS[code], ...details].join("; "), options);
    this.name = "RaptorError";
    this.code = code;
    this.context = context;
  }
}

export function isRaptorError(value: unknown, code?: ErrorCode): value is RaptorError {
  return value instanceof RaptorError && (code === undefined || value.code === code);
}

/** What a person reads of an error: the static text and, when there is one, the reason given. */
export function sentenceOf(error: RaptorError): string {
  const text = ERROR_TEXTS[error.code];
  const { reason } = error.context;
  const head = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return typeof reason === "string" && reason !== "" ? `${head}: ${reason}.` : `${head}.`;
}

/** A broken invariant. Whoever catches one at the top stops the process: start-up recovers. */
export class InvariantError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "InvariantError";
  }
}

/** @throws InvariantError when `condition` does not hold. */
export function assert(condition: unknown, message: string): asserts condition {
  if (condition !== true && !condition) throw new InvariantError(message);
}
