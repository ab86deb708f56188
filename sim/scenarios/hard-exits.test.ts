/** Exits with everything against them: each is sold, or shown as stuck; none is dropped. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { ChatMark } from "./chat-mark.ts";
import { postJson, type Person } from "./person.ts";
import { breakDown, call, repair, setPrice, until } from "./probes.ts";
import { type JournalRow, ScenarioWorld } from "./scenario-world.ts";

/** The default of `PRIORITY_FEE_LAMPORTS_MAX` and of the network's own fee. */
const FEE_LAMPORTS_MAX = 2_000_000n;
const SIGNATURE_LAMPORTS = 5_000n;

let world: ScenarioWorld;
let alice: Person;

beforeAll(async () => {
  // Every trade here is waited for until it is final: 32 slots.
  world = await ScenarioWorld.start({ slotMs: 100, executorEnv: { FEE_POLL_MS: "200" } });
  alice = world.alice;
  await alice.begin();
});

// A test that failed must not take the others with it.
afterEach(async () => {
  for (const { http } of world.file.rpcs) await repair(http);
});

afterAll(() => world.close());

async function hold(kind: string, n = 0): Promise<string> {
  const mint = world.mint(kind, n);
  await alice.buy(mint, "0.1 SOL");
  await until(() => world.eventsOf("FillRecorded").length === world.eventsOf("FillSettled").length);
  return mint;
}

function lastOf(kind: string): JournalRow {
  const row = world.eventsOf(kind).at(-1);
  if (row === undefined) throw new Error(`expected an event ${kind}`);
  return row;
}

async function isHeld(mint: string): Promise<boolean> {
  return (await world.positions()).some((one) => one.mint === mint);
}

/** Has every node answer `method` with this result, or only the first one. */
async function lie(method: string, result: unknown, nodes = world.file.rpcs): Promise<void> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, result });
  for (const { http } of nodes) {
    await breakDown(http, { on: method, kind: "error", status: 200, body });
  }
}

test("a stop far deeper than its slippage sells for what the market gives", async () => {
  const mint = await hold("raydium-cpmm");
  const mark = await ChatMark.of(alice);
  await setPrice(world.file, mint, 0.1);
  await mark.next("Stop loss sold");
  expect(await isHeld(mint)).toBe(false);
  const { notionalLamports } = lastOf("FillRecorded").payload;
  expect(BigInt(String(notionalLamports))).toBeLessThan(15_000_000n);
  expect(BigInt(String(notionalLamports))).toBeGreaterThan(5_000_000n);
});

test("fees that rise a thousandfold are paid up to the cap and hold no exit up", async () => {
  const mint = await hold("raydium-v4");
  const fees = Array.from({ length: 150 }, (_, n) => ({ slot: n, prioritizationFee: 150_000_000 }));
  await lie("getRecentPrioritizationFees", fees);
  // The desk asks one node, and keeps the answer for the next trade.
  const struck = "getRecentPrioritizationFees/error";
  await until(async () => {
    const answers = world.file.rpcs.map(({ http }) => call(`${http}/world/faults`));
    return (await Promise.all(answers)).some(({ text }) => text.includes(struck));
  });
  const mark = await ChatMark.of(alice);
  await setPrice(world.file, mint, 0.5);
  await mark.next("Stop loss sold");
  const fee = BigInt(String(lastOf("FillRecorded").payload["feeLamports"]));
  expect(fee).toBeGreaterThan(FEE_LAMPORTS_MAX / 4n);
  expect(fee).toBeLessThanOrEqual(FEE_LAMPORTS_MAX + SIGNATURE_LAMPORTS);
});

test("a node that calls a landed sell failed sells nothing twice", async () => {
  const mint = await hold("pump-curve");
  const fills = world.eventsOf("FillRecorded").length;
  const failed = { slot: 1, confirmations: null, confirmationStatus: "finalized" };
  const err = { InstructionError: [3, { Custom: 6_001 }] };
  const value = [{ ...failed, err, status: { Err: err } }];
  const context = { slot: 400_000_000, apiVersion: "2.3.6" };
  await lie("getSignatureStatuses", { context, value }, world.file.rpcs.slice(0, 1));
  const mark = await ChatMark.of(alice);
  await setPrice(world.file, mint, 0.5);
  await until(() => world.eventsOf("ExitTriggered").length > 0);
  await mark.next("Seen by the network");
  await mark.next("is not decided after");
  const { orderId } = lastOf("ExitTriggered").payload;
  for (const { http } of world.file.rpcs) await repair(http);
  await mark.next("Stop loss sold");
  expect(world.eventsOf("FillRecorded").length).toBe(fills + 1);
  expect(lastOf("FillRecorded").payload["orderId"]).toBe(orderId);
});

test("a rug is sold for what it left in the pool", async () => {
  const mint = await hold("raydium-cpmm", 1);
  const mark = await ChatMark.of(alice);
  await postJson(`${world.file.jupiter}/world/pools`, { mint, action: "rug" });
  await mark.next("Stop loss sold");
  expect(await isHeld(mint)).toBe(false);
  const { notionalLamports } = lastOf("FillRecorded").payload;
  expect(BigInt(String(notionalLamports))).toBeLessThan(2_000_000n);
});

test("a frozen holding stays armed, is shouted about, and is sold when it thaws", async () => {
  const mint = await hold("pump-curve", 1);
  const route = lastOf("AttemptPrepared").payload["route"] as { tokenAccount: string };
  const freeze = (frozen: boolean): Promise<unknown> => {
    const body = { account: route.tokenAccount, frozen };
    return postJson(`${world.file.rpcs[0]?.http}/world/freeze`, body);
  };
  await freeze(true);
  const mark = await ChatMark.of(alice);
  await setPrice(world.file, mint, 0.5);
  const alert = await mark.next("does not get through");
  expect(alert.text).toContain("You still hold the tokens");
  expect(await isHeld(mint)).toBe(true);
  await freeze(false);
  await mark.next("Stop loss sold");
  expect(await isHeld(mint)).toBe(false);
});
