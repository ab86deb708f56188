/**
 * Every refusal of the HTTP API (RFC 9457), by stable code. The detail says the cause, what
 * happens to the money and what to do. Append only: a code keeps its meaning.
 */
export const PROBLEMS = {
  SETTINGS_INVALID: {
    status: 500,
    title: "The edge is not configured",
    detail: "Settings are missing or unusable, so nothing is accepted and no money moves.",
  },
  INTERNAL: {
    status: 500,
    title: "The edge failed",
    detail: "An unexpected fault; the request may not have been handled. Check the status first.",
  },
  NOT_FOUND: {
    status: 404,
    title: "There is nothing here",
    detail: "No such path or record; nothing was done. See /openapi.json.",
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    title: "This method is not offered here",
    detail: "Nothing was done. The Allow header names the methods of this path.",
  },
  BODY_TOO_LARGE: {
    status: 413,
    title: "The body is too large",
    detail: "It was not read to its end and nothing was done.",
  },
  BODY_TYPE: {
    status: 415,
    title: "The body has the wrong content type",
    detail: "Nothing was done. Send the content type that /openapi.json names.",
  },
  BODY_INVALID: {
    status: 422,
    title: "The body does not have the agreed shape",
    detail: "Nothing was done. Correct the named fields and send it again.",
  },
  QUERY_INVALID: {
    status: 422,
    title: "A parameter cannot be used",
    detail: "Nothing was read. Correct the named parameters.",
  },
  UNAUTHORIZED: {
    status: 401,
    title: "The token is missing or unknown",
    detail: "Nothing was done. Send Authorization: Bearer with the admin token or one from /token.",
  },
  FORBIDDEN: {
    status: 403,
    title: "The token lacks the scope",
    detail: "Nothing was read. Issue a token with this scope by /token in Telegram.",
  },
  WEBHOOK_SECRET: {
    status: 401,
    title: "The webhook secret is missing or wrong",
    detail: "The update was not read and nothing was done.",
  },
  QUEUE_SIGNATURE: {
    status: 401,
    title: "The queue's signature does not hold",
    detail: "The delivery was not read and nothing was done.",
  },
  JOB_INVALID: {
    status: 489,
    title: "The job was not signed by this edge",
    detail: "Nothing was done and a further delivery of it is pointless.",
  },
  JOB_REFUSED: {
    status: 489,
    title: "The executor refused the job for good",
    detail: "Nothing was done and a further delivery of it is pointless.",
  },
  JOB_NOT_TRUSTED: {
    status: 503,
    title: "The executor does not trust the edge right now",
    detail: "Nothing was done. Its clock or its keys differ from ours; the queue tries again.",
  },
  TOO_MANY_REQUESTS: {
    status: 429,
    title: "Too many requests",
    detail: "Nothing was done. Wait for the seconds in Retry-After.",
  },
  EXECUTOR_UNREACHABLE: {
    status: 503,
    title: "The executor does not answer",
    detail: "Nothing was read. Positions and exits live in the executor; try again in seconds.",
  },
  EXECUTOR_ANSWER: {
    status: 502,
    title: "The executor's answer cannot be used",
    detail: "Nothing was read. Try again; if it stays, look at the executor's log.",
  },
  NOT_TAKEN: {
    status: 503,
    title: "Neither the executor nor the queue took the job",
    detail: "It is safe to deliver the same update again: its id stays the same.",
  },
  STATE_REFUSED: {
    status: 502,
    title: "The executor refused: the trading state was NOT changed",
    detail: "Trading goes on as before. Use /kill in Telegram or stop the executor's Machine.",
  },
  STATE_NOT_CONFIRMED: {
    status: 503,
    title: "The trading state was NOT confirmed",
    detail:
      "The executor did not answer in time; the change may or may not have happened. Send it " +
      "again with the same Idempotency-Key, then check /v1/status.",
  },
  EXITS_REFUSED: {
    status: 502,
    title: "The executor refused: the exit rules were NOT changed",
    detail: "They are armed as they were. Send it again with a new Idempotency-Key.",
  },
  EXITS_NOT_CONFIRMED: {
    status: 503,
    title: "The exit rules were NOT confirmed",
    detail:
      "The executor did not answer in time; the change may or may not have happened. Send it " +
      "again with the same Idempotency-Key, then check /v1/positions.",
  },
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

export interface ProblemOptions {
  /** Replaces the general detail. Never a value that somebody sent, never a secret. */
  detail?: string;
  headers?: Readonly<Record<string, string>>;
  /** One entry per wrong field. */
  errors?: readonly { pointer: string; detail: string }[];
}

export function createProblem(
  code: ProblemCode,
  instance: string,
  options: ProblemOptions = {},
): Response {
  const { status, title, detail } = PROBLEMS[code];
  const body = {
    type: `urn:raptor:problem:${code.toLowerCase().replaceAll("_", "-")}`,
    title,
    status,
    detail: options.detail ?? detail,
    instance,
    code: `RAPTOR_EDGE__${code}`,
    ...(options.errors === undefined ? {} : { errors: options.errors }),
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...options.headers,
    },
  });
}
