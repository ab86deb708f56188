import { writeFileSync } from "node:fs";
import type { Reporter, SerializedError, TestModule, TestSuite } from "vitest/node";

/** What one run of vitest came to. */
export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
  /** One line for each failure, to be said again at the end of a long run. */
  failures: string[];
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
    const tally: Tally = { passed: 0, failed: 0, skipped: 0, failures: [] };
    const fail = (what: string, errors: readonly { message?: string }[] = []): void => {
      // A test that was tried twice failed twice, and the second time often for another reason.
      const firstLines = errors.map(({ message }) => (message ?? "").split("\n")[0] ?? "");
      const said = [...new Set(firstLines)].filter((line) => line !== "").join(" | ");
      tally.failed += 1;
      tally.failures.push(said === "" ? what : `${what}: ${said}`);
    };
    for (const error of unhandledErrors) fail("an error that no test caught", [error]);
    for (const module of modules) {
      const file = module.relativeModuleId;
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result();
        if (state === "pending") fail(`${file} > ${test.fullName} did not end`);
        else if (state === "failed") fail(`${file} > ${test.fullName}`, errors);
        else tally[state] += 1;
      }
      const suites: (TestModule | TestSuite)[] = [module, ...module.children.allSuites()];
      for (const suite of suites) {
        const errors = suite.errors();
        const name = suite.type === "module" ? file : `${file} > ${suite.fullName}`;
        if (errors.length > 0) fail(name, errors);
      }
    }
    if (reason === "interrupted") fail("the run was interrupted");
    const path = process.env[TALLY_FILE];
    if (path !== undefined) writeFileSync(path, JSON.stringify(tally));
  }
}
