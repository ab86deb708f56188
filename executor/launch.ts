import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { dirname, resolve } from "node:path";
import { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { assert, isRaptorError, RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { COMPILE_ONLY, endIfOnlyCompiling } from "./compile-only.ts";
import { RestartPolicy } from "./restart-policy.ts";
import { flushAtExit, LineOutput } from "./server/line-output.ts";
import { createNodeClock } from "./server/node-seams.ts";
import { checkMasterKeys, LAUNCHER_FD, SIGNER_FD } from "./signer/index.ts";

/**
 * Starts the signer and the main process, watches both and restarts both together. The master keys
 * go to the signer through a descriptor and into nobody's environment; the two processes share one
 * pipe directly, so requests do not pass through here. Exit 0 after a drain; exit 1 when restarts
 * do not help, so that the platform starts a fresh machine.
 */
const HERE = dirname(fileURLToPath(import.meta.url));
const STDOUT_FD = 1;
const KEYS_FD = 3;
/** Beyond what the main process was given to drain: its last writes and its exit. */
const DRAIN_GRACE_MS = 5_000;
/** Of util-linux: replaces itself by the command, in a network namespace without interfaces. */
const UNSHARE = "unshare";
const SIGNER_END_MS = 2_000;

/** Read only its own source, no child processes, no debugger, no evaluated text, a small heap. */
const SIGNER_FLAGS = [
  "--permission",
  `--allow-fs-read=${resolve(HERE, "signer")}/*`,
  `--allow-fs-read=${resolve(HERE, "ports/signer.ts")}`,
  `--allow-fs-read=${resolve(HERE, "package.json")}`,
  `--allow-fs-read=${resolve(HERE, "node_modules/@raptor")}/*`,
  `--allow-fs-read=${resolve(HERE, "../shared")}/*`,
  "--disable-sigusr1",
  "--disable-proto=delete",
  "--disallow-code-generation-from-strings",
  "--no-addons",
  "--max-old-space-size=64",
];

/**
 * Left to itself V8 lets the heap grow to a multiple of what is in use before it collects, keeps up
 * to 48 MB for new objects, and each of four helping threads keeps memory of its own: a desk of ten
 * thousand positions then starts with 320 MB. Once it is ready the second is let go of
 * (`server/heap-growth.ts`). What the launcher itself was started with comes after, and outweighs
 * these. Node keeps compiled modules apart by such flags: `compileMain` must use them too.
 */
const MAIN_FLAGS = ["--max-semi-space-size=8", "--heap-growing-percent=20", "--v8-pool-size=1"];

interface Settings {
  masterKeys: string;
  mainFile: string;
  mainEnv: NodeJS.ProcessEnv;
  signerIds: Ids;
  mainIds: Ids;
  isSignerIsolated: boolean;
  watchdogMs: number;
  watchdogStartMs: number;
  drainMs: number;
}

interface Ids {
  uid?: number;
  gid?: number;
}

interface Pair {
  main: ChildProcess;
  signer: ChildProcess;
  startedMs: number;
  lastBeatMs: number | undefined;
}

/** Whoever reads the log must not decide whether a dead desk is started again. */
const output = new LineOutput(STDOUT_FD, createNodeClock());

let isStopping = false;
let running: Pair | undefined;

function readSettings(env: NodeJS.ProcessEnv, mainFile: string | undefined): Settings {
  const { WALLET_MASTER_KEYS: masterKeys = "", ...mainEnv } = env;
  checkMasterKeys(masterKeys);
  return {
    masterKeys,
    mainFile: resolve(mainFile ?? resolve(HERE, "main.ts")),
    mainEnv,
    signerIds: readIds(env, "SIGNER"),
    mainIds: readIds(env, "MAIN"),
    isSignerIsolated: env["SIGNER_NETNS"] === "1" && canIsolate(),
    watchdogMs: readCount(env, "WATCHDOG_MS") ?? 10_000,
    watchdogStartMs: readCount(env, "WATCHDOG_START_MS") ?? 60_000,
    drainMs: readCount(env, "DRAIN_MS") ?? 30_000,
  };
}

function readIds(env: NodeJS.ProcessEnv, role: "SIGNER" | "MAIN"): Ids {
  const uid = readCount(env, `${role}_UID`);
  const gid = readCount(env, `${role}_GID`) ?? uid;
  return { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) };
}

function readCount(env: NodeJS.ProcessEnv, name: string): number | undefined {
  const text = env[name];
  if (text === undefined || text === "") return undefined;
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0) {
    throw new RaptorError("RAPTOR_ENV__INVALID", {
      setting: name,
      problem: "expected a positive integer",
    });
  }
  return Number(text);
}

function canIsolate(): boolean {
  const probe = spawnSync(UNSHARE, ["--net", "true"], { stdio: "ignore", env: {} });
  if (probe.status === 0) return true;
  log("warn", "no network namespace for the signer: unshare is missing or not permitted");
  return false;
}

function log(level: "info" | "warn" | "error", msg: string, fields: object = {}): void {
  output.write(`${JSON.stringify({ level, msg, ...fields })}\n`);
}

function startPair(settings: Settings): Pair {
  const signer = startSigner(settings);
  const [keys, requests, signerLink] = [KEYS_FD, SIGNER_FD, LAUNCHER_FD].map((fd) =>
    pipeTo(signer, fd),
  ) as [Duplex, Duplex, Duplex];
  // Between the two spawns and the destroy no event is handled, so this end never reads a request.
  const main = spawn(process.execPath, [...MAIN_FLAGS, ...process.execArgv, settings.mainFile], {
    stdio: ["ignore", "inherit", "inherit", "ignore", requests, "pipe"],
    env: settings.mainEnv,
    ...settings.mainIds,
  });
  requests.destroy();
  const beats = pipeTo(main, LAUNCHER_FD);
  // A child that died makes its pipe fail; its exit event is what counts.
  for (const pipe of [keys, requests, signerLink, beats]) pipe.on("error", () => {});
  keys.end(settings.masterKeys);
  signerLink.resume();
  const pair: Pair = { main, signer, startedMs: performance.now(), lastBeatMs: undefined };
  beats.on("data", () => {
    pair.lastBeatMs = performance.now();
  });
  log("info", "spawned", { role: "signer", pid: signer.pid });
  log("info", "spawned", { role: "main", pid: main.pid });
  return pair;
}

