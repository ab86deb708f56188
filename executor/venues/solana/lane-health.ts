import type { Metrics } from "../../ports/metrics.ts";
import type { LaneReport } from "./lane-stats.ts";

const LAMPORTS_PER_SOL = 1_000_000_000;

/** One line for a person: how a lane has done. A lane that rests is no alarm, others are there. */
export function describeLane(report: LaneReport): { name: string; ok: boolean; detail: string } {
  const { name, sent, accepted, landed, limited, held, slotDelayP50, slotDelayP99 } = report;
  const parts = [`${sent} sent, ${accepted} accepted, ${landed} landed`];
  if (slotDelayP50 !== null) parts.push(`slots p50 ${slotDelayP50}, p99 ${slotDelayP99}`);
  if (limited > 0) parts.push(`${limited} times limited`);
  if (held > 0) parts.push(`${held} times left out`);
  const { tipLamports, feeLamports } = report;
  if (landed > 0) parts.push(`tips ${solOf(tipLamports)}, fees ${solOf(feeLamports)} SOL`);
  return { name: `lane ${name}`, ok: true, detail: parts.join("; ") };
}

export function publishLane(metrics: Metrics, report: LaneReport): void {
  const labels = { lane: report.name };
  metrics.gauge("lane_sent", report.sent, labels);
  metrics.gauge("lane_accepted", report.accepted, labels);
  metrics.gauge("lane_landed", report.landed, labels);
  metrics.gauge("lane_limited", report.limited, labels);
  metrics.gauge("lane_held", report.held, labels);
  metrics.gauge("lane_tip_lamports", Number(report.tipLamports), labels);
  metrics.gauge("lane_fee_lamports", Number(report.feeLamports), labels);
  if (report.slotDelayP50 === null || report.slotDelayP99 === null) return;
  metrics.gauge("lane_slot_delay", report.slotDelayP50, { ...labels, quantile: "0.5" });
  metrics.gauge("lane_slot_delay", report.slotDelayP99, { ...labels, quantile: "0.99" });
}

/** For the eye only; amounts that anything depends on stay whole lamports. */
function solOf(lamports: bigint): string {
  return (Number(lamports) / LAMPORTS_PER_SOL).toFixed(6);
}
