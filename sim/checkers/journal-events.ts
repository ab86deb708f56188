import { createJournalInvariants } from "@raptor/executor/invariants/journal-invariants.ts";
import type { Checker, Scene } from "./checker.ts";

/**
 * After every commit: the invariants that need nothing but the events, the same that
 * `raptor verify` holds a live journal against. Here the limits are those that the world set.
 */
export function createJournalEvents(scene: Scene): Checker {
  const { orderLamportsMax, dailyLamportsMax } = scene.limits;
  const invariants = createJournalInvariants(({ name, detail }) => scene.report(name, detail), {
    notionalLamportsMax: orderLamportsMax,
    dailyLamportsMax,
  });
  return {
    name: "journal events",
    onCommit(events) {
      for (const event of events) invariants.take(event);
      invariants.settle();
    },
  };
}