function pipeTo(child: ChildProcess, fd: number): Duplex {
  const pipes: readonly unknown[] = child.stdio;
  const pipe = pipes[fd];
  assert(pipe instanceof Duplex, "a child has the pipes that it was started with");
  return pipe;
}

function startSigner({ signerIds, isSignerIsolated }: Settings): ChildProcess {
  const node = [process.execPath, ...SIGNER_FLAGS, resolve(HERE, "signer/process.ts")];
  const { uid, gid } = signerIds;
  // Only root may leave the network, so `unshare` changes the ids itself, after that.
  const isolate = [
    UNSHARE,
    "--net",
    ...(gid === undefined ? [] : [`--setgid=${gid}`]),
    ...(uid === undefined ? [] : [`--setuid=${uid}`]),
    "--",
  ];
  const [command = "", ...args] = isSignerIsolated ? [...isolate, ...node] : node;
  return spawn(command, args, {
    stdio: ["ignore", "inherit", "inherit", "pipe", "pipe", "pipe"],
    env: {},
    ...(isSignerIsolated ? {} : signerIds),
  });
}

/** How the main process ended, once both have; the first end ends the other. */
async function watchPair(pair: Pair, settings: Settings): Promise<string> {
  const watchdog = startWatchdog(pair, settings);
  const mainEnd = ended(pair.main);
  const signerEnd = ended(pair.signer);
  const first = await Promise.race([
    mainEnd.then((end) => ({ role: "main", end })),
    signerEnd.then((end) => ({ role: "signer", end })),
  ]);
  const isFinished = first.role === "main" && first.end === "0";
  log(isFinished ? "info" : "error", "ended", first);
  if (first.role === "signer" && isStopping) await Promise.race([mainEnd, pause(settings.drainMs)]);
  else if (isFinished) await Promise.race([signerEnd, pause(SIGNER_END_MS)]);
  kill(pair);
  const [end] = await Promise.all([mainEnd, signerEnd]);
  clearInterval(watchdog);
  return end;
}

/** The exit code, or the signal or spawn error that ended the process. */
function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => {
      if (child.pid === undefined) resolve((error as NodeJS.ErrnoException).code ?? "error");
    });
    child.once("exit", (code, signal) => resolve(String(code ?? signal)));
  });
}

function kill({ main, signer }: Pair): void {
  for (const child of [main, signer]) {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  }
}

function startWatchdog(pair: Pair, settings: Settings): NodeJS.Timeout {
  const everyMs = Math.max(50, Math.min(1_000, settings.watchdogMs / 4));
  let lastTickMs = performance.now();
  let sinceMs = pair.startedMs;
  return setInterval(() => {
    const nowMs = performance.now();
    // After a stop of the whole machine the beats are late for the same reason as this tick.
    if (nowMs - lastTickMs > 2 * everyMs) sinceMs = nowMs;
    lastTickMs = nowMs;
    sinceMs = Math.max(sinceMs, pair.lastBeatMs ?? 0);
    const limitMs = pair.lastBeatMs === undefined ? settings.watchdogStartMs : settings.watchdogMs;
    if (nowMs - sinceMs <= limitMs) return;
    log("error", "the main process stopped beating", { silentMs: Math.round(nowMs - sinceMs) });
    kill(pair);
  }, everyMs);
}

function stop(settings: Settings, signal: string): void {
  if (isStopping) return;
  isStopping = true;
  log("info", "stopping", { signal });
  if (running === undefined) process.exit(0);
  const pair = running;
  pair.main.kill("SIGTERM");
  setTimeout(() => {
    log("error", "the drain took too long");
    kill(pair);
  }, settings.drainMs + DRAIN_GRACE_MS);
}

async function supervise(settings: Settings): Promise<number> {
  const restarts = new RestartPolicy();
  for (;;) {
    running = startPair(settings);
    const { startedMs } = running;
    const end = await watchPair(running, settings);
    running = undefined;
    // Ended by the forwarded signal: it came before there was anything to drain.
    if (end === "0" || (isStopping && end === "SIGTERM")) return 0;
    if (isStopping) return /^\d+$/.test(end) ? Number(end) : 1;
    const nowMs = performance.now();
    const waitMs = restarts.next(nowMs, nowMs - startedMs);
    if (waitMs === undefined) {
      log("error", "too many restarts");
      return 1;
    }
    await pause(waitMs);
  }
}

function compileMain(): void {
  for (const program of ["main.ts", "store/checkpoint-thread.ts"]) {
    const args = [...MAIN_FLAGS, ...process.execArgv, resolve(HERE, program), COMPILE_ONLY];
    const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
    if (status !== 0) process.exit(1);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (process.argv.includes(COMPILE_ONLY)) compileMain();
endIfOnlyCompiling(process.argv);
flushAtExit(output);
try {
  const settings = readSettings(process.env, process.argv[2]);
  delete process.env["WALLET_MASTER_KEYS"];
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => stop(settings, signal));
  }
  process.exit(await supervise(settings));
} catch (error) {
  log("error", isRaptorError(error) ? error.message : String((error as Error).stack));
  process.exit(1);
}
