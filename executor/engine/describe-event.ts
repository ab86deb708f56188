import type {
  Amount,
  EffectBound,
  EventKind,
  EventPayloads,
  Evidence,
  JournalEvent,
  NonceAccountName,
  RiskInputs,
} from "@raptor/shared/domain/events.ts";
import type { EntryEnd } from "@raptor/shared/domain/order.ts";
import type { ExitRule } from "@raptor/shared/domain/exit-rules.ts";
import { formatDecimal } from "@raptor/shared/values/decimal.ts";
import { SOL_DECIMALS } from "@raptor/shared/values/money.ts";

/** The token that an event is about, as far as its story tells. */
interface Told {
  /** Of an order: what comes out of a buy are tokens, out of a sell lamports. */
  side?: "buy" | "sell";
  /** Base units as people count them. */
  units(quantity: Amount): string;
}

type Describers = { [K in EventKind]?: (payload: EventPayloads[K], told: Told) => string };

/** The kinds whose meaning is worth a sentence; the others show their fields. */
const DESCRIBERS: Describers = {
  JobAccepted: (job) => `a ${job.kind} job of ${personText(job.userId)} was accepted`,
  JobRefused: (job) => `a ${job.kind} job of ${personText(job.userId)} was refused: ${job.reason}`,
  JobFinished: (job) => `the job ended: ${job.outcome}`,
  TicketClaimed: (claim) => `ticket ${claim.ticket} was redeemed`,
  UserPausedChanged: (change) =>
    `entries of person ${change.userId} were ${change.paused ? "paused" : "allowed"}`,
  NonceAccountsWanted: ({ accounts, rentLamports }) =>
    `${accountsText(accounts)} for safe exits wanted, ${sol(rentLamports)} SOL of rent each`,
  NonceAccountsCreated: ({ accounts }) => `${accountsText(accounts)} set up`,
  NonceAccountsRefused: ({ accounts, reason }) =>
    `${accountsText(accounts)} not set up: ${reason}; exits go without`,
  NonceReclaimWanted: ({ nonceIndex }) => `the rent of nonce account ${nonceIndex} is asked back`,
  NonceAccountReclaimed: ({ nonceIndex, lamports }) =>
    `nonce account ${nonceIndex} was closed, ${sol(lamports)} SOL of rent came back`,
  NonceReclaimRefused: ({ nonceIndex, reason }) => `nonce account ${nonceIndex} stays: ${reason}`,
  OrderInitialized: (order, { units }) =>
    `order ${order.orderId}: ${order.side} ${order.symbol} (${order.instrument}) for ` +
    (order.side === "buy" ? `${sol(order.notionalLamports)} SOL` : units(order.quantity)) +
    `, slippage at most ${percent(order.slippageBpsMax)} %`,
  OrderApproved: ({ inputs }) => `the risk check let it pass: ${inputsText(inputs)}`,
  OrderDenied: (denied) => `the risk check denied it: ${denied.reasons.join(" ")}`,
  OrderClosed: (closed) => `the order ended ${closed.status}: ${closed.reason}`,
  AttemptPrepared: (attempt, told) =>
    attempt.voids === undefined ? attemptText(attempt, told) : voidText(attempt, attempt.voids),
  AttemptSubmitted: ({ lanes }) =>
    lanes.length === 0 ? "no lane was free, it is sent again" : `sent by ${lanes.join(", ")}`,
  AttemptAccepted: () => "a node has seen it",
  AttemptRejected: (rejected) => `the venue refused it: ${rejected.reason}`,
  AttemptUnknown: (unknown) => `not decided: ${unknown.cause}`,
  AttemptFailed: ({ isVoid, venueError, costLamports }) =>
    isVoid === true
      ? `it landed and used its nonce up, as it was meant to: ${venueError}`
      : `it landed and was reverted: ${venueError}, cost ${sol(costLamports)} SOL`,
  AttemptFound: ({ was }) => `it had been called ${was}, and the chain shows that it landed`,
  AttemptDead: ({ proof }) => deathText(proof),
  FillRecorded: (fill, { units }) =>
    `filled: ${fill.side} ${units(fill.quantity)} for ${sol(fill.notionalLamports)} SOL, ` +
    `fee ${sol(fill.feeLamports)} SOL, slot ${fill.venueSlot}`,
  FillReversed: () => "the venue took the fill back",
  FillSettled: () => "the fill is final",
  PositionChanged: (position, { units }) =>
    `position ${position.positionId} is ${position.state}: ${units(position.quantity)}, ` +
    `cost ${sol(position.costLamports)} SOL, realised ${sol(position.realisedLamports)} SOL` +
    (position.oversold === undefined ? "" : `, ${units(position.oversold)} sold beyond it`),
  ExitPlanArmed: ({ rules }) =>
    rules.length === 0 ? "no exit is armed" : `exits armed: ${rules.map(ruleText).join(", ")}`,
  ExitPlanDisarmed: ({ reason }) => `exits disarmed: ${reason}`,
  ExitTriggered: (exit) =>
    `${exit.ruleId ?? exit.rule} fired at ${priceText(exit.priceE9)} (${exit.priceAgeMs} ms old), ` +
    `its trigger was ${priceText(exit.triggerPriceE9)}` +
    (exit.markE9 === undefined ? "" : `, the highest price ${priceText(exit.markE9)}`),
  ExitRuleEnded: (exit) =>
    `${exit.ruleId} ended at ${priceText(exit.priceE9)} without a sell: ${exit.why}`,
  ExitMarksMoved: ({ marks }) => `the highest prices of ${marks.length} trailing stops moved`,
  EntryArmed: (entry) =>
    `a buy for ${sol(entry.notionalLamports)} SOL waits for ${priceText(entry.triggerPriceE9)}`,
  EntryTriggered: (entry) =>
    `the price came down to ${priceText(entry.priceE9)} (${entry.priceAgeMs} ms old), ` +
    `the buy waited for ${priceText(entry.triggerPriceE9)}`,
  EntryDisarmed: ({ reason }) => `the limit buy was called off: ${reason}`,
  ExitPresetChanged: ({ userId, specs }) =>
    `new positions of person ${userId} get ${specs.length} exit rules`,
  MevProtectChosen: ({ userId, protect }) =>
    `person ${userId} chose the protection of orders: ${protect}`,
  NoticeDelivered: (notice) => `told in chat ${notice.chatId} by message ${notice.messageId}`,
  TradingStateChanged: (change) =>
    `trading was set to ${change.state} by ${change.by}: ${change.reason}`,
  PanicOpened: ({ userId }) => `panic of person ${userId}: everything is sold`,
  PanicClosed: ({ left = [] }) =>
    left.length === 0
      ? "the panic is over: nothing is open"
      : `the panic is over, and leaves what cannot be sold: ${left.join(", ")}`,
  TokensAdopted: (adopted, { units }) =>
    `${units(adopted.quantity)} of ${adopted.mint} that came without an order joined position ` +
    `${adopted.positionId}, cost ${adopted.cost === "unknown" ? "unknown" : `${sol(adopted.costLamports)} SOL (${adopted.cost})`}`,
  TokensIgnored: ({ quantity, mint }, { units }) =>
    `${units(quantity)} of ${mint} that came without an order are left apart`,
  JournalRestored: (restored) =>
    `the journal was put back from ${restored.from}, whose last event was ${restored.headSeq}`,
};

