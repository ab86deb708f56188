import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { ChatMark, freshCard } from "./chat-mark.ts";
import { forgeJob } from "./forge.ts";
import { dataOf, postJson, type Person, waitUntil } from "./person.ts";
import { breakDown, call, executorMetrics, growth, queueDeliveries, repair } from "./probes.ts";
import { until, untilTaken } from "./probes.ts";
import { ScenarioWorld } from "./scenario-world.ts";

const DUPLICATE_PRESSES = 'raptor_jobs_total{kind="press",outcome="duplicate"}';

let world: ScenarioWorld;
let alice: Person;
let address: string;

beforeAll(async () => {
  world = await ScenarioWorld.start({ executorEnv: { OPEN_POSITIONS_MAX: "10" } });
  alice = world.alice;
  address = await alice.begin();
});

// A test that failed must not take the others with it.
afterEach(async () => {
  await repair(world.file.qstash);
  await world.world.executor.start();
});

afterAll(() => world.close());

/** Everything that would show a second effect of one press on one token. */
async function expectOneBuy(mint: string): Promise<void> {
  const isOfMint = (row: { payload: Record<string, unknown> }): boolean =>
    row.payload["instrument"] === `${mint}.SOLANA`;
  const fills = world.eventsOf("FillRecorded").filter(isOfMint);
  expect(fills).toHaveLength(1);
  const orders = world.eventsOf("OrderInitialized").filter(isOfMint);
  expect(orders).toHaveLength(1);
  const attempts = world
    .eventsOf("AttemptPrepared")
    .filter(({ payload }) => payload["orderId"] === orders[0]?.payload["orderId"]);
  expect(await world.chainTransactions(address, mint)).toEqual(
    attempts.map(({ payload }) => payload["identity"]),
  );
  const onChain = await world.chainQuantity(address, mint);
  expect(onChain.toString()).toBe(fills[0]?.payload["quantity"]);
  const symbol = world.file.mints.find((entry) => entry.mint === mint)?.symbol ?? "";
  const receipts = (await alice.received()).filter(
    ({ text }) => text?.includes("✅ Bought") === true && text.includes(symbol),
  );
  expect(receipts).toHaveLength(1);
}

function claimsOf(data: string): unknown[] {
  const [, ticket] = data.split(".");
  return world.eventsOf("TicketClaimed").filter(({ payload }) => payload["ticket"] === ticket);
}

const cardOf = (mint: string) => freshCard(alice, mint);

/** Waits for the position, and then for the end of all that is under way. */
async function bought(mint: string): Promise<void> {
  await until(async () => (await world.positions()).some((position) => position.mint === mint));
  await untilTaken(world.file);
  await until(async () => {
    const { pendingJobs, unresolvedAttempts, pendingNotices } = await world.status();
    return pendingJobs + unresolvedAttempts + pendingNotices === 0;
  });
}

test("the same update delivered three times buys once", async () => {
  const mint = world.mint("normal", 0);
  const { updateId, data } = await alice.press(await cardOf(mint), "0.1 SOL");
  await postJson(`${world.file.telegram}/world/redeliver`, { updateId, times: 2 });
  await bought(mint);
  await expectOneBuy(mint);
  expect(claimsOf(data)).toHaveLength(1);
});

test("without Redis to remember updates the executor itself knows the repeats", async () => {
  const mint = world.mint("normal", 1);
  const card = await cardOf(mint);
  await postJson(`${world.file.redisControl}/world/stop`, {});
  try {
    const before = await executorMetrics(world.file);
    const { updateId, data } = await alice.press(card, "0.1 SOL");
    await postJson(`${world.file.telegram}/world/redeliver`, { updateId, times: 2 });
    await bought(mint);
    await expectOneBuy(mint);
    expect(claimsOf(data)).toHaveLength(1);
    expect(growth(before, await executorMetrics(world.file), DUPLICATE_PRESSES)).toBe(2);
  } finally {
    await postJson(`${world.file.redisControl}/world/start`, {});
  }
});

test("the same press under new update ids buys once and says that it was used", async () => {
  const mint = world.mint("normal", 2);
  const refused = world.eventsOf("JobRefused").length;
  const { updateId, data } = await alice.press(await cardOf(mint), "0.1 SOL");
  const again = { updateId, times: 2, newUpdateId: true };
  await postJson(`${world.file.telegram}/world/redeliver`, again);
  await bought(mint);
  await expectOneBuy(mint);
  expect(claimsOf(data)).toHaveLength(1);
  const since = world.eventsOf("JobRefused").slice(refused);
  const reasons = since.map(({ payload }) => payload["reason"]);
  expect(reasons).toEqual(["ticket-used", "ticket-used"]);
});

test("two fingers on one button buy once", async () => {
  const mint = world.mint("normal", 3);
  const card = await cardOf(mint);
  const refused = world.eventsOf("JobRefused").length;
  const mark = await ChatMark.of(alice);
  const presses = await Promise.all([alice.press(card, "0.1 SOL"), alice.press(card, "0.1 SOL")]);
  expect(new Set(presses.map(({ updateId }) => updateId)).size).toBe(2);
  await bought(mint);
  await expectOneBuy(mint);
  expect(claimsOf(presses[0].data)).toHaveLength(1);
  expect(world.eventsOf("JobRefused")).toHaveLength(refused + 1);
  await mark.nextToast("works once");
});

test("the same job posted twice buys once; the same id with another body is a conflict", async () => {
  const mint = world.mint("normal", 4);
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

test("a delivery that the queue repeats, at once and later, buys once", async () => {
  const mint = world.mint("normal", 5);
  const card = await cardOf(mint);
  const before = (await queueDeliveries(world.file)).length;
  await postJson(`${world.file.control}/world/executor/stop`, {});
  await breakDown(world.file.qstash, { on: "deliver", kind: "duplicate" });
  const mark = await ChatMark.of(alice);
  const { data } = await alice.press(card, "0.1 SOL");
  await mark.nextToast("ueued");
  await postJson(`${world.file.control}/world/executor/start`, {});
  await bought(mint);
  await repair(world.file.qstash);
  // The copy may still be on its way when the first one has bought.
  const taken = await waitUntil(async () => {
    const found = (await queueDeliveries(world.file))
      .slice(before)
      .filter(({ url, status }) => url.endsWith("/internal/redeliver") && status === 200);
    return found.length >= 2 ? found : undefined;
  });
  expect(taken.map(({ isDuplicate }) => isDuplicate).toSorted()).toEqual([false, true]);
  const { messageId = "" } = taken[0] ?? {};
  const again = await postJson(`${world.file.qstash}/world/messages/${messageId}/duplicate`, {});
  expect(again).toEqual({ status: 200 });
  await bought(mint);
  await expectOneBuy(mint);
  expect(claimsOf(data)).toHaveLength(1);
});

test("a button that was made for another chat does nothing", async () => {
  const card = await cardOf(world.mint("normal", 6));
  const bob = world.bob;
  await bob.begin();
  const home = await bob.waitFor("Deposit address");
  const before = world.eventsOf("OrderInitialized").length;
  const mark = await ChatMark.of(bob);
  await postJson(`${world.file.telegram}/world/users/${bob.id}/presses`, {
    messageId: home.message_id,
    data: dataOf(card, "0.1 SOL"),
    force: true,
  });
  await mark.nextToast("not made here");
  expect(world.eventsOf("OrderInitialized")).toHaveLength(before);
});
