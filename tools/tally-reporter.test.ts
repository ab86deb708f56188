import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, onTestFinished } from "vitest";
import { TALLY_FILE } from "./tally-reporter.ts";

const ROOT = join(import.meta.dirname, "..");
const VITEST = join(ROOT, "node_modules", "vitest", "vitest.mjs");

/** Runs vitest on one file of its own; inside the house, so that it finds vitest. */
function tallyOf(source: string): { tally: unknown; code: number | null } {
  const parent = join(ROOT, ".raptor");
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, "tally-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const head = 'import { beforeAll, describe, expect, test } from "vitest";';
  writeFileSync(join(folder, "one.test.ts"), `${head}\n${source}\n`);
  const file = join(folder, "tally.json");
  const args = ["run", "--root", folder, "--reporter", join(ROOT, "tools", "tally-reporter.ts")];
  const env = { PATH: process.env["PATH"] ?? "", [TALLY_FILE]: file };
  const { status } = spawnSync(process.execPath, [VITEST, ...args], { env, stdio: "ignore" });
  return { tally: JSON.parse(readFileSync(file, "utf8")), code: status };
}

const PASSES = 'test("passes", () => {});';

describe("the tally of a run", () => {
  it("counts what passes, fails and is left out", ({ expect }) => {
    const fails = 'test("fails", () => { expect(1).toBe(2); });';
    const out = 'test.skipIf(true)("is left out", () => {});';
    expect(tallyOf([PASSES, fails, out].join("\n"))).toEqual({
      tally: {
        passed: 1,
        failed: 1,
        skipped: 1,
        failures: ["one.test.ts > fails: expected 1 to be 2 // Object.is equality"],
      },
      code: 1,
    });
  });

  it("counts an error that no test caught as a failure, beside failed tests", ({ expect }) => {
    const lost = 'test("loses one", async () => { void Promise.reject(new Error("lost")); });';
    const fails = 'test("fails", () => { expect(1).toBe(2); });';
    expect(tallyOf([PASSES, lost].join("\n"))).toEqual({
      tally: {
        passed: 2,
        failed: 1,
        skipped: 0,
        failures: ["an error that no test caught: lost"],
      },
      code: 1,
    });
    expect(tallyOf([fails, lost].join("\n")).tally).toMatchObject({
      passed: 1,
      failed: 2,
      skipped: 0,
    });
  });

  it("counts a hook that fails and a file that does not load", ({ expect }) => {
    const hook = 'describe("s", () => { beforeAll(() => { throw new Error("no"); });';
    expect(tallyOf(`${hook} test("waits", () => {}); });`).tally).toMatchObject({
      failed: 1,
      failures: ["one.test.ts > s: no"],
    });
    expect(tallyOf('throw new Error("does not load");').tally).toMatchObject({
      failed: 1,
      failures: ["one.test.ts: does not load"],
    });
  });
});
