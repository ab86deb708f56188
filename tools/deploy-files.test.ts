import { readFileSync } from "node:fs";
import { join } from "node:path";
import { experimental_readRawConfig as readToml } from "wrangler";
import { describe, it } from "vitest";
import * as z from "zod";
import { executorSettingNames } from "../executor/env.ts";
import { parseDockerfile } from "./dockerfile.ts";

/** The files that describe production, against what the platforms do with them. */
const ROOT = join(import.meta.dirname, "..");
/** Fly waits no longer than this, whatever is written. */
const FLY_KILL_TIMEOUT_S_MAX = 300;
/** The launcher's grace after DRAIN_MS, see executor/launch.ts. */
const DRAIN_GRACE_S = 5;

const flySchema = z.strictObject({
  app: z.string(),
  primary_region: z.string(),
  kill_signal: z.string(),
  kill_timeout: z.int(),
  build: z.strictObject({ dockerfile: z.string() }),
  deploy: z.strictObject({
    strategy: z.enum(["rolling", "immediate"]),
    max_unavailable: z.literal(1),
    wait_timeout: z.string(),
  }),
  env: z.record(z.string(), z.string()),
  mounts: z
    .array(
      z.strictObject({
        source: z.string(),
        destination: z.string(),
        initial_size: z.string(),
        auto_extend_size_threshold: z.int(),
        auto_extend_size_increment: z.string(),
        auto_extend_size_limit: z.string(),
        scheduled_snapshots: z.literal(true),
        snapshot_retention: z.int().min(5).max(60),
      }),
    )
    .length(1),
  http_service: z.strictObject({
    internal_port: z.int(),
    force_https: z.literal(true),
    auto_stop_machines: z.literal("off"),
    auto_start_machines: z.literal(true),
    min_machines_running: z.literal(1),
    concurrency: z.strictObject({
      type: z.literal("requests"),
      soft_limit: z.int(),
      hard_limit: z.int(),
    }),
    checks: z.array(z.record(z.string(), z.string())).length(1),
  }),
  restart: z.array(z.strictObject({ policy: z.literal("always") })).length(1),
  metrics: z.strictObject({ port: z.int(), path: z.string() }),
  vm: z.array(z.strictObject({ size: z.string(), memory: z.string() })).length(1),
});

const wranglerSchema = z.looseObject({
  name: z.string(),
  main: z.string(),
  compatibility_date: z.iso.date(),
  placement: z.strictObject({ region: z.string() }),
  limits: z.strictObject({ cpu_ms: z.int() }),
  assets: z.looseObject({ directory: z.string(), run_worker_first: z.array(z.string()) }),
  vars: z.record(z.string(), z.string()),
});

function readText(name: string): string {
  return readFileSync(join(ROOT, name), "utf8");
}

function readFly(): z.infer<typeof flySchema> {
  return flySchema.parse(readToml({ config: join(ROOT, "fly.toml") }).rawConfig);
}

function readWrangler(): z.infer<typeof wranglerSchema> {
  return wranglerSchema.parse(readToml({ config: join(ROOT, "wrangler.toml") }).rawConfig);
}

describe("fly.toml", () => {
  const fly = readFly();

  it("describes one Machine in Amsterdam that is always on", ({ expect }) => {
    // The strict schema above holds the rest: restart always, no auto-stop, one mount, one size.
    expect(fly.primary_region).toBe("ams");
    expect(fly.vm).toEqual([{ size: "performance-1x", memory: "2gb" }]);
  });

  it("gives a drain more time than it may take, and no more than Fly grants", ({ expect }) => {
    const drainMs = Number(fly.env["DRAIN_MS"] ?? 30_000);
    expect(fly.kill_signal).toBe("SIGTERM");
    expect(fly.kill_timeout).toBeGreaterThanOrEqual(120);
    expect(fly.kill_timeout).toBeGreaterThan(drainMs / 1_000 + DRAIN_GRACE_S);
    expect(fly.kill_timeout).toBeLessThanOrEqual(FLY_KILL_TIMEOUT_S_MAX);
  });

  it("mounts the volume where the executor keeps its journal", ({ expect }) => {
    expect(fly.mounts[0]?.destination).toBe("/data");
    expect(fly.env["DATA_DIR"]).toBe("/data");
  });

  it("routes, checks and scrapes the ports that the executor listens on", ({ expect }) => {
    expect(String(fly.http_service.internal_port)).toBe(fly.env["PORT"]);
    expect(String(fly.metrics.port)).toBe(fly.env["METRICS_PORT"]);
    expect(fly.metrics.path).toBe("/metrics");
    expect(fly.http_service.checks).toEqual([
      { interval: "30s", timeout: "5s", grace_period: "10s", method: "GET", path: "/health" },
    ]);
  });

  it("lets more requests in than people press, and fewer than the executor takes", ({ expect }) => {
    const { soft_limit: soft, hard_limit: hard } = fly.http_service.concurrency;
    const [, socketsMax = ""] =
      /connectionsMax: ([\d_]+)/.exec(readText("executor/server/http-server.ts")) ?? [];
    expect(soft).toBeGreaterThanOrEqual(200);
    expect(hard).toBeGreaterThan(soft);
    expect(hard).toBeLessThan(Number(socketsMax.replaceAll("_", "")));
  });

  it("sets only known settings, and none that is secret", ({ expect }) => {
    const names = Object.keys(fly.env);
    expect(names.filter((name) => !executorSettingNames().includes(name))).toEqual([]);
    expect(names.filter((name) => /SECRET|TOKEN|KEY|JWK/.test(name))).toEqual([]);
  });
});

