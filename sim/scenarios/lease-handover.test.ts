import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, test } from "vitest";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { ShiftedClock } from "../servers/real-clock.ts";
import { until } from "./probes.ts";

const HOLDER = fileURLToPath(new URL("lease-holder.ts", import.meta.url));
/** The figures in the documents are of twelve. */
const ROUNDS = Number(process.env["LEASE_ROUNDS"] ?? 6);
const TTL_MS = 1_000;

let server: PostgresServer;
let directory: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  server = await startPostgres(new ShiftedClock());
  directory = mkdtempSync(join(tmpdir(), "raptor-lease-"));
}, 120_000);

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

function start(machine: string): Holder {
  const args = [HOLDER, server.url(), directory, machine, String(TTL_MS)];
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
  await new Promise((resolve) => setTimeout(resolve, 150));
}

type Ending = "release" | "kill" | "freeze";

/** A chain of holders; each one waits while the one before is ended. */
async function measure(ending: Ending, machineOf: (round: number) => string): Promise<number[]> {
  const tookMs: number[] = [];
  let holder = start(machineOf(0));
  let last = await holder.held();
  for (let round = 1; round <= ROUNDS; round++) {
    const isWarm = machineOf(round) !== machineOf(round - 1);
    const warm = isWarm ? start(machineOf(round)) : undefined;
    if (warm !== undefined) await waiting(warm);
    const endedMs = Date.now();
    holder.child.kill(
      { release: "SIGTERM", kill: "SIGKILL", freeze: "SIGSTOP" }[ending] as "SIGTERM",
    );
    const next = warm ?? start(machineOf(round));
    const held = await next.held();
    if (held.epoch <= last.epoch) throw new Error(`epoch ${held.epoch} after ${last.epoch}`);
    tookMs.push(held.atMs - endedMs);
    if (ending === "freeze") await expectFencedOnWaking(holder);
    holder = next;
    last = held;
  }
  holder.child.kill("SIGKILL");
  return tookMs;
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
    const tookMs = await measure("release", (round) => `m${round % 2}`);
    tell("released, successor waiting", tookMs);
    expect(Math.max(...tookMs)).toBeLessThan(TTL_MS);
  }, 120_000);

  test("to a new process on the same Machine when the holder is killed", async ({ expect }) => {
    const tookMs = await measure("kill", () => "m1");
    tell("killed, new process of the same Machine (with its start)", tookMs);
    expect(tookMs).toHaveLength(ROUNDS);
  }, 120_000);

  test("to another Machine only after a TTL when the holder is killed", async ({ expect }) => {
    const tookMs = await measure("kill", (round) => `m${round % 2}`);
    tell(`killed, other Machine waiting, TTL ${TTL_MS} ms`, tookMs);
    // The last renewal came at most a fifth of the TTL before the kill.
    expect(Math.min(...tookMs)).toBeGreaterThan(TTL_MS * 0.75);
  }, 120_000);

  test("past a frozen holder, which sees on waking that it is fenced", async ({ expect }) => {
    const tookMs = await measure("freeze", (round) => `m${round % 2}`);
    tell(`frozen, other Machine waiting, TTL ${TTL_MS} ms`, tookMs);
    expect(Math.min(...tookMs)).toBeGreaterThan(TTL_MS * 0.75);
  }, 120_000);
});
