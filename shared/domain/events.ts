import type { ApiScope, Job, JobKind } from "../wire/job.ts";
import type { Drift } from "../wire/read.ts";
import type { ExitRule, ExitRuleKind, ExitSpec } from "./exit-rules.ts";
import type { MevChoice } from "./mev-protect.ts";
import type { EntryEnd, OrderSide, OrderSource, OrderStatus } from "./order.ts";
import type { TradingState } from "./trading-state.ts";

/** An integer in decimal digits: amounts are bigint in code and text in the journal. */
export type Amount = string;

/**
 * The moment after which the venue itself refuses an attempt. Block HEIGHT, never a slot: slots
 * run millions ahead of heights. A durable nonce has no moment: its attempts stay possible until
 * the value on the chain is another one, however that came about.
 */
export type EffectBound =
  | { kind: "blockHeight"; lastValidBlockHeight: number; blockhash: string }
  | { kind: "nonce"; account: string; value: string };

/** What the deciding code saw, so that `raptor replay` can decide again and compare. */
export interface RiskInputs {
  notionalLamports: Amount;
  priceImpactBps: number;
  walletLamports: Amount;
  /** What `walletLamports` is of, at least; absent: of earlier releases. */
  walletSlot?: number;
  /** Held back for nonce accounts that this buy sets up; absent: none. */
  nonceRentLamports?: Amount;
  /** What other buys of this wallet may take from it still; absent: of earlier releases. */
  inFlightLamports?: Amount;
  spentTodayLamports: Amount;
  openPositions: number;
  lastBuyMs: number | null;
  tradingState: TradingState;
  userPaused: boolean;
  guardOverride: boolean;
  nowMs: number;
  limits: RiskLimits;
}

export interface RiskLimits {
  notionalLamportsMax: Amount;
  dailyLamportsMax: Amount;
  openPositionsMax: number;
  priceImpactBpsMax: number;
  duplicateBuyGuardMs: number;
  reserveLamports: Amount;
}

/** Evidence of what a venue said; whole enough for a person to check it later. */
export type Evidence = Readonly<Record<string, unknown>>;

/** A durable nonce account of a wallet: its address follows from the wallet and its number. */
export interface NonceAccountName {
  account: string;
  nonceIndex: number;
}

/** When a switch was thrown, so that a late message cannot undo a newer one. */
export interface SwitchTimes {
  /** When the person asked for it, milliseconds; 0 or absent where that is not known. */
  createdMs?: number;
  /** The newest moment so far at which anybody asked for less trading; 0 or absent: never. */
  tightenedMs?: number;
}

