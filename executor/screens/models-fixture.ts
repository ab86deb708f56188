import fc from "fast-check";
import type { AttemptRow, FillRow, OrderRow } from "@raptor/shared/domain/rows.ts";
import { specOfRule, type ExitRule, type ExitSpec } from "@raptor/shared/domain/exit-rules.ts";
import type { OrderStatus } from "@raptor/shared/domain/order.ts";
import type { PositionView, StatusView } from "@raptor/shared/wire/read.ts";
import type { HomeModel } from "./home.ts";
import type { OrderModel } from "./order.ts";
import type { TokenModel } from "./token.ts";

export const ADDRESS = "9v2iKXQi1QCx8tgqjVsRvmbUTxSPwA56fL5pbaXeeavh";

/** Names as strangers write them: empty, endless, reversed, stacked, half an emoji, a link. */
export const hostile = fc.oneof(
  fc.constantFrom(
    "",
    " ",
    "🦖🦖🦖",
    "👨‍👩‍👧‍👦".repeat(20),
    "\ud83e",
    "abc\u202edef\u2066",
    "e\u0301\u0301\u0301\u0301",
    "line\nbreak\r\n\ttab",
    "https://evil.example/?a=b",
    "@admin /panic <b>bold</b> *x* `y`",
    "x".repeat(5_000),
    "\u0000\u001b[31m",
    "\u3164",
  ),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.string({ unit: "grapheme", maxLength: 60 }),
);

const u64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
export const amount = fc.oneof(u64, fc.bigInt({ min: 0n, max: 1_000n }), fc.constant(0n));
const text = amount.map(String);
const priceE9 = fc.oneof(
  u64.map((value) => value * 1_000_000_000n),
  amount,
);
const signedAmount = fc.oneof(
  amount,
  amount.map((value) => -value),
);
const decimals = fc.integer({ min: 0, max: 18 });
const bps = fc.integer({ min: -10_000, max: 1_000_000 });
const nowMs = fc.integer({ min: 0, max: 4_000_000_000_000 });
const usd = fc.option(fc.double({ min: 0, max: 1e15, noNaN: true }));
const tradingState = fc.constantFrom("active" as const, "reducing" as const, "halted" as const);
const dependency = fc.record({ name: fc.constantFrom("journal", "rpc one"), ok: fc.boolean() });

const share = fc.integer({ min: 1, max: 10_000 });
const base = { triggerBps: bps, triggerPriceE9: priceE9.map(String), quantityBps: share };
const direction = fc.constantFrom("above" as const, "below" as const);
const cap = {
  kind: fc.constant("marketCap" as const),
  direction,
  capUsd: fc.bigInt({ min: 1n, max: 10n ** 15n }).map(String),
  supply: fc.constant("1000000000000000"),
  solUsdE6: fc.constant("150000000"),
  decimals,
};
const costs = { ...base, costBps: fc.integer({ min: 0, max: 5_000 }) };

export const rule: fc.Arbitrary<ExitRule> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("takeProfit" as const, "stopLoss" as const, "limitSell" as const),
    ...base,
  }),
  fc.record({ kind: fc.constant("trailingStop" as const), ...base, dropBps: share }),
  fc.record({ kind: fc.constantFrom("breakeven" as const, "initialsOut" as const), ...costs }),
  fc.record({
    kind: fc.constant("timeLimit" as const),
    ...base,
    afterMs: fc.nat(),
    dueMs: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  }),
  fc.record({ ...base, ...cap }),
);

export const spec: fc.Arbitrary<ExitSpec> = rule.map(specOfRule);

export const homeModel: fc.Arbitrary<HomeModel> = fc.record({
  name: hostile,
  address: fc.constant(ADDRESS),
  lamports: fc.option(amount),
  solUsd: usd,
  openPositions: fc.nat({ max: 1_000 }),
  openPnlLamports: fc.option(signedAmount),
  realisedLamports: signedAmount,
  tradingState,
  tradingStateReason: hostile,
  paused: fc.boolean(),
  heldReason: hostile,
  panicOpen: fc.boolean(),
  dependencies: fc.array(dependency, { maxLength: 20 }),
  exitSpecs: fc.array(spec, { maxLength: 6 }),
  nowMs,
});

