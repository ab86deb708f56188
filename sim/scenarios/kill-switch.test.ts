import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Drift } from "@raptor/shared/wire/read.ts";
import { answerTo, ChatMark, freshCard } from "./chat-mark.ts";
import { entriesAfter, headSeq } from "./journal-view.ts";
import { pause, postJson, type ChatMessage, type Person } from "./person.ts";
import {
  bearer,
  call,
  edgeMetrics,
  growth,
  health,
  setPrice,
  setTradingState,
  until,
} from "./probes.ts";
import type { ScenarioWorld } from "./scenario-world.ts";
import { findSecrets, startWithKnownKeys } from "./secret-search.ts";

const reconcilesBy = (trigger: string) =>
  world.eventsOf("ReconcileCompleted").filter(({ payload }) => payload["trigger"] === trigger);

let world: ScenarioWorld;
let alice: Person;
let bob: Person;
let addresses: { alice: string; bob: string };
let mints: { alice: string; bob: string; next: string };

beforeAll(async () => {
  world = await startWithKnownKeys({
    // All fills have to be final before a loss is booked: 32 slots.
    slotMs: 100,
    edgeVars: { RATE_TRADE_PER_MIN: "1000", RATE_USER_PER_MIN: "1000", RATE_READ_PER_MIN: "1000" },
    // A button pressed late in this file must still be good.
    executorEnv: { TICKET_TRADE_TTL_MS: "600000" },
  });
  ({ alice, bob } = world);
  const [ofAlice, ofBob] = await Promise.all([alice.begin(), bob.begin()]);
  addresses = { alice: ofAlice, bob: ofBob };
  mints = {
    alice: world.mint("normal", 0),
    bob: world.mint("normal", 1),
    next: world.mint("normal", 2),
  };
  await Promise.all([alice.buy(mints.alice), bob.buy(mints.bob)]);
});

afterAll(() => world.close());

/** A token card for each of them, taken while its buy buttons are still there. */
async function takeCards(): Promise<ChatMessage[]> {
  return [await freshCard(alice, mints.next), await freshCard(bob, mints.next)];
}

/** Both press a button on an old card and type a buy; both are told twice that it is off. */
async function pressBuys(word: string, cards: readonly ChatMessage[]): Promise<void> {
  for (const [at, person] of [alice, bob].entries()) {
    const card = cards[at] as ChatMessage;
    const mark = await ChatMark.of(person);
    await person.press(card, "0.25 SOL");
    await person.say(`/buy ${mints.next} 0.1`);
    const told = async (): Promise<string[]> =>
      (await mark.news())
        .map(({ text = "" }) => text)
        .filter((text) => text.includes("ot bought") || text.includes("Nothing was bought"));
    await until(async () => (await told()).length >= 2);
    expect((await told()).filter((text) => text.includes(word))).toHaveLength(2);
    const fresh = await freshCard(person, mints.next);
    const labels = (fresh.reply_markup?.inline_keyboard ?? []).flat().map(({ text }) => text);
    expect(labels.filter((text) => text.startsWith("Buy"))).toEqual([]);
  }
}

