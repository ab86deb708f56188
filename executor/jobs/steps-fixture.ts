import fc from "fast-check";

export type SubmitMode = "accept" | "silent" | "refuse" | "fail" | "hang" | "landsButSilent";

const which = fc.nat({ max: 5 });
export const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("buy" as const), mint: fc.nat({ max: 2 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("press" as const), mint: fc.nat({ max: 2 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pressAgain" as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("redeliver" as const), which }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("sell" as const),
      which,
      percent: fc.constantFrom("25", "50", "all"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("panic" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("switch" as const),
      to: fc.constantFrom("active", "active", "reducing", "halted", "pause", "resume", "resume"),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("decide" as const),
      which,
      fate: fc.constantFrom("land", "land", "land", "revert", "bury"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("submitMode" as const),
      mode: fc.constantFrom<SubmitMode>(
        "accept",
        "silent",
        "refuse",
        "fail",
        "hang",
        "landsButSilent",
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("price" as const),
      mint: fc.nat({ max: 2 }),
      price: fc.constantFrom(400_000n, 1_000_000n, 3_000_000n),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      ms: fc.constantFrom(0, 300, 1_000, 3_000, 20_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("crash" as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("dieAt" as const),
      unit: fc.integer({ min: 1, max: 6 }),
      when: fc.constantFrom("before" as const, "after" as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("fullDisk" as const), unit: which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("reconcile" as const) }) },
);
export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
