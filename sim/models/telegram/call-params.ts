import { badRequest } from "./api-error.ts";
import { isRecord } from "./objects.ts";
import { parseMultipart, type UploadedFile } from "./multipart.ts";

/**
 * Arguments of one method call. The Bot API keeps every argument as text, wherever it came from:
 * a JSON number becomes its digits, a JSON object becomes JSON text again.
 */
export class CallParams {
  readonly values: ReadonlyMap<string, string>;
  readonly files: ReadonlyMap<string, UploadedFile>;

  constructor(values: ReadonlyMap<string, string>, files?: ReadonlyMap<string, UploadedFile>) {
    this.values = values;
    this.files = files ?? new Map();
  }

  text(name: string): string {
    return this.values.get(name) ?? "";
  }

  has(name: string): boolean {
    return this.text(name) !== "";
  }

  /** Zero for anything that is not a whole number, as in the real server. */
  integer(name: string): number {
    const text = this.text(name).trim();
    return /^-?\d{1,15}$/.test(text) ? Number(text) : 0;
  }

  flag(name: string): boolean {
    return ["true", "yes", "1"].includes(this.text(name).trim().toLowerCase());
  }

  /** @throws TelegramApiError 400 naming `what` when the text is not JSON. */
  json(name: string, what: string): unknown {
    const text = this.text(name);
    if (text === "") return undefined;
    try {
      return JSON.parse(text);
    } catch {
      throw badRequest(`can't parse ${what} JSON object`);
    }
  }
}

export function paramsFromRecord(record: Readonly<Record<string, unknown>>): CallParams {
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(record)) {
    if (value === null || value === undefined) continue;
    values.set(name, typeof value === "string" ? value : JSON.stringify(value));
  }
  return new CallParams(values);
}

/** Reads query and body; body values win over the query's. */
export function parseCallParams(
  query: URLSearchParams,
  contentType: string,
  body: Buffer,
): CallParams {
  const values = new Map<string, string>(query);
  const files = new Map<string, UploadedFile>();
  const kind = contentType.split(";")[0]?.trim().toLowerCase();
  if (kind === "application/json" && body.length > 0) {
    for (const [name, value] of parseJsonBody(body).values) values.set(name, value);
  } else if (kind === "application/x-www-form-urlencoded") {
    for (const [name, value] of new URLSearchParams(body.toString("utf8"))) values.set(name, value);
  } else if (kind === "multipart/form-data") {
    for (const part of parseMultipart(contentType, body)) {
      if (part.filename === undefined) values.set(part.name, part.content.toString("utf8"));
      else files.set(part.name, { filename: part.filename, content: part.content });
    }
  }
  return new CallParams(values, files);
}

function parseJsonBody(body: Buffer): CallParams {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString("utf8"));
  } catch {
    throw badRequest("can't parse request JSON object");
  }
  if (!isRecord(parsed)) throw badRequest("JSON object is expected");
  return paramsFromRecord(parsed);
}
