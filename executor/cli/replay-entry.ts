import { z } from "zod";
import type { Evidence, RiskInputs } from "@raptor/shared/domain/events.ts";
import type { OrderRow } from "@raptor/shared/domain/rows.ts";
import { isPubkey } from "@raptor/shared/values/pubkey.ts";
import type { PriceDoubt } from "../ports/venue.ts";
import { mintOf } from "../engine/ids.ts";
import { differenceOf, type ReplayStep } from "./replay-step.ts";

/** The event is dated by a later reading of the clock than the one that the gate was shown. */
const CLOCK_GRAIN_MS = 1_000;

const amount = z
  .string()
  .regex(/^\d+$/)
  .transform((text) => BigInt(text));
const routeSchema = z.object({
  quantityIn: amount,
  quantityOut: amount,
  quantityOutMin: amount,
  slippageBps: z.int(),
});
const checkSchema = z.object({
  priceCheck: z.object({
    expectedPriceE9: amount.nullable(),
    listedPriceE9: amount.nullable(),
    deviationBpsMax: z.int(),
    decimals: z.int(),
  }),
});
/** Of a sale against a pool; absent in journals of earlier releases. */
const poolSchema = z.object({
  baseReserve: amount.refine((reserve) => reserve > 0n),
  quoteReserve: amount,
  poolCheck: z.object({ deviationBpsMax: z.int() }),
});
const costSchema = z.object({
  side: z.enum(["buy", "sell"]),
  rentLamports: amount,
  /** Absent in journals of the first release. */
  rentLamportsMax: amount.optional(),
  unitLimit: z.int(),
  unitPriceMicroLamports: amount,
  // Attempts of older releases tip nobody.
  tipLamports: amount.default(0n),
});

export function replayApproval(step: ReplayStep<"OrderApproved">): void {
  const { orderId, inputs } = step.payload;
  step.memory.limits.set(orderId, inputs.limits);
  judgeInputs(step, orderId, inputs);
  const reasons = step.rules.checkEntryRisk(inputs);
  const detail = reasons.length === 0 ? undefined : `it was approved, now: ${reasons.join(" ")}`;
  step.judge("risk check", detail);
}

export function replayDenial(step: ReplayStep<"OrderDenied">): void {
  const { orderId, inputs, reasons } = step.payload;
  if (inputs === null) return;
  judgeInputs(step, orderId, inputs);
  step.judge(
    "risk check",
    differenceOf({ reasons }, { reasons: step.rules.checkEntryRisk(inputs) }),
  );
}

/** What the check was shown must be what the ledger said at that moment. */
function judgeInputs(
  step: Pick<ReplayStep<"OrderApproved">, "before" | "rules" | "judge">,
  orderId: string,
  inputs: RiskInputs,
): void {
  const order = step.before.order(orderId);
  if (order === undefined) return step.judge("risk inputs", `there was no order ${orderId}`);
  const { walletLamports, walletSlot, priceImpactBps } = inputs;
  // Earlier releases did not look at buys that landed after the balance was read.
  const slot = walletSlot ?? Number.MAX_SAFE_INTEGER;
  const report = { lamports: BigInt(walletLamports), slot };
  const quote = { route: { priceImpactBps }, report };
  // The rent follows from settings of that time, which the journal does not hold.
  const { nonceRentLamports: _, ...given } = inputs;
  const { limits, nowMs } = given;
  const again = step.rules.gatherRiskInputs(step.before, order, quote, { limits }, nowMs);
  // Nor did the first ones look at what other buys of the wallet may take.
  const { inFlightLamports, walletSlot: __, ...before } = again;
  const isKnown = given.inFlightLamports !== undefined;
  step.judge(
    "risk inputs",
    differenceOf(given, isKnown ? { ...before, inFlightLamports } : before),
  );
}

export function replayPrepared(step: ReplayStep<"AttemptPrepared">): void {
  const { payload, before, rules, judge, tsMs } = step;
  const order = before.order(payload.orderId);
  if (order === undefined) return judge("entry gate", `there was no order ${payload.orderId}`);
  if (payload.voids !== undefined) return replayVoid(step, order);
  if (order.side === "buy") {
    const stop = rules.checkEntryGate(before, order, tsMs - CLOCK_GRAIN_MS, undefined);
    judge("entry gate", stop === undefined ? undefined : `it was let through, now: ${stop.reason}`);
  }
  const route = routeSchema.safeParse(payload.route);
  if (!route.success) return;
  judge("minimum out", minimumProblem(step, order, route.data));
  judgeCheck(step, order, route.data);
  const doubt = doubtOf(step, order, payload.route);
  // An exit takes a route at a bad price, because waiting may cost more.
  if (doubt !== "not checked" && order.side === "buy") {
    judge("price check", doubt === undefined ? undefined : `it was taken, now: ${doubt.reason}`);
  }
  judgePool(step, route.data);
  const cost = costSchema.safeParse(payload.route);
  if (!cost.success) return;
  const { rentLamportsMax, ...spent } = cost.data;
  const rentLamports = rentLamportsMax ?? spent.rentLamports;
  const { quantityIn } = route.data;
  const costCapLamports = rules.costCapOf({ ...spent, rentLamports, quantityIn });
  const again = { costCapLamports: costCapLamports.toString() };
  judge("cost cap", differenceOf(payload, again));
}

