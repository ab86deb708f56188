import { badRequest } from "./api-error.ts";

export interface UploadedFile {
  filename: string;
  content: Buffer;
}

export interface MultipartPart {
  name: string;
  /** Absent for a plain field. */
  filename: string | undefined;
  content: Buffer;
}

/** A call needs a handful of parts; the bound keeps a hostile body from making millions. */
const PARTS_MAX = 200;

/** @throws TelegramApiError 400 when the body does not follow its own boundary. */
export function parseMultipart(contentType: string, body: Buffer): MultipartPart[] {
  const boundary = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  const marker = boundary?.[1] ?? boundary?.[2];
  if (marker === undefined) throw badRequest("can't find multipart boundary");
  const delimiter = Buffer.from(`--${marker}`);
  const parts: MultipartPart[] = [];
  let start = body.indexOf(delimiter);
  while (start !== -1 && parts.length < PARTS_MAX) {
    const after = start + delimiter.length;
    if (body.subarray(after, after + 2).toString("latin1") === "--") return parts;
    const next = body.indexOf(Buffer.concat([Buffer.from("\r\n"), delimiter]), after);
    if (next === -1) break;
    parts.push(parsePart(body.subarray(after + 2, next)));
    start = next + 2;
  }
  throw badRequest("can't parse multipart body");
}

function parsePart(part: Buffer): MultipartPart {
  const gap = part.indexOf("\r\n\r\n");
  const head = part.subarray(0, Math.max(gap, 0)).toString("utf8");
  const name = /\bname="([^"]*)"/i.exec(head)?.[1];
  if (gap === -1 || name === undefined) throw badRequest("can't parse multipart body");
  const filename = /\bfilename="([^"]*)"/i.exec(head)?.[1];
  return { name, filename, content: part.subarray(gap + 4) };
}
