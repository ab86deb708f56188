import { presetOf } from "../engine/exit-arming.ts";
import { openSellOf } from "../engine/orders.ts";
import type { EngineSettings } from "../engine/settings.ts";
import type { PriceFeed, PriceUpdate } from "../ports/market.ts";
import type { Store } from "../ports/store.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { exitsScreen, settingsScreen } from "../screens/exits.ts";
import { noticeScreen } from "../screens/plain.ts";
import type { Screen } from "../screens/screen.ts";
import { moonBagOf } from "../engine/exit-edit.ts";
import { EXIT_PRESETS } from "./exit-presets.ts";

export interface ExitScreenDeps {
  store: Store;
  feed: PriceFeed;
  clock: Clock;
  settings: EngineSettings;
}

const PRESET_NAMES = EXIT_PRESETS.map(({ name }) => name);

/** The rules of a position, or with null those of new positions. */
export function renderExits(
  deps: ExitScreenDeps,
  userId: number,
  positionId: string | null,
): Screen {
  const { store, clock } = deps;
  const nowMs = clock.nowMs();
  if (positionId === null) {
    const specs = presetOf(deps, store, userId);
    const isStandard = store.exitPreset(userId) === undefined;
    const { mevProtect: standard, canProtect: isPossible } = deps.settings;
    const choice = store.mevChoice(userId)?.protect ?? "default";
    const protect = { choice, standard, isPossible };
    return settingsScreen({ specs, isStandard, presets: PRESET_NAMES, protect, nowMs });
  }
  const position = store.position(positionId);
  const plan = store.exitPlan(positionId);
  if (position === undefined || position.userId !== userId) return noticeScreen(NOT_YOURS);
  if (position.state !== "open" || plan?.state !== "armed") return noticeScreen(CLOSED);
  const latest = deps.feed.latest(position.instrument);
  const { symbol, decimals, quantity, entryPriceE9 } = position;
  return exitsScreen({
    symbol,
    decimals,
    quantity,
    entryPriceE9,
    markPriceE9: latest?.priceE9.toString() ?? null,
    markAgeMs: latest === undefined ? null : ageOf(deps, latest),
    isStale: latest !== undefined && freshPriceE9(deps, position.instrument) === undefined,
    rules: plan.rules,
    doneCount: plan.done?.length ?? 0,
    peakE9: BigInt(plan.markE9),
    moonBag: moonBagOf(plan, position),
    isSelling: openSellOf(store, positionId) !== undefined,
    presets: PRESET_NAMES,
    nowMs,
  });
}

export const NOT_YOURS: readonly string[] = [
  "Not found",
  "This position is not one of yours. Nothing was changed. /positions shows what is open.",
];
export const CLOSED: readonly string[] = [
  "This position is closed",
  "It has no exits any more, and nothing was changed. /positions shows what is open.",
];

/** The price that an edit is held against; undefined where none is known, or only an old one. */
export function freshPriceE9(deps: ExitScreenDeps, instrument: string): bigint | undefined {
  const latest = deps.feed.latest(instrument);
  if (latest === undefined || latest.isStale === true) return undefined;
  return ageOf(deps, latest) > deps.settings.priceStaleMs ? undefined : latest.priceE9;
}

function ageOf({ clock }: ExitScreenDeps, update: PriceUpdate): number {
  return Math.round(clock.monotonicMs() - update.atMonotonicMs);
}
