import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { replayJournal } from "../../executor/cli/replay.ts";
import { formatDecimal } from "@raptor/shared/values/decimal.ts";
import type { PositionView } from "@raptor/shared/wire/read.ts";
import { pause, postJson, waitUntil, type ChatMessage, type Person } from "./person.ts";
import { bearer, breakDown, call, repair, until } from "./probes.ts";
import { ScenarioWorld } from "./scenario-world.ts";

let world: ScenarioWorld;
let alice: Person;

beforeAll(async () => {
  world = await ScenarioWorld.start({
    // Several rules share one person, who presses more in a minute than a hand would.
    edgeVars: { RATE_USER_PER_MIN: "1000", RATE_TRADE_PER_MIN: "1000" },
    executorEnv: { PRICE_POLL_MS: "250", MARK_SAVE_MS: "200", TICK_CONFIRM_MS: "100" },
  });
  alice = world.alice;
  await alice.begin();
}, 120_000);

afterAll(() => world.close());

const control = (action: "stop" | "start") =>
  postJson(`${world.file.control}/world/executor/${action}`, {});

async function positionOf(mint: string): Promise<PositionView | undefined> {
  return (await world.positions()).find((one) => one.mint === mint);
}

/** Moves the market to a multiple of what was paid. */
async function moveTo(mint: string, multiple: number): Promise<void> {
  const entry = entries.get(mint) ?? 0n;
  const priceE9 = (entry * BigInt(Math.round(multiple * 1_000))) / 1_000n;
  const price = formatDecimal(priceE9, 18);
  await postJson(`${world.file.jupiter}/world/prices`, { mint, price });
}
/** Its time limit of a minute, the shortest that there is, passes during the tests that follow. */
const timedMint = (): string => world.mint("normal", 3);
const entries = new Map<string, bigint>();

async function open(mint: string): Promise<ChatMessage> {
  await alice.say(mint);
  await alice.press(await alice.waitFor(mint), "0.1 SOL");
  const position = await waitUntil(() => positionOf(mint));
  entries.set(mint, BigInt(position.entryPriceE9));
  return waitUntil(async () =>
    (await alice.received()).findLast(
      ({ text }) => text?.includes("✅ Bought") === true && text.includes(position.symbol),
    ),
  );
}

/** Types a rule into the exits of the position that a receipt is about, and arms it. */
async function addRule(receipt: ChatMessage, rule: string): Promise<string> {
  await alice.press(receipt, "Edit exits");
  const screen = await newest("Exits of", "As of", receipt.message_id);
  await alice.press(screen, "Add or change");
  const prompt = await newest("A rule for", "", screen.message_id);
  await alice.say(rule);
  const preview = await newest("after this change", "", prompt.message_id);
  const before = world.eventsOf("ExitPlanArmed").length;
  await alice.press(preview, "Arm these rules");
  await until(() => world.eventsOf("ExitPlanArmed").length > before);
  return preview.text ?? "";
}

function newest(part: string, other: string, afterId: number): Promise<ChatMessage> {
  return waitUntil(async () =>
    (await alice.received()).findLast(
      ({ text, message_id: id }) =>
        text?.includes(part) === true && text.includes(other) && id > afterId,
    ),
  );
}

async function kindsOf(mint: string): Promise<string[]> {
  return (await positionOf(mint))?.exits.map(({ kind }) => kind) ?? [];
}

function countOf(kind: string, name: string, value: string): number {
  return world.eventsOf(kind).filter(({ payload }) => payload[name] === value).length;
}

test("a ladder from the settings sells its levels, moves its stop and sells the moon bag at it", async () => {
  await alice.say("/settings");
  await alice.press(await alice.waitFor("Open positions keep"), "Ladder");
  const preview = await alice.waitFor("Exits of new positions after this change");
  expect(preview.text).toContain("sells 25 % of what was bought");
  await alice.press(preview, "Arm these rules");
  await until(() => world.eventsOf("ExitPresetChanged").length === 1);
  const mint = world.mint("normal", 0);
  const receipt = await open(mint);
  expect(receipt.text).toContain("Take profit +50");
  const before = BigInt((await positionOf(mint))?.quantity ?? "0");
  await moveTo(mint, 1.55);
  await alice.waitFor("Take profit 1 of 3 sold");
  await alice.waitFor("moved to breakeven");
  await moveTo(mint, 2.1);
  await alice.waitFor("Take profit 2 of 3 sold");
  const left = BigInt((await positionOf(mint))?.quantity ?? "0");
  expect(left).toBe(before - 2n * (before / 4n));
  await moveTo(mint, 0.98);
  await alice.waitFor("Stop loss sold");
  await until(async () => (await positionOf(mint)) === undefined);
  expect(countOf("ExitTriggered", "rule", "takeProfit")).toBe(2);
}, 120_000);

test("an edit during a pending sell leaves the sell alone", async () => {
  const mint = timedMint();
  const receipt = await open(mint);
  await addRule(receipt, "time 1m");
  const nodes = world.file.rpcs.map(({ http }) => http);
  for (const url of nodes) await breakDown(url, { on: "sendTransaction", kind: "error" });
  const moves = world.eventsOf("ExitRuleEnded").length;
  await moveTo(mint, 1.55);
  await until(() => countOf("ExitTriggered", "ruleId", "takeProfit1") > 1);
  // The stop that moved changes the plan too: a preview from before it would be refused.
  await until(() => world.eventsOf("ExitRuleEnded").length > moves);
  await addRule(receipt, "tp 400 5");
  for (const url of nodes) await repair(url);
  await until(async () => {
    const exits = (await positionOf(mint))?.exits ?? [];
    return exits.length > 0 && !exits.some(({ id }) => id === "takeProfit1");
  }, 30_000);
  expect(await kindsOf(mint)).toContain("timeLimit");
}, 120_000);

