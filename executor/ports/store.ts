import type {
  EventKind,
  JournalEvent,
  NewEvent,
  RiskInputs,
} from "@raptor/shared/domain/events.ts";
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
import type { RecoveryMark } from "./recovery.ts";

/** Point and range reads of the folded and operational tables. Microseconds each. */
export interface Reader {
  job(jobId: string): JobRow | undefined;
  pendingJobs(): JobRow[];
  user(userId: number): UserRow | undefined;
  users(): UserRow[];
  walletOf(userId: number): WalletRow | undefined;
  wallet(walletId: string): WalletRow | undefined;
  wallets(): WalletRow[];
  order(orderId: string): OrderRow | undefined;
  ordersOfJob(jobId: string): OrderRow[];
  /** Orders whose status is not final. */
  openOrders(): OrderRow[];
  /** Those of them that belong to one position. */
  openOrdersOf(positionId: string): OrderRow[];
  attempt(attemptId: string): AttemptRow | undefined;
  attemptsOf(orderId: string): AttemptRow[];
  /** By what the venue calls it: on Solana its signature. */
  attemptByIdentity(venue: string, identity: string): AttemptRow | undefined;
  unresolvedAttempts(): AttemptRow[];
  /** How many of them there are, without reading a row. */
  unresolvedAttemptCount(): number;
  /** The newest of them; those of one slot are of one exclusion group, reopened ones apart. */
  unresolvedInSlot(slot: string): AttemptRow | undefined;
  /** All attempts of which the venue lets at most one take effect, oldest first. */
  attemptsOfGroup(exclusionGroup: string): AttemptRow[];
  /** The newest attempts on a nonce account, newest first. */
  attemptsOnNonce(account: string, limit: number): AttemptRow[];
  nonceAccount(account: string): NonceAccountRow | undefined;
  /** In the order of their numbers; `walletId` null means everybody's. */
  nonceAccounts(walletId: string | null): NonceAccountRow[];
  /** The fill of an attempt that is booked and not taken back. */
  fillOfAttempt(attemptId: string): FillRow | undefined;
  fill(fillId: string): FillRow | undefined;
  fillsOf(orderId: string): FillRow[];
  /** Newest first, continuing before a sequence number. `userId` null means everybody. */
  fillsPage(userId: number | null, limit: number, before: number | null): FillRow[];
  unsettledFills(): FillRow[];
  /** Instruments of a person of which a fill may still be taken back. */
  unsettledInstruments(userId: number): Set<string>;
  position(positionId: string): PositionRow | undefined;
  openPositionOf(walletId: string, instrument: string): PositionRow | undefined;
  /** The position of this wallet and instrument that changed last, open or closed. */
  lastPositionOf(walletId: string, instrument: string): PositionRow | undefined;
  /** Instruments that this wallet has, or had, a position of. */
  knownInstruments(walletId: string): Set<string>;
  /** Positions of this wallet of which more was sold than they held, oldest first. */
  oversoldOf(walletId: string): PositionRow[];
  /** Realised profit or loss of positions that are closed. */
  realisedClosedLamports(userId: number): bigint;
  /** `userId` null means everybody. Oldest first. */
  openPositions(userId: number | null): PositionRow[];
  /** How many everybody has together, without reading a row. */
  openPositionCount(): number;
  /** Everybody's, oldest first: what a walk through all of them needs. */
  openPositionIds(): { positionId: string; walletId: string }[];
  exitPlan(positionId: string): ExitPlanRow | undefined;
  armedExitPlans(): ExitPlanRow[];
  /** The same one by one, for a loop that writes nothing: there may be ten thousand. */
  eachArmedExitPlan(): Iterable<ExitPlanRow>;
  /** Buys that wait for their price, oldest first; `userId` null means everybody's. */
  armedEntries(userId: number | null): ArmedEntryRow[];
  armedEntry(entryId: string): ArmedEntryRow | undefined;
  /** Undefined: this person has set nothing and gets the rules of the settings. */
  exitPreset(userId: number): ExitPresetRow | undefined;
  /** Undefined: this person has chosen nothing, and the settings decide. */
  mevChoice(userId: number): MevChoiceRow | undefined;
  /**
   * Lamports of buys initialized since `sinceMs` that filled or may still fill, counting only
   * orders initialized before `beforeOrderId`, so that two orders never deny each other.
   */
  spentLamportsSince(userId: number, sinceMs: number, beforeOrderId: string): bigint;
  /**
   * When the newest buy of this instrument before `beforeOrderId` was initialized, leaving out
   * those that ended without a fill.
   */
  lastBuyMs(userId: number, instrument: string, beforeOrderId: string): number | undefined;
  notice(key: string): NoticeRow | undefined;
  control(): ControlRow;
  lastReconcile(): ReconcileRow | undefined;
  historyCursor(walletId: string): HistoryCursorRow | undefined;
  /** What was last said about tokens of this wallet that came without an order. */
  tokenWord(walletId: string, mint: string): TokenWordRow | undefined;
  /** API tokens that are not revoked. */
  activeTokens(): TokenRow[];
  /** What the risk engine saw when it denied this order. */
  denialInputs(orderId: string): RiskInputs | undefined;
  /** The trigger that made this exit order. */
  exitTrigger(orderId: string): { triggerPriceE9: string; priceE9: string } | undefined;
  ticketClaim(ticket: string): { jobId: string } | undefined;
  /** Operational. */
  ticket(ticket: string): TicketRow | undefined;
  outbox(key: string): OutboxRow | undefined;
  viewOf(chatId: number, messageId: number): View | undefined;
  /** The newest unexpired prompt of this chat, and its message. */
  promptOf(chatId: number, nowMs: number): { view: View; messageId: number } | undefined;
  /**
   * Of every chat the oldest row whose content is not delivered and due; oldest first, at most
   * `limit`. Delivery is serial within a chat, so that one busy chat cannot hide the others. A try
   * more than `waitMsMax` away was set before the wall clock went back, and is due too.
   */
  outboxDue(nowMs: number, waitMsMax: number, limit: number): OutboxRow[];
  outboxPendingCount(): number;
  vault(walletId: string): string | undefined;
  /** The event with what people wrote in it, or a neutral word for what was purged. */
  reveal(event: JournalEvent): JournalEvent;
  headSeq(): number;
  /** Grows with every row written, also with those that are taken back: what is read may differ. */
  changeCount(): number;
  epoch(): number;
  /** The events of one story, oldest first, by the id of any part of it. A few milliseconds. */
  storyOf(id: string): JournalEvent[];
  /** Present when this journal was put back from a copy. */
  recoveryMark(): RecoveryMark | undefined;
}

