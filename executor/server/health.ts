import type { TradingState } from "@raptor/shared/domain/trading-state.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { DependencyHealth, Phase } from "../engine/read-models.ts";
import type { Store } from "../ports/store.ts";

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

/** A probe is a commit, synced to the disk. */
const PROBED_FOR_MS = 1_000;

/** Whether the journal takes writes, found out at most once a second for all who ask. */
export function createJournalProbe(
  store: Pick<Store, "probe" | "headSeq">,
  clock: Pick<Clock, "monotonicMs">,
): () => DependencyHealth {
  let probed: { atMs: number; problem: string | undefined } | undefined;
  return () => {
    const nowMs = clock.monotonicMs();
    if (probed === undefined || nowMs - probed.atMs >= PROBED_FOR_MS) {
      probed = { atMs: nowMs, problem: problemOf(store) };
    }
    const { problem } = probed;
    const detail = problem ?? `seq ${store.headSeq()}`;
    return { name: "journal", ok: problem === undefined, detail };
  };
}

function problemOf(store: Pick<Store, "probe">): string | undefined {
  try {
    store.probe();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The check writes to the disk and may ask the queue, and anybody may ask for it. */
const SHARED_FOR_MS = 250;
/** Whoever waits for a desk that starts should hear of its end at once; the probe is rationed. */
const SHARED_WHILE_AWAY_MS = 20;

/** Lets everybody who asks at about the same time share one look. */
export function createSharedHealth(
  look: (isDeep: boolean) => Promise<HealthReport>,
  clock: Pick<Clock, "monotonicMs">,
): (isDeep: boolean) => Promise<HealthReport> {
  interface Look {
    untilMs: number;
    report: Promise<HealthReport>;
  }
  const last = new Map<boolean, Look>();
  async function lookAndShorten(isDeep: boolean, nowMs: number): Promise<HealthReport> {
    const report = await look(isDeep);
    const known = last.get(isDeep);
    const isAway = !REACHABLE_PHASES.includes(report.body.phase);
    if (known !== undefined && isAway && !isDeep) known.untilMs = nowMs + SHARED_WHILE_AWAY_MS;
    return report;
  }
  return (isDeep) => {
    const nowMs = clock.monotonicMs();
    const known = last.get(isDeep);
    if (known !== undefined && nowMs < known.untilMs) return known.report;
    const report = lookAndShorten(isDeep, nowMs);
    last.set(isDeep, { untilMs: nowMs + SHARED_FOR_MS, report });
    return report;
  };
}
