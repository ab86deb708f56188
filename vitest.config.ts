import { defineConfig } from "vitest/config";

const STORM = "sim/scenarios/kill-storm.test.ts";

export default defineConfig({
  test: {
    // One core less is vitest's own choice, which would leave half of a small machine idle.
    maxWorkers: "100%",
    projects: [
      {
        test: {
          name: "node",
          include: ["{shared,executor,sim,tools}/**/*.test.ts"],
          exclude: ["**/node_modules/**", "sim/scenarios/**"],
          // Modules keep no state that a test changes, and loading them anew for every file took a
          // quarter of the whole.
          isolate: false,
          // Bounds for a machine that is busy with something else; nothing waits for so long.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "scenarios",
          include: ["sim/scenarios/**/*.test.ts"],
          exclude: ["**/node_modules/**", STORM],
          // After the units, when all projects run at once.
          sequence: { groupOrder: 1 },
          // They mostly wait: for slots, timers and other processes. Three keep two cores busy.
          maxWorkers: 3,
          // Three real desks share two cores: a test that lost a race with the clock is run once more,
          // and the report says so. What must never happen is judged where nothing is repeated: by
          // the storm, the simulator and the property tests.
          retry: 1,
          // Each wait has a bound of its own; these are for many of them on a machine that is busy.
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      // Alone, because a desk that gets no time to trade is killed without proving anything.
      { test: { name: "storm", include: [STORM] } },
      "./edge/vitest.config.ts",
    ],
  },
});
