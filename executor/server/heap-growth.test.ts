import { test } from "vitest";
import { growthOnceReady } from "./heap-growth.ts";

const FROM_LAUNCHER = ["--max-semi-space-size=8", "--heap-growing-percent=20"];

test("a desk that is ready gets a heap that may double", ({ expect }) => {
  expect(growthOnceReady(FROM_LAUNCHER)).toBe("--heap-growing-percent=100");
});

test("a limit that the launcher was started with stays, and so does none", ({ expect }) => {
  expect(growthOnceReady([...FROM_LAUNCHER, "--heap-growing-percent=50"])).toBeUndefined();
  expect(growthOnceReady([])).toBeUndefined();
});
