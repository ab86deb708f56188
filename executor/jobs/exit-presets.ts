import type { ExitSpec } from "@raptor/shared/domain/exit-rules.ts";

/** Ready-made sets of rules; each is shown whole before it is armed. */
export const EXIT_PRESETS: readonly { name: string; specs: readonly ExitSpec[] }[] = [
  {
    name: "Simple",
    specs: [
      { kind: "takeProfit", gainBps: 10_000, shareBps: 10_000 },
      { kind: "stopLoss", lossBps: 3_000 },
    ],
  },
  {
    name: "Ladder",
    specs: [
      { kind: "takeProfit", gainBps: 5_000, shareBps: 2_500 },
      { kind: "takeProfit", gainBps: 10_000, shareBps: 2_500 },
      { kind: "takeProfit", gainBps: 30_000, shareBps: 2_500 },
      { kind: "stopLoss", lossBps: 3_000 },
      { kind: "breakeven", gainBps: 5_000 },
    ],
  },
  {
    name: "Trail",
    specs: [
      { kind: "stopLoss", lossBps: 3_000 },
      { kind: "trailingStop", dropBps: 2_500, fromGainBps: 3_000 },
    ],
  },
  {
    name: "Initials",
    specs: [
      { kind: "initialsOut", gainBps: 10_000 },
      { kind: "stopLoss", lossBps: 4_000 },
      { kind: "trailingStop", dropBps: 4_000, fromGainBps: 10_000 },
    ],
  },
];
