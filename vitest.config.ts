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
