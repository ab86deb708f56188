import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { replayJournal } from "../../executor/cli/replay.ts";
import { formatDecimal } from "@raptor/shared/values/decimal.ts";
import type { PositionView } from "@raptor/shared/wire/read.ts";
import { answerTo, ChatMark, freshCard } from "./chat-mark.ts";
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
});

// A test that failed must not take the others with it.
afterEach(async () => {
  for (const { http } of world.file.rpcs) await repair(http);
});

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
  const receipt = await alice.buy(mint, "0.1 SOL");
  const position = await waitUntil(() => positionOf(mint));
  entries.set(mint, BigInt(position.entryPriceE9));
  return receipt;
}

/** Presses a button and gives the message that answers it. */
async function press(
  message: ChatMessage,
  label: string,
  ...parts: string[]
): Promise<ChatMessage> {
  const mark = await ChatMark.of(alice);
  await alice.press(message, label);
  return mark.next(...parts);
}

/** The prompt for another rule of the position that a receipt is about. */
async function askForRule(receipt: ChatMessage): Promise<void> {
  const screen = await press(receipt, "Edit exits", "Exits of", "As of");
  await press(screen, "Add or change", "A rule for");
}

async function arm(preview: ChatMessage): Promise<void> {
  const before = world.eventsOf("ExitPlanArmed").length;
  await alice.press(preview, "Arm these rules");
  await until(() => world.eventsOf("ExitPlanArmed").length > before);
}

/** Types a rule into the exits of the position that a receipt is about, and arms it. */
async function addRule(receipt: ChatMessage, rule: string): Promise<string> {
  await askForRule(receipt);
  const preview = await answerTo(alice, rule, "after this change");
  await arm(preview);
  return preview.text ?? "";
}

/** Moves the market and waits for what the desk says about it. */
async function moveUntil(mint: string, multiple: number, ...sayings: string[]): Promise<void> {
  const mark = await ChatMark.of(alice);
  await moveTo(mint, multiple);
  for (const saying of sayings) await mark.next(saying);
}

async function kindsOf(mint: string): Promise<string[]> {
  return (await positionOf(mint))?.exits.map(({ kind }) => kind) ?? [];
}

function countOf(kind: string, name: string, value: string): number {
  return world.eventsOf(kind).filter(({ payload }) => payload[name] === value).length;
}

test("a ladder from the settings sells its levels, moves its stop and sells the moon bag at it", async () => {
  const settings = await answerTo(alice, "/settings", "Open positions keep");
  const preview = await press(settings, "Ladder", "Exits of new positions after this change");
  expect(preview.text).toContain("sells 25 % of what was bought");
  await alice.press(preview, "Arm these rules");
  await until(() => world.eventsOf("ExitPresetChanged").length === 1);
  const mint = world.mint("normal", 0);
  const receipt = await open(mint);
  expect(receipt.text).toContain("Take profit +50");
  const before = BigInt((await positionOf(mint))?.quantity ?? "0");
  await moveUntil(mint, 1.55, "Take profit 1 of 3 sold", "moved to breakeven");
  await moveUntil(mint, 2.1, "Take profit 2 of 3 sold");
  const left = BigInt((await positionOf(mint))?.quantity ?? "0");
  expect(left).toBe(before - 2n * (before / 4n));
  await moveUntil(mint, 0.98, "Stop loss sold");
  await until(async () => (await positionOf(mint)) === undefined);
  expect(countOf("ExitTriggered", "rule", "takeProfit")).toBe(2);
});

test("an edit during a pending sell leaves the sell alone", async () => {
  const mint = timedMint();
  const receipt = await open(mint);
  await addRule(receipt, "time 1m");
  const nodes = world.file.rpcs.map(({ http }) => http);
  for (const url of nodes) await breakDown(url, { on: "sendTransaction", kind: "error" });
  const moves = world.eventsOf("ExitRuleEnded").length;
  const fired = countOf("ExitTriggered", "ruleId", "takeProfit1");
  await moveTo(mint, 1.55);
  await until(() => countOf("ExitTriggered", "ruleId", "takeProfit1") > fired);
  // The stop that moved changes the plan too: a preview from before it would be refused.
  await until(() => world.eventsOf("ExitRuleEnded").length > moves);
  await addRule(receipt, "tp 400 5");
  for (const url of nodes) await repair(url);
  await until(async () => {
    const exits = (await positionOf(mint))?.exits ?? [];
    return exits.length > 0 && !exits.some(({ id }) => id === "takeProfit1");
  });
  expect(await kindsOf(mint)).toContain("timeLimit");
});

