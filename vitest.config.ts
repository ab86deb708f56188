import { defineConfig } from "vitest/config";

const STORM = "sim/scenarios/kill-storm.test.ts";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "node",
          include: ["{shared,executor,sim,tools}/**/*.test.ts"],
          exclude: ["**/node_modules/**", "sim/scenarios/**"],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "scenarios",
          include: ["sim/scenarios/**/*.test.ts"],
          exclude: ["**/node_modules/**", STORM],
          // They mostly wait: for slots, timers and other processes.
          maxWorkers: 2,
          // Two real desks share two cores: a test that lost a race with the clock is run once more,
          // and the report says so. What must never happen is judged where nothing is repeated: by
          // the storm, the simulator and the property tests.
          retry: 1,
          testTimeout: 60_000,
          hookTimeout: 90_000,
        },
      },
      // Alone, because a desk that gets no time to trade is killed without proving anything.
      { test: { name: "storm", include: [STORM] } },
      "./edge/vitest.config.ts",
    ],
  },
});