/** One unit of work: synchronous, all or nothing. */
export interface Tx extends Reader {
  /**
   * Appends to the journal and folds the event into the tables at once. What people wrote goes into
   * a table of its own; the event keeps a digest of it.
   */
  append(event: NewEvent): void;
  putTicket(row: TicketRow): void;
  /** Inserts, or replaces the content of a key and raises its version. */
  putOutbox(row: NewOutbox): void;
  markOutboxDelivered(key: string, version: number, messageId: number): void;
  markOutboxTry(key: string, tries: number, nextTryMs: number, failure: string | null): void;
  putVault(walletId: string, wrapped: string): void;
  /** Removes what a person wrote, and says how many texts that were; see `purgePerson`. */
  purgeTexts(userId: number): number;
  /** Removes tickets, delivered outbox rows and views that ended before `beforeMs`. */
  purge(beforeMs: number): void;
  /** Voids every issued ticket and open question, and notes that the restore was dealt with. */
  settleRecovery(): void;
}

export type NewOutbox = Pick<OutboxRow, "key" | "chatId" | "content" | "view"> &
  Partial<Pick<OutboxRow, "messageId" | "isSilent" | "isProtected">>;

/** A journal row; `payload` is the canonical JSON that was hashed. */
export interface StoredEvent {
  seq: number;
  tsMs: number;
  stream: string;
  kind: string;
  version: number;
  payload: string;
  prevHash: string;
  hash: string;
}

export interface Store extends Reader {
  /**
   * Runs `work` in the next group commit, each in a savepoint of its own; resolves with its
   * result only after the commit is on disk. When `work` throws, its savepoint is rolled back and
   * the promise rejects with that error; the others of the group are not touched.
   * A group that meets another connection's write lock, or is committed on a full disk after the
   * ballast made room, is put off or run a second time: `work` may only write through its `tx`.
   * @throws RAPTOR_JOURNAL__FULL, RAPTOR_JOURNAL__READ_ONLY, RAPTOR_JOURNAL__BUSY when the commit
   * cannot be written.
   */
  transact<T>(work: (tx: Tx) => T): Promise<T>;
  /** Called after a commit, in order, with its events. For indexes and wake-ups, never effects. */
  onCommit(listener: (events: readonly JournalEvent[]) => void): void;
  /**
   * Journal rows from `seq` on, for verify, why and the mirror. In the place of what people wrote
   * stands its digest; `reveal` puts the text back.
   */
  eventsFrom(seq: number, limit: number): JournalEvent[];
  eventsOf(stream: string): JournalEvent[];
  /** The same rows as they are stored: what their hashes were made of. */
  storedFrom(seq: number, limit: number): StoredEvent[];
  /** The hash of one event, or of the end of what a compaction moved away. */
  hashAt(seq: number): string | undefined;
  /**
   * A committed write that leaves nothing behind: throws when the journal cannot be written.
   * Another connection's write lock shows only after a second, as backups hold it for moments.
   */
  probe(): void;
  close(): void;
}

export type EventOf<K extends EventKind> = Extract<JournalEvent, { kind: K }>;
