import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { findFreePorts } from "../local/ports.ts";
import { findPostgresBinaries, type PostgresBinaries, postgresOwner } from "./postgres-binaries.ts";

const HOST = "127.0.0.1";
const READY_TRIES_MAX = 1_200;
const READY_WAIT_MS = 25;
const LOG_BYTES_KEPT = 16_384;
/** Memory where there is some: a test server's data need not survive the machine. */
const MEMORY_FOLDER = "/dev/shm";

const SETTINGS = [
  `listen_addresses=${HOST}`,
  "unix_socket_directories=",
  // The tests end processes, never the machine: what was written stays readable without fsync.
  "fsync=off",
  "full_page_writes=off",
  "max_connections=40",
  "shared_buffers=16MB",
  "dynamic_shared_memory_type=mmap",
];

/** For measurements beside a journal that waits for its disk; what comes last counts. */
const DURABLE = ["fsync=on", "full_page_writes=on"];

/**
 * Starts a real PostgreSQL of its own on a free loopback port. Superuser `postgres`, no password,
 * as it only listens on loopback.
 */
export async function startPostgres(
  clock: Clock,
  folder?: string,
  isDurable = false,
): Promise<PostgresServer> {
  const base =
    folder ??
    mkdtempSync(join(existsSync(MEMORY_FOLDER) ? MEMORY_FOLDER : tmpdir(), "raptor-postgres-"));
  const owner = postgresOwner();
  if (owner !== undefined) chownSync(base, owner.uid, owner.gid);
  const binaries = findPostgresBinaries(join(base, "native"));
  const data = join(base, "data");
  if (!existsSync(data)) createCluster(binaries, data);
  const [port] = await findFreePorts(1);
  if (port === undefined) throw new Error("expected a free port");
  const server = new PostgresServer({ clock, base, data, port, binaries, isDurable });
  try {
    await server.start();
    return server;
  } catch (error) {
    await server.close();
    throw error;
  }
}

function createCluster({ initdb }: PostgresBinaries, data: string): void {
  const flags = ["--pgdata", data, "--username", "postgres", "--auth", "trust"];
  flags.push("--encoding", "UTF8", "--locale", "C", "--no-sync");
  const owner = postgresOwner() ?? {};
  const made = spawnSync(initdb, flags, { ...owner, env: { LC_ALL: "C" }, encoding: "utf8" });
  if (made.status !== 0) {
    throw new Error(`initdb ended with ${String(made.status)}: ${made.stderr}`, {
      cause: made.error,
    });
  }
}

interface ServerParts {
  clock: Clock;
  base: string;
  data: string;
  port: number;
  binaries: PostgresBinaries;
  isDurable: boolean;
}

/** One PostgreSQL: it can be killed, frozen, stopped, and started again on the same data. */
export class PostgresServer {
  readonly port: number;
  readonly #parts: ServerParts;
  #child: ChildProcess | undefined;
  #log = "";
  readonly #killOnExit = (): void => this.#signalAll("SIGKILL");

  constructor(parts: ServerParts) {
    this.#parts = parts;
    this.port = parts.port;
  }

  /** A connection string for one user and database. */
  url(user = "postgres", database = "postgres"): string {
    return `postgresql://${user}@${HOST}:${this.port}/${database}`;
  }

