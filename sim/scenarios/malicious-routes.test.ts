import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { MaliceKind } from "../servers/jupiter/malice.ts";
import { eventsOfOrder } from "./journal-view.ts";
import { postJson, waitUntil, type ChatMessage, type Person } from "./person.ts";
import {
  breakDown,
  discordAlerts,
  executorMetrics,
  faultHits,
  growth,
  repair,
  setPrice,
  until,
} from "./probes.ts";
import type { ScenarioWorld } from "./scenario-world.ts";
import { findSecrets, startWithKnownKeys } from "./secret-search.ts";

let world: ScenarioWorld;
let alice: Person;
let address: string;

beforeAll(async () => {
  world = await startWithKnownKeys({
    edgeVars: { RATE_TRADE_PER_MIN: "1000", RATE_USER_PER_MIN: "1000" },
    // Without nonce accounts nothing but swaps is sent, and no route is asked for twice.
    executorEnv: { ORDER_SOL_MAX: "5", DAILY_SOL_MAX: "100", NONCE_ACCOUNTS_MAX: "0" },
  });
  alice = world.alice;
  address = await alice.begin();
  // A fault without a delay changes nothing; it makes the nodes count what reaches them.
  for (const { http } of world.file.rpcs) {
    await breakDown(http, { on: "sendTransaction", kind: "delay", ms: 0 });
  }
});

beforeEach(() => fetch(`${world.file.jupiter}/world/malice`, { method: "DELETE" }));

afterAll(() => world.close());

async function addMalice(kind: MaliceKind, count = 1): Promise<void> {
  await postJson(`${world.file.jupiter}/world/malice`, { kind, count });
}

async function sendCount(): Promise<number> {
  const hits = await Promise.all(world.file.rpcs.map(({ http }) => faultHits(http)));
  return hits.reduce((sum, one) => sum + (one["sendTransaction/delay"] ?? 0), 0);
}

/** Types a buy and waits until its order has ended. */
async function tryToBuy(mint: string): Promise<{ orderId: string; events: string[] }> {
  const before = world.eventsOf("OrderInitialized").length;
  await alice.say(`/buy ${mint} 0.2`);
  const made = await waitUntil(() => world.eventsOf("OrderInitialized")[before]);
  const orderId = String(made.payload["orderId"]);
  await until(() => kindsOf(orderId).some((kind) => /OrderClosed|FillRecorded/.test(kind)));
  return { orderId, events: kindsOf(orderId) };
}

function kindsOf(orderId: string): string[] {
  return eventsOfOrder(world, orderId).map(({ kind }) => kind);
}

/** The chat's message that follows this order, once it says `part`. */
function messageOf(orderId: string, part: string): Promise<ChatMessage> {
  return waitUntil(async () => {
    const delivered = world
      .eventsOf("NoticeDelivered")
      .find(({ payload }) => payload["key"] === `order:${orderId}`);
    const received = await alice.received();
    return received.find(
      ({ message_id: id, text = "" }) =>
        id === delivered?.payload["messageId"] && text.includes(part),
    );
  });
}

function errorLinesOf(orderId: string): string[] {
  return world
    .executorLog()
    .split("\n")
    .filter((line) => line.includes('"level":"error"') && line.includes(orderId));
}

