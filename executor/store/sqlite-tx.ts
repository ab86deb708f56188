import type { JournalEvent, NewEvent } from "@raptor/shared/domain/events.ts";
import type { TicketRow } from "@raptor/shared/domain/rows.ts";
import { assert, InvariantError } from "@raptor/shared/errors/raptor-error.ts";
import type { IdSource } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { foldEvent } from "../fold/fold.ts";
import type { NewOutbox, Tx } from "../ports/store.ts";
import { applyChange } from "./apply-change.ts";
import { canonicalJson } from "./canonical-json.ts";
import { sealPayload } from "./free-text.ts";
import { chainHash, type Head } from "./hash-chain.ts";
import { INSERT_JOURNAL_SQL, parseStoredEvent } from "./journal-rows.ts";
import {
  MARK_DELIVERED_SQL,
  MARK_TRY_SQL,
  PURGE_MESSAGES_SQL,
  PURGE_QUESTIONS_SQL,
  PURGE_SQL,
  PURGE_TEXTS_SQL,
  PUT_OUTBOX_SQL,
  PUT_TEXT_SQL,
  PUT_TICKET_SQL,
  PUT_VAULT_SQL,
  PUT_VIEW_SQL,
  VOID_SQL,
} from "./operational-sql.ts";
import { settleRecoveryMark } from "./recovery-mark.ts";
import { ABSENT_INT } from "./row-codec.ts";
import { sqliteErrorKind } from "./sqlite-error.ts";
import { SqliteReader } from "./sqlite-reader.ts";
import type { Statements } from "./statements.ts";
import { EVENT_VERSION } from "./upcasts.ts";

/** Where a unit of work began, to return to when it fails. */
export interface TxMark {
  head: Head;
  eventCount: number;
}

/**
 * The writing side of the one connection. It is open only while a unit of work runs; a unit that
 * catches one of its errors stays failed, because half of that write may be there.
 */
export class SqliteTx extends SqliteReader implements Tx {
  readonly #clock: Clock;
  readonly #ids: IdSource;
  #head: Head;
  #isOpen = false;
  #failure: unknown = undefined;
  #hasWritten = false;
  readonly events: JournalEvent[] = [];

  constructor(statements: Statements, seams: { clock: Clock; ids: IdSource }, head: Head) {
    super(statements);
    this.#clock = seams.clock;
    this.#ids = seams.ids;
    this.#head = head;
  }

  get head(): Head {
    return this.#head;
  }

  /** True when anything was written since `startGroup`. */
  get hasWritten(): boolean {
    return this.#hasWritten;
  }

  startGroup(): void {
    this.#hasWritten = false;
    this.events.length = 0;
  }

  begin(): TxMark {
    this.#isOpen = true;
    this.#failure = undefined;
    return { head: this.#head, eventCount: this.events.length };
  }

  /** @throws the first error of a write, even when the unit of work caught it. */
  end(): void {
    this.#isOpen = false;
    if (this.#failure !== undefined) throw this.#failure;
  }

  returnTo(mark: TxMark): void {
    this.#isOpen = false;
    this.#head = mark.head;
    this.events.length = mark.eventCount;
  }

  append(event: NewEvent): void {
    this.#write(() => {
      const { sealed, texts } = sealPayload(event, this.#head.seq + 1, this.#ids);
      const stored = {
        seq: this.#head.seq + 1,
        tsMs: this.#clock.nowMs(),
        stream: event.stream,
        kind: event.kind,
        version: EVENT_VERSION,
        payload: canonicalJson(sealed),
        prevHash: this.#head.hash,
      };
      const hash = chainHash(stored);
      const { seq, tsMs, stream, kind, version, payload, prevHash } = stored;
      const row = [seq, tsMs, stream, kind, version, payload, prevHash, hash];
      this.statements.run(INSERT_JOURNAL_SQL, ...row);
      for (const { textId, digest, userId, key, body } of texts) {
        this.statements.run(PUT_TEXT_SQL, textId, digest, userId, key, body);
      }
      // Folded from the text that was hashed, so that folding again can give nothing else.
      const journaled = parseStoredEvent({ ...stored, hash });
      try {
        for (const change of foldEvent(journaled)) applyChange(this.statements, change);
      } catch (error) {
        throw contradiction(event.kind, error);
      }
      this.#head = { seq, hash };
      this.events.push(journaled);
    });
  }

  putTicket(row: TicketRow): void {
    const { ticket, userId, chatId, action, expiresMs } = row;
    this.#write(() => {
      const text = canonicalJson(action);
      this.statements.run(PUT_TICKET_SQL, ticket, userId, chatId, text, expiresMs);
    });
  }

  putOutbox(row: NewOutbox): void {
    this.#write(() => {
      this.statements.run(
        PUT_OUTBOX_SQL,
        row.key,
        row.chatId,
        row.messageId ?? ABSENT_INT,
        canonicalJson(row.content),
        canonicalJson(row.view),
        row.isSilent === true ? 1 : 0,
        row.isProtected === true ? 1 : 0,
        // An absent message id keeps the one that is known; an explicit null forgets it.
        row.messageId === undefined ? 1 : 0,
      );
    });
  }

  markOutboxDelivered(key: string, version: number, messageId: number): void {
    this.#write(() => {
      const row = this.outbox(key);
      if (row === undefined) return;
      const nowMs = this.#clock.nowMs();
      this.statements.run(MARK_DELIVERED_SQL, version, messageId, nowMs, key);
      const expiresMs = "expiresMs" in row.view ? row.view.expiresMs : 0;
      const place = `${row.chatId}:${messageId}`;
      const view = canonicalJson(row.view);
      this.statements.run(PUT_VIEW_SQL, place, row.chatId, messageId, view, expiresMs, nowMs);
    });
  }

  markOutboxTry(key: string, tries: number, nextTryMs: number, failure: string | null): void {
    this.#write(() => {
      this.statements.run(MARK_TRY_SQL, tries, nextTryMs, failure, key);
    });
  }

  putVault(walletId: string, wrapped: string): void {
    this.#write(() => {
      this.statements.run(PUT_VAULT_SQL, walletId, wrapped);
    });
  }

  purgeTexts(userId: number): number {
    let removed = 0;
    this.#write(() => {
      removed = this.statements.run(PURGE_TEXTS_SQL, userId);
      this.statements.run(PURGE_MESSAGES_SQL, userId);
      this.statements.run(PURGE_QUESTIONS_SQL, userId);
    });
    return removed;
  }

  purge(beforeMs: number): void {
    this.#write(() => {
      for (const sql of PURGE_SQL) this.statements.run(sql, beforeMs);
    });
  }

  settleRecovery(): void {
    this.#write(() => {
      for (const sql of VOID_SQL) this.statements.run(sql);
      settleRecoveryMark(this.statements);
    });
  }

  #write(work: () => void): void {
    assert(this.#isOpen, "expected a write inside its unit of work");
    this.#hasWritten = true;
    try {
      work();
    } catch (error) {
      this.#failure ??= error;
      throw error;
    }
  }
}

/** An event that the tables cannot take contradicts what is already recorded. */
function contradiction(kind: string, error: unknown): unknown {
  if (error instanceof InvariantError || sqliteErrorKind(error) === "constraint") {
    return new InvariantError(`${kind} contradicts the ledger: ${(error as Error).message}`);
  }
  return error;
}
