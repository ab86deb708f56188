import type { PositionRow, ReconcileRow } from "@raptor/shared/domain/rows.ts";
import { valueLamports } from "@raptor/shared/values/money.ts";
import type { JobView, PositionView, StatusView, TradeView } from "@raptor/shared/wire/read.ts";
import type { PriceFeed } from "../ports/market.ts";
import type { Reader, Store } from "../ports/store.ts";
import type { Venue } from "../ports/venue.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { mintOf } from "./ids.ts";

export type Phase = StatusView["phase"];

/** One line of `/health`: a dependency and how it is. */
export interface DependencyHealth {
  name: string;
  ok: boolean;
  detail: string;
}

export interface ReadModels {
  status(): StatusView;
  positions(userId: number | null): PositionView[];
  trades(userId: number | null, limit: number, before: number | null): TradeView[];
  job(jobId: string): JobView | undefined;
  dependencies(): DependencyHealth[];
}

/** Everything that people and machines may look at, computed from committed state. */
export function createReadModels(options: {
  store: Store;
  feed: PriceFeed;
  venue: Venue;
  clock: Clock;
  version: string;
  phase(): Phase;
  dependencies(): DependencyHealth[];
  /** The newest reconcile of this process: not every run is worth a record in the journal. */
  lastReconcile?(): ReconcileRow | undefined;
}): ReadModels {
  const { store, feed, clock } = options;
  const startedMs = clock.monotonicMs();
  return {
    dependencies: options.dependencies,
    status: () => ({
      phase: options.phase(),
      tradingState: store.control().tradingState,
      tradingStateReason: store.control().reason,
      epoch: store.epoch(),
      version: options.version,
      uptimeMs: Math.round(clock.monotonicMs() - startedMs),
      openPositions: store.openPositionCount(),
      unresolvedAttempts: store.unresolvedAttemptCount(),
      pendingJobs: store.pendingJobs().length,
      pendingNotices: store.outboxPendingCount(),
      journalSeq: store.headSeq(),
      dependencies: Object.fromEntries(
        options.dependencies().map(({ name, ok, detail }) => [name, { ok, detail }]),
      ),
      lastReconcile: options.lastReconcile?.() ?? store.lastReconcile() ?? null,
    }),
    positions: (userId) =>
      store.openPositions(userId).map((row) => positionView(store, row, markOf(feed, clock, row))),
    trades: (userId, limit, before) => tradeViews(store, userId, limit, before),
    job: (jobId) => jobView(store, jobId),
  };
}

/** The price that a position is shown with. */
interface Mark {
  priceE9: bigint;
  ageMs: number;
  source: "pool" | "poll";
  isStale: boolean;
}

/** Open positions without prices, for whoever has the journal and no price feed. */
export function positionViewsOf(reader: Reader, userId: number | null): PositionView[] {
  return reader.openPositions(userId).map((row) => positionView(reader, row, undefined));
}

function positionView(reader: Reader, row: PositionRow, mark: Mark | undefined): PositionView {
  const plan = reader.exitPlan(row.positionId);
  const quantity = BigInt(row.quantity);
  return {
    positionId: row.positionId,
    userId: row.userId,
    wallet: reader.wallet(row.walletId)?.address ?? "",
    mint: mintOf(row.instrument),
    symbol: row.symbol,
    decimals: row.decimals,
    quantity: row.quantity,
    costLamports: row.costLamports,
    entryPriceE9: row.entryPriceE9,
    markPriceE9: mark === undefined ? null : mark.priceE9.toString(),
    markAgeMs: mark === undefined ? null : mark.ageMs,
    markSource: mark === undefined ? null : mark.source,
    markIsStale: mark?.isStale === true,
    valueLamports:
      mark === undefined ? null : valueLamports(quantity, row.decimals, mark.priceE9).toString(),
    realisedLamports: row.realisedLamports,
    state: row.state,
    exits: plan?.state === "armed" ? plan.rules : [],
  };
}

function markOf(feed: PriceFeed, clock: Clock, { instrument }: PositionRow): Mark | undefined {
  const update = feed.latest(instrument);
  if (update === undefined) return undefined;
  const { priceE9, source = "poll", isStale = false } = update;
  const ageMs = Math.round(clock.monotonicMs() - update.atMonotonicMs);
  return { priceE9, ageMs, source, isStale };
}

function tradeViews(
  reader: Reader,
  userId: number | null,
  limit: number,
  before: number | null,
): TradeView[] {
  return reader.fillsPage(userId, limit, before).map((fill) => ({
    seq: fill.seq,
    fillId: fill.fillId,
    orderId: fill.orderId,
    userId: fill.userId,
    mint: mintOf(fill.instrument),
    symbol: reader.position(fill.positionId)?.symbol ?? "?",
    side: fill.side,
    quantity: fill.quantity,
    notionalLamports: fill.notionalLamports,
    feeLamports: fill.feeLamports,
    tsMs: fill.tsMs,
    signature: reader.attempt(fill.attemptId)?.identity ?? "",
  }));
}

function jobView(reader: Reader, jobId: string): JobView | undefined {
  const row = reader.job(jobId);
  if (row === undefined) return undefined;
  return {
    jobId: row.jobId,
    kind: row.kind,
    state: row.state,
    outcome: row.outcome,
    receivedMs: row.receivedMs,
    orders: reader
      .ordersOfJob(jobId)
      .map(({ orderId, status, reason }) => ({ orderId, status, reason })),
  };
}
