import { createHash } from "node:crypto";
import type { MessageSpec } from "./qstash-spec.ts";

const WINDOW_MS = 600_000;

/** Remembers for ten minutes which message a deduplication id, or a content, stands for. */
export class QstashDeduplication {
  readonly #nowMs: () => number;
  readonly #entries = new Map<string, { messageId: string; expiresMs: number }>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  find(spec: MessageSpec): string | undefined {
    const key = deriveKey(spec);
    if (key === undefined) return undefined;
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.expiresMs > this.#nowMs() ? entry.messageId : undefined;
  }

  remember(spec: MessageSpec, messageId: string): void {
    const key = deriveKey(spec);
    if (key === undefined) return;
    const nowMs = this.#nowMs();
    for (const [old, entry] of this.#entries) {
      if (entry.expiresMs > nowMs) break;
      this.#entries.delete(old);
    }
    this.#entries.delete(key);
    this.#entries.set(key, { messageId, expiresMs: nowMs + WINDOW_MS });
  }
}

function deriveKey(spec: MessageSpec): string | undefined {
  if (spec.deduplicationId !== undefined) return `id:${spec.deduplicationId}`;
  if (!spec.isContentDeduplicated) return undefined;
  const forward = Object.entries(spec.forward).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const hash = createHash("sha256")
    .update(JSON.stringify([spec.url, spec.contentType ?? "", forward]))
    .update(spec.body);
  return `content:${hash.digest("hex")}`;
}
