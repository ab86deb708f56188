import { spawn } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { headSeq } from "./journal-view.ts";
import { pause, type Person } from "./person.ts";
import { until } from "./probes.ts";
import { ScenarioWorld } from "./scenario-world.ts";

const RAPTOR = fileURLToPath(new URL("../../executor/cli/raptor.ts", import.meta.url));

let world: ScenarioWorld;
let alice: Person;
let address: string;

beforeAll(async () => {
  world = await ScenarioWorld.start({ giftSol: 20n });
  alice = world.alice;
  address = await alice.begin();
});

afterAll(() => world.close());

/** So that a second try of the test does not meet the copy of the first. */
let copies = 0;

/** The command line as a process of its own, with nothing but the data directory. */
function raptor(...argv: string[]): Promise<{ code: number; text: string }> {
  return raptorIn({ DATA_DIR: world.file.dataDir }, ...argv);
}

function raptorIn(
  env: Record<string, string>,
  ...argv: string[]
): Promise<{ code: number; text: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [RAPTOR, ...argv], {
      env: { PATH: process.env["PATH"] ?? "", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
    child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
    child.once("error", reject);
    child.once("exit", (code) => resolve({ code: code ?? -1, text }));
  });
}

/** What the running main process was given, as the shell of the same machine would see it. */
function environmentOfMain(): Record<string, string> {
  const { main } = world.world.executor.pids;
  const pairs = readFileSync(`/proc/${main}/environ`, "utf8").split("\0");
  return Object.fromEntries(
    pairs.filter((pair) => pair.includes("=")).map((pair) => pair.split(/=(.*)/s).slice(0, 2)),
  ) as Record<string, string>;
}

test("status and positions come from the running executor, with live prices", async () => {
  await alice.buy(world.mint("normal", 0));
  const status = await raptor("status");
  expect(status.text).toContain("phase          ready");
  expect(status.code).toBe(0);
  await until(async () => /worth \d/.test((await raptor("positions")).text));
  const { text } = await raptor("positions");
  expect(text).toContain(world.mint("normal", 0));
  expect(text).toMatch(/exits takeProfit .* SOL, stopLoss .* SOL/);
  const socket = statSync(join(world.file.dataDir, "raptor.sock"));
  expect((socket.mode & 0o777).toString(8)).toBe("600");
});

test("the chat and the terminal tell the same story of a trade", async () => {
  const [fill] = world.eventsOf("FillRecorded");
  const orderId = String(fill?.payload["orderId"]);
  const { code, text } = await raptor("why", orderId);
  expect(code).toBe(0);
  for (const step of ["was accepted", "the risk check let it pass", "filled: buy", "exits armed"]) {
    expect(text).toContain(step);
  }
  const receipt = await alice.waitFor("✅ Bought");
  await alice.press(receipt, "Why?");
  const first = await alice.waitFor("Why? ·");
  expect(first.text).toContain(orderId);
  expect(first.text).toContain("the risk check let it pass");
  await alice.press(first, "▶");
  const second = await alice.waitFor("page 2 of");
  expect(second.message_id).toBe(first.message_id);
  await alice.say("/why");
  const list = await alice.waitFor("Your last trades");
  await alice.press(list, "1. Bought");
  await alice.waitFor("page 1 of");
  await world.bob.begin();
  await world.bob.say(`/why ${orderId}`);
  await world.bob.waitFor("Nothing of yours is known by this id");
});

test("a backup under load verifies, and what the desk decided is decided again", async () => {
  const target = join(world.file.dataDir, `copy-${++copies}.db`);
  const buys = [1, 2].map((n) => alice.buy(world.mint("normal", n), "0.1 SOL"));
  const backup = await raptor("backup", target);
  expect(backup.text).toContain("the journal holds");
  expect(backup.code).toBe(0);
  await Promise.all(buys);
  const { text, code } = await raptor("replay");
  expect(text).toContain("every decision comes out as it did");
  expect(code).toBe(0);
  for (const rule of ["risk check", "entry gate", "price check", "cost cap", "position"]) {
    expect(text).toMatch(new RegExp(`${rule} [1-9]`));
  }
  expect((await raptor("verify")).text).toContain("the journal holds");
  expect((await raptorIn({}, "verify", "--data", world.file.dataDir)).code).toBe(0);
});

test("the doctor finds a healthy desk healthy", async () => {
  const { text, code } = await raptorIn(environmentOfMain(), "doctor", "--fix");
  expect(text).toContain("all is well");
  expect(code).toBe(0);
});

test("a restore asks, voids and holds instead of doing again", async () => {
  const copy = join(world.file.dataDir, `older-${++copies}.db`);
  expect((await raptor("backup", copy)).code).toBe(0);
  const receipt = await alice.buy(world.mint("normal", 3), "0.1 SOL");
  const restore = ["restore", "--from", "backup", copy];
  const refused = await raptor(...restore, "--move-aside");
  expect(refused.text).toContain("RAPTOR_JOURNAL__LOCKED");
  expect(refused.code).toBe(3);
  await world.world.executor.stop();
  expect((await raptor(...restore)).code).toBe(3);
  expect((await raptor(...restore, "--move-aside")).code).toBe(0);
  await world.world.executor.start();
  await alice.waitFor("The desk's records were put back from a copy");
  await alice.press(await alice.shown(receipt), "50 %");
  await alice.waitForToast("expired");
  // Telegram dates by whole seconds, and what was said in the second of the restore may be older.
  await pause(1_000);
  await alice.say(`/buy ${world.mint("normal", 4)} 0.1`);
  await alice.waitFor("The journal was put back from a copy; look at what you hold");
  expect(await world.chainQuantity(address, world.mint("normal", 4))).toBe(0n);
  expect((await raptor("verify")).text).toContain("the journal holds");
});

test("kill works with the edge away, and the admins hear of it", async () => {
  await world.world.stopEdge();
  await expect(fetch(`${world.file.edge}/v1/health`)).rejects.toThrow("fetch failed");
  const { code, text } = await raptor("kill", "the", "edge", "is", "gone");
  expect(code).toBe(0);
  expect(text).toContain("Trading was halted by the operator on the machine");
  expect(world.eventsOf("TradingStateChanged").at(-1)?.payload).toMatchObject({
    state: "halted",
    by: "operator on the machine",
  });
  await alice.waitFor("Trading was halted by the operator on the machine");
  expect((await raptor("status")).text).toContain("halted (the edge is gone)");
});

test("kill works without an executor, which finds it at its start", async () => {
  await world.world.executor.stop();
  const before = headSeq(world);
  const status = await raptor("status");
  expect(status.text).toContain("No executor answers here");
  expect(status.code).toBe(1);
  const env = { DATA_DIR: world.file.dataDir, ADMIN_USER_IDS: "7001" };
  const { code, text } = await raptorIn(env, "kill", "nobody", "home");
  expect(code).toBe(0);
  expect(text).toContain("No executor runs here now");
  expect(headSeq(world)).toBe(before + 1);
  await world.world.executor.start();
  await alice.waitFor("Reason: nobody home");
  expect((await raptor("verify")).text).toContain("the journal holds");
});
