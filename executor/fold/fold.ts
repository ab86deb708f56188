import type { EventKind, EventPayloads, JournalEvent } from "@raptor/shared/domain/events.ts";
import type { TokenWordRow } from "@raptor/shared/domain/rows.ts";
import {
  foldAttemptAccepted,
  foldAttemptDead,
  foldAttemptFailed,
  foldAttemptPrepared,
  foldAttemptRejected,
  foldAttemptSubmitted,
  foldAttemptUnknown,
  foldFillRecorded,
  foldFillReversed,
  foldFillSettled,
  foldOrderClosed,
  foldOrderDenied,
  foldOrderInitialized,
  type EventHead,
} from "./fold-orders.ts";
import { foldEntryArmed, foldEntryEnd } from "./fold-exits.ts";
import { foldExitMarksMoved, foldExitPlanArmed, foldExitTriggered } from "./fold-exits.ts";
import {
  foldNonceAccountReclaimed,
  foldNonceAccountsCreated,
  foldNonceAccountsRefused,
  foldNonceAccountsWanted,
  foldNonceReclaimRefused,
  foldNonceReclaimWanted,
} from "./fold-nonces.ts";
import type { RowChange } from "./row-change.ts";

type Folds = { [K in EventKind]: (payload: EventPayloads[K], head: EventHead) => RowChange[] };

const FOLDS: Folds = {
  JobAccepted: (job, head) => [
    {
      op: "insert",
      table: "jobs",
      row: { ...job, state: "pending", outcome: null, receivedMs: head.tsMs },
    },
  ],
  JobRefused: ({ reason, ...job }, head) => [
    {
      op: "insert",
      table: "jobs",
      row: {
        ...job,
        state: "refused",
        outcome: reason,
        deadlineMs: null,
        receivedMs: head.tsMs,
        job: null,
      },
    },
  ],
  JobFinished: ({ jobId, outcome }) => [
    {
      op: "update",
      table: "jobs",
      where: { jobId, state: "pending" },
      set: { state: "done", outcome },
      rows: "one",
    },
  ],
  TicketClaimed: (claim) => [{ op: "insert", table: "ticket_claims", row: claim }],
  UserRegistered: (user) => [
    {
      op: "upsert",
      table: "users",
      row: { ...user, paused: false, heldReason: "", panicId: null, pausedMs: 0 },
      keep: ["paused", "heldReason", "panicId", "pausedMs"],
    },
  ],
  UserPausedChanged: ({ userId, paused, tightenedMs = 0 }) =>
    updateUser(userId, { paused, pausedMs: tightenedMs }),
  WalletCreated: (wallet) => [{ op: "insert", table: "wallets", row: wallet }],
  NonceAccountsWanted: foldNonceAccountsWanted,
  NonceAccountsCreated: foldNonceAccountsCreated,
  NonceAccountsRefused: foldNonceAccountsRefused,
  NonceReclaimWanted: foldNonceReclaimWanted,
  NonceAccountReclaimed: foldNonceAccountReclaimed,
  NonceReclaimRefused: foldNonceReclaimRefused,
  OrderInitialized: foldOrderInitialized,
  OrderApproved: () => [],
  OrderDenied: foldOrderDenied,
  OrderClosed: foldOrderClosed,
  AttemptPrepared: foldAttemptPrepared,
  AttemptSubmitted: foldAttemptSubmitted,
  AttemptAccepted: foldAttemptAccepted,
  AttemptRejected: foldAttemptRejected,
  AttemptUnknown: foldAttemptUnknown,
  AttemptFailed: foldAttemptFailed,
  // Its fill follows in the same transaction and says all that the tables hold.
  AttemptFound: () => [],
  AttemptDead: foldAttemptDead,
  FillRecorded: foldFillRecorded,
  FillReversed: foldFillReversed,
  FillSettled: foldFillSettled,
  PositionChanged: foldPositionChanged,
  ExitPlanArmed: foldExitPlanArmed,
  ExitPlanDisarmed: ({ positionId }) => [
    {
      op: "update",
      table: "exit_plans",
      where: { positionId },
      set: { state: "disarmed" },
      rows: "one",
    },
  ],
  ExitTriggered: foldExitTriggered,
  // The plan without the rule follows in the same transaction.
  ExitRuleEnded: () => [],
  ExitMarksMoved: foldExitMarksMoved,
  EntryArmed: foldEntryArmed,
  EntryTriggered: ({ entryId }) => foldEntryEnd(entryId, { state: "triggered" }),
  EntryDisarmed: ({ entryId, reason }) => foldEntryEnd(entryId, { state: "disarmed", reason }),
  ExitPresetChanged: ({ userId, specs }) => [
    { op: "upsert", table: "exit_presets", row: { userId, specs } },
  ],
  MevProtectChosen: ({ userId, protect }) => [
    { op: "upsert", table: "mev_choices", row: { userId, protect } },
  ],
  NoticeDelivered: (notice) => [{ op: "upsert", table: "notices", row: notice }],
  TradingStateChanged: ({ state, reason, by, tightenedMs = 0 }) => [
    {
      op: "upsert",
      table: "control",
      row: { id: 1, tradingState: state, reason, by, tightenedMs },
    },
  ],
  PanicOpened: ({ panicId, userId }) => updateUser(userId, { panicId }),
  PanicClosed: ({ userId }) => updateUser(userId, { panicId: null }),
  TokenIssued: (token) => [{ op: "insert", table: "tokens", row: { ...token, revoked: false } }],
  TokensRevoked: ({ userId }) => [
    { op: "update", table: "tokens", where: { userId }, set: { revoked: true }, rows: "any" },
  ],
  EntriesHeld: ({ userId, reason: heldReason, tightenedMs: pausedMs }) =>
    updateUser(userId, pausedMs === undefined ? { heldReason } : { heldReason, pausedMs }),
  EntriesReleased: ({ userId }) => updateUser(userId, { heldReason: "" }),
  EpochStarted: (epoch, head) => [
    { op: "insert", table: "epochs", row: { ...epoch, startedMs: head.tsMs } },
  ],
  JournalRestored: () => [],
  JournalCompacted: () => [],
  PersonPurged: () => [],
  ReconcileCompleted: ({ atMs, trigger, drift, cursors = [] }) => [
    { op: "upsert", table: "last_reconcile", row: { id: 1, atMs, trigger, drift } },
    ...cursors.map((cursor): RowChange => ({
      op: "upsert",
      table: "history_cursors",
      row: { ...cursor, readMs: atMs },
    })),
  ],
  TokensAdopted: (adopted, head) => [tokenWord(adopted, "adopted", head)],
  TokensIgnored: (ignored, head) => [tokenWord(ignored, "ignored", head)],
};

