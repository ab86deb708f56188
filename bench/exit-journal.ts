import { createHash } from "node:crypto";
import type { EventPayloads, NewEvent, RiskInputs } from "../shared/domain/events.ts";
import type { Tx } from "../executor/ports/store.ts";
import type { CreatedWallet } from "../executor/ports/signer.ts";
import { openTestStore, START_MS } from "../executor/store/store-fixture.ts";
import { encodeBase58 } from "../shared/values/base58.ts";

/** A position that the journal holds open, with the price at which its one rule fires. */
export interface ArmedPosition {
  positionId: string;
  userId: number;
  walletId: string;
  address: string;
  mint: string;
  quantity: bigint;
  rule: { kind: "takeProfit" | "stopLoss"; triggerPriceE9: bigint; triggerBps: number };
}

export interface BenchWallet extends CreatedWallet {
  walletId: string;
  userId: number;
}

export const DECIMALS = 6;
export const TOKEN_PROGRAM = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
const LAMPORTS = "500000000";
const PLENTY = "1000000000000000";
const AT_ONCE = 100;

const INPUTS: RiskInputs = {
  notionalLamports: LAMPORTS,
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

/** A journal with these positions open and armed, as if each had been bought by a press. */
export async function writeJournal(
  path: string,
  wallets: readonly BenchWallet[],
  positions: readonly ArmedPosition[],
): Promise<void> {
  const { store } = openTestStore(path);
  try {
    await store.transact((tx) => {
      append(tx, "executor", "EpochStarted", { epoch: 1, version: "bench", pid: 1 });
      for (const wallet of wallets) register(tx, wallet);
    });
    for (let first = 0; first < positions.length; first += AT_ONCE) {
      await store.transact((tx) => {
        for (const [at, position] of positions.slice(first, first + AT_ONCE).entries()) {
          open(tx, position, first + at);
        }
      });
    }
  } finally {
    store.close();
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

function register(tx: Tx, { walletId, userId, address, wrapped, vaultSha256 }: BenchWallet): void {
  const stream = `user:${userId}`;
  append(tx, stream, "UserRegistered", { userId, chatId: userId, name: `Person ${userId}` });
  append(tx, stream, "WalletCreated", { walletId, userId, vaultSha256, address });
  tx.putVault(walletId, wrapped);
}

function named(cause: string, byteCount: 32 | 64): string {
  const hash = createHash(byteCount === 32 ? "sha256" : "sha512");
  return encodeBase58(hash.update(cause).digest());
}

function accept(tx: Tx, jobId: string, userId: number): void {
  const actor = { kind: "telegram" as const, userId, chatId: userId, name: `Person ${userId}` };
  append(tx, `job:${jobId}`, "JobAccepted", {
    jobId,
    digest: named(jobId, 32),
    userId,
    kind: "showScreen",
    deadlineMs: null,
    job: { id: jobId, actor, createdMs: START_MS, kind: "showScreen", screen: "help" },
  });
}

function open(tx: Tx, position: ArmedPosition, n: number): void {
  const { positionId, userId, walletId, mint, quantity } = position;
  const [jobId, orderId] = [`tg:1:${n}`, `ord_${n}`];
  const instrument = `${mint}.SOLANA`;
  const order: EventPayloads["OrderInitialized"] = {
    orderId,
    userId,
    walletId,
    venue: "SOLANA",
    instrument,
    symbol: `TOK${n}`,
    decimals: DECIMALS,
    tokenProgram: TOKEN_PROGRAM,
    side: "buy",
    source: { kind: "job", jobId },
    notionalLamports: LAMPORTS,
    quantity: "0",
    slippageBpsMax: 1_000,
    positionId: null,
    entryPriceE9: null,
    deadlineMs: null,
    guardOverride: false,
    noticeKey: `order:${orderId}`,
  };
  const identity = named(`signature ${n}`, 64);
  const attemptId = `${orderId}/1`;
  const fillId = `${attemptId}/fill`;
  accept(tx, jobId, userId);
  const stream = `order:${orderId}`;
  append(tx, stream, "OrderInitialized", order);
  append(tx, stream, "OrderApproved", { orderId, inputs: INPUTS });
  append(tx, stream, "AttemptPrepared", {
    attemptId,
    orderId,
    n: 1,
    venue: "SOLANA",
    identity,
    payload: named(`payload ${n}`, 64),
    bound: { kind: "blockHeight", lastValidBlockHeight: 1_000 + n, blockhash: named("block", 32) },
    exclusionGroup: `sig:${identity}`,
    slot: `open:${walletId}:${instrument}:buy`,
    costCapLamports: PLENTY,
    quantityOutMin: "1",
    route: {},
    witness: { lamports: PLENTY, quantity: "0" },
    epoch: 1,
  });
  append(tx, stream, "FillRecorded", {
    fillId,
    attemptId,
    orderId,
    userId,
    positionId,
    instrument,
    side: "buy",
    quantity: String(quantity),
    notionalLamports: LAMPORTS,
    feeLamports: "5000",
    rentLamports: "2039280",
    venueSlot: 1_000 + n,
    evidence: {},
  });
  arm(tx, position, { orderId, instrument, fillId, n });
  append(tx, stream, "FillSettled", { fillId, evidence: {} });
  append(tx, `job:${jobId}`, "JobFinished", { jobId, outcome: "order" });
}

function arm(
  tx: Tx,
  { positionId, userId, walletId, quantity, rule }: ArmedPosition,
  at: { orderId: string; instrument: string; fillId: string; n: number },
): void {
  const stream = `position:${positionId}`;
  const entryPriceE9 = (rule.triggerPriceE9 * 10_000n) / BigInt(10_000 + rule.triggerBps);
  append(tx, stream, "PositionChanged", {
    positionId,
    userId,
    walletId,
    venue: "SOLANA",
    instrument: at.instrument,
    symbol: `TOK${at.n}`,
    decimals: DECIMALS,
    tokenProgram: TOKEN_PROGRAM,
    quantity: String(quantity),
    costLamports: LAMPORTS,
    realisedLamports: "0",
    entryPriceE9: String(entryPriceE9),
    state: "open",
    cause: { kind: "fill", fillId: at.fillId },
  });
  append(tx, stream, "ExitPlanArmed", {
    positionId,
    userId,
    instrument: at.instrument,
    rules: [
      {
        kind: rule.kind,
        triggerBps: rule.triggerBps,
        triggerPriceE9: String(rule.triggerPriceE9),
        quantityBps: 10_000,
      },
    ],
  });
}
