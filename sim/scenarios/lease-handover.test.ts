import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, type ExpectStatic, test } from "vitest";
import { createNodePostgres } from "@raptor/executor/server/node-postgres.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { ShiftedClock } from "../servers/real-clock.ts";
import { pause } from "./person.ts";
import { until } from "./probes.ts";

const HOLDER = fileURLToPath(new URL("lease-holder.ts", import.meta.url));
/** The figures in the documents are of twelve. */
const ROUNDS = Number(process.env["LEASE_ROUNDS"] ?? 6);
const TTL_MS = 1_000;
/** Nobody who waited for this one to run out could be taken for one who did not. */
const LONG_TTL_MS = 20_000;
const RENEWED_SQL = `select epoch, (extract(epoch from renewed_at) * 1000)::bigint
  from raptor.executor_lease where id = 1`;

const clock = new ShiftedClock();
let server: PostgresServer;
let directory: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  server = await startPostgres(clock);
  directory = mkdtempSync(join(tmpdir(), "raptor-lease-"));
});

afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Holder {
  child: ChildProcess;
  lines: string[];
  held(): Promise<{ epoch: number; atMs: number }>;
}

function start(machine: string, ttlMs: number): Holder {
  const args = [HOLDER, server.url(), directory, machine, String(ttlMs)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const lines: string[] = [];
  let rest = "";
  child.stdout.on("data", (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
  });
  const held = async (): Promise<{ epoch: number; atMs: number }> => {
    await until(() => lines.some((line) => line.startsWith("held ")));
    const line = lines.find((one) => one.startsWith("held ")) ?? "";
    const [, epoch, atMs] = line.split(" ");
    return { epoch: Number(epoch), atMs: Number(atMs) };
  };
  return { child, lines, held };
}

async function waiting(holder: Holder): Promise<void> {
  await until(() => holder.lines.some((line) => line.startsWith("waiting ")));
  // It connects and reads the row before it waits for it.
  await pause(150);
}

/** When a holder renewed last, by the database; undefined when the lease is another one's. */
async function renewedMs(epoch: number): Promise<number | undefined> {
  const postgres = createNodePostgres({ connectionString: server.url(), clock });
  const session = await postgres.open("look", 60_000);
  try {
    const [row] = (await session.query(RENEWED_SQL)).rows;
    return Number(row?.[0]) === epoch ? Number(row?.[1]) : undefined;
  } finally {
    session.close();
  }
}

type Ending = "release" | "kill" | "freeze";

/**
 * A chain of holders; each one waits while the one before is ended. `silentMs` is how long the last
 * renewal was ago when the next one took the lease, where that was seen.
 */
async function measure(
  ending: Ending,
  machineOf: (round: number) => string,
  ttlMs = TTL_MS,
): Promise<{ tookMs: number[]; silentMs: number[] }> {
  const tookMs: number[] = [];
  const silentMs: number[] = [];
  let holder = start(machineOf(0), ttlMs);
  let last = await holder.held();
  for (let round = 1; round <= ROUNDS; round++) {
    const isWarm = machineOf(round) !== machineOf(round - 1);
    const warm = isWarm ? start(machineOf(round), ttlMs) : undefined;
    if (warm !== undefined) await waiting(warm);
    const endedMs = Date.now();
    holder.child.kill(
      { release: "SIGTERM", kill: "SIGKILL", freeze: "SIGSTOP" }[ending] as "SIGTERM",
    );
    const next = warm ?? start(machineOf(round), ttlMs);
    const lastMs = await renewedMs(last.epoch);
    const held = await next.held();
    if (lastMs !== undefined) silentMs.push(held.atMs - lastMs);
    if (held.epoch <= last.epoch) throw new Error(`epoch ${held.epoch} after ${last.epoch}`);
    tookMs.push(held.atMs - endedMs);
    if (ending === "freeze") await expectFencedOnWaking(holder);
    holder = next;
    last = held;
  }
  holder.child.kill("SIGKILL");
  return { tookMs, silentMs };
}

/** A renewal that arrives late on a busy machine moves the end of the wait with it. */
function expectWaited(silentMs: readonly number[], expect: ExpectStatic): void {
  expect(silentMs.length).toBeGreaterThan(0);
  for (const ms of silentMs) expect(ms).toBeGreaterThanOrEqual(TTL_MS);
}

async function expectFencedOnWaking({ child, lines }: Holder): Promise<void> {
  child.kill("SIGCONT");
  await until(() => lines.some((line) => line.startsWith("state fenced")));
  child.kill("SIGKILL");
}

function tell(what: string, tookMs: readonly number[]): void {
  const sorted = tookMs.toSorted((a, b) => a - b);
  const p50 = sorted[Math.floor(sorted.length / 2)];
  const line = `${what}: p50 ${p50} ms, max ${sorted.at(-1)} ms, ${sorted.length} rounds\n`;
  process.stdout.write(line);
}

describe("a lease goes from process to process", () => {
  test("at once to a waiting Machine when the holder ends in order", async ({ expect }) => {
    const { tookMs } = await measure("release", (round) => `m${round % 2}`, LONG_TTL_MS);
    tell("released, successor waiting", tookMs);
    expect(Math.max(...tookMs)).toBeLessThan(LONG_TTL_MS);
  });

  test("to a new process on the same Machine when the holder is killed", async ({ expect }) => {
    const { tookMs } = await measure("kill", () => "m1");
    tell("killed, new process of the same Machine (with its start)", tookMs);
    expect(tookMs).toHaveLength(ROUNDS);
  });

  test("to another Machine only after a TTL when the holder is killed", async ({ expect }) => {
    const { tookMs, silentMs } = await measure("kill", (round) => `m${round % 2}`);
    tell(`killed, other Machine waiting, TTL ${TTL_MS} ms`, tookMs);
    expectWaited(silentMs, expect);
  });

  test("past a frozen holder, which sees on waking that it is fenced", async ({ expect }) => {
    const { tookMs, silentMs } = await measure("freeze", (round) => `m${round % 2}`);
    tell(`frozen, other Machine waiting, TTL ${TTL_MS} ms`, tookMs);
    expectWaited(silentMs, expect);
  });
});