test("a trailing stop that was typed keeps its highest price over a restart", async () => {
  const mint = world.mint("normal", 1);
  const preview = await addRule(await open(mint), "trail 20");
  expect(preview).toContain("20 % below the highest price");
  await until(async () => (await kindsOf(mint)).includes("trailingStop"));
  await moveTo(mint, 1.4);
  await until(() => world.eventsOf("ExitMarksMoved").length > 0);
  await control("stop");
  await control("start");
  // Below the stop of the highest price, and above that of any price since the restart.
  await moveTo(mint, 1.1);
  await alice.waitFor("Trailing stop sold", 30_000);
  expect(await positionOf(mint)).toBeUndefined();
}, 120_000);

test("initials out brings back what was paid, a limit sells its share", async () => {
  const mint = world.mint("normal", 2);
  const receipt = await open(mint);
  await addRule(receipt, "initials 1.4x");
  await moveTo(mint, 1.45);
  await alice.waitFor("Initials out sold");
  const after = await waitUntil(() => positionOf(mint));
  const net = BigInt(after.realisedLamports) - BigInt(after.costLamports);
  expect(net).toBeGreaterThanOrEqual(0n);
  const price = formatDecimal(((entries.get(mint) ?? 0n) * 147n) / 100n, 18);
  await addRule(receipt, `limit ${price} 10`);
  await moveTo(mint, 1.48);
  await alice.waitFor("Limit sell sold");
  expect(countOf("ExitTriggered", "rule", "limitSell")).toBe(1);
}, 120_000);

test("a market cap sells at the price that it was turned into", async () => {
  const mint = world.mint("normal", 4);
  const receipt = await open(mint);
  expect(receipt.text).toContain("Take profit");
  await alice.press(receipt, "Edit exits");
  const screen = await newest("Exits of", "As of", receipt.message_id);
  await alice.press(screen, "Add or change");
  await newest("A rule for", "", screen.message_id);
  await alice.say("mc below 1");
  const dollar = await newest("after this change", "$1.00 or less", screen.message_id);
  expect(dollar.text).toContain("sells all");
  // What a token costs while all of them are worth a dollar tells the cap of any other price.
  const perDollar = Number(/\$1\.00 or less \(([\d.]+) SOL\)/.exec(dollar.text ?? "")?.[1]);
  const wanted = (Number(entries.get(mint) ?? 0n) / 1e18) * 0.85;
  await alice.say(`mc below ${Math.round(wanted / perDollar)}`);
  const preview = await newest("after this change", "or less", dollar.message_id);
  const before = world.eventsOf("ExitPlanArmed").length;
  await alice.press(preview, "Arm these rules");
  await until(() => world.eventsOf("ExitPlanArmed").length > before);
  await moveTo(mint, 0.87);
  await pause(1_000);
  expect(await positionOf(mint)).toBeDefined();
  await moveTo(mint, 0.83);
  await alice.waitFor("Market cap sold");
  expect(await positionOf(mint)).toBeUndefined();
}, 120_000);

test("a limit buy waits for its price; its exits are then changed over the API", async () => {
  const mint = world.mint("normal", 0);
  await alice.say(mint);
  const card = await waitUntil(async () =>
    (await alice.received()).findLast(({ text }) => text?.includes(mint) === true),
  );
  await alice.press(card, "Limit buy");
  const prompt = await newest("Limit buy of", "Reply with a price", card.message_id);
  const price = formatDecimal(((entries.get(mint) ?? 0n) * 9n) / 10n, 18);
  await alice.say(`${price} 0.1 1h`);
  const preview = await newest("SOL or below", "buy for 0.1 SOL", prompt.message_id);
  await alice.press(preview, "Arm this limit buy");
  await until(() => world.eventsOf("EntryArmed").length === 1);
  expect(await positionOf(mint)).toBeUndefined();
  await moveTo(mint, 0.85);
  const { positionId } = await waitUntil(() => positionOf(mint));
  expect(world.eventsOf("EntryTriggered")).toHaveLength(1);
  const key = "123e4567-e89b-42d3-a456-426614174000";
  const answer = await call(`${world.file.edge}/admin/exits`, {
    method: "POST",
    headers: {
      ...bearer(world.file.adminToken),
      "content-type": "application/json",
      "idempotency-key": key,
    },
    body: JSON.stringify({ positionId, rules: ["sl 50", "trail 30 from 20"] }),
  });
  expect(answer.status).toBe(200);
  await until(async () => (await kindsOf(mint)).join() === "stopLoss,trailingStop");
  await alice.waitFor("The operator changed exit rules of yours");
}, 120_000);

test("a time limit sells what the edit left", async () => {
  await alice.waitFor("Time limit sold", 90_000);
  expect(await positionOf(timedMint())).toBeUndefined();
}, 120_000);

test("raptor replay decides everything that happened here again", () => {
  const report = replayJournal(join(world.file.dataDir, "journal.db"));
  expect(report).toMatchObject({ differences: [], brokenBy: null });
  expect(report.decisions["exit trigger"]).toBeGreaterThan(5);
});
