import { writeFileSync } from "node:fs";
import type { Reporter, SerializedError, TestModule, TestSuite } from "vitest/node";

/** What one run of vitest came to. */
export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

/** Where the tally is written: vitest starts its reporters itself and hands them nothing else. */
export const TALLY_FILE = "RAPTOR_TALLY_FILE";

/**
 * Counts what vitest's own JSON leaves out: files that do not load, hooks that fail, and errors that
 * no test caught. Each is one failure, beside the failed tests.
 */
export default class TallyReporter implements Reporter {
  onTestRunEnd(
    modules: readonly TestModule[],
    unhandledErrors: readonly SerializedError[],
    reason: "passed" | "interrupted" | "failed",
  ): void {
    const tally: Tally = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "pending") tally.failed += 1;
        else tally[state] += 1;
      }
      const suites: (TestModule | TestSuite)[] = [module, ...module.children.allSuites()];
      tally.failed += suites.filter((suite) => suite.errors().length > 0).length;
    }
    if (reason === "interrupted") tally.failed += 1;
    const path = process.env[TALLY_FILE];
    if (path !== undefined) writeFileSync(path, JSON.stringify(tally));
  }
}
