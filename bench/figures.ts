export interface Figure {
  name: string;
  n: number;
  p50Us: number;
  p99Us: number;
}

/** Median and 99th percentile by nearest rank, in microseconds. */
export function figureOf(name: string, samplesMs: readonly number[]): Figure {
  const sorted = samplesMs.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return { name, n: sorted.length, p50Us: at(0.5) * 1_000, p99Us: at(0.99) * 1_000 };
}

/** A table of figures, each with its ratio to the first one, which is the baseline. */
export function tableOf(figures: readonly Figure[]): string {
  const base = figures[0]?.p50Us ?? 1;
  const rows = figures.map((figure) => [
    figure.name,
    String(figure.n),
    showUs(figure.p50Us),
    showUs(figure.p99Us),
    `${(figure.p50Us / base).toFixed(1)} x`,
  ]);
  const head = ["figure", "n", "p50", "p99", "p50 / baseline"];
  const widths = head.map((title, at) =>
    Math.max(title.length, ...rows.map((row) => (row[at] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join("  ");
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

/** As short as a column wants it. */
export function showUs(us: number): string {
  if (Number.isNaN(us)) return "-";
  if (us >= 1e6) return `${(us / 1e6).toFixed(2)} s`;
  return us >= 1_000 ? `${(us / 1_000).toFixed(2)} ms` : `${us.toFixed(0)} us`;
}