describe("a buy for which the route service wants more than the swap", () => {
  test.for<MaliceKind>([
    "drain-sol",
    "set-authority",
    "approve",
    "foreign-program",
    "lower-min-out",
    "platform-fee",
    "wrong-destination",
    "hidden-in-table",
  ])("%s is refused before signing, told, logged and alerted", async (kind) => {
    const lamports = await world.chainLamports(address);
    const sends = await sendCount();
    const before = await executorMetrics(world.file);
    await addMalice(kind);
    const { orderId, events } = await tryToBuy(world.mint("normal", 1));
    expect(events).toContain("OrderClosed");
    expect(events).not.toContain("AttemptPrepared");
    const { text } = await messageOf(orderId, "Nothing was bought");
    expect(text).toContain("Refused before signing, the operator was alerted");
    expect(text).toContain("No SOL and no tokens left the wallet.");
    // The log is written beside the work.
    await until(() => errorLinesOf(orderId).join("\n").includes("refused before signing"));
    await until(async () => (await discordAlerts(world.file)).some((one) => one.includes(orderId)));
    const after = await executorMetrics(world.file);
    expect(growth(before, after, 'raptor_alerts_total{kind="unsafe-transaction"}')).toBe(1);
    expect(await sendCount()).toBe(sends);
    expect(await world.chainLamports(address)).toBe(lamports);
  });

  test("an absurd quote is refused by the simulation and costs nothing", async () => {
    const lamports = await world.chainLamports(address);
    const sends = await sendCount();
    await addMalice("huge-out");
    const { orderId, events } = await tryToBuy(world.mint("normal", 1));
    expect(events).not.toContain("AttemptPrepared");
    const { text } = await messageOf(orderId, "Nothing was bought");
    expect(text).toContain("No SOL and no tokens left the wallet.");
    expect(await sendCount()).toBe(sends);
    expect(await world.chainLamports(address)).toBe(lamports);
  });

  test("garbage all the time ends in words; nothing was sent", async () => {
    const lamports = await world.chainLamports(address);
    const sends = await sendCount();
    await addMalice("garbage", -1);
    const { orderId, events } = await tryToBuy(world.mint("normal", 1));
    expect(events).not.toContain("AttemptPrepared");
    const { text } = await messageOf(orderId, "Nothing was bought");
    expect(text).toContain("No SOL and no tokens left the wallet.");
    expect(await sendCount()).toBe(sends);
    expect(await world.chainLamports(address)).toBe(lamports);
  });

  test("a false blockhash is not used: our own goes in, and the buy is made", async () => {
    await addMalice("wrong-blockhash");
    const mint = world.mint("normal", 2);
    const { orderId } = await tryToBuy(mint);
    await messageOf(orderId, "✅ Bought");
    expect(await world.chainQuantity(address, mint)).toBeGreaterThan(0n);
  });
});

test("an exit is refused while the answers are malicious, stays armed, and sells after", async () => {
  const mint = world.mint("normal", 0);
  const { orderId: bought } = await tryToBuy(mint);
  await messageOf(bought, "✅ Bought");
  const held = await world.chainQuantity(address, mint);
  const lamports = await world.chainLamports(address);
  const sends = await sendCount();
  const kinds: MaliceKind[] = ["drain-sol", "set-authority", "approve", "wrong-destination"];
  for (const kind of kinds) await addMalice(kind);
  await addMalice("hidden-in-table", -1);
  const exits = world.eventsOf("ExitTriggered").length;
  await setPrice(world.file, mint, 2.5);
  const triggered = await waitUntil(() => world.eventsOf("ExitTriggered")[exits]);
  const orderId = String(triggered.payload["orderId"]);
  await until(() => errorLinesOf(orderId).length > kinds.length);
  expect(kindsOf(orderId)).not.toContain("AttemptPrepared");
  expect(await sendCount()).toBe(sends);
  expect(await world.chainQuantity(address, mint)).toBe(held);
  expect(await world.chainLamports(address)).toBe(lamports);
  const [position] = (await world.positions()).filter((one) => one.mint === mint);
  expect(position?.exits.map(({ kind }) => kind).toSorted()).toEqual(["stopLoss", "takeProfit"]);
  await until(async () => (await discordAlerts(world.file)).some((one) => one.includes(orderId)));

  await fetch(`${world.file.jupiter}/world/malice`, { method: "DELETE" });
  await messageOf(orderId, "🎯 Take profit sold");
  expect(await world.chainQuantity(address, mint)).toBe(0n);
  expect(await world.chainLamports(address)).toBeGreaterThan(lamports);
  for (const { http } of world.file.rpcs) await repair(http);
});

test("no secret stands in the log, the chats, the journal or the refusals", async () => {
  expect(await findSecrets(world)).toEqual([]);
});
