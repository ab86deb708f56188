import type { JournalEvent, RiskInputs } from "@raptor/shared/domain/events.ts";
import type {
  ArmedEntryRow,
  AttemptRow,
  ControlRow,
  ExitPlanRow,
  ExitPresetRow,
  MevChoiceRow,
  FillRow,
  HistoryCursorRow,
  JobRow,
  NonceAccountRow,
  NoticeRow,
  OrderRow,
  OutboxRow,
  PositionRow,
  ReconcileRow,
  TicketRow,
  TokenRow,
  TokenWordRow,
  UserRow,
  View,
  WalletRow,
} from "@raptor/shared/domain/rows.ts";
import type { RecoveryMark } from "../ports/recovery.ts";
import type { Reader } from "../ports/store.ts";
import { reveal, revealEvent } from "./free-text.ts";
import { decodeEvent, JOURNAL_COLUMNS_SQL } from "./journal-rows.ts";
import { readRecoveryMark } from "./recovery-mark.ts";
import { LIVE_ORDER_SQL, NONCE_ACCOUNT_SQL, OUTBOX_DUE_SQL, UNRESOLVED_SQL } from "./schema.ts";
import { lastBuyMs, spentLamportsSince } from "./spending.ts";
import { TableReader } from "./table-reader.ts";
import { storyOf } from "./story.ts";

/** Found by the index alone, which is empty while nothing waits; one order over all chats. */
const OUTBOX_WAITING_SQL = `
select rowid, chat_id from outbox
where ${OUTBOX_DUE_SQL} and (next_try_ms <= ? or next_try_ms > ?)`;

