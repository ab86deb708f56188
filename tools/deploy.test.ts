import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  readdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, it, type ExpectStatic } from "vitest";
import { createEdgeKey } from "./new-edge-key.ts";
import { buildScratchImage, type ScratchImage } from "./scratch-image.ts";

/**
 * The image as far as a machine without a container engine can have it: what the Dockerfile
 * copies and installs, started by its own ENTRYPOINT and CMD.
 */
const ROOT = join(import.meta.dirname, "..");
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
/** A port that nothing listens on: every service outside is away. */
const NOWHERE = "127.0.0.1:9";

let folder = "";
let image: ScratchImage;
let child: ChildProcess | undefined;
let output = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "raptor-image-"));
  chmodSync(folder, 0o755);
  image = buildScratchImage(ROOT, folder);
}, 120_000);

afterAll(() => {
  child?.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** Everything that has no default, with every service outside unreachable. */
function minimalSettings(): Record<string, string> {
  const hex = (): string => randomBytes(32).toString("hex");
  return {
    TRUSTED_JWKS: createEdgeKey().trustedJwks,
    STATE_SECRET: hex(),
    WALLET_MASTER_KEYS: `test:${randomBytes(32).toString("base64")}`,
    EDGE_URL: `http://${NOWHERE}`,
    TELEGRAM_API_URL: `http://${NOWHERE}`,
    TELEGRAM_BOT_TOKEN: `1000000001:${hex().slice(0, 35)}`,
    TELEGRAM_WEBHOOK_SECRET: hex(),
    SOLANA_RPC_URLS: `http://${NOWHERE},http://localhost:9`,
    SOLANA_WS_URLS: `ws://${NOWHERE},ws://localhost:9`,
    JUPITER_URL: `http://${NOWHERE}`,
    QSTASH_URL: `http://${NOWHERE}`,
    QSTASH_TOKEN: hex(),
    HOST: "127.0.0.1",
    PORT: "0",
    METRICS_PORT: "0",
  };
}

/** Only root may give away its rights, and only where the others may read Node and the image. */
function canDropRights(): boolean {
  if (process.getuid?.() !== 0) return false;
  const probe = { uid: 10_001, gid: 10_001, cwd: image.root, stdio: "ignore" as const };
  const network = spawnSync("unshare", ["--net", "true"], { stdio: "ignore" });
  return spawnSync(process.execPath, ["--version"], probe).status === 0 && network.status === 0;
}

function start(isPrivileged: boolean): ChildProcess {
  const [program = "", ...args] = image.command;
  const imageEnv = Object.entries(image.env).filter(
    ([name]) => isPrivileged || !/^(MAIN|SIGNER)_/.test(name),
  );
  const nodeFolder = join(process.execPath, "..");
  const started = spawn(program, args, {
    cwd: join(image.root, "app"),
    env: {
      ...Object.fromEntries(imageEnv),
      ...minimalSettings(),
      DATA_DIR: join(image.root, "data"),
      NODE_COMPILE_CACHE: compileCacheOf(image),
      PATH: [nodeFolder, process.env["PATH"] ?? ""].join(delimiter),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [started.stdout, started.stderr]) {
    stream?.on("data", (piece: Buffer) => (output += piece.toString("utf8")));
  }
  return started;
}

function compileCacheOf({ root, env }: ScratchImage): string {
  return join(root, env["NODE_COMPILE_CACHE"] ?? "");
}

async function until<T>(what: string, look: () => T | undefined): Promise<T> {
  const endMs = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < endMs) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`expected ${what}; the process said:\n${output}`);
}

function findNumber(pattern: RegExp): number | undefined {
  const found = pattern.exec(output)?.[1];
  return found === undefined ? undefined : Number(found);
}

function statusOf(pid: number, field: string): string {
  const line = new RegExp(`^${field}:\\s+(\\S+)`, "m");
  return line.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "";
}

describe("the image", () => {
  it("holds production code only", ({ expect }) => {
    const files = readdirSync(join(image.root, "app"), { recursive: true, encoding: "utf8" });
    const ours = files.filter((file) => !file.includes("node_modules"));
    expect(ours).toContain("executor/launch.ts");
    expect(ours.filter((file) => /\.test\.ts$|fixture|fake|^(sim|edge|tools)/.test(file))).toEqual(
      [],
    );
    const packages = readdirSync(join(image.root, "app/node_modules/.pnpm"));
    expect(packages.filter((name) => /^(vitest|typescript|wrangler|litesvm)@/.test(name))).toEqual(
      [],
    );
  });

  it("holds what Node compiled of it, for root and the main process, to read only", ({
    expect,
  }) => {
    const folder = compileCacheOf(image);
    const owners = [process.getuid?.() ?? 0, Number(image.env["MAIN_UID"])];
    for (const owner of owners) {
      // One for the launcher and one for the main process, which has flags of its own.
      const kept = readdirSync(folder).filter((name) => name.endsWith(`-${owner}`));
      expect(kept).toHaveLength(2);
      const files = kept.map((name) =>
        readdirSync(join(folder, name)).map((file) => join(folder, name, file)),
      );
      expect(Math.max(...files.map(({ length }) => length))).toBeGreaterThan(300);
      for (const file of files.flat()) expect(statSync(file).mode & 0o777).toBe(0o644);
    }
  });

  it("starts by its own command, answers /health and ends cleanly on SIGTERM", async ({
    expect,
  }) => {
    const isPrivileged = canDropRights();
    const started = start(isPrivileged);
    child = started;
    const ended = new Promise<unknown>((resolve) => {
      started.once("exit", (code, signal) => resolve(code ?? signal));
    });
    const port = await until("a port", () => findNumber(/"port":(\d+)/));
    const metricsPort = await until("a port", () => findNumber(/"metricsPort":(\d+)/));
    const response = await fetch(`http://127.0.0.1:${port}/health`);
    const health = (await response.json()) as { phase: string; dependencies: object };
    expect(["starting", "reconciling", "ready"]).toContain(health.phase);
    expect(health.dependencies).toMatchObject({ journal: { ok: true } });
    const metrics = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
    expect(await metrics.text()).toContain("raptor_journal_seq");
    if (isPrivileged) expectDroppedRights(expect);

    started.kill("SIGTERM");
    const timeout = new Promise((resolve) => setTimeout(resolve, STOP_TIMEOUT_MS, "too late"));
    expect(await Promise.race([ended, timeout])).toBe(0);
    expect(output).toContain('"stopped"');
    const pids = [...output.matchAll(/"pid":(\d+)/g)].map(([, pid]) => `/proc/${pid}`);
    expect(pids).toHaveLength(2);
    expect(pids.filter((path) => existsSync(path))).toEqual([]);
  }, 180_000);
});

/** Two users, no network for the signer, and no master key where the main process can see it. */
function expectDroppedRights(expect: ExpectStatic): void {
  const main = findNumber(/"role":"main","pid":(\d+)/) ?? 0;
  const signer = findNumber(/"role":"signer","pid":(\d+)/) ?? 0;
  expect(statusOf(main, "Uid")).toBe(image.env["MAIN_UID"]);
  expect(statusOf(signer, "Uid")).toBe(image.env["SIGNER_UID"]);
  const networks = [process.pid, main, signer].map((pid) => readlinkSync(`/proc/${pid}/ns/net`));
  expect(networks[1]).toBe(networks[0]);
  expect(networks[2]).not.toBe(networks[0]);
  expect(readFileSync(`/proc/${main}/environ`, "utf8")).not.toContain("WALLET_MASTER_KEYS");
}
