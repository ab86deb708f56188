import type { TradingState } from "@raptor/shared/domain/trading-state.ts";
import type { DependencyHealth, Phase } from "../engine/read-models.ts";

export interface HealthReport {
  status: 200 | 503;
  body: {
    phase: Phase;
    tradingState: TradingState;
    ok: boolean;
    epoch: number;
    version: string;
    dependencies: Record<string, { ok: boolean; detail: string }>;
  };
}

/** Dependencies without which nothing may be accepted; everything else only shows. */
const VITAL = new Set(["journal", "intake"]);
const REACHABLE_PHASES: readonly Phase[] = ["ready", "halted"];

/**
 * The shallow check stays 200 while intake and journal work: a broken venue must never stop the
 * routing of a panic. The deep check is 503 as soon as anything is broken.
 */
export function healthReport(options: {
  phase: Phase;
  tradingState: TradingState;
  epoch: number;
  version: string;
  dependencies: readonly DependencyHealth[];
  isDeep: boolean;
}): HealthReport {
  const { phase, tradingState, epoch, version, dependencies, isDeep } = options;
  const broken = dependencies.filter((one) => !one.ok);
  const isVitalBroken = broken.some((one) => VITAL.has(one.name));
  const isServing = REACHABLE_PHASES.includes(phase) && !isVitalBroken;
  const ok = isServing && (!isDeep || broken.length === 0);
  return {
    status: ok ? 200 : 503,
    body: {
      phase,
      tradingState,
      ok,
      epoch,
      version,
      dependencies: Object.fromEntries(
        dependencies.map(({ name, ok: isOk, detail }) => [name, { ok: isOk, detail }]),
      ),
    },
  };
}
