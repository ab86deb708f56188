import { createHash } from "node:crypto";
import type { EventPayloads, NewEvent, RiskInputs } from "@raptor/shared/domain/events.ts";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import { isPubkey, type Pubkey } from "@raptor/shared/values/pubkey.ts";
import type { Store, Tx } from "../ports/store.ts";
import { openTestStore, START_MS } from "./store-fixture.ts";

export interface LargeJournal {
  openPositions: number;
  unresolvedAttempts: number;
  /** People between whom positions and attempts are divided, each token held by all of them. */
  users: number;
}

/** As large as a real transaction with its tables, base64, and a real answer of the router. */
const TRANSACTION_CHARS = 1_400;
const ROUTE_HOPS = 6;
const TRADES_PER_COMMIT = 100;
const LAMPORTS = 500_000_000n;
const TOKENS = 1_000_000_000n;

/** Limits that such a desk would need. */
const PLENTY = "1000000000000000";
const INPUTS: RiskInputs = {
  notionalLamports: LAMPORTS.toString(),
  priceImpactBps: 12,
  walletLamports: PLENTY,
  spentTodayLamports: "0",
  openPositions: 0,
  lastBuyMs: null,
  tradingState: "active",
  userPaused: false,
  guardOverride: false,
  nowMs: START_MS,
  limits: {
    notionalLamportsMax: PLENTY,
    dailyLamportsMax: PLENTY,
    openPositionsMax: 100_000,
    priceImpactBpsMax: 1_500,
    duplicateBuyGuardMs: 0,
    reserveLamports: "0",
  },
};

/** A desk in the middle of its work, as large as asked for. @returns its number of events. */
export async function makeLargeJournal(path: string, size: LargeJournal): Promise<number> {
  const { store } = openTestStore(path);
  try {
    await store.transact((tx) => {
      append(tx, "executor", "EpochStarted", { epoch: 1, version: "test", pid: 1 });
      for (let user = 1; user <= size.users; user++) registerPerson(tx, user);
    });
    await inBatches(store, size.openPositions, (tx, n) => openPosition(tx, size, n));
    await inBatches(store, size.unresolvedAttempts, (tx, n) => {
      const number = size.openPositions + n;
      startBuy(tx, size, number);
      append(tx, `job:${jobOf(number)}`, "JobFinished", { jobId: jobOf(number), outcome: "order" });
    });
    return store.headSeq();
  } finally {
    store.close();
  }
}

async function inBatches(
  store: Store,
  count: number,
  make: (tx: Tx, n: number) => void,
): Promise<void> {
  for (let first = 1; first <= count; first += TRADES_PER_COMMIT) {
    await store.transact((tx) => {
      for (let n = first; n < first + TRADES_PER_COMMIT && n <= count; n++) make(tx, n);
    });
  }
}

function append<K extends NewEvent["kind"]>(
  tx: Tx,
  stream: string,
  kind: K,
  payload: EventPayloads[K],
): void {
  // The union of events is made of exactly these pairs.
  tx.append({ stream, kind, payload } as NewEvent);
}

function userOf(size: LargeJournal, n: number): number {
  return (n % size.users) + 1;
}

function jobOf(n: number): string {
  return `tg:1:${n}`;
}

/** Well formed and different for every cause, and the same in every run. */
function base58Of(cause: string, byteCount: 32 | 64): string {
  return encodeBase58(
    createHash(byteCount === 32 ? "sha256" : "sha512")
      .update(cause)
      .digest(),
  );
}

function mintOf(n: number): Pubkey {
  const mint = base58Of(`mint ${n}`, 32);
  if (!isPubkey(mint)) throw new Error(`expected an address, was ${mint}`);
  return mint;
}

function registerPerson(tx: Tx, userId: number): void {
  const stream = `user:${userId}`;
  append(tx, stream, "UserRegistered", { userId, chatId: userId, name: `Person ${userId}` });
  const wallet = { walletId: `wal_${userId}`, userId, vaultSha256: "0".repeat(64) };
  append(tx, stream, "WalletCreated", { ...wallet, address: base58Of(`wallet ${userId}`, 32) });
  tx.putVault(wallet.walletId, "wrapped");
}

