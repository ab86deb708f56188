import type {
  EventKind,
  EventPayloads,
  JournalEvent,
  RiskInputs,
} from "@raptor/shared/domain/events.ts";
import type { Job } from "@raptor/shared/wire/job.ts";
import { createJournalInvariants } from "./journal-invariants.ts";

export const START_MS = 1_700_000_000_000;
const INSTRUMENT = "MINT.SOLANA";
const EXIT_RULE = {
  kind: "stopLoss" as const,
  triggerBps: -3_000,
  triggerPriceE9: "7",
  quantityBps: 10_000,
};

const LIMITS: RiskInputs["limits"] = {
  notionalLamportsMax: "600",
  dailyLamportsMax: "1000",
  openPositionsMax: 5,
  priceImpactBpsMax: 500,
  duplicateBuyGuardMs: 0,
  reserveLamports: "10",
};

/** Writes events one second apart and collects what breaks; each array is one transaction. */
export class Story {
  readonly broken: string[] = [];
  readonly #invariants = createJournalInvariants(({ name, detail }) => {
    this.broken.push(`${name}: ${detail}`);
  });
  #seq = 0;

  tell(...events: JournalEvent[]): this {
    for (const event of events) {
      this.#seq += 1;
      const tsMs = event.tsMs === 0 ? START_MS + this.#seq * 1_000 : event.tsMs;
      this.#invariants.take({ ...event, seq: this.#seq, tsMs });
    }
    this.#invariants.settle();
    return this;
  }
}

export function event<K extends EventKind>(
  kind: K,
  payload: EventPayloads[K],
  tsMs = 0,
): JournalEvent {
  const head = { seq: 0, tsMs, version: 1, prevHash: "", hash: "", stream: "s" };
  return { ...head, kind, payload } as JournalEvent;
}

export function job(
  jobId: string,
  over: Partial<Job> = {},
  deadlineMs: number | null = null,
): JournalEvent {
  const whole = {
    id: jobId,
    actor: { kind: "telegram", userId: 7, chatId: 7, name: "Ann" },
    createdMs: START_MS,
    kind: "pause",
    ...over,
  } as Job;
  const { kind } = whole;
  return event("JobAccepted", { jobId, digest: "d", userId: 7, kind, deadlineMs, job: whole });
}

export function press(jobId: string, ticket: string, callbackQueryId = jobId): JournalEvent {
  const shape = { messageId: 1, op: "t", arg: "", tag: "a".repeat(11) };
  return job(jobId, { kind: "press", ticket, callbackQueryId, ...shape });
}

export function order(
  orderId: string,
  over: Partial<EventPayloads["OrderInitialized"]> = {},
): JournalEvent {
  return event("OrderInitialized", {
    orderId,
    userId: 7,
    walletId: "w",
    venue: "SOLANA",
    instrument: INSTRUMENT,
    symbol: "TOK",
    decimals: 6,
    tokenProgram: "t",
    side: "buy",
    source: { kind: "job", jobId: `job-${orderId}` },
    notionalLamports: "500",
    quantity: "0",
    slippageBpsMax: 100,
    positionId: null,
    entryPriceE9: null,
    deadlineMs: null,
    guardOverride: false,
    noticeKey: orderId,
    ...over,
  });
}

export function exitOrder(orderId: string, n = 1): JournalEvent {
  const source = { kind: "exit" as const, positionId: "p", rule: "stopLoss" as const, n };
  return order(orderId, { side: "sell", source, positionId: "p", quantity: "100" });
}

export function approved(orderId: string): JournalEvent {
  const inputs: RiskInputs = {
    notionalLamports: "500",
    priceImpactBps: 0,
    walletLamports: "9999",
    spentTodayLamports: "0",
    openPositions: 0,
    lastBuyMs: null,
    tradingState: "active",
    userPaused: false,
    guardOverride: false,
    nowMs: START_MS,
    limits: LIMITS,
  };
  return event("OrderApproved", { orderId, inputs });
}

export function prepared(
  orderId: string,
  n = 1,
  over: Partial<EventPayloads["AttemptPrepared"]> = {},
): JournalEvent {
  return event("AttemptPrepared", {
    attemptId: `${orderId}:${n}`,
    orderId,
    n,
    venue: "SOLANA",
    identity: `sig-${orderId}:${n}`,
    payload: "AQ==",
    bound: { kind: "blockHeight", lastValidBlockHeight: 900, blockhash: "h" },
    exclusionGroup: `sig-${orderId}:${n}`,
    slot: `open:w:${INSTRUMENT}:buy`,
    costCapLamports: "600",
    quantityOutMin: "1",
    route: {},
    witness: { lamports: "0", quantity: "0" },
    epoch: 1,
    ...over,
  });
}

export function fill(
  orderId: string,
  over: Partial<EventPayloads["FillRecorded"]> = {},
): JournalEvent {
  return event("FillRecorded", {
    fillId: `sig-${orderId}:1`,
    attemptId: `${orderId}:1`,
    orderId,
    userId: 7,
    positionId: "p",
    instrument: INSTRUMENT,
    side: "buy",
    quantity: "100",
    notionalLamports: "500",
    feeLamports: "5",
    rentLamports: "0",
    venueSlot: 1,
    evidence: { slot: 1 },
    ...over,
  });
}

export function position(
  quantity: string,
  over: Partial<EventPayloads["PositionChanged"]> = {},
): JournalEvent {
  return event("PositionChanged", {
    positionId: "p",
    userId: 7,
    walletId: "w",
    venue: "SOLANA",
    instrument: INSTRUMENT,
    symbol: "TOK",
    decimals: 6,
    tokenProgram: "t",
    quantity,
    costLamports: "0",
    realisedLamports: "0",
    entryPriceE9: "10",
    state: quantity === "0" ? "closed" : "open",
    cause: { kind: "fill", fillId: "f" },
    ...over,
  });
}

export const epoch = event("EpochStarted", { epoch: 1, version: "v", pid: 1 });
export const armed = event("ExitPlanArmed", {
  positionId: "p",
  userId: 7,
  instrument: INSTRUMENT,
  rules: [EXIT_RULE],
});
export const external = { kind: "external" as const, detail: "seen" };
export const proof = (nodes: Record<string, unknown>): JournalEvent =>
  event("AttemptDead", { attemptId: "a:1", proof: { providers: nodes } });
export const good = { height: 901, slot: 1_000, historySlot: 1_000 };
export const closed = (orderId: string): JournalEvent =>
  event("OrderClosed", { orderId, status: "expired", reason: "too late" });
export const paused = (isPaused: boolean, jobId: string): JournalEvent =>
  event("UserPausedChanged", { userId: 7, paused: isPaused, jobId });

export function begun(orderId = "a"): Story {
  return new Story().tell(epoch).tell(job(`job-${orderId}`), order(orderId), approved(orderId));
}

export function bought(): Story {
  return begun().tell(prepared("a")).tell(fill("a"), position("100"), armed);
}
