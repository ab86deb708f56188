import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { type RedisBackend, RedisFailure, type RedisReply } from "./backend.ts";
import { RedisConnection } from "./redis-connection.ts";
import { loadedScriptHash, ScriptShebang } from "./script-shebang.ts";

const BINARY = "/usr/bin/redis-server";
const START_TRIES_MAX = 200;
const START_WAIT_MS = 25;

export function isRedisServerInstalled(): boolean {
  return existsSync(BINARY);
}

/** Starts a redis-server of its own: a socket in a new folder, no port, nothing kept on disk. */
export async function startRedisServerBackend(clock: Clock): Promise<RedisBackend> {
  // Not under the data folder: the path of a Unix socket has 107 bytes at most.
  const folder = await mkdtemp(join(tmpdir(), "raptor-redis-"));
  const path = join(folder, "redis.sock");
  const flags = ["--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no"];
  const child = spawn(BINARY, [...flags, "--dir", folder], { stdio: "ignore" });
  // A parent that ends without close() must not leave the child behind.
  const killOnExit = (): void => void child.kill("SIGKILL");
  process.once("exit", killOnExit);
  const stop = async (): Promise<void> => {
    process.off("exit", killOnExit);
    await stopChild(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const connection = await openWhenReady(path, child, clock);
    return new RedisServerBackend(connection, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

class RedisServerBackend implements RedisBackend {
  readonly name = "redis-server";
  readonly #connection: RedisConnection;
  readonly #stop: () => Promise<void>;
  readonly #scripts = new ScriptShebang();

  constructor(connection: RedisConnection, stop: () => Promise<void>) {
    this.#connection = connection;
    this.#stop = stop;
  }

  async execute(command: readonly string[]): Promise<RedisReply> {
    const [reply] = await this.#connection.send([this.#scripts.adapt(command)]);
    if (reply === undefined) throw new Error("expected one reply");
    return withLoadedHash(command, reply);
  }

  async transaction(
    commands: readonly (readonly string[])[],
  ): Promise<RedisReply[] | RedisFailure> {
    const adapted = commands.map((command) => this.#scripts.adapt(command));
    const replies = await this.#connection.send([["MULTI"], ...adapted, ["EXEC"]]);
    const result = replies.at(-1);
    if (result instanceof RedisFailure) return result;
    if (!Array.isArray(result)) throw new Error("expected the replies of a transaction");
    return result.map((reply, index) => withLoadedHash(commands[index] ?? [], reply));
  }

  async close(): Promise<void> {
    this.#connection.close();
    await this.#stop();
  }
}

function withLoadedHash(command: readonly string[], reply: RedisReply): RedisReply {
  const hash = loadedScriptHash(command);
  return hash === undefined || reply instanceof RedisFailure ? reply : hash;
}

async function openWhenReady(
  path: string,
  child: ChildProcess,
  clock: Clock,
): Promise<RedisConnection> {
  let last: unknown;
  for (let attempt = 0; attempt < START_TRIES_MAX; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
    try {
      return await RedisConnection.open(path);
    } catch (error) {
      last = error;
      await clock.sleep(START_WAIT_MS);
    }
  }
  throw new Error("redis-server did not open its socket within 5 s", { cause: last });
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}
