import { defineConfig } from "vitest/config";

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
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 90_000,
        },
      },
      "./edge/vitest.config.ts",
    ],
  },
});