  async start(): Promise<void> {
    const { binaries, data, clock, isDurable } = this.#parts;
    const flags = ["-D", data, "-p", String(this.port)];
    for (const setting of [...SETTINGS, ...(isDurable ? DURABLE : [])]) flags.push("-c", setting);
    const child = spawn(binaries.postgres, flags, {
      ...postgresOwner(),
      env: { LC_ALL: "C" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#child = child;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#log = (this.#log + text).slice(-LOG_BYTES_KEPT);
    });
    // A parent that ends without close() must not leave the server behind.
    process.once("exit", this.#killOnExit);
    for (let tries = 0; tries < READY_TRIES_MAX; tries += 1) {
      if (hasEnded(child)) throw new Error(`PostgreSQL ended at its start:\n${this.#log}`);
      if (await answers(this.port)) return;
      await clock.sleep(READY_WAIT_MS);
    }
    throw new Error(`PostgreSQL did not get ready within 30 s:\n${this.#log}`);
  }

  /** Ends it as an operator would: open transactions are rolled back, what is committed stays. */
  async stop(): Promise<void> {
    this.thaw();
    await this.#end((child) => child.kill("SIGINT"));
  }

  /** SIGKILL of the server and of every process that serves a connection. */
  async kill(): Promise<void> {
    await this.#end(() => this.#signalAll("SIGKILL"));
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Everything stands still; connections stay open and nobody answers. */
  freeze(): void {
    this.#signalAll("SIGSTOP");
  }

  thaw(): void {
    this.#signalAll("SIGCONT");
  }

  /** Keeps the data as they are, under a name; the server must be stopped. */
  keepCopy(name: string): void {
    this.#copyData(this.#parts.data, join(this.#parts.base, name));
  }

  /** Puts a kept copy in the place of the data: a failover to a replica that was behind. */
  takeCopy(name: string): void {
    this.#copyData(join(this.#parts.base, name), this.#parts.data);
  }

  /** What the server wrote to its log lately. */
  log(): string {
    return this.#log;
  }

  /** Ends it and removes its data. */
  async close(): Promise<void> {
    this.thaw();
    // Without a checkpoint, but tidier than a kill: shared memory is given back.
    await this.#end((child) => child.kill("SIGQUIT"));
    rmSync(this.#parts.base, { recursive: true, force: true });
  }

  #copyData(from: string, to: string): void {
    if (this.#child !== undefined) throw new Error("expected a stopped server");
    rmSync(to, { recursive: true, force: true });
    mkdirSync(to, { mode: 0o700 });
    cpSync(from, to, { recursive: true });
    const owner = postgresOwner();
    if (owner !== undefined) {
      execFileSync("chown", ["-R", `${owner.uid}:${owner.gid}`, to]);
    }
  }

  async #end(how: (child: ChildProcess) => void): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    // Listed before, as the children of a dead process are nobody's.
    const pids = familyOf(child.pid);
    const ended = new Promise<void>((resolve) => {
      if (hasEnded(child)) resolve();
      else child.once("exit", () => resolve());
    });
    how(child);
    await ended;
    while (pids.some(isAlive)) await this.#parts.clock.sleep(READY_WAIT_MS);
    this.#child = undefined;
    process.off("exit", this.#killOnExit);
  }

  #signalAll(signal: NodeJS.Signals): void {
    const child = this.#child;
    if (child === undefined || hasEnded(child)) return;
    for (const pid of familyOf(child.pid)) {
      try {
        process.kill(pid, signal);
      } catch (error) {
        // A process of a connection may have ended since the list was made.
        if (!isGone(error)) throw error;
      }
    }
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** The server first: while it stands still, no new process can serve a connection. */
function familyOf(pid: number | undefined): number[] {
  if (pid === undefined) return [];
  const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).split("\n");
  const children = rows
    .map((row) => row.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === pid)
    .map(([child]) => child);
  return [pid, ...children.filter((child) => child !== undefined)];
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ESRCH";
}

/** True when a startup packet gets an answer that is not "the database system is starting up". */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, HOST, () => socket.write(startupPacket()));
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
    socket.once("data", (bytes) => {
      resolve(bytes.subarray(0, 1).toString() === "R");
      socket.destroy();
    });
  });
}

/** Protocol 3.0, user and database `postgres`; its length comes first. */
function startupPacket(): Buffer {
  const body = Buffer.from("\0\x03\0\0user\0postgres\0database\0postgres\0\0", "latin1");
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length + 4);
  return Buffer.concat([head, body]);
}
