import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ChatMark, pressCard } from "./chat-mark.ts";
import { signDelivery } from "./forge.ts";
import { countRows } from "./journal-view.ts";
import { postJson, type Person, waitUntil } from "./person.ts";
import { breakDown, repair, setPrice, until } from "./probes.ts";
import { ScenarioWorld } from "./scenario-world.ts";
import { reconcileNow, tick } from "./schedule-tick.ts";

/** The executor's own timer is out of the way: what is found is found by the streams or a tick. */
const NEVER_MS = "3600000";
const TICKS_AT_ONCE = 40;

let world: ScenarioWorld;
let alice: Person;
let address: string;

beforeAll(async () => {
  world = await ScenarioWorld.start({
    // All fills have to be final before a loss is booked: 32 slots.
    slotMs: 100,
    executorEnv: { RECONCILE_INTERVAL_MS: NEVER_MS, RECONCILE_CRON: "0 0 1 1 *" },
  });
  alice = world.alice;
  address = await alice.begin();
  await world.bob.begin();
});

// A test that failed must not take the others with it.
afterEach(async () => {
  for (const { http } of world.file.rpcs) await repair(http);
  await world.world.executor.start();
});

afterAll(() => world.close());

function sellOutside(mint: string, quantity: bigint): Promise<unknown> {
  const moved = { owner: address, mint, quantity: quantity.toString() };
  return postJson(`${world.file.rpc}/world/transfer-token`, moved);
}

async function positionOf(mint: string) {
  return (await world.positions()).find((position) => position.mint === mint);
}

/** As many base units as half a SOL buys; nobody's fill changes the frozen market's price. */
async function worthHalf(mint: string): Promise<bigint> {
  await world.bob.buy(mint);
  const held = (await world.positions()).find((one) => one.mint === mint && one.userId === 7_002);
  return BigInt(held?.quantity ?? "0");
}

describe("tokens that leave the wallet outside Raptor", () => {
  test("are found by the account subscription, without timer or tick", async () => {
    const mint = world.mint();
    await alice.buy(mint);
    await until(() => world.eventsOf("FillSettled").length > 0);
    const held = BigInt((await positionOf(mint))?.quantity ?? "0");
    const runs = world.eventsOf("ReconcileCompleted").length;
    const mark = await ChatMark.of(alice);
    const startedMs = performance.now();
    const { signature } = (await sellOutside(mint, held)) as { signature: string };
    const notice = await mark.next("The wallet differs from the ledger");
    const foundMs = Math.round(performance.now() - startedMs);
    console.info(`a sale outside was found and told ${foundMs} ms after it was sent`);
    expect(await positionOf(mint)).toBeUndefined();
    const run = world.eventsOf("ReconcileCompleted")[runs]?.payload;
    expect(run).toMatchObject({
      trigger: "watch",
      drift: [{ class: "external", chainQuantity: "0", movedBy: [signature] }],
    });
    expect(world.eventsOf("EntriesHeld")).toHaveLength(1);
    await alice.press(notice, "I know, allow buys again");
    await until(() => world.eventsOf("EntriesReleased").length === 1);
  });
});

describe("tokens that come without an order", () => {
  test("are adopted by a press, and their stop loss sells them", async () => {
    const mint = world.mint("normal", 1);
    const quantity = await worthHalf(mint);
    const mark = await ChatMark.of(alice);
    world.world.chain.mintTo(mint, address, quantity);
    const question = await waitUntil(async () => {
      await reconcileNow(world);
      return (await mark.news()).find(({ text = "" }) => {
        return text.includes("came without") && text.includes(mint);
      });
    });
    expect(question.text).toContain("worth about");
    await alice.press(question, "Adopt");
    const answer = await mark.next("is part of your positions");
    expect(answer.text).toContain("Exits are armed");
    expect((await world.positions()).filter((one) => one.userId === 7_001)).toMatchObject([
      { mint, quantity: quantity.toString() },
    ]);
    await setPrice(world.file, mint, 0.4);
    await mark.next("Stop loss sold");
    expect(await world.chainQuantity(address, mint)).toBe(0n);
  });
});

