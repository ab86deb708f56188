import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answerTo, ChatMark } from "./chat-mark.ts";
import { eventsOfOrder } from "./journal-view.ts";
import { waitUntil, type ChatMessage, type Person } from "./person.ts";
import { setPrice, until } from "./probes.ts";
import type { ScenarioWorld } from "./scenario-world.ts";
import { findSecrets, startWithKnownKeys } from "./secret-search.ts";

let world: ScenarioWorld;
let alice: Person;
let bob: Person;
let address: string;

beforeAll(async () => {
  world = await startWithKnownKeys({
    edgeVars: { RATE_TRADE_PER_MIN: "1000", RATE_USER_PER_MIN: "1000", RATE_READ_PER_MIN: "1000" },
    executorEnv: {
      ORDER_SOL_MAX: "4",
      DAILY_SOL_MAX: "5",
      OPEN_POSITIONS_MAX: "2",
      PRICE_IMPACT_BPS_MAX: "300",
      RESERVE_SOL: "6.5",
    },
  });
  ({ alice, bob } = world);
  [address] = await Promise.all([alice.begin(), bob.begin()]);
});

afterAll(() => world.close());

interface Ended {
  orderId: string;
  message: ChatMessage;
  kinds: string[];
}

/** Types a buy and waits for the last word on it. */
async function buy(person: Person, mint: string, amount: string): Promise<Ended> {
  const before = world.eventsOf("OrderInitialized").length;
  await person.say(`/buy ${mint} ${amount}`);
  const made = await waitUntil(() => world.eventsOf("OrderInitialized")[before]);
  return endOf(person, String(made.payload["orderId"]));
}

async function endOf(person: Person, orderId: string): Promise<Ended> {
  const key = `order:${orderId}`;
  const message = await waitUntil(async () => {
    const delivered = world
      .eventsOf("NoticeDelivered")
      .find(({ payload }) => payload["key"] === key);
    const received = await person.received();
    return received.find(
      ({ message_id: id, text = "" }) =>
        id === delivered?.payload["messageId"] && /✅|⛔/.test(text),
    );
  });
  return { orderId, message, kinds: eventsOfOrder(world, orderId).map(({ kind }) => kind) };
}

/** A denied buy says why and what happened to the money, and leaves no attempt. */
function expectDenied(ended: Ended, reason: string): void {
  expect(ended.message.text).toContain("⛔ Not bought");
  expect(ended.message.text).toContain(reason);
  expect(ended.message.text).toContain("Nothing was sent and no SOL left the wallet.");
  expect(ended.kinds).toEqual(["OrderInitialized", "OrderDenied"]);
}

describe("a limit refuses with its reason, before anything is prepared:", () => {
  test("the largest order", async () => {
    const denied = await buy(bob, world.mint("normal", 0), "4.000000001");
    expectDenied(denied, "One order may spend at most 4 SOL.");
  });

  test("the reserve for fees and rent", async () => {
    const denied = await buy(bob, world.mint("normal", 0), "3.6");
    expectDenied(denied, "this buy needs 3.6 SOL and 6.5 SOL stay for fees and rent.");
  });

  test("the price impact", async () => {
    const denied = await buy(bob, world.mint("thin"), "3");
    expectDenied(denied, "The order would move the price by");
    expect(denied.message.text).toContain("the limit is 3 %");
  });

  test("the same token twice within a day, unless the person says so", async () => {
    const mint = world.mint("normal", 0);
    expect((await buy(alice, mint, "0.2")).message.text).toContain("✅ Bought");
    const held = await world.chainQuantity(address, mint);
    const denied = await buy(alice, mint, "0.2");
    expectDenied(denied, "a second buy within 24 h needs your word.");
    expect(await world.chainQuantity(address, mint)).toBe(held);

    await alice.press(denied.message, "Buy 0.2 SOL anyway");
    await until(async () => (await world.chainQuantity(address, mint)) > held);
    const twice = await world.chainQuantity(address, mint);
    expectDenied(await buy(alice, mint, "0.2"), "needs your word.");
    expect(await world.chainQuantity(address, mint)).toBe(twice);
  });

  test("open positions", async () => {
    expect((await buy(alice, world.mint("normal", 1), "0.2")).message.text).toContain("✅ Bought");
    const denied = await buy(alice, world.mint("normal", 2), "0.2");
    expectDenied(denied, "At most 2 positions may be open at once.");
    await alice.say(`/sell ${world.mint("normal", 1)} all`);
    await until(async () => (await world.positions()).length === 1);
    expect((await buy(alice, world.mint("normal", 2), "0.2")).message.text).toContain("✅ Bought");
  });

  test("what may be spent in a day, sells or not", async () => {
    const mint = world.mint("normal", 3);
    expect((await buy(bob, mint, "3")).message.text).toContain("✅ Bought");
    await answerTo(bob, `/sell ${mint} all`, "✅ Sold");
    const denied = await buy(bob, world.mint("normal", 4), "2.1");
    expectDenied(denied, "At most 5 SOL may be spent in 24 hours; 3 SOL are spent or in flight.");
    // One person's limit is not another's.
    const [first] = (await world.positions()).filter(({ userId }) => userId === alice.id);
    await alice.say(`/sell ${first?.mint} all`);
    await until(async () => (await world.positions()).length === 1);
    expect((await buy(alice, world.mint("normal", 4), "1")).message.text).toContain("✅ Bought");
  });
});

test("limits never hold back an exit", async () => {
  // Alice stands at her position limit and below the reserve's comfort; the stop loss sells.
  const [position] = await world.positions();
  const mark = await ChatMark.of(alice);
  await setPrice(world.file, position?.mint ?? "", 0.6);
  await mark.next("🛑 Stop loss sold");
});

test("no secret stands in the log, the chats, the journal or the refusals", async () => {
  expect(await findSecrets(world)).toEqual([]);
});
