import { createHmac } from "node:crypto";
import type { EventKind, JournalEvent, NewEvent } from "@raptor/shared/domain/events.ts";
import { assert } from "@raptor/shared/errors/raptor-error.ts";
import type { IdSource } from "@raptor/shared/seams/chance.ts";
import type { TextRow } from "./operational-tables.ts";
import type { Statements } from "./statements.ts";

/**
 * What people wrote, by the kind of event and the path to it, with the word that stands for it once
 * it was purged. The journal holds only a digest of it, because an event can never be removed; the
 * text itself lies in a table that can be. A new kind of event with such a text gets a line here.
 */
const FREE_TEXT: { readonly [K in EventKind]?: Readonly<Record<string, string>> } = {
  // The job's digest is made of all it says, so that a short text could be guessed from it.
  JobAccepted: {
    digest: "",
    "job.actor.name": "trader",
    "job.text": "removed",
    "job.about": "removed",
    "job.amountText": "removed",
    "job.percentText": "removed",
    "job.reason": "removed",
    "job.rulesText": "removed",
  },
  JobRefused: { digest: "" },
  UserRegistered: { name: "trader" },
  TradingStateChanged: { reason: "removed" },
};

/** An amount is what replay decides by, and says nothing about anybody: it stays in the journal. */
const AMOUNT_TEXT = /^(?:[\d.,]{1,32}\s?%?|all|max)$/i;
/** 128 bits, as for a ticket. */
const KEY_BYTES = 16;
/** Where the text lies, and its digest. Nothing else in a payload has this form. */
const SEALED = /^~([0-9a-z]{1,11})\.[\w-]{43}$/;
/** More than any event has. */
const TEXTS_PER_EVENT_MAX = 8;
const ID_RADIX = 36;

/**
 * Takes the free text out of a payload. Each text has a random key of its own, which is purged with
 * it: what is left in the journal then tells nothing, to nobody. A key derived from a secret would
 * let whoever has the secret try out names and amounts for ever, and would be lost with it.
 */
export function sealPayload(
  { kind, payload }: NewEvent,
  seq: number,
  ids: IdSource,
): { sealed: object; texts: TextRow[] } {
  const paths = FREE_TEXT[kind];
  const texts: TextRow[] = [];
  if (paths === undefined) return { sealed: payload, texts };
  const userId = personOf({ ...payload });
  let sealed: object = payload;
  for (const path of Object.keys(paths)) {
    sealed = mapText(sealed, path.split("."), (body) => {
      if (body === "" || (path !== "digest" && AMOUNT_TEXT.test(body))) return body;
      const key = ids.token(KEY_BYTES);
      assert(texts.length < TEXTS_PER_EVENT_MAX, "expected fewer texts in one event");
      const textId = seq * TEXTS_PER_EVENT_MAX + texts.length;
      const digest = digestOf(textId, key, body);
      texts.push({ textId, digest, userId, key, body });
      return digest;
    });
  }
  return { sealed, texts };
}

/** The event with what people wrote in it, or with the word for what was purged. */
export function revealEvent(statements: Statements, event: JournalEvent): JournalEvent {
  return { ...event, payload: reveal(statements, event.kind, event.payload) } as JournalEvent;
}

/** The same for a payload, or a row whose columns are named as in the event that fills them. */
export function reveal<T extends object>(statements: Statements, kind: EventKind, value: T): T {
  let revealed: object = value;
  for (const [path, removed] of Object.entries(FREE_TEXT[kind] ?? {})) {
    revealed = mapText(revealed, path.split("."), (text) => bodyOf(statements, text) ?? removed);
  }
  return revealed as T;
}

function digestOf(textId: number, key: string, body: string): string {
  const digest = createHmac("sha256", key).update(body).digest("base64url");
  return `~${textId.toString(ID_RADIX)}.${digest}`;
}

/** Texts may be missing, since they can be purged, but none may be another one. */
export function findAlteredText(statements: Statements): string | undefined {
  // A file of the first schema has its texts in the events.
  const isThere = statements.one("select 1 from sqlite_schema where name = 'texts'");
  if (isThere === undefined) return undefined;
  const sql = "select text_id, digest, key, body from texts";
  for (const [textId, digest, key, body] of statements.each(sql)) {
    if (digestOf(Number(textId), String(key), String(body)) !== digest) return String(digest);
  }
  return undefined;
}

function bodyOf(statements: Statements, sealed: string): string | undefined {
  const id = SEALED.exec(sealed)?.[1];
  if (id === undefined) return sealed;
  const textId = Number.parseInt(id, ID_RADIX);
  const sql = "select body from texts where text_id = ? and digest = ?";
  const body = statements.one(sql, textId, sealed)?.[0];
  return typeof body === "string" ? body : undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** A copy with the text at the path replaced; the value itself where there is none. */
function mapText(value: object, path: readonly string[], map: (text: string) => string): object {
  const [name = "", ...rest] = path;
  const inner = (value as Fields)[name];
  if (rest.length > 0 && typeof inner === "object" && inner !== null) {
    const mapped = mapText(inner, rest, map);
    return mapped === inner ? value : { ...value, [name]: mapped };
  }
  if (rest.length > 0 || typeof inner !== "string") return value;
  const mapped = map(inner);
  return mapped === inner ? value : { ...value, [name]: mapped };
}

/** Whose text it is; 0 for the system, whose texts nobody asks to remove. */
function personOf(payload: Fields): number {
  const { userId, by } = payload;
  if (typeof userId === "number") return userId;
  const match = typeof by === "string" ? /^telegram:(\d+)$/.exec(by) : null;
  return match === null ? 0 : Number(match[1]);
}
