import type { RiskInputs } from "@raptor/shared/domain/events.ts";
import { formatDecimal } from "@raptor/shared/values/decimal.ts";
import { SOL_DECIMALS } from "@raptor/shared/values/money.ts";

/**
 * Why a buy may not go ahead, in words for the person; empty when it may. Pure: the same inputs
 * always give the same reasons, which is how `raptor replay` checks a decision.
 */
export function checkEntryRisk(inputs: RiskInputs): string[] {
  const { limits } = inputs;
  const notional = BigInt(inputs.notionalLamports);
  const reasons: string[] = [];
  if (inputs.tradingState !== "active") {
    reasons.push(`Trading is ${inputs.tradingState}: new buys are switched off for everybody.`);
  }
  if (inputs.userPaused) reasons.push("Your entries are paused. /resume switches them on again.");
  if (notional > BigInt(limits.notionalLamportsMax)) {
    reasons.push(`One order may spend at most ${sol(limits.notionalLamportsMax)} SOL.`);
  }
  const spent = BigInt(inputs.spentTodayLamports);
  if (spent + notional > BigInt(limits.dailyLamportsMax)) {
    reasons.push(
      `At most ${sol(limits.dailyLamportsMax)} SOL may be spent in 24 hours; ` +
        `${sol(inputs.spentTodayLamports)} SOL are spent or in flight.`,
    );
  }
  if (inputs.openPositions >= limits.openPositionsMax) {
    reasons.push(`At most ${limits.openPositionsMax} positions may be open at once.`);
  }
  if (inputs.priceImpactBps > limits.priceImpactBpsMax) {
    reasons.push(
      `The order would move the price by ${percent(inputs.priceImpactBps)} %; ` +
        `the limit is ${percent(limits.priceImpactBpsMax)} %.`,
    );
  }
  reasons.push(...checkDuplicate(inputs), ...checkFunds(inputs));
  return reasons;
}

function checkDuplicate(inputs: RiskInputs): string[] {
  const { lastBuyMs, guardOverride, limits, nowMs } = inputs;
  if (lastBuyMs === null || guardOverride || nowMs - lastBuyMs >= limits.duplicateBuyGuardMs) {
    return [];
  }
  const since = spanOf(nowMs - lastBuyMs);
  const guard = spanOf(limits.duplicateBuyGuardMs);
  return [`You bought this token ${since} ago; a second buy within ${guard} needs your word.`];
}

/** Rounded down, in the largest unit that still says something. */
function spanOf(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return "less than a minute";
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
}

function checkFunds(inputs: RiskInputs): string[] {
  const rent = BigInt(inputs.nonceRentLamports ?? "0");
  const inFlight = inputs.inFlightLamports ?? "0";
  const own = BigInt(inputs.notionalLamports) + BigInt(inputs.limits.reserveLamports) + rent;
  const needed = own + BigInt(inFlight);
  if (needed <= BigInt(inputs.walletLamports)) return [];
  const heldBack =
    rent === 0n
      ? ""
      : ` ${sol(rent.toString())} SOL more are held back for safe exits, yours again by /wallet.`;
  return [
    `The wallet holds ${sol(inputs.walletLamports)} SOL; this buy needs ` +
      `${sol(inputs.notionalLamports)} SOL and ${sol(inputs.limits.reserveLamports)} SOL ` +
      `stay for fees and rent.${heldBack}${otherBuys(inFlight)}`,
  ];
}

function otherBuys(inFlight: string): string {
  return inFlight === "0" ? "" : ` ${sol(inFlight)} SOL more are in flight for other buys.`;
}

/** True when the duplicate guard is the only thing in the way, so that a person may overrule it. */
export function isOnlyDuplicateGuard(inputs: RiskInputs): boolean {
  return (
    checkEntryRisk(inputs).length === 1 &&
    checkEntryRisk({ ...inputs, guardOverride: true }).length === 0
  );
}

function sol(lamports: string): string {
  return formatDecimal(BigInt(lamports), SOL_DECIMALS);
}

function percent(bps: number): string {
  return (bps / 100).toFixed(2).replace(/\.?0+$/, "");
}
