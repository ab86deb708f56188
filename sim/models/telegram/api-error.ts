/** A refusal of the Bot API: becomes `{ok: false, error_code, description, parameters?}`. */
export class TelegramApiError extends Error {
  readonly status: number;
  readonly description: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, description: string, retryAfterSeconds?: number) {
    super(description);
    this.name = "TelegramApiError";
    this.status = status;
    this.description = description;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * The real server lowers the first letter of a sentence after the prefix, but keeps codes such as
 * `BUTTON_DATA_INVALID`; the same rule here keeps every text comparable.
 */
export function badRequest(reason: string): TelegramApiError {
  const isCode = /^.[A-Z_]/.test(reason);
  const text = isCode ? reason : reason.slice(0, 1).toLowerCase() + reason.slice(1);
  return new TelegramApiError(400, `Bad Request: ${text}`);
}

export function forbidden(reason: string): TelegramApiError {
  return new TelegramApiError(403, `Forbidden: ${reason}`);
}

export function conflict(reason: string): TelegramApiError {
  return new TelegramApiError(409, `Conflict: ${reason}`);
}

export function tooManyRequests(retryAfterSeconds: number): TelegramApiError {
  const description = `Too Many Requests: retry after ${retryAfterSeconds}`;
  return new TelegramApiError(429, description, retryAfterSeconds);
}
