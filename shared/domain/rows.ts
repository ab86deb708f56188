import type { ApiScope, Job, JobKind } from "../wire/job.ts";
import type { Drift } from "../wire/read.ts";
import type { Amount, EffectBound, EventPayloads, Evidence } from "./events.ts";
import type { ExitRule, ExitSpec } from "./exit-rules.ts";
import type { MevChoice } from "./mev-protect.ts";
import type { AttemptState, EntryEnd, OrderSide, OrderSource, OrderStatus } from "./order.ts";
import type { TradingState } from "./trading-state.ts";

/** Folded tables: each row is a pure function of the journal. */
export interface JobRow {
  jobId: string;
  digest: string;
  userId: number | null;
  kind: JobKind;
  state: "pending" | "done" | "refused";
  outcome: string | null;
  deadlineMs: number | null;
  receivedMs: number;
  job: Job | null;
}

export interface UserRow {
  userId: number;
  chatId: number;
  name: string;
  paused: boolean;
  /** Why entries wait (drift found, restart); empty when they do not. */
  heldReason: string;
  panicId: string | null;
  /** The newest moment at which this person's entries were paused; 0 when never. */
  pausedMs: number;
}

export interface WalletRow {
  walletId: string;
  userId: number;
  address: string;
  vaultSha256: string;
}

export interface OrderRow {
  orderId: string;
  userId: number;
  walletId: string;
  venue: string;
  instrument: string;
  symbol: string;
  decimals: number;
  tokenProgram: string;
  side: OrderSide;
  source: OrderSource;
  status: OrderStatus;
  reason: string | null;
  notionalLamports: Amount;
  quantity: Amount;
  slippageBpsMax: number;
  positionId: string | null;
  entryPriceE9: Amount | null;
  deadlineMs: number | null;
  guardOverride: boolean;
  noticeKey: string;
  createdMs: number;
}

export interface AttemptRow {
  attemptId: string;
  orderId: string;
  n: number;
  venue: string;
  identity: string;
  payload: string;
  bound: EffectBound;
  exclusionGroup: string;
  slot: string;
  state: AttemptState;
  costCapLamports: Amount;
  quantityOutMin: Amount;
  route: Evidence;
  witness: { lamports: Amount; quantity: Amount };
  cause: string | null;
  evidence: Evidence | null;
  epoch: number;
  /** Of a void, which only uses its nonce up: how the order ends by it. Null: it trades. */
  voids: EntryEnd | null;
  preparedMs: number;
  submittedMs: number | null;
}

/**
 * One durable nonce account. Attempts may stand on it while it is `ready`; the others are set up,
 * were refused by the venue, are on their way back or are gone.
 */
export interface NonceAccountRow {
  account: string;
  walletId: string;
  nonceIndex: number;
  state: "wanted" | "ready" | "refused" | "reclaiming" | "reclaimed";
  /** What it holds back, and gives back when it is reclaimed. */
  lamports: Amount;
  /** Why it was refused; null otherwise. */
  reason: string | null;
  changedMs: number;
}

export interface FillRow extends Omit<
  EventPayloads["FillRecorded"],
  "evidence" | "soldCostLamports"
> {
  /** Null for buys, and where an earlier release booked it. */
  soldCostLamports: Amount | null;
  seq: number;
  tsMs: number;
  evidence: Evidence;
  state: "recorded" | "settled" | "reversed";
}

export interface PositionRow extends Omit<EventPayloads["PositionChanged"], "cause" | "oversold"> {
  oversold: Amount;
  /** What was held before the loss that ended it; null when something else did, or nothing has. */
  lost: { quantity: Amount; costLamports: Amount } | null;
  openedMs: number;
  changedMs: number;
}

export interface ExitPlanRow {
  positionId: string;
  userId: number;
  instrument: string;
  rules: ExitRule[];
  state: "armed" | "disarmed";
  /** How many triggers have fired; the next one is this number. */
  triggers: number;
  /** Rules that have done what they were for; null where an old release wrote the plan. */
  done: ExitRule[] | null;
  /** What shares are shares of; "0": what is held. */
  originalQuantity: Amount;
  /** The highest price that a trailing stop is known to have seen; "0": none. */
  markE9: Amount;
  version: number;
  ruleCount: number;
}

/** A buy that waits for its price, waited for it, or was called off. */
export interface ArmedEntryRow extends EntryFacts {
  state: "armed" | "triggered" | "disarmed";
  /** Why it was disarmed; empty otherwise. */
  reason: string;
  armedMs: number;
}
type EntryFacts = EventPayloads["EntryArmed"];

/** The exit rules that a person's new positions get. */
export interface ExitPresetRow {
  userId: number;
  specs: ExitSpec[];
}

/** Absent: the settings decide. */
export interface MevChoiceRow {
  userId: number;
  protect: MevChoice;
}

export interface NoticeRow {
  key: string;
  chatId: number;
  messageId: number;
}

