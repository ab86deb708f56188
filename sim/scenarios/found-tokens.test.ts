import { afterAll, beforeAll, expect, test } from "vitest";
import { ChatMark } from "./chat-mark.ts";
import { type Person, waitUntil } from "./person.ts";
import { until } from "./probes.ts";
import { ScenarioWorld } from "./scenario-world.ts";
import { reconcileNow } from "./schedule-tick.ts";

let world: ScenarioWorld;
let alice: Person;
let address: string;

beforeAll(async () => {
  world = await ScenarioWorld.start({
    // The fill has to be final first: 32 slots.
    slotMs: 100,
    executorEnv: { RECONCILE_INTERVAL_MS: "3600000" },
  });
  alice = world.alice;
  address = await alice.begin();
});

afterAll(() => world.close());

/** Tokens appear in Alice's wallet. */
function give(mint: string, quantity: bigint): void {
  world.world.chain.mintTo(mint, address, quantity);
}

async function positionOf(mint: string) {
  return (await world.positions()).find((position) => position.mint === mint);
}

/** The question about tokens that came since the mark, after reconciles until it comes. */
function ask(mark: ChatMark, label: string) {
  return waitUntil(async () => {
    await reconcileNow(world);
    return (await mark.news()).findLast(({ reply_markup: markup }) =>
      markup?.inline_keyboard?.flat().some((button) => button.text === label),
    );
  });
}

test("tokens beyond a position join it, are left apart or ignored, as the person says", async () => {
  const mint = world.mint();
  await alice.buy(mint);
  const held = BigInt((await positionOf(mint))?.quantity ?? "0");
  expect(held).toBe(await world.chainQuantity(address, mint));
  await until(async () => {
    await reconcileNow(world);
    return world.eventsOf("FillRecorded").length === world.eventsOf("FillSettled").length;
  });
  const start = await ChatMark.of(alice);
  give(mint, held);
  const first = await ask(start, "Add to position");
  await alice.press(first, "Add to position");
  await start.next("is part of your positions");
  expect((await positionOf(mint))?.quantity).toBe((held * 2n).toString());

  const later = await ChatMark.of(alice);
  give(mint, held);
  await alice.press(await ask(later, "Leave apart"), "Leave apart");
  await until(() => world.eventsOf("TokensIgnored").length === 1);
  expect(await reconcileNow(world)).toMatchObject({ drift: [] });
  expect((await positionOf(mint))?.quantity).toBe((held * 2n).toString());
});
