import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ChatMessage, type Person, waitUntil } from "./person.ts";
import { breakDown, executorMetrics, growth, repair, setPrice } from "./probes.ts";
import { type JournalRow, ScenarioWorld } from "./scenario-world.ts";

/** From the card to the exit on real processes, against the pools themselves. */
let world: ScenarioWorld;
let alice: Person;

beforeAll(async () => {
  // Every trade here is waited for until it is final: 32 slots.
  world = await ScenarioWorld.start({ slotMs: 100 });
  alice = world.alice;
  await alice.begin();
}, 120_000);

afterAll(() => world.close());

async function settled(): Promise<void> {
  await waitUntil(
    () =>
      world.eventsOf("FillRecorded").length === world.eventsOf("FillSettled").length || undefined,
    60_000,
  );
}

/** The bot's messages with this in them, oldest first. */
async function messages(part: string): Promise<ChatMessage[]> {
  return (await alice.received()).filter(({ text }) => text?.includes(part) === true);
}

/** The card, its button, and the position that comes of it. */
async function buy(mint: string): Promise<void> {
  await alice.say(mint);
  await alice.press(await alice.waitFor(mint), "0.5 SOL");
  await waitUntil(
    async () => (await world.positions()).some((one) => one.mint === mint) || undefined,
    60_000,
  );
}

function lastOf(kind: string): JournalRow {
  const row = world.eventsOf(kind).at(-1);
  if (row === undefined) throw new Error(`expected an event ${kind}`);
  return row;
}

describe.each(["pump-curve", "raydium-cpmm"])("a token on %s", (kind) => {
  test("is bought and sold straight with its pool, and the exit is one step", async () => {
    const mint = world.mint(kind);
    const sells = (await messages("Stop loss sold")).length;
    await buy(mint);
    expect((await messages("✅ Bought")).at(-1)?.text).toContain("Route:");
    await settled();
    const before = await executorMetrics(world.file);
    await setPrice(world.file, mint, 0.5);
    await waitUntil(
      async () => (await messages("Stop loss sold")).length > sells || undefined,
      60_000,
    );
    expect((await messages("Stop loss sold")).at(-1)?.text).toContain("straight to the pool");
    expect((await world.positions()).some((one) => one.mint === mint)).toBe(false);
    const after = await executorMetrics(world.file);
    expect(growth(before, after, "raptor_exits_fast_total")).toBe(1);
    const trigger = lastOf("ExitTriggered");
    const attempt = lastOf("AttemptPrepared");
    const order = lastOf("OrderInitialized");
    expect(attempt.payload["orderId"]).toBe(trigger.payload["orderId"]);
    // Nothing else could come between what one commit holds.
    expect(attempt.seq - trigger.seq).toBe(2);
    expect(order.seq - trigger.seq).toBe(1);
    expect(attempt.payload["route"]).toMatchObject({ router: "direct" });
    await settled();
  }, 120_000);
});

test("an exit goes out though Jupiter, Telegram, QStash and Redis are all down", async () => {
  const mint = world.mint("pump-curve", 1);
  await buy(mint);
  await settled();
  const { jupiter, telegram, qstash, redis } = world.file;
  const all = [jupiter, telegram, qstash, redis];
  const dead = { kind: "error", status: 503, body: "down" };
  for (const url of all) await breakDown(url, { on: "*", ...dead });
  try {
    const sells = world.eventsOf("ExitTriggered").length;
    await setPrice(world.file, mint, 0.4);
    await waitUntil(() => world.eventsOf("ExitTriggered").length > sells || undefined, 30_000);
    const orderId = lastOf("ExitTriggered").payload["orderId"];
    await waitUntil(
      () =>
        world.eventsOf("FillRecorded").some(({ payload }) => payload["orderId"] === orderId) ||
        undefined,
      60_000,
    );
  } finally {
    for (const url of all) await repair(url);
  }
  await alice.waitFor("Stop loss sold", 60_000);
}, 180_000);