export interface TokenRow {
  tokenId: string;
  userId: number;
  scopes: ApiScope[];
  revoked: boolean;
}

export interface ControlRow {
  tradingState: TradingState;
  reason: string;
  by: string;
  /** The newest moment at which the kill switch was tightened; 0 when never. */
  tightenedMs: number;
}

export interface ReconcileRow {
  atMs: number;
  trigger: string;
  drift: Drift[];
}

/** How far a wallet's history was read when it was last recorded. */
export interface HistoryCursorRow {
  walletId: string;
  slot: number;
  readMs: number;
}

/** A person's newest word on tokens of a wallet that no order of ours brought. */
export interface TokenWordRow {
  /** `<wallet>:<mint>`. */
  wordId: string;
  walletId: string;
  mint: string;
  word: "adopted" | "ignored";
  /** Base units that the word was about. */
  quantity: Amount;
  saidMs: number;
}

/** Operational tables: may be lost without losing truth. */
export interface TicketRow {
  ticket: string;
  userId: number;
  chatId: number;
  action: TicketAction;
  expiresMs: number;
}

/** What a money-moving button will do; never sent to the client. */
export type TicketAction =
  | {
      kind: "buy";
      mint: string;
      notionalLamports: Amount;
      slippageBpsMax: number;
      guardOverride: boolean;
    }
  | { kind: "sell"; positionId: string; quantityBps: number }
  | { kind: "panic" }
  | { kind: "reclaimNonces" }
  /** Allows buys again, unless they were paused after `shownMs`, when the button was made. */
  | { kind: "resume"; shownMs: number }
  /** Buttons of earlier releases carry no time. */
  | { kind: "releaseEntries"; shownMs?: number }
  /** Tokens beyond the ledger, as many as the notice showed: a position, or left apart. */
  | { kind: "adoptTokens"; walletId: string; mint: string; quantity: Amount }
  | { kind: "ignoreTokens"; walletId: string; mint: string; quantity: Amount }
  /** The rules that the preview showed, unless the plan has changed since. */
  | { kind: "changeExits"; positionId: string; version: number; edit: ExitEdit }
  | { kind: "setExitPreset"; specs: ExitSpec[] }
  | { kind: "chooseProtect"; protect: MevChoice }
  /** A buy at a price or below it, for so long from the press on. */
  | {
      kind: "armEntry";
      mint: string;
      triggerPriceE9: Amount;
      notionalLamports: Amount;
      forMs: number;
    }
  | { kind: "disarmEntry"; entryId: string };

/** A change of a set of rules. */
export type ExitEdit =
  | { kind: "add"; spec: ExitSpec }
  | { kind: "remove"; ruleId: string }
  | { kind: "replace"; specs: ExitSpec[] };

/** A bot message and what it shows, so that Refresh needs nothing in the button. */
export type View =
  | { kind: "home" }
  | { kind: "help" }
  | { kind: "status" }
  | { kind: "positions"; page: number }
  | { kind: "sell" }
  | { kind: "wallet" }
  | { kind: "token"; mint: string }
  | { kind: "order"; orderId: string }
  | { kind: "prompt"; mint: string; expiresMs: number }
  /** The exit rules of a position, or of new positions. */
  | { kind: "exits"; positionId: string | null }
  /** Buys that wait for their price. */
  | { kind: "entries" }
  /** Asks for a price, an amount and a time. */
  | { kind: "entryPrompt"; mint: string; expiresMs: number }
  /** Asks for an exit rule. */
  | { kind: "exitPrompt"; positionId: string | null; expiresMs: number }
  | { kind: "panicConfirm" }
  | { kind: "apiToken"; tokenId: string }
  /** The story of an id, a page of it. */
  | { kind: "why"; id: string; page: number }
  /** The last trades as buttons, in their order. */
  | { kind: "trades"; fillIds: string[] }
  /** A question about so many base units of a token that came without an order. */
  | { kind: "found"; walletId: string; mint: string; quantity: Amount }
  | { kind: "notice" };

export interface OutboxRow {
  key: string;
  chatId: number;
  /** Edit this message; null sends a new one. */
  messageId: number | null;
  /** Raised by every new content; delivery is done when `deliveredVersion` reaches it. */
  version: number;
  deliveredVersion: number;
  content: MessageContent;
  view: View;
  isSilent: boolean;
  isProtected: boolean;
  tries: number;
  nextTryMs: number;
  /** Set when Telegram refused for good: blocked, deactivated, malformed. */
  failure: string | null;
}

/** Text plus entities in UTF-16 units; never a parse mode. */
export interface MessageContent {
  text: string;
  entities: MessageEntity[];
  keyboard: MessageButton[][];
  forceReply?: boolean;
}

export interface MessageEntity {
  type: "bold" | "italic" | "code" | "pre" | "text_link";
  offset: number;
  length: number;
  url?: string;
}

export type MessageButton =
  | { text: string; callbackData: string; style?: "danger" | "success" | "primary" }
  | { text: string; url: string }
  | { text: string; copyText: string };
