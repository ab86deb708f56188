import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream, type WriteStream } from "node:fs";
import { fileURLToPath } from "node:url";

const LAUNCHER = fileURLToPath(new URL("../../executor/launch.ts", import.meta.url));
/** Outlives worlds, so that each starts with what the last one compiled; the image has its own. */
const COMPILE_CACHE = fileURLToPath(
  new URL("../../node_modules/.cache/raptor-compile", import.meta.url),
);
/** Only a failure waits for so long, and a machine may be busy with much else. */
const READY_TIMEOUT_MS = 180_000;
/** Only a process that somebody has frozen takes so long. */
const END_MS_MAX = 10_000;
/** Of the log, for the error: the folder of a world that failed to start is soon gone. */
const NEWEST_LINES = 20;
/** What Fly's restart policy `always` does, sooner. */
const RESTART_DELAY_MS = 500;

export interface ExecutorPids {
  launcher: number;
  main: number;
  signer: number;
}

/**
 * The real executor, started like in the image: `launch.ts` with nothing but environment
 * variables. Restarts it whenever it ends, as the platform would, unless told to stop.
 */
export class ExecutorProcess {
  readonly #env: Record<string, string>;
  readonly #port: number;
  readonly #args: readonly string[];
  readonly #log: WriteStream;
  readonly #newestLines: string[] = [];
  readonly #onPids: (pids: ExecutorPids) => void;
  #child: ChildProcess | undefined;
  /** Nobody holds the launcher's output any more: all that it ever started has ended. */
  #closed: Promise<void> = Promise.resolve();
  #pids: ExecutorPids = { launcher: 0, main: 0, signer: 0 };
  #isWanted = false;

  constructor(options: {
    env: Readonly<Record<string, string>>;
    port: number;
    logFile: string;
    onPids(pids: ExecutorPids): void;
    /** Instead of the production main process. */
    mainFile?: string | undefined;
  }) {
    this.#env = { ...options.env };
    this.#port = options.port;
    this.#log = createWriteStream(options.logFile, { flags: "a" });
    this.#onPids = options.onPids;
    this.#args = options.mainFile === undefined ? [LAUNCHER] : [LAUNCHER, options.mainFile];
  }

  /** Takes effect at the next start. */
  setEnv(name: string, value: string): void {
    this.#env[name] = value;
  }

  /** What the next start gets, so that a test can start a second executor beside this one. */
  get env(): Readonly<Record<string, string>> {
    return this.#env;
  }

  get pids(): ExecutorPids {
    return this.#pids;
  }

  /** Resolves when `/health` says that the desk takes jobs. */
  async start(): Promise<void> {
    this.#isWanted = true;
    if (this.#child === undefined) this.#spawn();
    await this.waitUntilReady();
  }

  async waitUntilReady(): Promise<void> {
    const deadline = performance.now() + READY_TIMEOUT_MS;
    while (performance.now() < deadline) {
      if (await this.#isReady()) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const newest = this.#newestLines.join("\n");
    throw new Error(`the executor did not become ready; its newest lines:\n${newest}`);
  }

  /** SIGTERM and wait: the drain of a deploy. It stays down until `start`. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    this.#isWanted = false;
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    if (signal === "SIGKILL") this.#kill(this.#pids.main);
    child.kill(signal);
    await ended;
    await this.#waitForEnd();
  }

  /** kill -9 of the main process; the launcher brings it back by itself. */
  killMain(): void {
    this.#kill(this.#pids.main);
  }

  get isMainAlive(): boolean {
    return isRunning(this.#pids.main);
  }

  /**
   * kill -9 of all three. The launcher goes last, because whatever it still holds would become
   * nobody's zombie; it may have started another pair meanwhile.
   */
  async killAll(): Promise<void> {
    this.#isWanted = false;
    const child = this.#child;
    if (child === undefined) return;
    const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
    const isPairAlive = (): boolean => [this.#pids.main, this.#pids.signer].some(isRunning);
    while (!hasEnded() && isPairAlive()) {
      this.#kill(this.#pids.main);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    if (hasEnded()) return;
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill("SIGKILL");
    await ended;
    await this.#waitForEnd();
  }

  async close(): Promise<void> {
    await this.stop();
    await new Promise<void>((resolve) => this.#log.end(() => resolve()));
  }

  #spawn(): void {
    const child = spawn(process.execPath, this.#args, {
      env: { PATH: process.env["PATH"] ?? "", NODE_COMPILE_CACHE: COMPILE_CACHE, ...this.#env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    this.#closed = new Promise((resolve) => child.once("close", () => resolve()));
    this.#pids = { ...this.#pids, launcher: child.pid ?? 0 };
    let rest = "";
    child.stdout.on("data", (chunk: Buffer) => {
      this.#write(chunk);
      const lines = (rest + chunk.toString("utf8")).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#readLine(line);
    });
    child.stderr.on("data", (chunk: Buffer) => this.#write(chunk));
    child.on("exit", () => {
      this.#child = undefined;
      if (!this.#isWanted) return;
      setTimeout(() => {
        if (this.#isWanted && this.#child === undefined) this.#spawn();
      }, RESTART_DELAY_MS);
    });
  }

  #write(chunk: Buffer): void {
    this.#newestLines.push(chunk.toString("utf8").trimEnd());
    if (this.#newestLines.length > NEWEST_LINES) this.#newestLines.shift();
    if (this.#log.writable) this.#log.write(chunk);
  }

  #readLine(line: string): void {
    if (!line.includes('"spawned"')) return;
    const { role, pid } = JSON.parse(line) as { role: "main" | "signer"; pid: number };
    this.#pids = { ...this.#pids, [role]: pid };
    if (this.#pids.main !== 0 && this.#pids.signer !== 0) this.#onPids(this.#pids);
  }

  async #isReady(): Promise<boolean> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.#port}/health`);
      const { phase } = (await response.json()) as { phase: string };
      return phase === "ready" || phase === "halted";
    } catch {
      // Not listening yet.
      return false;
    }
  }

  /**
   * The children end when the launcher's pipes close, also a pair that it had just started when it
   * was killed and that nobody heard of: the port and the lock must be free before a restart.
   */
  async #waitForEnd(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, END_MS_MAX)));
    await Promise.race([this.#closed, late]);
    clearTimeout(timer);
  }

  #kill(pid: number): void {
    if (!isRunning(pid)) return;
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      // It ended by itself since the look.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

function isRunning(pid: number): boolean {
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // No such process.
    return false;
  }
}