/** One step of a story, as both the terminal and the chat tell it. */
export interface StoryStep {
  seq: number;
  tsMs: number;
  /** Since the step before; 0 for the first. */
  sinceMs: number;
  kind: EventKind;
  meaning: string;
}

export function storySteps(events: readonly JournalEvent[]): StoryStep[] {
  const tokens = tokensOf(events);
  return events.map((event, at) => ({
    seq: event.seq,
    tsMs: event.tsMs,
    sinceMs: event.tsMs - (events[at - 1]?.tsMs ?? event.tsMs),
    kind: event.kind,
    meaning: meaningOf(event.kind, event.payload, toldOf(event.payload, tokens)),
  }));
}

function meaningOf<K extends EventKind>(kind: K, payload: EventPayloads[K], told: Told): string {
  const describe = DESCRIBERS[kind];
  return describe === undefined ? fieldsText(payload) : describe(payload, told);
}

interface Token {
  symbol: string;
  decimals: number;
  side?: "buy" | "sell";
}

/** By order and by position: a panic's story is about many tokens. */
function tokensOf(events: readonly JournalEvent[]): ReadonlyMap<string, Token> {
  const tokens = new Map<string, Token>();
  for (const { kind, payload } of events) {
    if (kind === "OrderInitialized") tokens.set(payload.orderId, payload);
    else if (kind === "PositionChanged") tokens.set(payload.positionId, payload);
  }
  return tokens;
}