/** An entry is called off because its gate is closed; once that has begun it goes on. */
function replayVoid(
  { before, rules, judge, tsMs }: ReplayStep<"AttemptPrepared">,
  order: OrderRow,
): void {
  const hasBegun = before.attemptsOf(order.orderId).some(({ voids }) => voids !== null);
  const stop = rules.checkEntryGate(before, order, tsMs, undefined);
  const isDue = hasBegun || stop !== undefined;
  judge("void", isDue ? undefined : "it was called off, now it would go on");
}

type Routed = z.infer<typeof routeSchema>;

function minimumProblem(
  { payload, rules }: ReplayStep<"AttemptPrepared">,
  order: OrderRow,
  { quantityIn, quantityOut, slippageBps }: Routed,
): string | undefined {
  const quantityMax = BigInt(order.side === "buy" ? order.notionalLamports : order.quantity);
  if (quantityIn > quantityMax) return `it spends ${quantityIn}, the order allows ${quantityMax}`;
  if (slippageBps > order.slippageBpsMax) {
    return `it allows ${slippageBps} bps of slippage, the order ${order.slippageBpsMax}`;
  }
  const quantityOutMin = rules.minimumOut(quantityOut, slippageBps).toString();
  return differenceOf(payload, { quantityOutMin });
}

/** What the route's price was held against follows from the order and the limits of its approval. */
function judgeCheck(
  { payload, rules, memory, judge }: ReplayStep<"AttemptPrepared">,
  order: OrderRow,
  { slippageBps }: Routed,
): void {
  const limits = memory.limits.get(order.orderId);
  const checked = checkSchema.safeParse(payload.route);
  if (limits === undefined || !checked.success) return;
  const { priceCheck } = checked.data;
  const again = rules.priceCheckOf({ settings: { limits } }, order, slippageBps);
  const textOf = ({ expectedPriceE9, deviationBpsMax }: typeof again): object => ({
    expectedPriceE9: expectedPriceE9?.toString() ?? null,
    deviationBpsMax,
  });
  judge("price bounds", differenceOf(textOf(priceCheck), textOf(again)));
}

/** A sale is taken to a pool whose own reserves make its least outcome a fair one. */
function judgePool(
  { payload, rules, judge }: ReplayStep<"AttemptPrepared">,
  { quantityIn, quantityOutMin }: Routed,
): void {
  const pool = poolSchema.safeParse(payload.route);
  if (!pool.success) return;
  const { poolCheck, ...reserves } = pool.data;
  const isWorth = rules.isWorthSelling({ quantityIn, quantityOutMin }, reserves, poolCheck);
  judge("pool price", isWorth ? undefined : "it was taken, now the pool gives too little for it");
}

export function replayClosed(step: ReplayStep<"OrderClosed">): void {
  const { orderId, refusedRoute, reason } = step.payload;
  if (refusedRoute === undefined) return;
  const order = step.before.order(orderId);
  if (order === undefined) return step.judge("price check", `there was no order ${orderId}`);
  const doubt = doubtOf(step, order, refusedRoute);
  if (doubt === "not checked") return;
  if (doubt === undefined) return step.judge("price check", "it was refused, now it is taken");
  const isSame = reason.includes(doubt.reason);
  step.judge("price check", isSame ? undefined : `the journal says ${reason} now: ${doubt.reason}`);
}

function doubtOf(
  { rules }: Pick<ReplayStep<"OrderClosed">, "rules">,
  order: OrderRow,
  evidence: Evidence,
): PriceDoubt | undefined | "not checked" {
  const route = routeSchema.safeParse(evidence);
  const checked = checkSchema.safeParse(evidence);
  const mint = mintOf(order.instrument);
  if (!route.success || !checked.success || !isPubkey(mint)) return "not checked";
  const { priceCheck } = checked.data;
  const { quantityIn, quantityOutMin, slippageBps } = route.data;
  const request = { wallet: order.walletId, mint, side: order.side, quantityIn, slippageBps };
  return rules.checkRoutePrice(
    { ...request, priceCheck },
    { quantityOutMin },
    priceCheck.decimals,
    priceCheck.listedPriceE9 ?? undefined,
  );
}
