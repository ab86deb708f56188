import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import type { HashInput } from "./hash-chain.ts";
import type { SqlValue } from "./row-codec.ts";
import { upcastPayload } from "./upcasts.ts";

export const JOURNAL_COLUMNS_SQL = "seq, ts_ms, stream, kind, version, payload, prev_hash, hash";

export const INSERT_JOURNAL_SQL = `insert into journal (${JOURNAL_COLUMNS_SQL}) values (?, ?, ?, ?, ?, ?, ?, ?)`;

/** A journal row as stored; `payload` is still the text that was hashed. */
export interface StoredEvent extends HashInput {
  hash: string;
}

export function readStoredEvent(values: readonly SqlValue[]): StoredEvent {
  const [seq, tsMs, stream, kind, version, payload, prevHash, hash] = values;
  return {
    seq: Number(seq),
    tsMs: Number(tsMs),
    stream: String(stream),
    kind: String(kind),
    version: Number(version),
    payload: String(payload),
    prevHash: String(prevHash),
    hash: String(hash),
  };
}

/**
 * The event in the shape of this release. Only this store writes journal rows, and only from typed
 * events; those of the next release may be of kinds that are not known here.
 */
export function parseStoredEvent(stored: StoredEvent): JournalEvent {
  const payload = upcastPayload(stored.kind, stored.version, JSON.parse(stored.payload));
  return { ...stored, payload } as JournalEvent;
}

export function decodeEvent(values: readonly SqlValue[]): JournalEvent {
  return parseStoredEvent(readStoredEvent(values));
}
