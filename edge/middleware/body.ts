/** A body as text, or why it was not read. */
export type BodyResult =
  | { kind: "body"; text: string; bytes: Uint8Array<ArrayBuffer> }
  | { kind: "too-large" }
  | { kind: "broken" };

/** Reads at most `bytesMax`, so that nobody can make the edge hold more than that. */
export async function readBody(request: Request, bytesMax: number): Promise<BodyResult> {
  if (Number(request.headers.get("content-length") ?? 0) > bytesMax) return { kind: "too-large" };
  if (request.body === null) return { kind: "body", text: "", bytes: new Uint8Array() };
  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      byteCount += value.byteLength;
      if (byteCount > bytesMax) {
        await reader.cancel();
        return { kind: "too-large" };
      }
      chunks.push(value);
    }
  } catch {
    // The sender went away halfway: there is nobody left to tell, the caller only counts it.
    return { kind: "broken" };
  }
  const bytes = new Uint8Array(byteCount);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return { kind: "body", text: new TextDecoder().decode(bytes), bytes };
}

/** True when the content type is `wanted`, parameters aside. */
export function hasContentType(request: Request, wanted: string): boolean {
  const given = request.headers.get("content-type") ?? "";
  return given.split(";")[0]?.trim().toLowerCase() === wanted;
}