export interface EventPayloads {
  JobAccepted: {
    jobId: string;
    digest: string;
    userId: number | null;
    kind: JobKind;
    deadlineMs: number | null;
    job: Job;
  };
  /** Authenticated but not acceptable: stale, ticket used, not allowed. */
  JobRefused: {
    jobId: string;
    digest: string;
    userId: number | null;
    kind: JobKind;
    reason: string;
  };
  JobFinished: { jobId: string; outcome: string };
  TicketClaimed: { ticket: string; jobId: string; userId: number };
  UserRegistered: { userId: number; chatId: number; name: string };
  UserPausedChanged: { userId: number; paused: boolean; jobId: string } & SwitchTimes;
  WalletCreated: { walletId: string; userId: number; address: string; vaultSha256: string };
  /** Asked for before anything is sent; each address can be created only once, so no attempt. */
  NonceAccountsWanted: {
    walletId: string;
    userId: number;
    accounts: NonceAccountName[];
    /** Lamports that each of them holds back until it is reclaimed. */
    rentLamports: Amount;
  };
  NonceAccountsCreated: {
    walletId: string;
    accounts: (NonceAccountName & { lamports: Amount })[];
    evidence: Evidence;
  };
  /** The venue would not set them up; attempts go on without them. */
  NonceAccountsRefused: { walletId: string; accounts: NonceAccountName[]; reason: string };
  NonceReclaimWanted: { walletId: string; account: string; nonceIndex: number; jobId: string };
  NonceAccountReclaimed: {
    walletId: string;
    account: string;
    nonceIndex: number;
    /** What went back to the wallet, as the ledger knew it. */
    lamports: Amount;
    evidence: Evidence;
  };
  NonceReclaimRefused: { walletId: string; account: string; nonceIndex: number; reason: string };
  OrderInitialized: {
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
    /** Buys: lamports to spend. Sells: "0". */
    notionalLamports: Amount;
    /** Sells: base units to sell. Buys: "0". */
    quantity: Amount;
    slippageBpsMax: number;
    positionId: string | null;
    /** Sells: the position's entry price at that moment, for the profit on the receipt. */
    entryPriceE9: Amount | null;
    deadlineMs: number | null;
    guardOverride: boolean;
    /** The notice that follows this order, and the message that it edits. */
    noticeKey: string;
  };
  OrderApproved: { orderId: string; inputs: RiskInputs };
  OrderDenied: { orderId: string; reasons: string[]; inputs: RiskInputs | null };
  /** Ended without a fill: canceled (kill state, panic), expired (deadline), rejected (venue). */
  OrderClosed: {
    orderId: string;
    status: OrderStatus;
    reason: string;
    /** The route whose price was refused, with what it was held against. */
    refusedRoute?: Evidence;
  };
  AttemptPrepared: {
    attemptId: string;
    orderId: string;
    n: number;
    venue: string;
    /** Known before anything leaves; on Solana the transaction's signature. */
    identity: string;
    /** The exact bytes, base64: these and no others may be sent again. */
    payload: string;
    bound: EffectBound;
    exclusionGroup: string;
    /** `open:<wallet>:<instrument>:buy` or `close:<positionId>`. */
    slot: string;
    /** Most lamports that may leave the wallet, fees and rent included. */
    costCapLamports: Amount;
    quantityOutMin: Amount;
    /** The quote that decided, for replay and receipts. */
    route: Evidence;
    /** Balances before the attempt, for the witness in a proof of death. */
    witness: { lamports: Amount; quantity: Amount };
    epoch: number;
    /**
     * Set on a void: it only uses up the nonce value on which an undecided try of this entry
     * stands, moves no tokens, and once it has landed the order ends like this. Absent: it trades.
     */
    voids?: EntryEnd;
  };
  AttemptSubmitted: { attemptId: string; lanes: string[]; atMs: number };
  AttemptAccepted: { attemptId: string; evidence: Evidence };
  AttemptRejected: { attemptId: string; reason: string; evidence: Evidence };
  AttemptUnknown: { attemptId: string; cause: string };
  AttemptFailed: {
    attemptId: string;
    venueError: string;
    costLamports: Amount;
    evidence: Evidence;
    /** Set on a void, which has done what it is for. Absent: it was reverted. */
    isVoid?: true;
  };
  AttemptDead: { attemptId: string; proof: Evidence };
  /** The chain shows what was called over: its fill follows in the same transaction. */
  AttemptFound: { attemptId: string; was: string; evidence: Evidence };
  FillRecorded: {
    fillId: string;
    attemptId: string;
    orderId: string;
    userId: number;
    positionId: string;
    instrument: string;
    side: OrderSide;
    /** Base units, positive. */
    quantity: Amount;
    /** Lamports paid or received for the tokens alone, positive. */
    notionalLamports: Amount;
    feeLamports: Amount;
    rentLamports: Amount;
    /** Sells: what the sold tokens had cost; absent where an earlier release booked it. */
    soldCostLamports?: Amount;
    venueSlot: number;
    evidence: Evidence;
  };
  FillReversed: { fillId: string; attemptId: string; evidence: Evidence };
  FillSettled: { fillId: string; evidence: Evidence };
  /** The whole state after the change, so that folding needs no arithmetic. */
  PositionChanged: {
    positionId: string;
    userId: number;
    walletId: string;
    venue: string;
    instrument: string;
    symbol: string;
    decimals: number;
    tokenProgram: string;
    quantity: Amount;
    /** Cost of what is still held, fees and rent apart. */
    costLamports: Amount;
    realisedLamports: Amount;
    entryPriceE9: Amount;
    /**
     * Base units that its sells took beyond what it held: a fork shows its parts in any order.
     * Absent: none.
     */
    oversold?: Amount;
    state: "open" | "closed";
    cause:
      | { kind: "fill"; fillId: string }
      /** `before`: what was held; the event that says it too may be in the archive by now. */
      | {
          kind: "external";
          detail: string;
          before?: { quantity: Amount; costLamports: Amount };
        }
      /** What was sold beyond a position, set against what the wallet holds. */
      | { kind: "offset"; detail: string }
      /** Tokens that came without an order of ours, taken in by their owner's word. */
      | { kind: "adopted"; jobId: string };
  };
  /** The whole plan as it is from now on, so that folding needs no arithmetic. */
  ExitPlanArmed: {
    positionId: string;
    userId: number;
    instrument: string;
    /** Rules that are still to fire. */
    rules: ExitRule[];
    /** Rules that have done what they were for; absent: none. */
    done?: ExitRule[];
    /** Base units that shares are shares of; absent: what is held. */
    originalQuantity?: Amount;
    /** The highest price that a trailing stop has seen; absent: none. */
    markE9?: Amount;
    /** Raised by every change of the plan, so that an old button cannot undo a newer one. */
    version?: number;
    /** Rules made so far: the next one gets the next number, also after some were removed. */
    ruleCount?: number;
  };
  ExitPlanDisarmed: { positionId: string; reason: string };
  ExitTriggered: {
    positionId: string;
    rule: ExitRuleKind;
    ruleId?: string;
    n: number;
    triggerPriceE9: Amount;
    /** "0" where time alone decided and no price was known. */
    priceE9: Amount;
    priceAgeMs: number;
    /** The highest price, where a trailing stop decided. */
    markE9?: Amount;
    orderId: string;
  };
  /** A rule has done what it was for without a sell; the plan without it follows. */
  ExitRuleEnded: {
    positionId: string;
    rule: ExitRuleKind;
    ruleId: string;
    triggerPriceE9: Amount;
    priceE9: Amount;
    priceAgeMs: number;
    why: "stop moved" | "nothing to sell";
  };
  /** Highest prices that trailing stops have seen; always before one of them decides. */
  ExitMarksMoved: { marks: { positionId: string; markE9: Amount }[] };
  /** A buy that waits for its price; it obeys the kill switch, pauses and limits when it fires. */
  EntryArmed: {
    entryId: string;
    userId: number;
    walletId: string;
    venue: string;
    instrument: string;
    symbol: string;
    decimals: number;
    tokenProgram: string;
    /** It buys at this price or below. */
    triggerPriceE9: Amount;
    notionalLamports: Amount;
    slippageBpsMax: number;
    /** After this moment it buys nothing any more. */
    deadlineMs: number;
    jobId: string;
  };
  EntryTriggered: {
    entryId: string;
    userId: number;
    triggerPriceE9: Amount;
    priceE9: Amount;
    priceAgeMs: number;
    orderId: string;
  };
  EntryDisarmed: { entryId: string; userId: number; reason: string };
  /** The rules that this person's new positions get. */
  ExitPresetChanged: { userId: number; specs: ExitSpec[]; jobId: string };
  /** Whom this person's orders are kept from; `default`: as the settings say. */
  MevProtectChosen: { userId: number; protect: MevChoice; jobId: string };
  NoticeDelivered: { key: string; chatId: number; messageId: number };
  TradingStateChanged: {
    state: TradingState;
    reason: string;
    by: string;
    jobId: string;
  } & SwitchTimes;
  PanicOpened: { panicId: string; userId: number };
  /** `left`: positions that stay, because selling them would bring less than it costs. */
  PanicClosed: { panicId: string; userId: number; left?: string[] };
  TokenIssued: { tokenId: string; userId: number; scopes: ApiScope[] };
  TokensRevoked: { userId: number };
  /** Words and buttons from before `tightenedMs` release nothing; absent: of earlier releases. */
  EntriesHeld: { userId: number; reason: string; tightenedMs?: number };
  EntriesReleased: { userId: number; reason: string };
  EpochStarted: { epoch: number; version: string; pid: number };
  /** The first start on a journal that was put back from a copy, after its last event. */
  JournalRestored: {
    from: "backup" | "postgres";
    atMs: number;
    headSeq: number;
    headHash: string;
  };
  /** What this person wrote was removed: so many texts. */
  PersonPurged: { userId: number; texts: number };
  /** The events up to the anchor were moved to the archive; `digest` is of the tables there. */
  JournalCompacted: { anchorSeq: number; anchorHash: string; digest: string };
  ReconcileCompleted: {
    trigger: string;
    atMs: number;
    saw: Evidence;
    /** All that concerns the ledger, and a bounded number of orphans. */
    drift: Drift[];
    /** How far each wallet's history was read by every node; absent where it was not read. */
    cursors?: HistoryCursor[];
  };
  /** What a person said about tokens that came without an order: they are a position now. */
  TokensAdopted: {
    walletId: string;
    userId: number;
    mint: string;
    /** Base units that were taken in. */
    quantity: Amount;
    positionId: string;
    /**
     * What they count as having cost: their value then, or without a price what the others of the
     * position cost, or nothing, which arms no exit.
     */
    cost: "market" | "entry" | "unknown";
    costLamports: Amount;
    jobId: string;
  };
  /** So many base units beyond the ledger are left apart, and not spoken of again. */
  TokensIgnored: {
    walletId: string;
    userId: number;
    mint: string;
    quantity: Amount;
    jobId: string;
  };
}

/** The slot up to which a wallet's transactions are known; slots are those of the nodes. */
export interface HistoryCursor {
  walletId: string;
  slot: number;
}

export type EventKind = keyof EventPayloads;

/** `stream` groups what belongs to one story: `job:<id>`, `order:<id>`, `position:<id>`... */
export type NewEvent = {
  [K in EventKind]: { stream: string; kind: K; payload: EventPayloads[K] };
}[EventKind];

export type JournalEvent = NewEvent & {
  seq: number;
  tsMs: number;
  version: number;
  prevHash: string;
  hash: string;
};
