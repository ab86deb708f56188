import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, test, type TestContext } from "vitest";

/** Real processes: the launcher, the real signer and a small main process of the tests. */
const HERE = import.meta.dirname;
const MAIN = fileURLToPath(import.meta.resolve("./signer/fixtures/echo-main.ts"));
const KEY = randomBytes(32).toString("base64");
const WAIT_MS = 45_000;
/** Ample for the first beat of a process on a busy machine. */
const START_MS = 12_000;

type Line = Record<string, unknown>;

interface Launched {
  launcher: ChildProcess;
  lines: Line[];
  exit: Promise<number | string>;
  /** The nth line (from 0) that holds these fields. */
  line(fields: Line, n?: number): Promise<Line>;
  pids: Set<number>;
}

function launch(context: TestContext, env: Record<string, string> = {}): Launched {
  const launcher = spawn(process.execPath, [resolve(HERE, "launch.ts"), MAIN], {
    env: { PATH: process.env["PATH"] ?? "", WALLET_MASTER_KEYS: `k1:${KEY}`, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: Line[] = [];
  const wakes = new Set<() => void>();
  const pids = new Set<number>();
  let held = "";
  function read(piece: Buffer): void {
    const parts = (held + piece.toString()).split("\n");
    held = parts.pop() ?? "";
    for (const part of parts) {
      const line: Line = part.startsWith("{") ? JSON.parse(part) : { text: part };
      lines.push(line);
      if (line["msg"] === "spawned") pids.add(Number(line["pid"]));
    }
    for (const wake of wakes) wake();
  }
  launcher.stdout?.on("data", read);
  launcher.stderr?.on("data", read);
  const exit = new Promise<number | string>((done) => {
    launcher.once("exit", (code, signal) => done(code ?? signal ?? "none"));
  });
  function line(fields: Line, n = 0): Promise<Line> {
    return new Promise((done, fail) => {
      const timer = setTimeout(() => {
        fail(
          new Error(
            `no ${JSON.stringify(fields)} in\n${lines.map((l) => JSON.stringify(l)).join("\n")}`,
          ),
        );
      }, WAIT_MS);
      function look(): void {
        const found = lines.filter((l) => Object.entries(fields).every(([k, v]) => l[k] === v))[n];
        if (found === undefined) return;
        clearTimeout(timer);
        wakes.delete(look);
        done(found);
      }
      wakes.add(look);
      look();
    });
  }
  const launched = { launcher, lines, exit, line, pids };
  context.onTestFinished(() => {
    for (const pid of [launcher.pid ?? 0, ...pids]) if (isAlive(pid)) process.kill(pid, "SIGKILL");
  });
  return launched;
}

function isAlive(pid: number): boolean {
  try {
    // A zombie still takes signals; only its state tells.
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

async function untilDead(pid: number): Promise<boolean> {
  const limitMs = performance.now() + WAIT_MS;
  while (isAlive(pid) && performance.now() < limitMs) await new Promise((r) => setTimeout(r, 20));
  return !isAlive(pid);
}

async function pidOf(launched: Launched, role: "main" | "signer", n = 0): Promise<number> {
  return Number((await launched.line({ msg: "spawned", role }, n))["pid"]);
}

const environ = (pid: number): string => readFileSync(`/proc/${pid}/environ`, "utf8");

describe("a start", () => {
  test("gives the keys to the signer and to no environment, and drains to exit 0", async (context) => {
    const { expect } = context;
    const run = launch(context, { SOME_SETTING: "kept" });
    expect((await run.line({ fixture: "ready" }))["address"]).toMatch(
      /^[1-9A-HJ-NP-Za-km-z]{32,44}$/,
    );
    const [main, signer] = [await pidOf(run, "main"), await pidOf(run, "signer")];
    expect(environ(main)).toContain("SOME_SETTING=kept");
    expect(environ(main)).not.toContain(KEY.slice(0, 12));
    expect(environ(main)).not.toContain("WALLET_MASTER_KEYS");
    expect(environ(signer)).toBe("");
    const commandLine = readFileSync(`/proc/${signer}/cmdline`, "utf8");
    expect(commandLine).not.toContain(KEY.slice(0, 12));
    expect(commandLine).toContain("--permission");
    expect(readFileSync(`/proc/${main}/cmdline`, "utf8")).toContain("--heap-growing-percent=");
    run.launcher.kill("SIGTERM");
    expect(await run.exit).toBe(0);
    await run.line({ fixture: "draining" });
    expect([await untilDead(main), await untilDead(signer)]).toEqual([true, true]);
    expect(JSON.stringify(run.lines)).not.toContain(KEY.slice(0, 12));
  });

  test("joins main and signer by one pipe that the launcher does not hold", async (context) => {
    const { expect } = context;
    const run = launch(context);
    await run.line({ fixture: "ready" });
    const [main, signer] = [await pidOf(run, "main"), await pidOf(run, "signer")];
    const sockets = (pid: number): string[] =>
      readdirSync(`/proc/${pid}/fd`)
        .map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
        .filter((target) => target.startsWith("socket:"));
    const request = readlinkSync(`/proc/${main}/fd/4`);
    expect(request).toMatch(/^socket:/);
    expect(sockets(run.launcher.pid ?? 0)).not.toContain(request);
    expect(sockets(run.launcher.pid ?? 0)).not.toContain(readlinkSync(`/proc/${signer}/fd/4`));
  });

  test("with weak or no master keys ends at once and says why, without the key", async (context) => {
    const { expect } = context;
    const words = Buffer.from("correct horse battery staple 123").toString("base64");
    for (const keys of [`k:${words}`, ""]) {
      const run = launch(context, { WALLET_MASTER_KEYS: keys });
      expect(await run.exit).toBe(1);
      const text = JSON.stringify(run.lines);
      expect(text).toMatch(/WALLET_MASTER_KEYS/);
      expect(text).not.toContain(words.slice(0, 12));
      expect(run.pids.size).toBe(0);
    }
  });

  test("in a network namespace of its own and as another user, when root asks for it", async (context) => {
    const { expect } = context;
    const isRoot = process.getuid?.() === 0;
    const ids = isRoot ? { SIGNER_UID: "65534", MAIN_UID: "65533" } : {};
    const run = launch(context, { SIGNER_NETNS: "1", ...ids });
    await run.line({ fixture: "ready" });
    const signer = await pidOf(run, "signer");
    const ownNet = readlinkSync("/proc/self/ns/net");
    const warnings = run.lines.filter((line) => line["level"] === "warn").length;
    if (warnings === 0) expect(readlinkSync(`/proc/${signer}/ns/net`)).not.toBe(ownNet);
    // Only who may not isolate is warned, and is served all the same.
    if (!isRoot) return expect(warnings).toBe(1);
    const main = await pidOf(run, "main");
    expect(readlinkSync(`/proc/${main}/ns/net`)).toBe(ownNet);
    expect(readFileSync(`/proc/${signer}/status`, "utf8")).toMatch(/^Uid:\s+65534\s+65534/m);
    expect(readFileSync(`/proc/${main}/status`, "utf8")).toMatch(/^Uid:\s+65533\s+65533/m);
  });
});

describe("kill -9", () => {
  test("of the signer ends main and starts both anew", async (context) => {
    const { expect } = context;
    const run = launch(context);
    await run.line({ fixture: "ready" });
    const [main, signer] = [await pidOf(run, "main"), await pidOf(run, "signer")];
    process.kill(signer, "SIGKILL");
    await run.line({ fixture: "ready" }, 1);
    expect([isAlive(main), isAlive(signer)]).toEqual([false, false]);
    expect(isAlive(await pidOf(run, "signer", 1))).toBe(true);
  });

  test("of main ends the signer and starts both anew", async (context) => {
    const { expect } = context;
    const run = launch(context);
    await run.line({ fixture: "ready" });
    const [main, signer] = [await pidOf(run, "main"), await pidOf(run, "signer")];
    process.kill(main, "SIGKILL");
    await run.line({ fixture: "ready" }, 1);
    expect([isAlive(main), isAlive(signer)]).toEqual([false, false]);
  });

  test("of the launcher ends both, each by its own pipe", async (context) => {
    const { expect } = context;
    const run = launch(context);
    await run.line({ fixture: "ready" });
    const [main, signer] = [await pidOf(run, "main"), await pidOf(run, "signer")];
    // A stopped main cannot end itself; the signer must not depend on it.
    process.kill(main, "SIGSTOP");
    run.launcher.kill("SIGKILL");
    expect(await untilDead(signer)).toBe(true);
    process.kill(main, "SIGCONT");
    expect(await untilDead(main)).toBe(true);
  });
});

describe.concurrent("the watchdog", () => {
  test("replaces a main process that stands still", async (context) => {
    const { expect } = context;
    const run = launch(context, { WATCHDOG_MS: "5000" });
    const main = Number((await run.line({ fixture: "ready" }))["pid"]);
    process.kill(main, "SIGSTOP");
    await run.line({ msg: "the main process stopped beating" });
    await run.line({ fixture: "ready" }, 1);
    expect(await untilDead(main)).toBe(true);
  });

  test("replaces a main process that never beats, and leaves a beating one alone", async (context) => {
    const { expect } = context;
    const silent = launch(context, { FIXTURE: "no-beat", WATCHDOG_START_MS: "900" });
    const beating = launch(context, {
      WATCHDOG_START_MS: String(START_MS),
      WATCHDOG_MS: "30000",
    });
    await silent.line({ msg: "the main process stopped beating" });
    await silent.line({ msg: "spawned", role: "main" }, 1);
    await beating.line({ fixture: "ready" });
    await new Promise((r) => setTimeout(r, START_MS + 100));
    expect(beating.lines.filter((line) => line["role"] === "main").length).toBe(1);
  });
});

describe.concurrent("an end", () => {
  test("that takes longer than the drain and its grace is forced, with code 1", async (context) => {
    const { expect } = context;
    const run = launch(context, { FIXTURE: "slow-drain", DRAIN_MS: "1" });
    await run.line({ fixture: "ready" });
    run.launcher.kill("SIGTERM");
    await run.line({ msg: "the drain took too long" });
    expect(await run.exit).toBe(1);
    expect(await untilDead(await pidOf(run, "main"))).toBe(true);
  });

  test("of main by itself with code 0 ends everything with 0", async (context) => {
    const { expect } = context;
    const run = launch(context, { FIXTURE: "finish" });
    expect(await run.exit).toBe(0);
    expect(await untilDead(await pidOf(run, "signer"))).toBe(true);
  });

  test("by a signal passes on main's exit code", async (context) => {
    const { expect } = context;
    const run = launch(context, { EXIT_CODE: "9" });
    await run.line({ fixture: "ready" });
    run.launcher.kill("SIGINT");
    expect(await run.exit).toBe(9);
  });

  test("by a crash is followed by slower and slower restarts", async (context) => {
    const { expect } = context;
    const run = launch(context, { FIXTURE: "crash" });
    const times: number[] = [];
    for (let n = 0; n < 4; n++) {
      await run.line({ msg: "spawned", role: "main" }, n);
      times.push(performance.now());
    }
    const gaps = times.slice(1).map((atMs, n) => atMs - (times[n] ?? 0));
    // 250 ms and twice as much each time; a line that is read late takes from the gap behind it.
    expect(gaps.filter((gapMs, n) => gapMs < 150 * 2 ** n)).toEqual([]);
    run.launcher.kill("SIGTERM");
    expect(await run.exit).toBe(0);
  });
});
