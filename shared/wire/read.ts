import * as z from "zod";
import { TRADING_STATES } from "../domain/trading-state.ts";

/** Who asks: the admin, or the bearer of a token issued by `/token` (its SHA-256, base64url). */
const principalSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("admin") }),
  z.strictObject({ kind: z.literal("token"), tokenSha256: z.string().length(43) }),
]);

export const readSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("status"), principal: principalSchema }),
  z.strictObject({ kind: z.literal("positions"), principal: principalSchema }),
  z.strictObject({
    kind: z.literal("trades"),
    principal: principalSchema,
    limit: z.int().min(1).max(200),
    /** Journal sequence to continue before, from the previous page's `nextBefore`. */
    before: z.int().positive().optional(),
  }),
  z.strictObject({ kind: z.literal("job"), principal: principalSchema, id: z.string().max(160) }),
]);
export type Read = z.infer<typeof readSchema>;

/** Amounts are decimal text of integer base units. */
const amountSchema = z.string().regex(/^-?\d+$/);

/** An armed rule; which of the optional figures there are follows from its kind. */
export const exitRuleViewSchema = z.object({
  id: z.string().optional(),
  kind: z.enum([
    "takeProfit",
    "stopLoss",
    "trailingStop",
    "breakeven",
    "timeLimit",
    "initialsOut",
    "marketCap",
    "limitSell",
  ]),
  triggerBps: z.number(),
  triggerPriceE9: amountSchema,
  quantityBps: z.number(),
  soldQuantity: amountSchema.optional(),
  dropBps: z.number().optional(),
  costBps: z.number().optional(),
  afterMs: z.number().optional(),
  dueMs: z.number().optional(),
  direction: z.enum(["above", "below"]).optional(),
  capUsd: amountSchema.optional(),
});
export type ExitRuleView = z.infer<typeof exitRuleViewSchema>;

export const positionViewSchema = z.object({
  positionId: z.string(),
  userId: z.number(),
  wallet: z.string(),
  mint: z.string(),
  symbol: z.string(),
  decimals: z.number(),
  quantity: amountSchema,
  costLamports: amountSchema,
  entryPriceE9: amountSchema,
  markPriceE9: amountSchema.nullable(),
  markAgeMs: z.number().nullable(),
  /** A pool's own reserves, or a price service that is asked now and then. */
  markSource: z.enum(["pool", "poll"]).nullish(),
  /** No source has told a price for too long: rules wait for the next one. */
  markIsStale: z.boolean().optional(),
  valueLamports: amountSchema.nullable(),
  realisedLamports: amountSchema,
  state: z.enum(["open", "closed"]),
  exits: z.array(exitRuleViewSchema),
});

export const tradeViewSchema = z.object({
  seq: z.number(),
  fillId: z.string(),
  orderId: z.string(),
  userId: z.number(),
  mint: z.string(),
  symbol: z.string(),
  side: z.enum(["buy", "sell"]),
  quantity: amountSchema,
  notionalLamports: amountSchema,
  feeLamports: amountSchema,
  tsMs: z.number(),
  signature: z.string(),
});

export const driftSchema = z.object({
  userId: z.number(),
  wallet: z.string(),
  mint: z.string(),
  ledgerQuantity: amountSchema,
  chainQuantity: amountSchema,
  /** `disputed`: nodes disagree or one does not answer, so nothing was booked. */
  class: z.enum(["adopt", "external", "orphan", "disputed"]),
  /** What each node shows, where they disagree; null for a node without a usable answer. */
  views: z.array(z.object({ provider: z.string(), quantity: amountSchema.nullable() })).optional(),
  /** Signatures of transactions without an order of ours that moved this token, newest first. */
  movedBy: z.array(z.string()).max(5).optional(),
});
export type Drift = z.infer<typeof driftSchema>;

export const statusViewSchema = z.object({
  phase: z.enum(["starting", "reconciling", "ready", "draining", "halted"]),
  tradingState: z.enum(TRADING_STATES),
  tradingStateReason: z.string(),
  epoch: z.number(),
  version: z.string(),
  uptimeMs: z.number(),
  openPositions: z.number(),
  unresolvedAttempts: z.number(),
  pendingJobs: z.number(),
  pendingNotices: z.number(),
  journalSeq: z.number(),
  dependencies: z.record(z.string(), z.object({ ok: z.boolean(), detail: z.string() })),
  lastReconcile: z
    .object({ atMs: z.number(), trigger: z.string(), drift: z.array(driftSchema) })
    .nullable(),
});

export const jobViewSchema = z.object({
  jobId: z.string(),
  kind: z.string(),
  state: z.enum(["pending", "done", "refused"]),
  outcome: z.string().nullable(),
  receivedMs: z.number(),
  orders: z.array(
    z.object({ orderId: z.string(), status: z.string(), reason: z.string().nullable() }),
  ),
});

export type PositionView = z.infer<typeof positionViewSchema>;
export type TradeView = z.infer<typeof tradeViewSchema>;
export type StatusView = z.infer<typeof statusViewSchema>;
export type JobView = z.infer<typeof jobViewSchema>;

/** The 200 bodies of `positions` and `trades`; `status` and `job` answer with the bare view. */
export const positionsAnswerSchema = z.object({ positions: z.array(positionViewSchema) });
export const tradesAnswerSchema = z.object({
  trades: z.array(tradeViewSchema),
  /** Pass as `before` for the next page; null on the last one. */
  nextBefore: z.number().nullable(),
});
