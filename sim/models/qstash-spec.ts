import { parseDurationMs } from "./qstash-backoff.ts";
import { parseRetryExpression } from "./retry-expression.ts";

/** How one HTTP call is to be made; messages and their callbacks share it. */
export interface CallSpec {
  url: string;
  method: string;
  retriesMax: number;
  retryDelay: string | undefined;
  timeoutMs: number;
  delayMs: number;
  forward: Readonly<Record<string, string>>;
}

/** Everything that the headers of a publish, enqueue or schedule request say. */
export interface MessageSpec extends CallSpec {
  body: Buffer;
  contentType: string | undefined;
  notBeforeMs: number | undefined;
  callback: CallSpec | undefined;
  failureCallback: CallSpec | undefined;
  deduplicationId: string | undefined;
  isContentDeduplicated: boolean;
  labels: readonly string[];
  queueName: string | undefined;
  flowControlKey: string | undefined;
  flowControlValue: string | undefined;
  cron: string | undefined;
  scheduleId: string | undefined;
  callerIp: string;
}

export type SpecParse = { ok: true; spec: MessageSpec } | { ok: false; reason: string };

type Headers = Readonly<Record<string, string>>;

class SpecError extends Error {}

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const RETRIES_DEFAULT = 3;
/** Of the free plan; what is asked for beyond it is refused and not cut. */
const RETRIES_MAX = 5;
/** The free plan's limit on one HTTP answer. */
const TIMEOUT_MS_DEFAULT = 900_000;
const DELAY_MS_MAX = 365 * 86_400_000;

export interface SpecSource {
  destination: string;
  headers: Headers;
  body: Buffer;
  callerIp: string;
}

/** Reads the `Upstash-*` headers; a bad one refuses the request with a reason for the caller. */
export function parseMessageSpec(source: SpecSource): SpecParse {
  try {
    return { ok: true, spec: readSpec(source) };
  } catch (error) {
    if (error instanceof SpecError) return { ok: false, reason: error.message };
    throw error;
  }
}

function readSpec({ destination, headers, body, callerIp }: SpecSource): MessageSpec {
  const notBefore = headers["upstash-not-before"];
  if (notBefore !== undefined && !/^[0-9]+$/.test(notBefore)) {
    throw new SpecError(`invalid not-before: expected unix seconds, was ${notBefore}`);
  }
  return {
    ...readCall(headers, "upstash-", destination),
    body,
    contentType: headers["content-type"],
    notBeforeMs: notBefore === undefined ? undefined : Number(notBefore) * 1_000,
    callback: readCallback(headers, "upstash-callback"),
    failureCallback: readCallback(headers, "upstash-failure-callback"),
    deduplicationId: readDeduplicationId(headers["upstash-deduplication-id"]),
    isContentDeduplicated: headers["upstash-content-based-deduplication"] === "true",
    labels: splitLabels(headers["upstash-label"]),
    queueName: headers["upstash-queue-name"],
    flowControlKey: headers["upstash-flow-control-key"],
    flowControlValue: headers["upstash-flow-control-value"],
    cron: headers["upstash-cron"],
    scheduleId: headers["upstash-schedule-id"],
    callerIp,
  };
}

/** Undocumented, and the real service's own words: its answer is 400. */
function readDeduplicationId(text: string | undefined): string | undefined {
  if (text?.includes(":") === true) throw new SpecError("DeduplicationId cannot contain ':'");
  return text;
}

function readCallback(headers: Headers, name: string): CallSpec | undefined {
  const url = headers[name];
  return url === undefined ? undefined : readCall(headers, `${name}-`, url);
}

function readCall(headers: Headers, prefix: string, url: string): CallSpec {
  const method = (headers[`${prefix}method`] ?? "POST").toUpperCase();
  if (!METHODS.includes(method)) throw new SpecError(`invalid method: ${method}`);
  return {
    url: checkUrl(url),
    method,
    retriesMax: readRetries(headers[`${prefix}retries`]),
    retryDelay: readRetryDelay(headers[`${prefix}retry-delay`]),
    timeoutMs: readDuration(headers, `${prefix}timeout`, TIMEOUT_MS_DEFAULT),
    delayMs: readDuration(headers, `${prefix}delay`, 0),
    forward: readForward(headers, `${prefix}forward-`),
  };
}

function checkUrl(url: string): string {
  if (!/^https?:\/\//.test(url)) {
    throw new SpecError(
      "invalid destination url: endpoint has invalid scheme, add http:// or https://",
    );
  }
  if (!URL.canParse(url)) throw new SpecError(`invalid destination url: ${url}`);
  return url;
}

function readRetries(text: string | undefined): number {
  if (text === undefined) return RETRIES_DEFAULT;
  if (!/^[0-9]{1,3}$/.test(text)) throw new SpecError(`invalid retries: ${text}`);
  if (Number(text) > RETRIES_MAX) {
    throw new SpecError(`quota maxRetries exceeded, limit: ${RETRIES_MAX}`);
  }
  return Number(text);
}

function readRetryDelay(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const parsed = parseRetryExpression(text);
  if (!parsed.ok) throw new SpecError(`invalid retry delay: ${parsed.reason}`);
  return text;
}

function readDuration(headers: Headers, name: string, absentMs: number): number {
  const text = headers[name];
  if (text === undefined) return absentMs;
  const durationMs = parseDurationMs(text);
  if (durationMs === undefined || durationMs > DELAY_MS_MAX) {
    throw new SpecError(`invalid ${name}: expected a duration such as 10s or 1h30m, was ${text}`);
  }
  return durationMs;
}

function readForward(headers: Headers, prefix: string): Record<string, string> {
  const names = Object.entries(headers).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(names.map(([name, value]) => [name.slice(prefix.length), value]));
}

function splitLabels(text: string | undefined): string[] {
  return (text ?? "")
    .split(",")
    .map((label) => label.trim())
    .filter((label) => label !== "");
}
