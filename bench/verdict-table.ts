import { type Figure, showUs } from "./figures.ts";

/** A figure with what else belongs to it. */
export interface Row extends Figure {
  /** Asked for by a price, and not come within three seconds. */
  missing?: number;
  /** Come, and not what the price asked for. */
  wrong?: number;
  /** Questions that had to be answered before the bytes left. */
  hops?: number;
  target?: Target;
}

export interface Target {
  p50Us: number;
  p99Us?: number;
}

export interface Section {
  title: string;
  rows: readonly Row[];
}

const HEAD = ["figure", "n", "p50", "p99", "missing", "wrong", "hops", "target", ""];

/** Of all sections one table, so that each figure stands beside the others. */
export function verdictTable(sections: readonly Section[]): string {
  const lines = sections.flatMap(({ title, rows }) => [[title], ...rows.map(cellsOf)]);
  const widths = HEAD.map((name, at) =>
    Math.max(
      name.length,
      ...lines.map((cells) => (cells.length === 1 ? 0 : (cells[at] ?? "").length)),
    ),
  );
  const total = widths.reduce((sum, width) => sum + width + 2, -2);
  return [line(HEAD, widths), "-".repeat(total), ...lines.map((cells) => line(cells, widths))].join(
    "\n",
  );
}

/**
 * How many answers were waited for, by what a wait added to each of them cost. Of the quicker half:
 * what other programs add to the slower one would count as well.
 */
export function hopsOf(near: readonly number[], far: readonly number[], addedMs: number): number {
  const quarter = (samples: readonly number[]): number =>
    samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 4)] ?? Number.NaN;
  return Math.round(((quarter(far) - quarter(near)) / addedMs) * 10) / 10;
}

function line(cells: readonly string[], widths: readonly number[]): string {
  const [first = "", ...others] = cells;
  if (others.length === 0) return `\n${first}`;
  const padded = others.map((cell, at) => cell.padStart(widths[at + 1] ?? 0));
  return [first.padEnd(widths[0] ?? 0), ...padded].join("  ").trimEnd();
}

function cellsOf(row: Row): string[] {
  const { name, n, p50Us, p99Us, missing, wrong, hops, target } = row;
  return [
    `  ${name}`,
    String(n),
    showUs(p50Us),
    showUs(p99Us),
    missing === undefined ? "" : String(missing),
    wrong === undefined ? "" : String(wrong),
    // A slope below a tenth of a hop may come out as minus nothing.
    hops === undefined ? "" : (hops === 0 ? 0 : hops).toFixed(1),
    target === undefined ? "" : targetText(target),
    target === undefined ? "" : isMet(row, target) ? "met" : "not met",
  ];
}

function targetText({ p50Us, p99Us }: Target): string {
  return p99Us === undefined ? showUs(p50Us) : `${showUs(p50Us)} / ${showUs(p99Us)}`;
}

/** An exit that did not come, or came wrong, is no fast one. */
function isMet({ n, p50Us, p99Us, missing = 0, wrong = 0 }: Row, target: Target): boolean {
  const isFast = p50Us <= target.p50Us && p99Us <= (target.p99Us ?? Infinity);
  return n > 0 && isFast && missing === 0 && wrong === 0;
}