test("a trailing stop that was typed keeps its highest price over a restart", async () => {
  const mint = world.mint("normal", 1);
  const preview = await addRule(await open(mint), "trail 20");
  expect(preview).toContain("20 % below the highest price");
  await until(async () => (await kindsOf(mint)).includes("trailingStop"));
  const positionId = (await positionOf(mint))?.positionId;
  const peakE9 = ((entries.get(mint) ?? 0n) * 139n) / 100n;
  await moveTo(mint, 1.4);
  await until(() =>
    world
      .eventsOf("ExitMarksMoved")
      .flatMap(({ payload }) => payload["marks"] as { positionId: string; markE9: string }[])
      .some((mark) => mark.positionId === positionId && BigInt(mark.markE9) >= peakE9),
  );
  await control("stop");
  await control("start");
  // Below the stop of the highest price, and above that of any price since the restart.
  await moveUntil(mint, 1.1, "Trailing stop sold");
  expect(await positionOf(mint)).toBeUndefined();
});

test("initials out brings back what was paid, a limit sells its share", async () => {
  const mint = world.mint("normal", 2);
  const receipt = await open(mint);
  await addRule(receipt, "initials 1.4x");
  await moveUntil(mint, 1.45, "Initials out sold");
  const after = await waitUntil(() => positionOf(mint));
  const net = BigInt(after.realisedLamports) - BigInt(after.costLamports);
  expect(net).toBeGreaterThanOrEqual(0n);
  const price = formatDecimal(((entries.get(mint) ?? 0n) * 147n) / 100n, 18);
  await addRule(receipt, `limit ${price} 10`);
  await moveUntil(mint, 1.48, "Limit sell sold");
  expect(countOf("ExitTriggered", "rule", "limitSell")).toBe(1);
});

test("a market cap sells at the price that it was turned into", async () => {
  const mint = world.mint("normal", 4);
  const receipt = await open(mint);
  expect(receipt.text).toContain("Take profit");
  await askForRule(receipt);
  const dollar = await answerTo(alice, "mc below 1", "after this change", "$1.00 or less");
  expect(dollar.text).toContain("sells all");
  // What a token costs while all of them are worth a dollar tells the cap of any other price.
  const perDollar = Number(/\$1\.00 or less \(([\d.]+) SOL\)/.exec(dollar.text ?? "")?.[1]);
  const wanted = (Number(entries.get(mint) ?? 0n) / 1e18) * 0.85;
  const cap = `mc below ${Math.round(wanted / perDollar)}`;
  await arm(await answerTo(alice, cap, "after this change", "or less"));
  await moveTo(mint, 0.87);
  await pause(1_000);
  expect(await positionOf(mint)).toBeDefined();
  await moveUntil(mint, 0.83, "Market cap sold");
  expect(await positionOf(mint)).toBeUndefined();
});

test("a limit buy waits for its price; its exits are then changed over the API", async () => {
  const mint = world.mint("normal", 0);
  const card = await freshCard(alice, mint);
  await press(card, "Limit buy", "Limit buy of", "Reply with a price");
  const price = formatDecimal(((entries.get(mint) ?? 0n) * 9n) / 10n, 18);
  const preview = await answerTo(alice, `${price} 0.1 1h`, "SOL or below", "buy for 0.1 SOL");
  await alice.press(preview, "Arm this limit buy");
  await until(() => world.eventsOf("EntryArmed").length === 1);
  expect(await positionOf(mint)).toBeUndefined();
  await moveTo(mint, 0.85);
  const { positionId } = await waitUntil(() => positionOf(mint));
  expect(world.eventsOf("EntryTriggered")).toHaveLength(1);
  const mark = await ChatMark.of(alice);
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
  await mark.next("The operator changed exit rules of yours");
});

test("a time limit sells what the edit left", async () => {
  await alice.waitFor("Time limit sold", 120_000);
  expect(await positionOf(timedMint())).toBeUndefined();
});

test("raptor replay decides everything that happened here again", () => {
  const report = replayJournal(join(world.file.dataDir, "journal.db"));
  expect(report).toMatchObject({ differences: [], brokenBy: null });
  expect(report.decisions["exit trigger"]).toBeGreaterThan(5);
});
