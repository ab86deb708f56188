import type { Counts } from "./coverage.ts";
import { EXPECTED_FAULTS, EXPECTED_TRANSITIONS, VITAL_TRANSITIONS } from "./expected.ts";

/** So many seeds must meet every expected thing so often; shorter runs in proportion. */
const COVERAGE_SEEDS = 20_000;
const COVERAGE_TIMES_MIN = 100;
/** From so many seeds on a run that never traded is a failure by itself. */
const VITAL_SEEDS = 60;

export interface RunFigures {
  seeds: number;
  failed: number;
  wallMs: number;
  jobs: number;
  cpuMs: number;
  virtualMs: number;
  journalEvents: number;
}

/** What should have been met and was not, or too rarely for a run of this length. */
export function listRare(counts: Counts, seeds: number): string[] {
  const least = leastOf(seeds);
  const rareIn = (met: Record<string, number>, expected: readonly string[]): string[] =>
    expected
      .filter((name) => (met[name] ?? 0) < least)
      .map((name) => `${name}: ${met[name] ?? 0} times, expected ${least}`);
  return [
    ...rareIn(counts.faults, EXPECTED_FAULTS),
    ...rareIn(counts.transitions, EXPECTED_TRANSITIONS),
  ];
}

/** What a run of this length never met although every one does: its worlds did not trade. */
export function listMissing(counts: Counts, seeds: number): string[] {
  if (seeds < VITAL_SEEDS) return [];
  return VITAL_TRANSITIONS.filter((name) => (counts.transitions[name] ?? 0) === 0);
}

function leastOf(seeds: number): number {
  return Math.max(1, Math.floor((COVERAGE_TIMES_MIN * seeds) / COVERAGE_SEEDS));
}

/** The closing words of a run. */
export function summarize(figures: RunFigures, counts: Counts): string[] {
  const { seeds, failed, wallMs, jobs, cpuMs, virtualMs, journalEvents } = figures;
  const perSecond = seeds / (wallMs / 1_000);
  const speedup = virtualMs / wallMs;
  const presses = total(counts.acts);
  return [
    ...table("faults injected", withExpected(counts.faults, EXPECTED_FAULTS), seeds),
    ...table("state transitions", withExpected(counts.transitions, EXPECTED_TRANSITIONS), seeds),
    ...table("what people did", counts.acts, seeds),
    "",
    `${seeds} seeds in ${(wallMs / 1_000).toFixed(1)} s: ${perSecond.toFixed(1)} seeds/s on ` +
      `${jobs} processes (${(perSecond / jobs).toFixed(1)} each), ` +
      `${(cpuMs / Math.max(1, seeds)).toFixed(0)} ms of processor time a seed, ` +
      `${speedup.toFixed(0)} times real time`,
    `${presses} presses (${(presses / Math.max(1, seeds)).toFixed(1)} a seed), ` +
      `${total(counts.faults)} faults, ${journalEvents} journal events, ` +
      `${(virtualMs / 3_600_000).toFixed(1)} simulated hours`,
    failed === 0 ? `${seeds} seeds passed` : `${failed} of ${seeds} seeds FAILED`,
  ];
}

/** What was expected and never met stands in the table too, with a zero. */
function withExpected(
  counts: Record<string, number>,
  expected: readonly string[],
): Record<string, number> {
  return { ...Object.fromEntries(expected.map((name) => [name, 0])), ...counts };
}

function table(title: string, counts: Record<string, number>, seeds: number): string[] {
  const least = leastOf(seeds);
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
