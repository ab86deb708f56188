import type { Invariant, Report } from "./invariant.ts";

/** Invariant 16: epochs only grow, and an attempt is made by the newest one. */
export function createOneEpoch(report: Report): Invariant {
  let epoch = 0;
  return {
    name: "16 one epoch",
    take({ kind, payload }) {
      if (kind === "EpochStarted") {
        if (payload.epoch <= epoch) report(`epoch ${payload.epoch} began after epoch ${epoch}`);
        epoch = payload.epoch;
      }
      if (kind === "AttemptPrepared" && payload.epoch !== epoch) {
        report(`${payload.attemptId} was made by epoch ${payload.epoch} in epoch ${epoch}`);
      }
    },
  };
}
