import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import type { WorldFile } from "../local/start-world.ts";
import { waitUntil } from "./person.ts";

const WORLD = fileURLToPath(new URL("../world.ts", import.meta.url));
/** What scripts outside may rely on. */
const KEYS = [
  "edge",
  "executor",
  "chat",
  "dashboard",
  "rpc",
  "rpcWs",
  "rpcs",
  "jupiter",
  "telegram",
  "qstash",
  "redis",
  "botId",
  "webhookSecret",
  "adminToken",
  "users",
  "mints",
  "executorPid",
  "dataDir",
];
const folders: string[] = [];
const children: ChildProcess[] = [];

afterEach(() => {
  // One that never came up; its executor ends with it.
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

interface Started {
  child: ChildProcess;
  output(): string;
  file(): WorldFile;
}

async function start(seed: string): Promise<Started> {
  const state = mkdtempSync(join(tmpdir(), "raptor-process-"));
  folders.push(state);
  let text = "";
  const child = spawn(process.execPath, [WORLD, "--seed", seed, "--state", state]);
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
  }
  children.push(child);
  await waitUntil(() => (text.includes("type /start in the chat") ? true : undefined), 140_000);
  const file = (): WorldFile =>
    JSON.parse(readFileSync(join(state, "world.json"), "utf8")) as WorldFile;
  return { child, output: () => text, file };
}

async function interrupt({ child }: Started): Promise<number | null> {
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  child.kill("SIGINT");
  return ended;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    // No such process.
    return false;
  }
}

test("npm start's world says where everything is, and Ctrl-C leaves no process behind", async () => {
  const world = await start("42");
  const file = world.file();
  expect(Object.keys(file)).toEqual(expect.arrayContaining(KEYS));
  expect(file.mints.length).toBeGreaterThanOrEqual(20);
  for (const url of [file.chat, file.dashboard, file.metrics]) {
    expect((await fetch(url)).status).toBe(200);
  }
  const pids = [file.executorPid, file.signerPid, file.launcherPid];
  expect(pids.map(isAlive)).toEqual([true, true, true]);
  expect(await interrupt(world)).toBe(0);
  expect(pids.map(isAlive)).toEqual([false, false, false]);
  await expect(fetch(file.edge)).rejects.toThrow("fetch failed");

  const again = await start("42");
  expect(again.file().mints).toEqual(file.mints);
  expect(await interrupt(again)).toBe(0);
});
