import type { Row } from "./verdict-table.ts";

/**
 * Figures of other programs, quoted and not run here: their published versions were measured in
 * November 2026 on two cores with Node 24, over loopback, by the method of this bench (one process
 * is driver, node and notifier; signature, instruction, mint and amount verified; a fresh mint for
 * each sample). Of so few samples the 99th percentile is about the largest.
 */
const row = (name: string, n: number, p50Ms: number, p99Ms: number, hops?: number): Row => ({
  name,
  n,
  p50Us: p50Ms * 1_000,
  p99Us: p99Ms * 1_000,
  ...(hops === undefined ? {} : { hops }),
});

export const RIVALS: readonly Row[] = [
  row("hummingbot/gateway 2.13.0 (d2650220): request to swap -> signed", 65, 19.4, 52, 4),
  row("noorulahad/solana-pumpfun-module (f41965dc): price -> signed sell", 60, 15.7, 26.5, 2),
  row("  the same, 20 ms added to every answer", 60, 57.3, 71),
  row("  the same, as a Jito bundle, its default", 60, 25.7, 49.3, 2),
  row("  the same, as a Jito bundle, 20 ms added", 60, 61, 76.3),
  row("warp-id/solana-trading-bot 2.0.1 (4c9304a): price -> signed sell", 20, 1_440, 2_240),
];
