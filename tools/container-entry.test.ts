import { spawn, type ChildProcess } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "vitest";

const ENTRY = join(import.meta.dirname, "../executor/container-entry.sh");
const SECRETS = { WALLET_MASTER_KEYS: "main-1:secret", AWS_SECRET_ACCESS_KEY: "bucket-secret" };

let folder = "";
let child: ChildProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "raptor-entry-"));
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, "bin"));
  mkdirSync(join(folder, "out"));
  chmodSync(join(folder, "out"), 0o777);
  program("litestream", `(env; id -u) > ${file("backup")}; ${done("backup")}; sleep 60`);
  program("launcher", `env > ${file("launcher")}; ${done("launcher")}; sleep 60`);
});

afterEach(() => {
  // The whole group: the backup's loop is a child of the entry.
  if (child?.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  child = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const file = (name: string): string => join(folder, "out", name);
/** Says in the shell that a file is written to its end. */
const done = (name: string): string => `touch ${file(name)}.done`;

function program(name: string, script: string): void {
  writeFileSync(join(folder, "bin", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

function start(env: Readonly<Record<string, string>>): void {
  child = spawn(ENTRY, ["launcher"], {
    detached: true,
    stdio: "ignore",
    env: {
      PATH: `${join(folder, "bin")}:/usr/bin:/bin`,
      DATA_DIR: join(folder, "data"),
      ...SECRETS,
      ...env,
    },
  });
}

async function written(name: string): Promise<string> {
  const endMs = performance.now() + 50_000;
  while (!existsSync(`${file(name)}.done`)) {
    if (performance.now() > endMs) throw new Error(`expected ${name} to have run`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return readFileSync(file(name), "utf8");
}

describe("the image's entry", () => {
  it("gives the backup the bucket's keys alone, and the launcher all but those", async ({
    expect,
  }) => {
    start({ BUCKET_NAME: "bucket" });
    const [backup, launcher] = await Promise.all([written("backup"), written("launcher")]);
    expect(backup).toContain("AWS_SECRET_ACCESS_KEY=bucket-secret");
    expect(backup).not.toContain("WALLET_MASTER_KEYS");
    expect(launcher).toContain("WALLET_MASTER_KEYS=main-1:secret");
    expect(launcher).not.toContain("AWS_SECRET_ACCESS_KEY");
  });

  it("starts no backup without a bucket", async ({ expect }) => {
    start({});
    await written("launcher");
    expect(existsSync(join(folder, "out/backup"))).toBe(false);
  });

  it("gives data directory and backup to the main process's user, when it is root", async ({
    expect,
  }) => {
    const isRoot = process.getuid?.() === 0;
    start({ BUCKET_NAME: "bucket", MAIN_UID: "10001" });
    const backup = await written("backup");
    expect(backup.trim().split("\n").at(-1)).toBe(isRoot ? "10001" : String(process.getuid?.()));
    expect(existsSync(join(folder, "data"))).toBe(isRoot);
    if (isRoot) {
      const { uid, mode } = statSync(join(folder, "data"));
      expect({ uid, mode: mode & 0o777 }).toEqual({ uid: 10_001, mode: 0o700 });
    }
  });
});