function toldOf(payload: object, tokens: ReadonlyMap<string, Token>): Told {
  const { orderId, positionId } = payload as { orderId?: unknown; positionId?: unknown };
  const token = tokens.get(String(orderId)) ?? tokens.get(String(positionId));
  if (token === undefined) return { units: (quantity) => `${quantity} base units` };
  const { symbol, decimals, side } = token;
  const units = (quantity: Amount): string =>
    `${formatDecimal(BigInt(quantity), decimals)} ${symbol}`;
  return side === undefined ? { units } : { side, units };
}

function fieldsText(payload: object): string {
  return Object.entries(payload as Record<string, unknown>)
    .filter(([, value]) => typeof value !== "object")
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(" ");
}

function ruleText(rule: ExitRule): string {
  if (rule.kind === "trailingStop") {
    return `trailingStop ${percent(rule.dropBps)} % below the highest price`;
  }
  if (rule.triggerPriceE9 === "0") return rule.kind;
  return `${rule.kind} at ${priceText(rule.triggerPriceE9)}`;
}

function inputsText(inputs: RiskInputs): string {
  return (
    `wallet ${sol(inputs.walletLamports)} SOL, spent today ${sol(inputs.spentTodayLamports)} SOL, ` +
    `${inputs.openPositions} other positions, price impact ${percent(inputs.priceImpactBps)} %`
  );
}

function attemptText(attempt: EventPayloads["AttemptPrepared"], { side, units }: Told): string {
  const { quantityOutMin } = attempt;
  const least = side === "sell" ? `${sol(quantityOutMin)} SOL` : units(quantityOutMin);
  return (
    `attempt ${attempt.n} as ${attempt.identity}, ${boundText(attempt.bound)}, ` +
    `at most ${sol(attempt.costCapLamports)} SOL, at least ${least} out` +
    leftOutText(attempt.route["lanesLeftOut"])
  );
}

/** Lanes that it is not made for, as the venue wrote them into its route. */
function leftOutText(lanes: unknown): string {
  if (!Array.isArray(lanes) || lanes.length === 0) return "";
  const texts = lanes.map((one: { lane?: unknown; reason?: unknown } | null) => {
    return `${String(one?.lane)} (${String(one?.reason)})`;
  });
  return `; without ${texts.join(", ")}`;
}

/** What calls an entry off, and why. */
function voidText(attempt: EventPayloads["AttemptPrepared"], { reason }: EntryEnd): string {
  const { n, identity, bound, costCapLamports } = attempt;
  const account = bound.kind === "nonce" ? bound.account : "";
  return (
    `attempt ${n} as ${identity} calls the ones before it off: it only uses up nonce account ` +
    `${account}, so that they cannot happen any more, and costs at most ${sol(costCapLamports)} ` +
    `SOL. ${reason}`
  );
}

function deathText(proof: Evidence): string {
  const { supersededBy } = proof;
  if (typeof supersededBy !== "string") return "it is proven that it can no longer happen";
  return `its nonce was used by ${supersededBy} for good: it can no longer happen`;
}

function accountsText(accounts: readonly NonceAccountName[]): string {
  const numbers = accounts.map(({ nonceIndex }) => nonceIndex).join(", ");
  return `nonce account${accounts.length === 1 ? "" : "s"} ${numbers}`;
}

function boundText(bound: EffectBound): string {
  if (bound.kind === "blockHeight") return `dead after block height ${bound.lastValidBlockHeight}`;
  return `possible while nonce account ${bound.account} holds ${bound.value}`;
}

function personText(userId: number | null): string {
  return userId === null ? "the system" : `person ${userId}`;
}

function sol(lamports: Amount): string {
  return formatDecimal(BigInt(lamports), SOL_DECIMALS);
}

function priceText(priceE9: Amount): string {
  return `${formatDecimal(BigInt(priceE9), 18)} SOL`;
}

function percent(bps: number): string {
  return (bps / 100).toFixed(2).replace(/\.?0+$/, "");
}
