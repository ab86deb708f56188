import { afterAll, beforeAll, expect, test } from "vitest";
import { forgeJob } from "./forge.ts";
import { dataOf, postJson, type Person } from "./person.ts";
import { call, until } from "./probes.ts";
import { ScenarioWorld } from "./scenario-world.ts";

let world: ScenarioWorld;
let alice: Person;
let address: string;

beforeAll(async () => {
  world = await ScenarioWorld.start();
  alice = world.alice;
  address = await alice.begin();
});

afterAll(() => world.close());

/** Everything that would show a second effect of one press on one token. */
async function expectOneBuy(mint: string): Promise<void> {
  const instrument = `${mint}.SOLANA`;
  const fills = world
    .eventsOf("FillRecorded")
    .filter(({ payload }) => payload["instrument"] === instrument);
  expect(fills).toHaveLength(1);
  const orders = world
    .eventsOf("OrderInitialized")
    .filter(({ payload }) => payload["instrument"] === instrument);
  expect(orders).toHaveLength(1);
  const onChain = await world.chainQuantity(address, mint);
  expect(onChain.toString()).toBe(fills[0]?.payload["quantity"]);
  const receipts = (await alice.received()).filter((one) => one.text?.includes("✅ Bought"));
  const symbol = world.file.mints.find((entry) => entry.mint === mint)?.symbol ?? "";
  expect(receipts.filter((one) => one.text?.includes(symbol))).toHaveLength(1);
}

/** Long enough for anything that is under way to come to its end. */
async function settle(): Promise<void> {
  await until(async () => {
    const { pendingJobs, unresolvedAttempts, pendingNotices } = await world.status();
    return pendingJobs + unresolvedAttempts + pendingNotices === 0;
  });
}

async function cardOf(mint: string): ReturnType<Person["waitFor"]> {
  await alice.say(mint);
  return alice.waitFor(mint);
}

async function bought(mint: string): Promise<void> {
  await until(async () => (await world.positions()).some((position) => position.mint === mint));
  await settle();
}

test("the same update delivered three times buys once", async () => {
  const mint = world.mint("normal", 0);
  const { updateId } = await alice.press(await cardOf(mint), "0.1 SOL");
  const again = { updateId, times: 2 };
  await postJson(`${world.file.telegram}/world/redeliver`, again);
  await bought(mint);
  await expectOneBuy(mint);
});

test("the same press under new update ids buys once and says that it was used", async () => {
  const mint = world.mint("normal", 1);
  const { updateId } = await alice.press(await cardOf(mint), "0.1 SOL");
  const again = { updateId, times: 2, newUpdateId: true };
  await postJson(`${world.file.telegram}/world/redeliver`, again);
  await until(() => world.eventsOf("JobRefused").length >= 2);
  await bought(mint);
  await expectOneBuy(mint);
  const reasons = world.eventsOf("JobRefused").map(({ payload }) => payload["reason"]);
  expect(new Set(reasons)).toEqual(new Set(["ticket-used"]));
  const claims = world.eventsOf("TicketClaimed").map(({ payload }) => payload["ticket"]);
  expect(new Set(claims).size).toBe(claims.length);
});

test("two fingers on one button buy once", async () => {
  const mint = world.mint("normal", 2);
  const card = await cardOf(mint);
  await Promise.all([alice.press(card, "0.1 SOL"), alice.press(card, "0.1 SOL")]);
  await bought(mint);
  await expectOneBuy(mint);
});

test("the same job posted twice buys once; the same id with another body is a conflict", async () => {
  const mint = world.mint("normal", 3);
  const job = {
    id: `tg:${world.file.botId}:990001`,
    actor: { kind: "telegram", userId: alice.id, chatId: alice.id, name: "Alice" },
    createdMs: Date.now(),
    deadlineMs: Date.now() + 30_000,
    kind: "buy",
    mint,
    amountText: "0.1",
  };
  const post = (changed: object) =>
    call(`${world.file.executor}/jobs`, {
      method: "POST",
      headers: { "content-type": "application/jose" },
      body: forgeJob(world.file, { job: { ...job, ...changed } }),
    });
  const [first, second] = await Promise.all([post({}), post({})]);
  expect([first.status, second.status].toSorted()).toEqual([200, 202]);
  expect((await post({ deadlineMs: Date.now() + 20_000 })).status).toBe(200);
  expect((await post({ amountText: "0.2" })).status).toBe(409);
  await bought(mint);
  await expectOneBuy(mint);
});

test("a delivery that the queue repeats buys once", async () => {
  const mint = world.mint("normal", 4);
  const card = await cardOf(mint);
  // The edge cannot reach the executor once; everything after that goes through the queue.
  await postJson(`${world.file.control}/world/executor/stop`, {});
  await postJson(`${world.file.qstash}/world/faults`, { on: "deliver", kind: "duplicate" });
  await alice.press(card, "0.1 SOL");
  await alice.waitForToast("ueued");
  await postJson(`${world.file.control}/world/executor/start`, {});
  await bought(mint);
  await expectOneBuy(mint);
}, 90_000);

test("a button that was made for another chat does nothing", async () => {
  const card = await cardOf(world.mint("normal", 5));
  const bob = world.bob;
  await bob.begin();
  const home = await bob.waitFor("Deposit address");
  const before = world.eventsOf("OrderInitialized").length;
  await postJson(`${world.file.telegram}/world/users/${bob.id}/presses`, {
    messageId: home.message_id,
    data: dataOf(card, "0.1 SOL"),
    force: true,
  });
  await bob.waitForToast("not made here");
  expect(world.eventsOf("OrderInitialized")).toHaveLength(before);
});
