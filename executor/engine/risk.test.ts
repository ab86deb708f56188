import { describe, it } from "vitest";
import type { RiskInputs, RiskLimits } from "@raptor/shared/domain/events.ts";
import { checkEntryRisk, isOnlyDuplicateGuard } from "./risk.ts";

const SOL = 1_000_000_000n;
const HOUR_MS = 3_600_000;
const NOW_MS = 1_700_000_000_000;

const limits: RiskLimits = {
  notionalLamportsMax: (2n * SOL).toString(),
  dailyLamportsMax: (10n * SOL).toString(),
  openPositionsMax: 5,
  priceImpactBpsMax: 1_500,
  duplicateBuyGuardMs: 24 * HOUR_MS,
  reserveLamports: (SOL / 50n).toString(),
};

/** Every limit is exactly used up, and none is broken. */
const atTheLimit: RiskInputs = {
  notionalLamports: (2n * SOL).toString(),
  priceImpactBps: 1_500,
  walletLamports: (2n * SOL + SOL / 50n).toString(),
  spentTodayLamports: (8n * SOL).toString(),
  openPositions: 4,
  lastBuyMs: NOW_MS - 24 * HOUR_MS,
  tradingState: "active",
  userPaused: false,
  guardOverride: false,
  nowMs: NOW_MS,
  limits,
};

type Case = [name: string, over: Partial<RiskInputs>, reason: RegExp];

const oneStepTooFar: Case[] = [
  ["trading reduced to exits", { tradingState: "reducing" }, /^Trading is reducing/],
  ["trading halted", { tradingState: "halted" }, /^Trading is halted/],
  ["paused entries", { userPaused: true }, /^Your entries are paused/],
  [
    "one lamport over the day's limit",
    { spentTodayLamports: (8n * SOL + 1n).toString() },
    /^At most 10 SOL may be spent in 24 hours; 8\.000000001 SOL are spent or in flight\.$/,
  ],
  ["one position too many", { openPositions: 5 }, /^At most 5 positions/],
  ["one bps of price impact too much", { priceImpactBps: 1_501 }, /by 15\.01 %; the limit is 15 %/],
  [
    "a buy of the token one millisecond inside the guard",
    { lastBuyMs: NOW_MS - 24 * HOUR_MS + 1 },
    /^You bought this token 23 h ago; a second buy within 24 h/,
  ],
  [
    "a wallet one lamport short",
    { walletLamports: (2n * SOL + SOL / 50n - 1n).toString() },
    /^The wallet holds 2\.019999999 SOL; this buy needs 2 SOL and 0\.02 SOL stay/,
  ],
];

describe("the risk check of a buy", () => {
  it("lets a buy pass that uses every limit up", ({ expect }) => {
    expect(checkEntryRisk(atTheLimit)).toEqual([]);
  });

  it.for(oneStepTooFar)("denies %s, with that reason alone", ([, over, reason], { expect }) => {
    const reasons = checkEntryRisk({ ...atTheLimit, ...over });
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toMatch(reason);
  });

  it("denies one lamport more than one order may spend", ({ expect }) => {
    const reasons = checkEntryRisk({
      ...atTheLimit,
      notionalLamports: (2n * SOL + 1n).toString(),
      spentTodayLamports: "0",
      walletLamports: (5n * SOL).toString(),
    });
    expect(reasons).toEqual(["One order may spend at most 2 SOL."]);
  });

  it("gives every reason at once", ({ expect }) => {
    const reasons = checkEntryRisk({
      ...atTheLimit,
      notionalLamports: (3n * SOL).toString(),
      tradingState: "halted",
      userPaused: true,
      openPositions: 9,
      priceImpactBps: 9_000,
      lastBuyMs: NOW_MS,
      walletLamports: "0",
    });
    expect(reasons).toHaveLength(8);
  });

  it("lets the person's word overrule the duplicate guard and nothing else", ({ expect }) => {
    const guarded = { ...atTheLimit, lastBuyMs: NOW_MS - 1 };
    expect(checkEntryRisk({ ...guarded, guardOverride: true })).toEqual([]);
    const full = { ...guarded, guardOverride: true, openPositions: 5 };
    expect(checkEntryRisk(full)).toHaveLength(1);
  });
});

describe("the duplicate guard", () => {
  it("is the only obstacle when nothing else is in the way", ({ expect }) => {
    expect(isOnlyDuplicateGuard({ ...atTheLimit, lastBuyMs: NOW_MS - 1 })).toBe(true);
  });

  it("is not the only obstacle beside another one", ({ expect }) => {
    const both = { ...atTheLimit, lastBuyMs: NOW_MS - 1, priceImpactBps: 9_000 };
    expect(isOnlyDuplicateGuard(both)).toBe(false);
  });

  it("is not the obstacle when it does not stand in the way", ({ expect }) => {
    expect(isOnlyDuplicateGuard(atTheLimit)).toBe(false);
    expect(isOnlyDuplicateGuard({ ...atTheLimit, priceImpactBps: 9_000 })).toBe(false);
    expect(isOnlyDuplicateGuard({ ...atTheLimit, lastBuyMs: null, userPaused: true })).toBe(false);
  });
});
