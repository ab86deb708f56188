import type { EffectBound, Evidence } from "@raptor/shared/domain/events.ts";
import type { AttemptRow, OrderRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import type { MevProtect } from "@raptor/shared/domain/mev-protect.ts";
import type { OrderSide } from "@raptor/shared/domain/order.ts";

export interface VenueCapabilities {
  /** For how long the venue refuses a second effect under the same identity. */
  dedupe: "forever" | "open-only" | "none";
  /** Same bytes may be sent again while the attempt is unresolved. */
  canRebroadcast: boolean;
}

/** What is known of one token, from the venue's token list and from the chain. */
export interface InstrumentReport {
  instrument: string;
  mint: string;
  symbol: string;
  name: string;
  decimals: number;
  tokenProgram: string;
  priceE9: bigint | null;
  usdPrice: number | null;
  solUsd: number | null;
  marketCapUsd: number | null;
  liquidityUsd: number | null;
  ageMs: number | null;
  holders: number | null;
  /** Base units of the token that exist; absent where the venue does not tell. */
  supply?: bigint;
  topHoldersBps: number | null;
  /** Reasons why buying is refused by default, in words. Empty when there are none. */
  refusals: string[];
  /** Short marks for the safety line: true good, false bad, null not known. */
  marks: { label: string; good: boolean | null }[];
}

/** What a route's price is held against; the venue adds the price that it finds listed. */
export interface PriceCheck {
  /** For a buy: what the token cost when it was ordered; null when that is not known. */
  expectedPriceE9: bigint | null;
  /** How much worse than each known price the least outcome may be. */
  deviationBpsMax: number;
}

/** In words: why a route's price is not believed. `alert` marks what smells of an attack. */
export interface PriceDoubt {
  reason: string;
  alert: boolean;
}

export interface RouteRequest {
  wallet: string;
  mint: string;
  side: OrderSide;
  /** Lamports for a buy, token base units for a sell. */
  quantityIn: bigint;
  slippageBps: number;
  /** Trades straight with the pool have failed for this order: others are asked first. */
  avoidsDirect?: boolean;
  /**
   * Of a sell that may wait a moment: a price that only one slot has told, worse by more than
   * `wildBps` than the slot before, is believed when another slot speaks; or `confirmMs` later when
   * a block after it is whole by then; or `silentMs` later where nothing is told.
   */
  fallRule?: { wildBps: number; confirmMs: number; silentMs: number };
  /** What the person has chosen; absent: as the venue's settings say. */
  protect?: MevProtect;
  /** Absent for questions that nobody will trade on. */
  priceCheck?: PriceCheck;
}

/** An executable quote. `handle` is the venue's own and goes back into `prepare`. */
export interface Route {
  quantityIn: bigint;
  quantityOut: bigint;
  quantityOutMin: bigint;
  priceImpactBps: number;
  label: string;
  /** Set when the price was checked and is too bad; for a sell it was asked for twice. */
  priceDoubt?: PriceDoubt;
  /** For the journal. */
  evidence: Evidence;
  handle: unknown;
}

export interface WalletReport {
  lamports: bigint;
  /** Base units by mint, all token programs. */
  tokens: ReadonlyMap<string, bigint>;
  /** Of these mints nothing can be sold, as long as the mint's maker has the account frozen. */
  frozen?: ReadonlySet<string>;
  /** Of the oldest answer: all of it is at least of this slot. */
  slot: number;
  /** The slot of `lamports`, where it is newer. */
  lamportsSlot?: number;
}

/** What one node says of a wallet; null when it did not answer or serves an unconfirmed chain. */
export interface WalletView {
  provider: string;
  report: WalletReport | null;
}

/** One landed transaction in an address's history, as one node lists it. */
export interface HistoryEntry {
  identity: string;
  slot: number;
  isReverted: boolean;
  /** The block's time; null where the node does not know it. */
  tsEventMs: number | null;
}

/** One node's history of an address, newest first; null when it did not answer. */
export interface HistoryView {
  provider: string;
  entries: HistoryEntry[] | null;
  /** False: there is more than the bound allows to read, and the oldest part is missing. */
  isWhole: boolean;
}

/** What one landed transaction moved of a wallet. */
export interface WalletMove {
  identity: string;
  /** Base units by mint, as far as they changed. */
  tokens: ReadonlyMap<string, bigint>;
  /** All accounts that it names. */
  accounts: string[];
}

export interface WalletWatcher {
  /** Listens to what the wallet holds of these from now on, and of no others. None at first. */
  holds(tokens: readonly HeldToken[]): void;
  stop(): void;
}

/** A token as its account of a wallet is found. */
export interface HeldToken {
  mint: string;
  tokenProgram: string;
}

/** Signed bytes with everything that must be journaled before they may leave. */
export interface PreparedAttempt {
  identity: string;
  payload: string;
  bound: EffectBound;
  exclusionGroup: string;
  costCapLamports: bigint;
  quantityOutMin: bigint;
  route: Evidence;
  witness: { lamports: bigint; quantity: bigint };
}

/**
 * What limits an attempt. `nonce` with a `value`: a replacement that shares the exclusion group of
 * the attempts journaled on that value; the oldest of them was try `firstTry` of its order. Without
 * a value the venue reads the account's present one.
 */
export type Lifetime =
  | { kind: "blockHeight" }
  | { kind: "nonce"; account: string; value: string | null; firstTry?: number };

/** A durable nonce account of a wallet, as the nodes see it; `value` null: it does not exist. */
export interface NonceView {
  index: number;
  account: string;
  value: string | null;
  lamports: bigint;
}

/** Setting up and taking back nonce accounts: the chain itself lets each happen only once. */
export type NonceSetupOutcome =
  | { outcome: "done"; accounts: NonceView[]; evidence: Evidence }
  /** Not yet or not known: asking again cannot do it twice. */
  | { outcome: "pending"; reason: string }
  | { outcome: "refused"; reason: string; alert: boolean };

export type PrepareOutcome =
  | { outcome: "prepared"; attempt: PreparedAttempt }
  /**
   * Nothing left the process. `alert` marks what smells of an attack; `onlyNonceTooLong` that the
   * same route would fit with a lifetime in block heights; `isWalletBusy` that nothing speaks
   * against it but that the wallet would not stand still while it was tried.
   */
  | {
      outcome: "refused";
      reason: string;
      alert: boolean;
      onlyNonceTooLong?: true;
      isWalletBusy?: true;
    };

/** A signed void: it uses its nonce value up and moves nothing but its own network fee. */
export type PreparedVoid = Omit<PreparedAttempt, "quantityOutMin" | "witness">;

export type VoidOutcome =
  | { outcome: "prepared"; attempt: PreparedVoid }
  | { outcome: "refused"; reason: string; alert: boolean };

export type SubmitOutcome =
  | { outcome: "accepted"; lanes: string[]; evidence: Evidence }
  | { outcome: "rejected"; reason: string; evidence: Evidence }
  | { outcome: "unknown"; lanes: string[]; cause: string }
  /** Nobody was asked, so nothing left; the same bytes are offered again later. */
  | { outcome: "held"; cause: string };

/** What the venue says of an attempt now. `pending` = it may still happen, keep asking. */
export type AttemptReport =
  | { state: "pending"; detail: string }
  | { state: "seen"; evidence: Evidence }
  | {
      state: "landed";
      fillId: string;
      /** Base units that entered (buy) or left (sell) the wallet, positive. */
      quantity: bigint;
      /** Lamports paid or received for the tokens, positive, fees and rent apart. */
      notionalLamports: bigint;
      feeLamports: bigint;
      rentLamports: bigint;
      venueSlot: number;
      evidence: Evidence;
    }
  | { state: "reverted"; venueError: string; costLamports: bigint; evidence: Evidence }
  /** Of a void alone: it has used its nonce up for good, so nothing else on it can happen. */
  | { state: "voided"; costLamports: bigint; evidence: Evidence }
  | { state: "dead"; proof: Evidence };

export interface SettlementReport {
  state: "settled" | "pending" | "gone";
  evidence: Evidence;
  /** Of a settled one: where it stands for good, which a fork may have changed. */
  venueSlot?: number;
}

/** A holding whose exit must not wait for anybody. */
export interface ReadyHolding {
  wallet: string;
  mint: string;
  tokenProgram: string;
}

/** One token of a wallet as streams last told it. */
export interface HoldingAtHand {
  lamports: bigint;
  quantity: bigint;
  /** Of the lamports: what landed later is not in them. */
  slot: number;
}

export interface Venue {
  readonly id: string;
  readonly capabilities: VenueCapabilities;
  fetchInstrument(mint: string): Promise<InstrumentReport>;
  fetchRoute(request: RouteRequest): Promise<Route>;
  /**
   * Keeps pool, balances and a compiled transaction of a holding at hand until it is dropped as
   * often as it was kept; `fetchRoute` and `prepare` then need no answer from outside.
   */
  keepReady(holding: ReadyHolding): void;
  dropReady(holding: ReadyHolding): void;
  /** The same for a few minutes, for somebody who looks at a token and may buy it. */
  warm(holding: ReadyHolding): void;
  /** What was found out about a token a moment ago, while its pool is at hand; else undefined. */
  instrumentAtHand(mint: string): InstrumentReport | undefined;
  keepNonceReady(wallet: string, account: string): void;
  dropNonceReady(account: string): void;
  /** Without asking anybody; undefined when nothing fresh is at hand. */
  holdingAtHand(wallet: string, mint: string): HoldingAtHand | undefined;
  /** Likewise a route, from the very state that prices are taken from. */
  routeAtHand(request: RouteRequest): Route | undefined;
  /** For screens and quotes: whatever is newest, from whichever node has it. */
  fetchWallet(address: string): Promise<WalletReport>;
  /**
   * Each configured node's own word, all asked at once, so that no single node decides what a
   * wallet holds. One entry per node, in the order of configuration; never throws for a node.
   */
  fetchWalletViews(address: string): Promise<WalletView[]>;
  /**
   * Each node's own history of an address, back to the earlier of a slot and a time; bounded, and
   * never throws for a node.
   */
  fetchHistory(address: string, since: { slot: number; tsMs: number }): Promise<HistoryView[]>;
  /** Of those that some node can show; one that no node shows is left out. */
  fetchMoves(wallet: string, identities: readonly string[]): Promise<WalletMove[]>;
  /** Where a wallet holds a token by default; pure. */
  tokenAddress(wallet: string, token: HeldToken): string;
  /**
   * Calls back with the slot when a node tells that the wallet, or what it holds of the tokens,
   * changed, and without one after a break in which something may have been missed.
   */
  watchWallet(address: string, onChange: (slot: number | undefined) => void): WalletWatcher;
  /** Builds, checks, simulates and has signed; sends nothing. */
  prepare(
    order: OrderRow,
    wallet: WalletRow,
    wrapped: string,
    route: Route,
    n: number,
    lifetime: Lifetime,
  ): Promise<PrepareOutcome>;
  /**
   * Builds and has signed what uses up the nonce value that an attempt stands on, and does nothing
   * else; sends nothing. It bids more than `copies` attempts before it on the same value.
   */
  prepareVoid(
    order: OrderRow,
    wallet: WalletRow,
    wrapped: string,
    nonce: { account: string; value: string },
    copies: number,
  ): Promise<VoidOutcome>;
  /** The address of a wallet's nonce account number `index`; pure. */
  nonceAddress(wallet: string, index: number): string;
  /** All nonce accounts of a wallet from 0 to `count` - 1; throws when no node answers. */
  fetchNonces(wallet: string, count: number): Promise<NonceView[]>;
  /** Lamports that each nonce account holds back until it is reclaimed. */
  readonly nonceRentLamports: bigint;
  /** Creates those of the given accounts that do not exist; the wallet pays the rent. */
  createNonces(wallet: WalletRow, wrapped: string, indexes: number[]): Promise<NonceSetupOutcome>;
  /** Closes a nonce account; its lamports go back to the wallet that owns it, nowhere else. */
  reclaimNonce(wallet: WalletRow, wrapped: string, index: number): Promise<NonceSetupOutcome>;
  /** First send and every later send of the same bytes. */
  submit(attempt: AttemptRow): Promise<SubmitOutcome>;
  /** Asks by identity; proves death where the rules allow it. Never guesses. */
  fetchAttempt(attempt: AttemptRow): Promise<AttemptReport>;
  /** Calls back when the venue reports news of this identity; returns the unsubscribe. */
  watchAttempt(attempt: AttemptRow, onNews: () => void): () => void;
  /**
   * What became of a landing that was booked from slot `bookedSlot`: `settled` final for good;
   * `gone` proven rolled back; `pending` not decided.
   */
  fetchSettlement(
    identity: string,
    bound: EffectBound,
    bookedSlot: number,
  ): Promise<SettlementReport>;
  explorerUrl(identity: string): string;
  /** For /health and the deep check. */
  health(): { name: string; ok: boolean; detail: string }[];
  /** Current wait until the bound passes, for the person: seconds, or null when not known. */
  boundSecondsLeft(bound: EffectBound): number | null;
  start(): Promise<void>;
  stop(): Promise<void>;
}