test("a fill that nobody booked before the kill is booked, though one node hides it", async () => {
  const mint = world.mint("normal", 3);
  const [hiding, honest] = world.file.rpcs.map(({ http }) => http);
  const nothing = (result: unknown): Record<string, unknown> => ({
    kind: "error",
    status: 200,
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, result }),
  });
  const { slot } = (await (await fetch(`${world.file.rpc}/world/chain`)).json()) as {
    slot: number;
  };
  const noStatus = nothing({ context: { slot }, value: [null] });
  for (const url of [hiding, honest]) {
    await breakDown(url ?? "", { on: "getSignatureStatuses", ...noStatus });
  }
  await pressCard(alice, mint, "0.5 SOL");
  await until(async () => (await world.chainQuantity(address, mint)) > 0n);
  expect(
    world.eventsOf("FillRecorded").some((row) => row.payload["instrument"] === `${mint}.SOLANA`),
  ).toBe(false);
  await world.world.executor.stop("SIGKILL");
  await repair(honest ?? "");
  await breakDown(hiding ?? "", { on: "getTransaction", ...nothing(null) });
  await breakDown(hiding ?? "", { on: "getSignaturesForAddress", ...nothing([]) });
  await world.world.executor.start();
  await until(async () => (await positionOf(mint)) !== undefined);
  expect(BigInt((await positionOf(mint))?.quantity ?? "0")).toBe(
    await world.chainQuantity(address, mint),
  );
  const fills = world
    .eventsOf("FillRecorded")
    .filter(({ payload }) => payload["instrument"] === `${mint}.SOLANA`);
  expect(fills).toHaveLength(1);
  await repair(hiding ?? "");
  expect(await reconcileNow(world)).toMatchObject({ drift: [] });
});

describe("ticks of the schedule", () => {
  test("that are forged, replayed or of another schedule leave nothing in the journal", async () => {
    await reconcileNow(world);
    const rows = countRows(world);
    const url = `${world.file.edge}/cron/reconcile`;
    const old = signDelivery({
      key: world.file.qstashCurrentKey,
      url,
      nowS: Math.floor(Date.now() / 1_000) - 7_200,
    });
    expect(await tick(world, { signature: "" })).toBe(401);
    expect(await tick(world, { signature: "eyJhbGciOiJub25lIn0.e30." })).toBe(401);
    expect(await tick(world, { key: "sig_of-somebody-else" })).toBe(401);
    expect(await tick(world, { signature: old })).toBe(401);
    expect(await tick(world, { path: "/cron/other" })).toBe(404);
    expect(countRows(world)).toEqual(rows);
  });

  test("that come forty times at once are one job, and runs follow one another", async () => {
    const jobs = countRows(world)["jobs"] ?? 0;
    const id = `msg_${randomUUID()}`;
    const same = Array.from({ length: TICKS_AT_ONCE }, () => tick(world, { id }));
    expect(new Set(await Promise.all(same))).toEqual(new Set([200]));
    expect(countRows(world)["jobs"]).toBe(jobs + 1);
    const runs = world.eventsOf("ReconcileCompleted").length;
    const others = Array.from({ length: TICKS_AT_ONCE }, () => tick(world));
    expect(new Set(await Promise.all(others))).toEqual(new Set([200]));
    await until(() => {
      const done = world.eventsOf("JobFinished").filter(({ payload }) => {
        return String(payload["jobId"]).startsWith("qs:");
      });
      return done.length >= (countRows(world)["jobs"] ?? 0) - jobs;
    });
    // Jobs that arrive during a run share its result instead of starting forty.
    expect(world.eventsOf("ReconcileCompleted").length - runs).toBeLessThan(TICKS_AT_ONCE);
  });
});
