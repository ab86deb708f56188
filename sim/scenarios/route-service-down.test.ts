import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answerTo, ChatMark, freshCard } from "./chat-mark.ts";
import { eventsOfOrder } from "./journal-view.ts";
import { postJson, waitUntil, type Person } from "./person.ts";
import { breakDown, health, repair, setPrice, until } from "./probes.ts";
import type { ScenarioWorld } from "./scenario-world.ts";
import { findSecrets, startWithKnownKeys } from "./secret-search.ts";

const GARBAGE = { kind: "error", status: 200, body: "<html>upstream connect error</html>" };

let world: ScenarioWorld;
let alice: Person;
let address: string;

beforeAll(async () => {
  const perMinute = "1000";
  world = await startWithKnownKeys({
    edgeVars: {
      RATE_TRADE_PER_MIN: perMinute,
      RATE_USER_PER_MIN: perMinute,
      RATE_READ_PER_MIN: perMinute,
    },
    executorEnv: {
      ORDER_SOL_MAX: "1000000",
      DAILY_SOL_MAX: "1000000",
      PRICE_IMPACT_BPS_MAX: "10000",
    },
  });
  alice = world.alice;
  address = await alice.begin();
});

afterAll(() => world.close());

function orders(): number {
  return world.eventsOf("OrderInitialized").length;
}

function attempts(): number {
  return world.eventsOf("AttemptPrepared").length;
}

