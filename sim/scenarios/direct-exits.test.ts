import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChatMark } from "./chat-mark.ts";
import type { Person } from "./person.ts";
import { breakDown, executorMetrics, growth, repair, setPrice, until } from "./probes.ts";
import { type JournalRow, ScenarioWorld } from "./scenario-world.ts";

/** From the card to the exit on real processes, against the pools themselves. */
let world: ScenarioWorld;
let alice: Person;

beforeAll(async () => {
  // Every trade here is waited for until it is final: 32 slots.
  world = await ScenarioWorld.start({ slotMs: 100 });
  alice = world.alice;
  await alice.begin();
});

afterAll(() => world.close());

async function settled(): Promise<void> {
  await until(() => world.eventsOf("FillRecorded").length === world.eventsOf("FillSettled").length);
}

function lastOf(kind: string): JournalRow {
  const row = world.eventsOf(kind).at(-1);
  if (row === undefined) throw new Error(`expected an event ${kind}`);
  return row;
}

describe.each(["pump-curve", "raydium-cpmm"])("a token on %s", (kind) => {
  test("is bought and sold straight with its pool, and the exit is one step", async () => {
    const mint = world.mint(kind);
    const receipt = await alice.buy(mint);
    expect(receipt.text).toContain("Route:");
    await settled();
    const before = await executorMetrics(world.file);
    const mark = await ChatMark.of(alice);
    await setPrice(world.file, mint, 0.5);
    expect((await mark.next("Stop loss sold")).text).toContain("straight to the pool");
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
  });
});

test("an exit goes out though Jupiter, Telegram, QStash and Redis are all down", async () => {
  const mint = world.mint("pump-curve", 1);
  await alice.buy(mint);
  await settled();
  const mark = await ChatMark.of(alice);
  const { jupiter, telegram, qstash, redis } = world.file;
  const all = [jupiter, telegram, qstash, redis];
  const dead = { kind: "error", status: 503, body: "down" };
  for (const url of all) await breakDown(url, { on: "*", ...dead });
  try {
    const sells = world.eventsOf("ExitTriggered").length;
    await setPrice(world.file, mint, 0.4);
    await until(() => world.eventsOf("ExitTriggered").length > sells);
    const { orderId } = lastOf("ExitTriggered").payload;
    const isIts = ({ payload }: JournalRow): boolean => payload["orderId"] === orderId;
    await until(() => world.eventsOf("FillRecorded").some(isIts));
  } finally {
    for (const url of all) await repair(url);
  }
  await mark.next("Stop loss sold");
});
