import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * `npm test`: static checks, unit tests in Node and workerd, scenarios on real processes. Installs
 * from Debian what the tests need and counts what it cannot get as skipped. The last line is
 * always `N passed, N failed` (and `, N skipped` when something was), also under failure.
 */
interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DEBIAN_PACKAGES: readonly { name: string; file: string }[] = [
  { name: "redis-server", file: "/usr/bin/redis-server" },
  { name: "chromium", file: "/usr/bin/chromium" },
  { name: "strace", file: "/usr/bin/strace" },
];
const CHECKS: readonly { name: string; command: readonly string[] }[] = [
  { name: "format", command: ["oxfmt", "--check"] },
  { name: "lint", command: ["oxlint", "--type-aware", "--deny-warnings"] },
  { name: "types", command: ["tsc", "-b"] },
  { name: "unused code", command: ["knip"] },
];
const SUITES: readonly { name: string; projects: readonly string[] }[] = [
  { name: "units", projects: ["node", "edge"] },
  { name: "scenarios", projects: ["scenarios"] },
];

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Installs missing programs when this user may; returns how many are still missing. */
function installPrograms(): number {
  const missing = (): typeof DEBIAN_PACKAGES =>
    DEBIAN_PACKAGES.filter((program) => !existsSync(program.file));
  if (missing().length > 0 && process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    const names = missing().map((program) => program.name);
    say(`• installing from Debian: ${names.join(", ")}`);
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const update = spawnSync("apt-get", ["update", "-q"], { env, stdio: "ignore" });
    const install = ["install", "-y", "-q", "--no-install-recommends", ...names];
    if (update.status === 0) spawnSync("apt-get", install, { env, stdio: "ignore" });
  }
  for (const program of missing()) {
    say(
      `!! ${program.name} is not installed: what needs it is SKIPPED. apt install ${program.name}`,
    );
  }
  return missing().length;
}

function run(command: readonly string[]): Promise<number> {
  const [program = "", ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: ROOT, stdio: "inherit", env: testEnv() });
    child.on("error", (error) => {
      say(`could not run ${program}: ${error.message}`);
      resolve(1);
    });
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

function testEnv(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_SEND_METRICS: "false",
    NO_UPDATE_NOTIFIER: "1",
  };
}

async function runChecks(tally: Tally): Promise<void> {
  for (const { name, command } of CHECKS) {
    say(`\n• ${name}`);
    const code = await run(command);
    if (code === 0) tally.passed += 1;
    else tally.failed += 1;
    say(code === 0 ? `  ${name}: ok` : `  ${name}: FAILED`);
  }
}

interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  numFailedTestSuites: number;
}

async function runSuite(
  suite: (typeof SUITES)[number],
  tally: Tally,
  filters: readonly string[],
): Promise<void> {
  say(`\n• ${suite.name}`);
  const folder = mkdtempSync(join(tmpdir(), "raptor-tests-"));
  const report = join(folder, "report.json");
  const projects = suite.projects.flatMap((project) => ["--project", project]);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const code = await run(["vitest", "run", ...projects, ...reporters, ...filters]);
  if (existsSync(report)) {
    const found = JSON.parse(readFileSync(report, "utf8")) as VitestReport;
    tally.passed += found.numPassedTests;
    tally.failed += found.numFailedTests;
    tally.skipped += found.numPendingTests + found.numTodoTests;
    // A suite that could not load, or an error outside of any test, is a failure of its own.
    if (code !== 0 && found.numFailedTests === 0) tally.failed += 1;
  } else {
    tally.failed += 1;
  }
  rmSync(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const filters = process.argv.slice(2).filter((argument) => argument !== "--");
  const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
  try {
    tally.skipped += installPrograms();
    if (filters.length === 0) await runChecks(tally);
    for (const suite of SUITES) await runSuite(suite, tally, filters);
  } catch (error) {
    tally.failed += 1;
    say(`the test run broke: ${(error as Error).stack ?? String(error)}`);
  }
  const skipped = tally.skipped === 0 ? "" : `, ${tally.skipped} skipped`;
  say(`\n${tally.passed} passed, ${tally.failed} failed${skipped}`);
  process.exitCode = tally.failed === 0 ? 0 : 1;
}

await main();
