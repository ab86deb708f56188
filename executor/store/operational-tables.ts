import type { OutboxRow, TicketRow, View } from "@raptor/shared/domain/rows.ts";
import type { TableSpec } from "../fold/table-spec.ts";

/** What a message shows, once it is delivered. */
export interface ViewRow {
  /** `<chatId>:<messageId>`. */
  place: string;
  chatId: number;
  messageId: number;
  view: View;
  /** 0 for everything that is not a prompt. */
  promptExpiresMs: number;
  savedMs: number;
}

/** What a person wrote. */
export interface TextRow {
  /** Follows from the event's number, so that texts lie in the order of the journal. */
  textId: number;
  /** What stands in the event in its place. */
  digest: string;
  userId: number;
  /** Of this text alone: without it the digest cannot be compared with a guess. */
  key: string;
  body: string;
}

export interface VaultRow {
  walletId: string;
  wrapped: string;
}

/** Tables that are not folded: losing them loses no truth, except `vault`, which is backed up. */
export interface OperationalRows {
  tickets: TicketRow;
  outbox: OutboxRow;
  views: ViewRow;
  vault: VaultRow;
  texts: TextRow;
}

export type OperationalName = keyof OperationalRows;

const text = { kind: "text", nullable: false } as const;
const int = { kind: "int", nullable: false } as const;
const bool = { kind: "bool", nullable: false } as const;
const json = { kind: "json", nullable: false } as const;

export const OPERATIONAL_TABLES: {
  readonly [T in OperationalName]: TableSpec<OperationalRows[T]>;
} = {
  tickets: {
    key: "ticket",
    columns: { ticket: text, userId: int, chatId: int, action: json, expiresMs: int },
  },
  outbox: {
    key: "key",
    columns: {
      key: text,
      chatId: int,
      messageId: { kind: "int", nullable: true },
      version: int,
      deliveredVersion: int,
      content: json,
      view: json,
      isSilent: bool,
      isProtected: bool,
      tries: int,
      nextTryMs: int,
      failure: { kind: "text", nullable: true },
    },
  },
  views: {
    key: "place",
    columns: {
      place: text,
      chatId: int,
      messageId: int,
      view: json,
      promptExpiresMs: int,
      savedMs: int,
    },
  },
  vault: { key: "walletId", columns: { walletId: text, wrapped: text } },
  texts: {
    key: "textId",
    columns: { textId: int, digest: text, userId: int, key: text, body: text },
  },
};
