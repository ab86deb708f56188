import type { OrderSide } from "@raptor/shared/domain/order.ts";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import { type Landing, PLAIN_LANDING, type Tip } from "./lane.ts";
import { TIP_ACCOUNTS, TIP_LAMPORTS_MIN, type TipTaker } from "./tip-accounts.ts";
import { PROTECTED_TAKERS, type TipService } from "./tip-lane.ts";

export interface LandingPlanSettings {
  services: readonly Pick<TipService, "taker" | "tipLamports">[];
  /** Most lamports of priority fee and tips together. */
  feeLamportsMax: bigint;
  mevProtect: "off" | "entries" | "all";
  /** Slots after which a protected exit goes everywhere. */
  plainAfterSlots: number;
}

export interface LandingPlan {
  landing: Landing;
  /** All tips together. */
  tipLamports: bigint;
  /** Lanes that get no tip, and why; shown with the attempt. */
  leftOut: { lane: TipTaker; reason: string }[];
  /** Protection is wanted and no lane keeps it: a buy is refused, a sell goes everywhere. */
  isUnprotectable: boolean;
}

/** The priority fee must keep its share: without it no lane lands anything. */
const TIP_SHARE = 2n;
/** As with the priority fee: a thousand times the first tip is above every cap. */
const DOUBLINGS_MAX = 10;

/**
 * Which lanes a transaction is made for: the tips that go into it. Decided before signing, since
 * the tips are part of the signed bytes.
 */
export function planLanding(
  settings: LandingPlanSettings,
  prng: Prng,
  side: OrderSide,
  n: number,
): LandingPlan {
  const { mevProtect, services } = settings;
  const wantsProtection = mevProtect === "all" || (mevProtect === "entries" && side === "buy");
  const leftOut: LandingPlan["leftOut"] = [];
  const wanted: (typeof services)[number][] = [];
  let left = settings.feeLamportsMax / TIP_SHARE;
  for (const { taker, tipLamports } of services) {
    if (wantsProtection && !PROTECTED_TAKERS.includes(taker)) {
      leftOut.push({ lane: taker, reason: "the order is protected" });
      continue;
    }
    const least = TIP_LAMPORTS_MIN[taker];
    if (tipLamports < least) {
      leftOut.push({ lane: taker, reason: `its tip of ${tipLamports} is below ${least}` });
      continue;
    }
    if (tipLamports > left) {
      leftOut.push({ lane: taker, reason: `its tip of ${tipLamports} is above the cap's rest` });
      continue;
    }
    wanted.push({ taker, tipLamports });
    left -= tipLamports;
  }
  // Each has its own by now: one that bids more and more for a lane that is down costs no other.
  const tips = wanted.map(({ taker, tipLamports }): Tip => {
    const more = raisedTip(taker, side, n, tipLamports) - tipLamports;
    const added = more < left ? more : left;
    left -= added;
    const accounts = TIP_ACCOUNTS[taker];
    const account = accounts[prng.nextInt(accounts.length)] ?? "";
    return { taker, account, lamports: tipLamports + added };
  });
  const isProtected = wantsProtection && tips.length > 0;
  const plainAfterSlots = isProtected && side === "sell" ? settings.plainAfterSlots : undefined;
  return {
    landing: { isProtected, plainAfterSlots, tips },
    tipLamports: tips.reduce((sum, { lamports }) => sum + lamports, 0n),
    leftOut,
    isUnprotectable: wantsProtection && tips.length === 0,
  };
}

/**
 * Whether some lane keeps a buy: one that takes protected orders, with a tip that it accepts and
 * that leaves the priority fee its share.
 */
export function canKeepOrders(
  settings: Pick<LandingPlanSettings, "services" | "feeLamportsMax">,
): boolean {
  const most = settings.feeLamportsMax / TIP_SHARE;
  return settings.services.some(
    ({ taker, tipLamports }) =>
      PROTECTED_TAKERS.includes(taker) &&
      tipLamports >= TIP_LAMPORTS_MIN[taker] &&
      tipLamports <= most,
  );
}

/** The same lanes without tips, for a transaction that has no room for them. */
export function withoutTips(plan: LandingPlan, side: OrderSide, reason: string): LandingPlan {
  const dropped = plan.landing.tips.map(({ taker }) => ({ lane: taker, reason }));
  return {
    landing: PLAIN_LANDING,
    tipLamports: 0n,
    leftOut: [...plan.leftOut, ...dropped],
    isUnprotectable: plan.isUnprotectable || (plan.landing.isProtected && side === "buy"),
  };
}

/** Each further try of an exit outbids the one before; where a tip is flat, more buys nothing. */
function raisedTip(taker: TipTaker, side: OrderSide, n: number, lamports: bigint): bigint {
  if (side === "buy" || taker === "jupiter") return lamports;
  return lamports * 2n ** BigInt(Math.min(Math.max(n - 1, 0), DOUBLINGS_MAX));
}