export const tokenModel: fc.Arbitrary<TokenModel> = fc.record({
  mint: fc.constant(ADDRESS),
  symbol: hostile,
  name: hostile,
  decimals,
  priceE9: fc.option(priceE9),
  priceMark: fc.option(
    fc.record({
      source: fc.constantFrom("pool" as const, "poll" as const),
      ageMs: fc.nat(),
      isStale: fc.boolean(),
    }),
  ),
  usdPrice: usd,
  marketCapUsd: usd,
  liquidityUsd: usd,
  ageMs: fc.option(fc.nat()),
  marks: fc.array(
    fc.record({ label: fc.constantFrom("mint", "age"), good: fc.option(fc.boolean()) }),
    { maxLength: 10 },
  ),
  refusals: fc.array(hostile, { maxLength: 8 }),
  closed: fc.option(fc.record({ reason: hostile, canResume: fc.boolean() })),
  walletLamports: fc.option(amount),
  reserveLamports: amount,
  nonceRentLamports: fc.option(amount),
  roundTrip: fc.option(fc.record({ inLamports: amount, outLamports: amount })),
  held: fc.option(fc.record({ quantity: amount, valueLamports: fc.option(amount) })),
  positionId: fc.option(fc.constant("pos_2a7qk")),
  presetsLamports: fc.array(amount, { minLength: 4, maxLength: 4 }),
  slippageBpsMax: fc.integer({ min: 1, max: 10_000 }),
  guardOverride: fc.boolean(),
  nowMs,
});

export const positionView: fc.Arbitrary<PositionView> = fc.record({
  positionId: fc.constant("pos_2a7qk"),
  userId: fc.constant(7),
  wallet: fc.constant(ADDRESS),
  mint: fc.constant(ADDRESS),
  symbol: hostile,
  decimals,
  quantity: text,
  costLamports: text,
  entryPriceE9: priceE9.map(String),
  markPriceE9: fc.option(priceE9.map(String)),
  markAgeMs: fc.option(fc.nat()),
  markSource: fc.constantFrom("pool" as const, "poll" as const, null),
  markIsStale: fc.boolean(),
  valueLamports: fc.option(text),
  realisedLamports: text,
  state: fc.constant("open" as const),
  exits: fc.array(rule, { maxLength: 4 }),
});

export const statusView: fc.Arbitrary<StatusView> = fc.record({
  phase: fc.constantFrom("ready" as const, "halted" as const, "starting" as const),
  tradingState,
  tradingStateReason: hostile,
  epoch: fc.nat(),
  version: fc.constant("1.2.3"),
  uptimeMs: fc.nat(),
  openPositions: fc.nat(),
  unresolvedAttempts: fc.nat(),
  pendingJobs: fc.nat(),
  pendingNotices: fc.nat(),
  journalSeq: fc.nat(),
  dependencies: fc.dictionary(
    fc.constantFrom("journal", "rpc one", "queue"),
    fc.record({ ok: fc.boolean(), detail: hostile }),
  ),
  lastReconcile: fc.constant(null),
});

const STATUSES: readonly OrderStatus[] = [
  "initialized",
  "denied",
  "submitted",
  "accepted",
  "partiallyFilled",
  "filled",
  "canceled",
  "expired",
  "rejected",
];

