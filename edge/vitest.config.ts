import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { answerAsOutside, TEST_BINDINGS } from "./testing/outside.ts";

export default defineConfig({
  plugins: [
    cloudflareTest({
      remoteBindings: false,
      main: "./index.ts",
      miniflare: {
        compatibilityDate: "2026-07-30",
        bindings: TEST_BINDINGS,
        outboundService: answerAsOutside,
      },
    }),
  ],
  test: {
    name: "edge",
    include: ["**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/*.node.test.ts"],
    testTimeout: 20_000,
  },
});