describe("Dockerfile", () => {
  const stages = parseDockerfile(readText("Dockerfile"));
  const workspace = readText("pnpm-workspace.yaml");

  it("uses the Node and pnpm versions of the workspace", ({ expect }) => {
    const [, node = "none"] = /^ {2}node: ([\d.]+)$/m.exec(workspace) ?? [];
    const { packageManager } = JSON.parse(readText("package.json")) as { packageManager: string };
    expect(/^nodeVersion: ([\d.]+)$/m.exec(workspace)?.[1]).toBe(node);
    const bases = stages.map(({ base }) => base).filter((base) => base.startsWith("node:"));
    expect(bases).toEqual([`node:${node}-bookworm-slim`, `node:${node}-bookworm-slim`]);
    const runs = stages.flatMap(({ instructions }) =>
      instructions.filter(({ keyword }) => keyword === "RUN"),
    );
    expect(runs.map(({ text }) => text)).toEqual([
      `npx -y ${packageManager} install --frozen-lockfile --prod --filter "@raptor/executor..."`,
      "/app/executor/compile-ahead.sh",
    ]);
  });

  it("names every image by version, never by a tag that moves", ({ expect }) => {
    expect(stages.every(({ base }) => /:\d+\.\d+\.\d+/.test(base))).toBe(true);
  });

  it("gives signer and main process users of their own, neither of them root", ({ expect }) => {
    const env = stages.at(-1)?.instructions.find(({ keyword }) => keyword === "ENV")?.text ?? "";
    const [, main] = /\bMAIN_UID=(\d+)/.exec(env) ?? [];
    const [, signer] = /\bSIGNER_UID=(\d+)/.exec(env) ?? [];
    expect(Number(main)).toBeGreaterThan(999);
    expect(Number(signer)).toBeGreaterThan(999);
    expect(main).not.toBe(signer);
    expect(env).toContain("SIGNER_NETNS=1");
  });
});

describe("wrangler.toml", () => {
  const wrangler = readWrangler();

  it("places the Worker in Europe, beside the executor", ({ expect }) => {
    expect(wrangler.placement.region).toMatch(/^(aws:eu-(central|west)-\d|gcp:europe-west\d)$/);
  });

  it("binds no storage: the edge keeps no state", ({ expect }) => {
    const stores = /kv_|d1_|r2_|durable|queue|hyperdrive|vectorize|workflow|migrations|triggers/;
    expect(Object.keys(wrangler).filter((name) => stores.test(name))).toEqual([]);
  });

  it("bounds the processor time of a request", ({ expect }) => {
    expect(wrangler.limits.cpu_ms).toBeLessThanOrEqual(1_000);
  });

  it("runs the Worker before the dashboard's files on every API path", ({ expect }) => {
    const routes = ["/telegram/*", "/cron/*", "/internal/*", "/v1/*", "/admin/*", "/openapi.json"];
    expect(wrangler.assets.run_worker_first).toEqual(routes);
  });

  it("holds no secret among its variables", ({ expect }) => {
    const names = Object.keys(wrangler.vars);
    expect(names.filter((name) => /SECRET|TOKEN|KEY|JWK/.test(name))).toEqual([]);
  });
});