/** From the press to the attempt that was sent and is not decided. */
function startBuy(tx: Tx, size: LargeJournal, n: number): EventPayloads["OrderInitialized"] {
  const userId = userOf(size, n);
  const jobId = jobOf(n);
  const mint = mintOf(Math.ceil(n / size.users));
  const actor = { kind: "telegram" as const, userId, chatId: userId, name: `Person ${userId}` };
  const head = { id: jobId, actor, createdMs: START_MS };
  append(tx, `job:${jobId}`, "JobAccepted", {
    jobId,
    digest: base58Of(`job ${n}`, 32),
    userId,
    kind: "buy",
    deadlineMs: null,
    job: { ...head, kind: "buy", mint, amountText: "0.5" },
  });
  const order: EventPayloads["OrderInitialized"] = {
    orderId: `ord_${n}`,
    userId,
    walletId: `wal_${userId}`,
    venue: "SOLANA",
    instrument: `${mint}.SOLANA`,
    symbol: `TOK${n}`,
    decimals: 6,
    tokenProgram: "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
    side: "buy",
    source: { kind: "job", jobId },
    notionalLamports: LAMPORTS.toString(),
    quantity: "0",
    slippageBpsMax: 1_000,
    positionId: null,
    entryPriceE9: null,
    deadlineMs: null,
    guardOverride: false,
    noticeKey: `order:ord_${n}`,
  };
  const stream = `order:${order.orderId}`;
  append(tx, stream, "OrderInitialized", order);
  append(tx, stream, "OrderApproved", { orderId: order.orderId, inputs: INPUTS });
  append(tx, stream, "AttemptPrepared", attemptOf(order, n));
  const sent = { attemptId: `ord_${n}/1`, lanes: ["rpc 1", "rpc 2"], atMs: START_MS };
  append(tx, stream, "AttemptSubmitted", sent);
  return order;
}

function attemptOf(
  order: EventPayloads["OrderInitialized"],
  n: number,
): EventPayloads["AttemptPrepared"] {
  const identity = base58Of(`signature ${n}`, 64);
  const hops = Array.from({ length: ROUTE_HOPS }, (_, at) => base58Of(`hop ${n} ${at}`, 32));
  const { orderId, walletId, instrument, venue } = order;
  return {
    attemptId: `${orderId}/1`,
    orderId,
    n: 1,
    venue,
    identity,
    payload: base58Of(`payload ${n}`, 64).repeat(17).slice(0, TRANSACTION_CHARS),
    bound: { kind: "blockHeight", lastValidBlockHeight: 1_000 + n, blockhash: identity },
    exclusionGroup: identity,
    slot: `open:${walletId}:${instrument}:buy`,
    costCapLamports: (LAMPORTS + 5_000_000n).toString(),
    quantityOutMin: TOKENS.toString(),
    route: { impactBps: 12, hops },
    witness: { lamports: "100000000000", quantity: "0" },
    epoch: 1,
  };
}

/** A buy that landed: a position with armed exits, its fill settled and its message told. */
function openPosition(tx: Tx, size: LargeJournal, n: number): void {
  const userId = userOf(size, n);
  const order = startBuy(tx, size, n);
  const { orderId, walletId, venue, instrument, symbol, decimals, tokenProgram } = order;
  const positionId = `pos_${n}`;
  const fillId = `${orderId}/1/fill`;
  const [stream, quantity, lamports] = [`order:${orderId}`, `${TOKENS}`, `${LAMPORTS}`];
  append(tx, stream, "FillRecorded", {
    fillId,
    attemptId: `${orderId}/1`,
    orderId,
    userId,
    positionId,
    instrument,
    side: "buy",
    quantity,
    notionalLamports: lamports,
    feeLamports: "5000",
    rentLamports: "2039280",
    venueSlot: 1_000 + n,
    evidence: {
      seen: [
        { provider: "rpc 1", slot: n },
        { provider: "rpc 2", slot: n },
      ],
    },
  });
  const entryPriceE9 = "500000000000000";
  append(tx, `position:${positionId}`, "PositionChanged", {
    positionId,
    userId,
    walletId,
    venue,
    instrument,
    symbol,
    decimals,
    tokenProgram,
    quantity,
    costLamports: lamports,
    realisedLamports: "0",
    entryPriceE9,
    state: "open",
    cause: { kind: "fill", fillId },
  });
  append(tx, `position:${positionId}`, "ExitPlanArmed", {
    positionId,
    userId,
    instrument,
    rules: [
      rule("takeProfit", 10_000, "1000000000000000"),
      rule("stopLoss", -3_000, "350000000000000"),
    ],
  });
  append(tx, stream, "FillSettled", { fillId, evidence: { finalized: ["rpc 1", "rpc 2"] } });
  const key = order.noticeKey;
  append(tx, `notice:${key}`, "NoticeDelivered", { key, chatId: userId, messageId: n });
  append(tx, `job:${jobOf(n)}`, "JobFinished", { jobId: jobOf(n), outcome: `order ${orderId}` });
}

function rule(kind: "takeProfit" | "stopLoss", triggerBps: number, triggerPriceE9: string) {
  return { kind, triggerBps, triggerPriceE9, quantityBps: 10_000 };
}