const order: fc.Arbitrary<OrderRow> = fc.record({
  orderId: fc.constant("ord-abcdef0123"),
  userId: fc.constant(7),
  walletId: fc.constant("w"),
  venue: fc.constant("SOLANA"),
  instrument: fc.constant(`${ADDRESS}.SOLANA`),
  symbol: hostile,
  decimals,
  tokenProgram: fc.constant("p"),
  side: fc.constantFrom("buy" as const, "sell" as const),
  source: fc.constantFrom(
    { kind: "job" as const, jobId: "tg:1:1" },
    { kind: "exit" as const, positionId: "p", rule: "takeProfit" as const, n: 1 },
    { kind: "exit" as const, positionId: "p", rule: "stopLoss" as const, n: 1 },
    { kind: "panic" as const, jobId: "tg:1:1", positionId: "p" },
  ),
  status: fc.constantFrom(...STATUSES),
  reason: fc.option(hostile),
  notionalLamports: text,
  quantity: text,
  slippageBpsMax: fc.constant(1_000),
  positionId: fc.constant(null),
  entryPriceE9: fc.option(priceE9.map(String)),
  deadlineMs: fc.constant(null),
  guardOverride: fc.boolean(),
  noticeKey: fc.constant("order:1"),
  createdMs: nowMs,
});

const attempt: fc.Arbitrary<AttemptRow> = fc.record({
  attemptId: fc.constant("a"),
  orderId: fc.constant("o"),
  n: fc.integer({ min: 1, max: 50 }),
  venue: fc.constant("SOLANA"),
  identity: fc.constant("s"),
  payload: fc.constant("p"),
  bound: fc.constant({
    kind: "blockHeight" as const,
    blockhash: "b",
    lastValidBlockHeight: 358_001_405,
  }),
  exclusionGroup: fc.constant("g"),
  slot: fc.constant("s"),
  state: fc.constantFrom("prepared", "submitted", "accepted", "unknown", "failed", "dead"),
  costCapLamports: text,
  quantityOutMin: text,
  route: fc.constant({}),
  witness: fc.constant({ lamports: "0", quantity: "0" }),
  cause: fc.option(hostile),
  evidence: fc.constant(null),
  epoch: fc.constant(1),
  voids: fc.option(fc.record({ status: fc.constant("expired" as const), reason: hostile })),
  preparedMs: nowMs,
  submittedMs: fc.constant(null),
});

export const fillRow: fc.Arbitrary<FillRow> = fc.record({
  fillId: fc.constant("f"),
  orderId: fc.constant("o"),
  attemptId: fc.constant("a"),
  positionId: fc.constant("pos_2a7qk"),
  userId: fc.constant(7),
  instrument: fc.constant(`${ADDRESS}.SOLANA`),
  side: fc.constantFrom("buy" as const, "sell" as const),
  quantity: text,
  notionalLamports: text,
  feeLamports: text,
  rentLamports: text,
  soldCostLamports: fc.constant(null),
  venueSlot: fc.nat(),
  evidence: fc.constant({}),
  seq: fc.nat(),
  tsMs: nowMs,
  state: fc.constantFrom("recorded" as const, "settled" as const, "reversed" as const),
});

export const orderModel: fc.Arbitrary<OrderModel> = fc.record({
  order,
  attempts: fc.array(attempt, { maxLength: 5 }),
  fill: fc.option(fillRow, { nil: undefined }),
  exits: fc.array(rule, { maxLength: 4 }),
  position: fc.option(
    fc.record({ positionId: fc.constant("pos_2a7qk"), quantity: text, isOpen: fc.boolean() }),
    { nil: undefined },
  ),
  trigger: fc.option(
    fc.record({ triggerPriceE9: priceE9.map(String), priceE9: priceE9.map(String) }),
    { nil: undefined },
  ),
  soldCostLamports: fc.option(amount, { nil: undefined }),
  boundSecondsLeft: fc.option(fc.integer({ min: -100, max: 10_000 })),
  copies: fc.integer({ min: 0, max: 10 }),
  explorerUrl: fc.option(fc.constant("https://solscan.io/tx/abc"), { nil: undefined }),
  mayOverrideGuard: fc.boolean(),
  mayResume: fc.boolean(),
  mint: fc.constant(ADDRESS),
  nowMs,
});