describe("a route service that", () => {
  test.for([
    ["answers 500", { kind: "error", status: 500 }],
    ["answers garbage", GARBAGE],
    ["loses the connection", { kind: "drop" }],
  ] as const)("%s ends a pressed buy in words, and a later one works", async ([name, fault]) => {
    const n = ["answers 500", "answers garbage", "loses the connection"].indexOf(name);
    const mint = world.mint("normal", n);
    const lamports = await world.chainLamports(address);
    const attemptsBefore = attempts();
    const ended = world.eventsOf("OrderClosed").length;
    const card = await freshCard(alice, mint);
    await breakDown(world.file.jupiter, { on: "build", ...fault });
    await alice.press(card, "0.25 SOL");
    const closed = await waitUntil(() => world.eventsOf("OrderClosed")[ended]);
    const orderId = String(closed.payload["orderId"]);
    const told = await waitUntil(async () => {
      const message = (await alice.received()).find((one) => one.message_id === card.message_id);
      return message?.text?.includes("Nothing was bought") === true ? message : undefined;
    });
    expect(told.text).toMatch(/The venue('s answer cannot be used| cannot be reached)/);
    expect(told.text).toContain("No SOL and no tokens left the wallet.");
    expect(attempts()).toBe(attemptsBefore);
    expect(eventsOfOrder(world, orderId).map(({ kind }) => kind)).toEqual([
      "OrderInitialized",
      "OrderClosed",
    ]);
    expect(await world.chainLamports(address)).toBe(lamports);

    await repair(world.file.jupiter);
    await alice.say(`/buy ${mint} 0.1`);
    await until(async () => (await world.chainQuantity(address, mint)) > 0n);
    expect(attempts()).toBe(attemptsBefore + 1);
  });

  test("knows no token says so on the card, without a button to buy", async () => {
    const mint = world.mint("normal", 3);
    for (const fault of [{ kind: "error", status: 500 }, GARBAGE]) {
      await breakDown(world.file.jupiter, { on: "*", ...fault });
      const before = orders();
      const { text, reply_markup: markup } = await answerTo(
        alice,
        mint,
        "This token cannot be shown right now",
      );
      const labels = markup?.inline_keyboard?.flat().map((button) => button.text) ?? [];
      expect(text).toContain("Nothing was bought");
      expect(labels.filter((label) => label.startsWith("Buy"))).toEqual([]);
      expect(orders()).toBe(before);
      await repair(world.file.jupiter);
    }
  });

  test("fails for a while does not lose an exit: it fires when prices are back", async () => {
    const mint = world.mint("normal", 0);
    await breakDown(world.file.jupiter, { on: "*", kind: "error", status: 500 });
    await setPrice(world.file, mint, 0.5);
    await until(async () => {
      const { dependencies } = await health(world.file);
      return dependencies["jupiter"]?.ok === false;
    });
    expect(world.eventsOf("ExitTriggered")).toEqual([]);
    const mark = await ChatMark.of(alice);
    await repair(world.file.jupiter);
    await mark.next("🛑 Stop loss sold");
    expect(await world.chainQuantity(address, mint)).toBe(0n);
  });
});

const BAD_AMOUNTS: [text: string, reason: string][] = [
  ["0", "is zero"],
  ["0.000", "is zero"],
  ["-1", "is negative"],
  ["NaN", "is not an amount"],
  ["Infinity", "is not an amount"],
  ["1e309", "is larger than any wallet"],
  ["1e3", "is larger than any wallet"],
  ["0.0000000001", "has more than 9 decimals"],
  ["0,5", "is not an amount"],
  ["١٢", "is not an amount"],
  ["０.５", "is not an amount"],
  ["0x10", "is not an amount"],
  ["1 2", "is not an amount"],
  ["18446744073709551616", "is larger than any wallet"],
  ["99999999999999999999999999999999", "is larger than any wallet"],
];

/** A long amount is shown by its beginning. */
function shown(text: string): string {
  return text.length > 24 ? `${text.slice(0, 24)}…` : text;
}

describe("an amount that cannot be meant", () => {
  test("is explained after /buy, and no order is made", async () => {
    const mint = world.mint("normal", 4);
    const before = orders();
    for (const [text, reason] of BAD_AMOUNTS) {
      const answer = await answerTo(alice, `/buy ${mint} ${text}`, "Not bought");
      expect(answer.text).toContain(`"${shown(text)}" ${reason}`);
      expect(answer.text).toContain("Nothing was bought.");
    }
    expect(orders()).toBe(before);
  });

  test("is explained as the answer to the prompt, and no order is made", async () => {
    const mint = world.mint("normal", 4);
    const before = orders();
    const card = await freshCard(alice, mint);
    const asked = await ChatMark.of(alice);
    await alice.press(card, "Buy X SOL");
    const prompt = await asked.next("How much SOL?");
    for (const [text, reason] of BAD_AMOUNTS) {
      const mark = await ChatMark.of(alice);
      await postJson(`${world.file.telegram}/world/users/${alice.id}/messages`, {
        text,
        replyTo: prompt.message_id,
      });
      const answer = await mark.next("Not bought");
      expect(answer.text).toContain(`"${shown(text)}" ${reason}`);
    }
    expect(orders()).toBe(before);
    // The prompt still stands: a good answer is a buy, and only one.
    await alice.say("0.1");
    await until(async () => (await world.chainQuantity(address, mint)) > 0n);
    expect(orders()).toBe(before + 1);
  });

  test("is denied when it is more than the wallet holds, before anything is prepared", async () => {
    const before = attempts();
    for (const amount of ["11", "18446744073.709551615", "500000"]) {
      const answer = await answerTo(alice, `/buy ${world.mint("normal", 5)} ${amount}`, "⛔");
      expect(answer.text).toMatch(
        /The wallet holds [\d.]+ SOL; this buy needs|may spend at most|offers no route/,
      );
      expect(answer.text).toMatch(/no SOL left the wallet|No SOL and no tokens left the wallet/);
    }
    expect(attempts()).toBe(before);
  });

  test("is explained after /sell, and no order is made", async () => {
    const mint = world.mint("normal", 4);
    const before = orders();
    for (const text of ["0", "-5", "101", "1e2", "NaN", "half", "５０"]) {
      const answer = await answerTo(alice, `/sell ${mint} ${text}`, "Not sold");
      expect(answer.text).toContain("is not a percentage");
      expect(answer.text).toContain("Nothing was sold.");
    }
    expect(orders()).toBe(before);
  });
});

test("no secret stands in the log, the chats, the journal or the refusals", async () => {
  expect(await findSecrets(world)).toEqual([]);
});