/** The loss that ended it is kept: its event may be in the archive when the tokens come back. */
function foldPositionChanged(
  { cause, oversold = "0", ...position }: EventPayloads["PositionChanged"],
  { tsMs }: EventHead,
): RowChange[] {
  const isLost = cause.kind === "external" && position.state === "closed";
  const lost = isLost ? (cause.before ?? null) : null;
  const row = { ...position, oversold, lost, openedMs: tsMs, changedMs: tsMs };
  return [{ op: "upsert", table: "positions", row, keep: ["openedMs"] }];
}

function tokenWord(
  said: { walletId: string; mint: string; quantity: string },
  word: TokenWordRow["word"],
  head: EventHead,
): RowChange {
  const { walletId, mint, quantity } = said;
  const wordId = `${walletId}:${mint}`;
  const row = { wordId, walletId, mint, word, quantity, saidMs: head.tsMs };
  return { op: "upsert", table: "token_words", row };
}

type UserSet = Extract<RowChange, { table: "users"; op: "update" }>["set"];

function updateUser(userId: number, set: UserSet): RowChange[] {
  return [{ op: "update", table: "users", where: { userId }, set, rows: "one" }];
}

function foldPayload<K extends EventKind>(
  kind: K,
  payload: EventPayloads[K],
  head: EventHead,
): RowChange[] {
  return FOLDS[kind](payload, head);
}

/**
 * What one event means for the tables. A pure function of the event: it reads nothing. A kind of
 * the next release means nothing to this one: that release changes only tables of its own by it.
 */
export function foldEvent(event: JournalEvent): RowChange[] {
  if (!Object.hasOwn(FOLDS, event.kind)) return [];
  return foldPayload(event.kind, event.payload, event);
}
