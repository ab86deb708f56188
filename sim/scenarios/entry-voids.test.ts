/** A large buy that dies between its record and its sending is called off by real processes. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import type { CrashPlan } from "../storm/crash-points.ts";
import { pressCard } from "./chat-mark.ts";
import { pause, type Person } from "./person.ts";
import { until } from "./probes.ts";
import { ScenarioWorld } from "./scenario-world.ts";

/** Longer than a buy takes on a busy machine; the test waits for it once. */
const DEADLINE_MS = 12_000;
/** Where a nonce account keeps its value, behind version, state and authority. */
const NONCE_VALUE = [40, 72] as const;

const directory = mkdtempSync(join(tmpdir(), "raptor-crash-plan-"));
const planFile = join(directory, "plan.json");

let world: ScenarioWorld;
let alice: Person;
let address: string;

beforeAll(async () => {
  plan({ when: "after", what: "AttemptPrepared", hit: 2 });
  world = await ScenarioWorld.start({
    slotMs: 40,
    executorMain: fileURLToPath(new URL("../storm/crashing-main.ts", import.meta.url)),
    executorEnv: {
      CRASH_PLAN: planFile,
      NONCE_BUY_SOL_MIN: "0.25",
      BUY_DEADLINE_MS: String(DEADLINE_MS),
    },
  });
  alice = world.alice;
  address = await alice.begin();
});

afterAll(async () => {
  await world.close();
  rmSync(directory, { recursive: true, force: true });
});

function plan(next: CrashPlan | undefined): void {
  writeFileSync(planFile, next === undefined ? "" : JSON.stringify(next));
}

function payloadsOf(kind: string): Record<string, unknown>[] {
  return world.eventsOf(kind).map(({ payload }) => payload);
}

async function press(n: number, label: string): Promise<number> {
  return (await pressCard(alice, world.mint("normal", n), label)).message_id;
}

/** The value of a nonce account that is final on a node. */
async function finalValueOf(account: string, url: string): Promise<string> {
  const options = { commitment: "finalized", encoding: "base64" };
  const answer = await world.rpc("getAccountInfo", [account, options], url);
  const { value } = answer as { value: { data: [string, string] } };
  return encodeBase58(Buffer.from(value.data[0], "base64").subarray(...NONCE_VALUE));
}

async function textOf(messageId: number): Promise<string> {
  const message = (await alice.received()).find((one) => one.message_id === messageId);
  return message?.text ?? "";
}

test("a buy that was recorded and never sent ends as expired, and nothing was bought", async () => {
  const first = await press(0, "0.1 SOL");
  await until(async () => (await textOf(first)).includes("✅ Bought"));
  await until(() => payloadsOf("FillSettled").length === 1);
  // The next process dies as soon as it is up, until this test lets it live.
  plan({ when: "before", what: "EpochStarted", hit: 1 });
  const large = await press(1, "0.25 SOL");
  await until(() => payloadsOf("AttemptPrepared").length === 2);
  const [, prepared] = payloadsOf("AttemptPrepared");
  expect(prepared).toMatchObject({ bound: { kind: "nonce" } });
  await until(() => !world.world.executor.isMainAlive);
  await pause(DEADLINE_MS + 500);
  expect(payloadsOf("AttemptSubmitted")).toHaveLength(1);
  plan(undefined);
  await world.world.executor.waitUntilReady();
  await until(() => payloadsOf("OrderClosed").length === 1);

  const { orderId } = prepared ?? {};
  const [closed] = payloadsOf("OrderClosed");
  expect(closed).toMatchObject({ orderId, status: "expired" });
  expect(closed?.["reason"]).toMatch(/Nothing was bought; calling it off cost 0\.0000\d+ SOL/);
  const voids = payloadsOf("AttemptPrepared").filter((one) => one["voids"] !== undefined);
  expect(voids.length).toBeGreaterThan(0);
  for (const one of voids) expect(one).toMatchObject({ orderId, bound: prepared?.["bound"] });
  expect(payloadsOf("AttemptFailed")).toEqual([expect.objectContaining({ isVoid: true })]);
  expect(payloadsOf("AttemptDead")).toContainEqual(
    expect.objectContaining({ attemptId: prepared?.["attemptId"] }),
  );
  expect(payloadsOf("FillRecorded")).toHaveLength(1);
  expect(await world.chainQuantity(address, world.mint("normal", 1))).toBe(0n);
  await until(async () => (await textOf(large)).includes("Nothing was bought"));
});

test("the nonce is free again: the next large buy stands on one and is booked", async () => {
  const used = new Set(payloadsOf("AttemptPrepared").map(({ exclusionGroup }) => exclusionGroup));
  // Free once its new value is final; a buy before that goes out by blockhash.
  for (const group of used) {
    const [kind, account = "", value] = String(group).split(":");
    if (kind !== "nonce") continue;
    for (const { http } of world.file.rpcs) {
      await until(async () => (await finalValueOf(account, http)) !== value);
    }
  }
  const messageId = await press(2, "0.25 SOL");
  await until(async () => (await textOf(messageId)).includes("✅ Bought"));
  const bought = payloadsOf("AttemptPrepared").at(-1);
  expect(bought).toMatchObject({ bound: { kind: "nonce" } });
  expect(used.has(bought?.["exclusionGroup"])).toBe(false);
  expect((await world.status()).unresolvedAttempts).toBe(0);
});

test("the journal of all this verifies", async () => {
  const { verifyJournal } = await import("@raptor/executor/store/verify.ts");
  expect(verifyJournal(`${world.file.dataDir}/journal.db`)).toMatchObject({
    problem: null,
    violation: null,
  });
});