describe("the kill switch", () => {
  test("answers 401 without the token, with a wrong one and with a person's", async () => {
    const before = await edgeMetrics(world.file);
    const { text = "" } = await answerTo(bob, "/token", "Your access token");
    const token = /rpt_\S+/.exec(text)?.[0] ?? "";
    expect(token).not.toBe("");
    const wrong = [
      {},
      bearer("0".repeat(64)),
      bearer(token),
      { authorization: world.file.adminToken },
    ];
    for (const headers of wrong) {
      const answer = await setTradingState(world.file, "halted", headers);
      expect(answer.status).toBe(401);
      expect(answer.type).toBe("application/problem+json");
    }
    const after = await edgeMetrics(world.file);
    expect(growth(before, after, 'raptor_edge_refusals_total{reason="token"}')).toBe(wrong.length);
    expect((await world.status()).tradingState).toBe("active");
  });

  test("refuses a state that does not exist and a body that is no JSON", async () => {
    expect((await setTradingState(world.file, "off")).status).toBe(422);
    const headers = { "content-type": "application/json", ...bearer(world.file.adminToken) };
    const url = `${world.file.edge}/admin/kill-switch`;
    expect((await call(url, { method: "POST", headers, body: "halted" })).status).toBe(422);
    expect((await world.status()).tradingState).toBe("active");
  });

  test("set to halted survives kill -9, and no entry attempt is prepared any more", async () => {
    const cards = await takeCards();
    expect((await setTradingState(world.file, "halted")).status).toBe(200);
    const seq = headSeq(world);
    const { epoch } = await world.status();
    world.world.executor.killMain();
    await until(async () => {
      const status = await world.status().catch(() => undefined);
      return status !== undefined && status.epoch > epoch && status.phase === "halted";
    });
    expect(await world.status()).toMatchObject({
      tradingState: "halted",
      tradingStateReason: "scenario sets halted",
    });
    expect(await health(world.file)).toMatchObject({ status: 200, phase: "halted" });
    await pressBuys("halted", cards);
    expect(entriesAfter(world, seq)).toEqual([]);
    expect(await world.chainQuantity(addresses.alice, mints.next)).toBe(0n);
  });

  test("does not stop a stop loss, nor a sell by hand", async () => {
    const seq = headSeq(world);
    const mark = await ChatMark.of(alice);
    await setPrice(world.file, mints.alice, 0.6);
    const sold = await mark.next("🛑 Stop loss sold");
    expect(sold.text).toContain("Position closed");
    expect(await world.chainQuantity(addresses.alice, mints.alice)).toBe(0n);
    const held = await world.chainQuantity(addresses.bob, mints.bob);
    const half = await answerTo(bob, `/sell ${mints.bob} 50`, "✅ Sold");
    expect(half.text).toContain("Held now");
    expect(await world.chainQuantity(addresses.bob, mints.bob)).toBe(held - held / 2n);
    expect(entriesAfter(world, seq)).toEqual([]);
  });

  test("set to reducing lets exits through and entries not", async () => {
    await setTradingState(world.file, "active");
    const cards = await takeCards();
    expect((await setTradingState(world.file, "reducing")).status).toBe(200);
    const seq = headSeq(world);
    await pressBuys("reducing", cards);
    await bob.say(`/sell ${mints.bob} all`);
    await until(async () => (await world.chainQuantity(addresses.bob, mints.bob)) === 0n);
    expect(entriesAfter(world, seq)).toEqual([]);
  });

  test("set to active lets everything through again", async () => {
    expect((await setTradingState(world.file, "active")).status).toBe(200);
    await alice.say(`/buy ${mints.next} 0.2`);
    await until(async () => (await world.chainQuantity(addresses.alice, mints.next)) > 0n);
  });

  test("obeys /kill of an admin and of nobody else", async () => {
    const refusal = "Only an admin may use the kill switch. Nothing was changed.";
    await answerTo(bob, "/kill halted", refusal);
    expect((await world.status()).tradingState).toBe("active");
    const cards = await takeCards();
    await answerTo(alice, "/kill the pool looks wrong", "Trading is now halted");
    expect(await world.status()).toMatchObject({
      tradingState: "halted",
      tradingStateReason: "the pool looks wrong",
    });
    const seq = headSeq(world);
    await pressBuys("halted", cards);
    expect(entriesAfter(world, seq)).toEqual([]);
    await answerTo(alice, "/kill active", "Trading is now active");
    expect((await world.status()).tradingState).toBe("active");
  });

  test("in the same request twice is one change", async () => {
    const headers = {
      "content-type": "application/json",
      "idempotency-key": "0b7a1a52-1111-4222-8333-944455556666",
      ...bearer(world.file.adminToken),
    };
    const changes = world.eventsOf("TradingStateChanged").length;
    const body = { state: "reducing", reason: "twice" };
    const url = `${world.file.edge}/admin/kill-switch`;
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    const answers = [await call(url, init), await call(url, init)];
    expect(answers.map(({ text }) => (JSON.parse(text) as { status: string }).status)).toEqual([
      "accepted",
      "duplicate",
    ]);
    expect(world.eventsOf("TradingStateChanged")).toHaveLength(changes + 1);
    await setTradingState(world.file, "active");
  });
});

test("drift on the chain is found, told, and holds entries; a real schedule tick looks too", async () => {
  const { file } = world;
  const mint = mints.next;
  const held = await world.chainQuantity(addresses.alice, mint);
  const taken = held / 3n;
  await until(async () => (await world.drift()).length === 0);
  // Beside a fill that a fork may still move no loss is booked.
  const open = () => world.eventsOf("FillRecorded").length - world.eventsOf("FillSettled").length;
  await until(() => open() === 0);
  const mark = await ChatMark.of(alice);
  await postJson(`${file.rpc}/world/transfer-token`, {
    owner: addresses.alice,
    mint,
    quantity: String(taken),
  });
  await until(async () => (await world.chainQuantity(addresses.alice, mint)) === held - taken);
  const before = reconcilesBy("schedule").length;
  // A tick during a run that the watched account began gets that run's result.
  await until(async () => {
    await postJson(`${file.qstash}/world/schedules/raptor-reconcile-local/run`, {});
    await pause(300);
    return reconcilesBy("schedule").length > before;
  });
  // The watched account may have told sooner than the tick.
  const found = () =>
    world
      .eventsOf("ReconcileCompleted")
      .flatMap(({ payload }) => payload["drift"] as Drift[])
      .filter((one) => one.class === "external" && one.mint === mint);
  await until(() => found().length > 0);
  expect(found()).toMatchObject([
    {
      userId: alice.id,
      wallet: addresses.alice,
      mint,
      ledgerQuantity: String(held),
      chainQuantity: String(held - taken),
      class: "external",
    },
  ]);
  const [position] = await world.positions();
  expect(position?.quantity).toBe(String(held - taken));

  const notice = await mark.next("The wallet differs from the ledger");
  const seq = headSeq(world);
  await answerTo(alice, `/buy ${mints.bob} 0.1`, "The wallet holds less than the ledger said");
  expect(entriesAfter(world, seq)).toEqual([]);
  await alice.press(notice, "I know, allow buys again");
  await until(() => world.eventsOf("EntriesReleased").length > 0);
  await alice.say(`/buy ${mints.bob} 0.1`);
  await until(async () => (await world.chainQuantity(addresses.alice, mints.bob)) > 0n);
});

test("no secret stands in the log, the chats, the journal or the refusals", async () => {
  expect(await findSecrets(world)).toEqual([]);
});
