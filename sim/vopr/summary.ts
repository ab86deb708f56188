import type { Counts } from "./coverage.ts";

/** A run of this many seeds must meet every expected thing this often; shorter ones in proportion. */
const COVERAGE_SEEDS = 20_000;
const COVERAGE_TIMES_MIN = 100;

export interface RunFigures {
  seeds: number;
  failed: number;
  wallMs: number;
  jobs: number;
  virtualMs: number;
  journalEvents: number;
}

/** The closing words of a run. */
export function summarize(figures: RunFigures, counts: Counts): string[] {
  const { seeds, failed, wallMs, jobs, virtualMs, journalEvents } = figures;
  const perSecond = seeds / (wallMs / 1_000);
  const speedup = virtualMs / wallMs;
  const presses = total(counts.acts);
  return [
    ...table("faults injected", counts.faults, seeds),
    ...table("state transitions", counts.transitions, seeds),
    ...table("what people did", counts.acts, seeds),
    "",
    `${seeds} seeds in ${(wallMs / 1_000).toFixed(1)} s: ${perSecond.toFixed(1)} seeds/s on ` +
      `${jobs} processes (${(perSecond / jobs).toFixed(1)} each), ` +
      `${speedup.toFixed(0)} times real time`,
    `${presses} presses (${(presses / Math.max(1, seeds)).toFixed(1)} a seed), ` +
      `${total(counts.faults)} faults, ${journalEvents} journal events, ` +
      `${(virtualMs / 3_600_000).toFixed(1)} simulated hours`,
    failed === 0 ? `${seeds} seeds passed` : `${failed} of ${seeds} seeds FAILED`,
  ];
}

function table(title: string, counts: Record<string, number>, seeds: number): string[] {
  const least = (COVERAGE_TIMES_MIN * seeds) / COVERAGE_SEEDS;
  const rows = Object.entries(counts).toSorted(([, a], [, b]) => b - a);
  return [
    "",
    title,
    ...rows.map(([name, count]) => {
      const mark = count < least ? "  (rare)" : "";
      return `${String(count).padStart(10)}  ${name}${mark}`;
    }),
  ];
}

function total(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
