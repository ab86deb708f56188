import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { TALLY_FILE, type Tally } from "./tally-reporter.ts";

/**
 * `npm test`: static checks, unit tests in Node and workerd, scenarios on real processes, a storm of
 * kills, seeds of the simulator. Installs from Debian what the tests need;
 * tests that cannot run here are counted as skipped, and why is said at the start and again above
 * the last line. That line is always `N passed, N failed` (and `, N skipped` when something was),
 * also under failure.
 */

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const REPORTER = fileURLToPath(new URL("tally-reporter.ts", import.meta.url));
const DEBIAN_PACKAGES: readonly { name: string; file: string; proof: string }[] = [
  { name: "redis-server", file: "/usr/bin/redis-server", proof: "limits on a real Redis" },
  { name: "chromium", file: "/usr/bin/chromium", proof: "the chat page in a browser" },
  {
    name: "strace",
    file: "/usr/bin/strace",
    proof: "commits reach the disk, as the kernel sees it",
  },
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
  { name: "kill storm", projects: ["storm"] },
];

/**
 * Seeds that failed once come first. The number is fixed, so that a run on a fast machine and one
 * on a slow machine judge the same. Then mistakes are planted that show at once, so that checkers
 * which have gone blind are noticed; long runs and all mistakes are for `pnpm sim`.
 */
const SIMULATOR: readonly { name: string; command: readonly string[] }[] = [
  { name: "simulator", command: ["node", "sim/vopr.ts", "--seeds", "150"] },
  { name: "planted mistakes", command: ["node", "sim/vopr.ts", "--mutants", "--quick"] },
];

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Installs missing programs when this user may; says what cannot be proved here all the same. */
function prepareMachine(): string[] {
  const isRoot = process.getuid?.() === 0;
  const missing = (): typeof DEBIAN_PACKAGES =>
    DEBIAN_PACKAGES.filter((program) => !existsSync(program.file));
  if (missing().length > 0 && isRoot && existsSync("/usr/bin/apt-get")) {
    const names = missing().map((program) => program.name);
    say(`• installing from Debian: ${names.join(", ")}`);
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const update = spawnSync("apt-get", ["update", "-q"], { env, stdio: "ignore" });
    const install = ["install", "-y", "-q", "--no-install-recommends", ...names];
    if (update.status === 0) spawnSync("apt-get", install, { env, stdio: "ignore" });
  }
  const notes = missing().map(
    ({ name, proof }) => `${name} is not installed. SKIPPED: ${proof}. apt-get install ${name}`,
  );
  if (!isRoot) {
    notes.push(
      "not root. SKIPPED: full and read-only disks, which need a mount; and the signer runs " +
        "without a user and a network namespace of its own",
    );
  }
  return notes;
}

function newTally(): Tally {
  return { passed: 0, failed: 0, skipped: 0, failures: [] };
}

function addFailure(tally: Tally, failure: string): void {
  tally.failed += 1;
  tally.failures.push(failure);
}

function since(startedMs: number): string {
  return `${((performance.now() - startedMs) / 1_000).toFixed(0)} s`;
}

function sayLoudly(notes: readonly string[]): void {
  for (const note of notes) say(`!! ${note}`);
}

function run(command: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
  const [program = "", ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: ROOT,
      stdio: "inherit",
      env: { ...testEnv(), ...env },
    });
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

async function runCommands(
  commands: readonly { name: string; command: readonly string[] }[],
  tally: Tally,
): Promise<void> {
  for (const { name, command } of commands) {
    say(`\n• ${name}`);
    const startedMs = performance.now();
    const code = await run(command);
    if (code === 0) tally.passed += 1;
    else addFailure(tally, `${name}: ended with code ${code}`);
    say(`  ${name}: ${code === 0 ? "ok" : "FAILED"}, ${since(startedMs)}`);
  }
}

async function runSuite(
  suite: (typeof SUITES)[number],
  tally: Tally,
  filters: readonly string[],
): Promise<void> {
  say(`\n• ${suite.name}`);
  const startedMs = performance.now();
  const folder = mkdtempSync(join(tmpdir(), "raptor-tests-"));
  const file = join(folder, "tally.json");
  const projects = suite.projects.flatMap((project) => ["--project", project]);
  const reporters = ["--reporter=default", `--reporter=${REPORTER}`];
  // A filter may fit only one of the suites.
  const options = filters.length === 0 ? [] : ["--passWithNoTests"];
  const command = ["vitest", "run", ...projects, ...reporters, ...options, ...filters];
  const code = await run(command, { [TALLY_FILE]: file });
  const found: Tally = existsSync(file)
    ? (JSON.parse(readFileSync(file, "utf8")) as Tally)
    : newTally();
  tally.passed += found.passed;
  tally.failed += found.failed;
  tally.skipped += found.skipped;
  tally.failures.push(...found.failures);
  // Whatever else made vitest fail is a failure of its own.
  if (code !== 0 && found.failed === 0) {
    addFailure(tally, `${suite.name}: vitest ended with code ${code}`);
  }
  say(`  ${suite.name}: ${found.passed} passed, ${found.failed} failed, ${since(startedMs)}`);
  rmSync(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const filters = process.argv.slice(2).filter((argument) => argument !== "--");
  const tally = newTally();
  let notes: string[] = [];
  try {
    notes = prepareMachine();
    sayLoudly(notes);
    if (filters.length === 0) await runCommands(CHECKS, tally);
    for (const suite of SUITES) await runSuite(suite, tally, filters);
    if (filters.length === 0) await runCommands(SIMULATOR, tally);
    if (tally.passed + tally.failed + tally.skipped === 0) {
      addFailure(tally, `no test fits ${filters.join(" ")}`);
    }
  } catch (error) {
    addFailure(tally, `the test run broke: ${(error as Error).stack ?? String(error)}`);
  }
  say("");
  sayLoudly(notes);
  // Again, because whoever reads the end of a long log must see what failed.
  for (const failure of tally.failures) say(`✗ ${failure}`);
  const skipped = tally.skipped === 0 ? "" : `, ${tally.skipped} skipped`;
  say(`${tally.passed} passed, ${tally.failed} failed${skipped}`);
  process.exitCode = tally.failed === 0 ? 0 : 1;
}

await main();