/** Reads over one connection; inside a transaction they see what it has written. */
export class SqliteReader extends TableReader implements Reader {
  job(jobId: string): JobRow | undefined {
    const row = this.one("jobs", "where job_id = ?", jobId);
    return row && reveal(this.statements, "JobAccepted", row);
  }
  pendingJobs(): JobRow[] {
    const rows = this.all("jobs", "where state = 'pending' order by received_ms, rowid");
    return rows.map((row) => reveal(this.statements, "JobAccepted", row));
  }
  user(userId: number): UserRow | undefined {
    const row = this.one("users", "where user_id = ?", userId);
    return row && reveal(this.statements, "UserRegistered", row);
  }
  users(): UserRow[] {
    const rows = this.all("users", "order by user_id");
    return rows.map((row) => reveal(this.statements, "UserRegistered", row));
  }
  walletOf(userId: number): WalletRow | undefined {
    return this.one("wallets", "where user_id = ? order by rowid limit 1", userId);
  }
  wallet(walletId: string): WalletRow | undefined {
    return this.one("wallets", "where wallet_id = ?", walletId);
  }
  wallets(): WalletRow[] {
    return this.all("wallets", "order by rowid");
  }
  order(orderId: string): OrderRow | undefined {
    return this.one("orders", "where order_id = ?", orderId);
  }
  ordersOfJob(jobId: string): OrderRow[] {
    return this.all("orders", "where json_extract(source, '$.jobId') = ? order by rowid", jobId);
  }
  openOrders(): OrderRow[] {
    return this.all("orders", `where ${LIVE_ORDER_SQL} order by rowid`);
  }
  openOrdersOf(positionId: string): OrderRow[] {
    return this.all(
      "orders",
      `where position_id = ? and ${LIVE_ORDER_SQL} order by rowid`,
      positionId,
    );
  }
  attempt(attemptId: string): AttemptRow | undefined {
    return this.one("attempts", "where attempt_id = ?", attemptId);
  }
  attemptsOf(orderId: string): AttemptRow[] {
    return this.all("attempts", "where order_id = ? order by n", orderId);
  }
  attemptByIdentity(venue: string, identity: string): AttemptRow | undefined {
    return this.one("attempts", "where venue = ? and identity = ?", venue, identity);
  }
  unresolvedAttempts(): AttemptRow[] {
    return this.all("attempts", `where ${UNRESOLVED_SQL} order by rowid`);
  }
  unresolvedAttemptCount(): number {
    return this.number(`select count(*) from attempts where ${UNRESOLVED_SQL}`);
  }
  unresolvedInSlot(slot: string): AttemptRow | undefined {
    const clause = `where slot = ? and ${UNRESOLVED_SQL} order by rowid desc limit 1`;
    return this.one("attempts", clause, slot);
  }
  attemptsOfGroup(exclusionGroup: string): AttemptRow[] {
    return this.all("attempts", "where exclusion_group = ? order by rowid", exclusionGroup);
  }
  attemptsOnNonce(account: string, limit: number): AttemptRow[] {
    const clause = `where ${NONCE_ACCOUNT_SQL} = ? order by rowid desc limit ?`;
    return this.all("attempts", clause, account, limit);
  }
  nonceAccount(account: string): NonceAccountRow | undefined {
    return this.one("nonce_accounts", "where account = ?", account);
  }
  nonceAccounts(walletId: string | null): NonceAccountRow[] {
    const order = "order by wallet_id, nonce_index";
    if (walletId === null) return this.all("nonce_accounts", order);
    return this.all("nonce_accounts", `where wallet_id = ? ${order}`, walletId);
  }
  fillOfAttempt(attemptId: string): FillRow | undefined {
    const clause = "where attempt_id = ? and state <> 'reversed' order by seq desc limit 1";
    return this.one("fills", clause, attemptId);
  }
  fill(fillId: string): FillRow | undefined {
    return this.one("fills", "where fill_id = ?", fillId);
  }
  fillsOf(orderId: string): FillRow[] {
    return this.all("fills", "where order_id = ? order by seq", orderId);
  }
  fillsPage(userId: number | null, limit: number, before: number | null): FillRow[] {
    const last = before ?? Number.MAX_SAFE_INTEGER;
    const standing = "state <> 'reversed' and";
    if (userId === null) {
      return this.all("fills", `where ${standing} seq < ? order by seq desc limit ?`, last, limit);
    }
    const clause = `where user_id = ? and ${standing} seq < ? order by seq desc limit ?`;
    return this.all("fills", clause, userId, last, limit);
  }
  unsettledFills(): FillRow[] {
    return this.all("fills", "where state = 'recorded' order by seq");
  }
  unsettledInstruments(userId: number): Set<string> {
    const sql = "select instrument from fills where state = 'recorded' and user_id = ?";
    return new Set(this.statements.all(sql, userId).map(([instrument]) => String(instrument)));
  }
  position(positionId: string): PositionRow | undefined {
    return this.one("positions", "where position_id = ?", positionId);
  }
  openPositionOf(walletId: string, instrument: string): PositionRow | undefined {
    const clause = "where wallet_id = ? and instrument = ? and state = 'open'";
    return this.one("positions", clause, walletId, instrument);
  }
  lastPositionOf(walletId: string, instrument: string): PositionRow | undefined {
    const clause = "where wallet_id = ? and instrument = ? order by changed_ms desc, rowid desc";
    return this.one("positions", `${clause} limit 1`, walletId, instrument);
  }
  knownInstruments(walletId: string): Set<string> {
    const sql = "select distinct instrument from positions where wallet_id = ?";
    return new Set(this.statements.all(sql, walletId).map(([instrument]) => String(instrument)));
  }
  oversoldOf(walletId: string): PositionRow[] {
    const clause = "where wallet_id = ? and oversold != '0' order by rowid";
    return this.all("positions", clause, walletId);
  }
  realisedClosedLamports(userId: number): bigint {
    const sql = "select realised_lamports from positions where user_id = ? and state = 'closed'";
    const rows = this.statements.all(sql, userId);
    return rows.reduce((total, [realised]) => total + BigInt(String(realised)), 0n);
  }
  openPositions(userId: number | null): PositionRow[] {
    if (userId === null) return this.all("positions", "where state = 'open' order by rowid");
    return this.all("positions", "where user_id = ? and state = 'open' order by rowid", userId);
  }
  openPositionCount(): number {
    return this.number("select count(*) from positions where state = 'open'");
  }
  openPositionIds(): { positionId: string; walletId: string }[] {
    const sql = "select position_id, wallet_id from positions where state = 'open' order by rowid";
    return this.statements.all(sql).map(([positionId, walletId]) => {
      return { positionId: String(positionId), walletId: String(walletId) };
    });
  }
  exitPlan(positionId: string): ExitPlanRow | undefined {
    return this.one("exit_plans", "where position_id = ?", positionId);
  }
  armedExitPlans(): ExitPlanRow[] {
    return [...this.eachArmedExitPlan()];
  }
  eachArmedExitPlan(): Generator<ExitPlanRow> {
    return this.each("exit_plans", "where state = 'armed' order by rowid");
  }
  armedEntries(userId: number | null): ArmedEntryRow[] {
    if (userId === null) return this.all("armed_entries", "where state = 'armed' order by rowid");
    const sql = "where state = 'armed' and user_id = ? order by rowid";
    return this.all("armed_entries", sql, userId);
  }
  armedEntry(entryId: string): ArmedEntryRow | undefined {
    return this.one("armed_entries", "where entry_id = ?", entryId);
  }
  exitPreset(userId: number): ExitPresetRow | undefined {
    return this.one("exit_presets", "where user_id = ?", userId);
  }
  mevChoice(userId: number): MevChoiceRow | undefined {
    return this.one("mev_choices", "where user_id = ?", userId);
  }
  spentLamportsSince(userId: number, sinceMs: number, beforeOrderId: string): bigint {
    return spentLamportsSince(this.statements, userId, sinceMs, beforeOrderId);
  }
  lastBuyMs(userId: number, instrument: string, beforeOrderId: string): number | undefined {
    return lastBuyMs(this.statements, userId, instrument, beforeOrderId);
  }
  notice(key: string): NoticeRow | undefined {
    return this.one("notices", "where key = ?", key);
  }
  control(): ControlRow {
    const row = this.one("control", "where id = 1");
    if (row === undefined) return { tradingState: "active", reason: "", by: "", tightenedMs: 0 };
    const { tradingState, reason, by, tightenedMs } = reveal(
      this.statements,
      "TradingStateChanged",
      row,
    );
    return { tradingState, reason, by, tightenedMs };
  }
  lastReconcile(): ReconcileRow | undefined {
    const row = this.one("last_reconcile", "where id = 1");
    return row && { atMs: row.atMs, trigger: row.trigger, drift: row.drift };
  }
  historyCursor(walletId: string): HistoryCursorRow | undefined {
    return this.one("history_cursors", "where wallet_id = ?", walletId);
  }
  tokenWord(walletId: string, mint: string): TokenWordRow | undefined {
    return this.one("token_words", "where word_id = ?", `${walletId}:${mint}`);
  }
  activeTokens(): TokenRow[] {
    return this.all("tokens", "where revoked = 0 order by rowid");
  }
  denialInputs(orderId: string): RiskInputs | undefined {
    return this.one("denials", "where order_id = ?", orderId)?.inputs ?? undefined;
  }
  exitTrigger(orderId: string): { triggerPriceE9: string; priceE9: string } | undefined {
    const row = this.one("exit_triggers", "where order_id = ?", orderId);
    return row && { triggerPriceE9: row.triggerPriceE9, priceE9: row.priceE9 };
  }
  ticketClaim(ticket: string): { jobId: string } | undefined {
    const row = this.one("ticket_claims", "where ticket = ?", ticket);
    return row && { jobId: row.jobId };
  }
  ticket(ticket: string): TicketRow | undefined {
    return this.one("tickets", "where ticket = ?", ticket);
  }
  outbox(key: string): OutboxRow | undefined {
    return this.one("outbox", "where key = ?", key);
  }
  viewOf(chatId: number, messageId: number): View | undefined {
    return this.one("views", "where chat_id = ? and message_id = ?", chatId, messageId)?.view;
  }
  promptOf(chatId: number, nowMs: number): { view: View; messageId: number } | undefined {
    const clause =
      "where chat_id = ? and prompt_expires_ms > 0 and prompt_expires_ms > ? " +
      "order by message_id desc limit 1";
    const row = this.one("views", clause, chatId, nowMs);
    return row && { view: row.view, messageId: row.messageId };
  }
  outboxDue(nowMs: number, waitMsMax: number, limit: number): OutboxRow[] {
    // Asked after every commit and mostly in vain; grouping inside SQLite costs more than the rest.
    const oldest = new Map<number, number>();
    for (const [id, chat] of this.statements.all(OUTBOX_WAITING_SQL, nowMs, nowMs + waitMsMax)) {
      const [rowId, chatId] = [Number(id), Number(chat)];
      if (rowId < (oldest.get(chatId) ?? Infinity)) oldest.set(chatId, rowId);
    }
    const rowIds = [...oldest.values()].toSorted((left, right) => left - right).slice(0, limit);
    return rowIds.flatMap((rowId) => this.one("outbox", "where rowid = ?", rowId) ?? []);
  }
  outboxPendingCount(): number {
    return this.number(`select count(*) from outbox where ${OUTBOX_DUE_SQL}`);
  }
  vault(walletId: string): string | undefined {
    return this.one("vault", "where wallet_id = ?", walletId)?.wrapped;
  }
  reveal(event: JournalEvent): JournalEvent {
    return revealEvent(this.statements, event);
  }
  storyOf(id: string): JournalEvent[] {
    return storyOf(this.statements, id);
  }
  recoveryMark(): RecoveryMark | undefined {
    return readRecoveryMark(this.statements);
  }
  eventsOf(stream: string): JournalEvent[] {
    const sql = `select ${JOURNAL_COLUMNS_SQL} from journal where stream = ? order by seq`;
    return this.statements.all(sql, stream).map(decodeEvent);
  }
}
