import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { ChatMark } from "./chat-mark.ts";
import { type Person, postJson } from "./person.ts";
import { breakDown, faultHits, health, repair, setPrice, until } from "./probes.ts";
import { ScenarioWorld } from "./scenario-world.ts";

/** The price service is away once a position is open: the chain alone tells what fires an exit. */
let world: ScenarioWorld;
let alice: Person;
const seen = new Set<string>();

beforeAll(async () => {
  world = await ScenarioWorld.start();
  alice = world.alice;
  await alice.begin();
});

afterAll(() => world.close());

afterEach(async () => {
  await repair(world.file.jupiter);
  for (const { http } of world.file.rpcs) await repair(http);
});

function nodes(): [string, string] {
  const [first, second] = world.file.rpcs;
  if (first === undefined || second === undefined) throw new Error("expected two nodes");
  return [first.http, second.http];
}

async function detailOf(name: string): Promise<string> {
  const { dependencies } = await health(world.file);
  return dependencies[name]?.detail ?? "";
}

/** The one open position takes its price out of its pool, and that is fresh. */
async function isPriced(): Promise<boolean> {
  return (await detailOf("prices")).startsWith("1 watched, 1 of them in their pools");
}

/** A position in a token of this kind that no test before has used, priced by its pool. */
async function open(kind: string): Promise<string> {
  const n = [...seen].filter((one) => one.startsWith(kind)).length;
  const mint = world.mint(kind, n);
  seen.add(`${kind}/${mint}`);
  await alice.buy(mint);
  await until(isPriced);
  await breakDown(world.file.jupiter, { on: "price", kind: "error", status: 503 });
  return mint;
}

async function expectStopLoss(mint: string): Promise<void> {
  const mark = await ChatMark.of(alice);
  await setPrice(world.file, mint, 0.5);
  await mark.next("Stop loss sold");
  expect(await world.positions()).toEqual([]);
}

test("a curve's price reaches its exit with the price service away", async () => {
  const mint = await open("pump-curve");
  await expectStopLoss(mint);
});

test("a curve that fills up goes on in its pool, and its exit with it", async () => {
  const mint = await open("pump-curve");
  const pools = `${world.file.jupiter}/world/pools`;
  await postJson(pools, { mint, action: "complete" });
  await until(async () => (await detailOf("pools")).includes("1 migrating"));
  await postJson(pools, { mint, action: "migrate" });
  // Filling the curve may have lifted the price over take profit; it is sold in the pool then.
  const isOpen = async (): Promise<boolean> => (await world.positions()).length > 0;
  await until(async () => !(await isOpen()) || (await isPriced()));
  if (await isOpen()) await setPrice(world.file, mint, 0.3);
  await until(async () => !(await isOpen()));
});

test("an exit fires although its stream is silent on a living connection", async () => {
  const mint = await open("pumpswap");
  for (const node of nodes()) {
    await breakDown(node, { on: "accountNotification", kind: "silent" });
  }
  await expectStopLoss(mint);
  const hits = await faultHits(nodes()[0]);
  expect(hits["accountNotification/silent"]).toBeGreaterThan(0);
});

test("an exit fires after both connections broke and came back", async () => {
  const mint = await open("pumpswap");
  for (const node of nodes()) await breakDown(node, { on: "ws", kind: "drop", count: 1 });
  // They are back so soon that health may never have told of it.
  for (const node of nodes()) {
    await until(async () => ((await faultHits(node))["ws/drop"] ?? 0) > 0);
  }
  await until(isPriced);
  await expectStopLoss(mint);
});

test("the second node carries the accounts when the first refuses them", async () => {
  const [first] = nodes();
  const refusal = { kind: "error", status: 429, body: "Too many requests" };
  await breakDown(first, { on: "accountSubscribe", ...refusal });
  const mint = await open("pumpswap");
  expect((await faultHits(first))["accountSubscribe/error"]).toBeGreaterThan(0);
  await expectStopLoss(mint);
});

test("late and doubled frames move no price backwards", async () => {
  const mint = await open("pump-curve");
  for (const node of nodes()) {
    for (const kind of ["reorder", "duplicate"]) {
      await breakDown(node, { on: "accountNotification", kind, chance: 0.3 });
    }
  }
  await setPrice(world.file, mint, 1.1);
  await expectStopLoss(mint);
});
