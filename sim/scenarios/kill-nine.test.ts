import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { ChatMark, pressCard } from "./chat-mark.ts";
import { postJson, type Person } from "./person.ts";
import { breakDown, repair, setPrice, until } from "./probes.ts";
import { ScenarioWorld } from "./scenario-world.ts";

let world: ScenarioWorld;
let alice: Person;
let address: string;

beforeAll(async () => {
  // One nonce account: only the first buy sets one up, and takes no fault that is meant for a swap.
  const executorEnv = { NONCE_ACCOUNTS_MAX: "1" };
  world = await ScenarioWorld.start({ giftSol: 20n, executorEnv });
  alice = world.alice;
  address = await alice.begin();
});

afterAll(() => world.close());

beforeEach(async () => {
  for (const { http } of world.file.rpcs) await repair(http);
});

const nodes = () => world.file.rpcs.map(({ http }) => http);

function eventsOfMint(kind: string, mint: string): Record<string, unknown>[] {
  const orders = world
    .eventsOf("OrderInitialized")
    .filter(({ payload }) => payload["instrument"] === `${mint}.SOLANA`)
    .map(({ payload }) => payload["orderId"]);
  return world
    .eventsOf(kind)
    .map(({ payload }) => payload)
    .filter((payload) => orders.includes(payload["orderId"]) || orders.some(isIn(payload)));
}

const isIn = (payload: Record<string, unknown>) => (orderId: unknown) =>
  String(payload["attemptId"] ?? "").startsWith(`${String(orderId)}:`);

async function press(mint: string): Promise<number> {
  return (await pressCard(alice, mint)).message_id;
}

/** Kills the main process and waits until another one takes jobs. */
async function killMain(): Promise<void> {
  const { main } = world.world.executor.pids;
  world.world.executor.killMain();
  await until(() => world.world.executor.pids.main !== main);
  await world.world.executor.waitUntilReady();
}

async function expectBoughtOnce(mint: string, messageId: number): Promise<void> {
  await until(async () => {
    const message = (await alice.received()).find((one) => one.message_id === messageId);
    return message?.text?.includes("✅ Bought") === true;
  });
  expect(eventsOfMint("FillRecorded", mint)).toHaveLength(1);
  expect(eventsOfMint("AttemptPrepared", mint)).toHaveLength(1);
  const [position] = (await world.positions()).filter((one) => one.mint === mint);
  expect(position?.exits).toHaveLength(2);
  const onChain = await world.chainQuantity(address, mint);
  expect(position?.quantity).toBe(onChain.toString());
  const receipts = (await alice.received()).filter(
    (one) => one.text?.includes("✅ Bought") === true && one.message_id === messageId,
  );
  expect(receipts).toHaveLength(1);
}

test("kill -9 after the transaction left and before it was confirmed: booked once, exits armed", async () => {
  const mint = world.mint("normal", 0);
  // The nodes keep their answers for themselves, so that the fill cannot be seen before the kill.
  for (const url of nodes()) {
    await breakDown(url, { on: "getSignatureStatuses", kind: "error", count: -1 });
  }
  const messageId = await press(mint);
  await until(() => eventsOfMint("AttemptSubmitted", mint).length === 1);
  expect(eventsOfMint("FillRecorded", mint)).toHaveLength(0);
  await killMain();
  for (const url of nodes()) await repair(url);
  await expectBoughtOnce(mint, messageId);
});

test("kill -9 between the record of the attempt and its arrival: the same bytes are sent", async () => {
  const mint = world.mint("normal", 1);
  for (const url of nodes())
    await breakDown(url, { on: "sendTransaction", kind: "drop", count: -1 });
  const messageId = await press(mint);
  await until(() => eventsOfMint("AttemptPrepared", mint).length === 1);
  await killMain();
  for (const url of nodes()) await repair(url);
  await expectBoughtOnce(mint, messageId);
});

test("nodes that take the transaction and do not answer: not decided, then the receipt", async () => {
  const mint = world.mint("normal", 2);
  for (const url of nodes()) {
    // Twice: what meets a closed connection is sent once more.
    await breakDown(url, { on: "sendTransaction", kind: "accept-no-answer", count: 2 });
    await breakDown(url, { on: "getSignatureStatuses", kind: "error", count: 3 });
  }
  const messageId = await press(mint);
  await until(() => eventsOfMint("AttemptUnknown", mint).length > 0);
  await expectBoughtOnce(mint, messageId);
});

test("kill -9 of the signer: everything comes back and trades on", async () => {
  const { signer } = world.world.executor.pids;
  process.kill(signer, "SIGKILL");
  await until(() => world.world.executor.pids.signer !== signer);
  await world.world.executor.waitUntilReady();
  const mint = world.mint("normal", 3);
  const messageId = await press(mint);
  await expectBoughtOnce(mint, messageId);
});

test("kill -9 of the launcher: both children end, the platform starts all again", async () => {
  const { launcher, main } = world.world.executor.pids;
  process.kill(launcher, "SIGKILL");
  await until(() => world.world.executor.pids.main !== main);
  await world.world.executor.waitUntilReady();
  const [position] = await world.positions();
  const mint = position?.mint ?? "";
  const mark = await ChatMark.of(alice);
  await setPrice(world.file, mint, 0.6);
  await mark.next("Stop loss sold");
  expect(await world.chainQuantity(address, mint)).toBe(0n);
});

test("a price that runs away reverts the buy: only the fee is paid and nothing is retried", async () => {
  const mint = world.mint("normal", 4);
  const before = await world.chainLamports(address);
  // It arrives only when the price has run away; the desk sends the same bytes until then.
  for (const url of nodes()) await breakDown(url, { on: "sendTransaction", kind: "drop" });
  const messageId = await press(mint);
  await until(() => eventsOfMint("AttemptPrepared", mint).length === 1);
  await setPrice(world.file, mint, 3);
  for (const url of nodes()) await repair(url);
  await until(async () => {
    const message = (await alice.received()).find((one) => one.message_id === messageId);
    return message?.text?.includes("Nothing was bought") === true;
  });
  const [failed] = eventsOfMint("AttemptFailed", mint);
  expect(String(failed?.["venueError"])).toContain("6001");
  expect(eventsOfMint("AttemptPrepared", mint)).toHaveLength(1);
  expect(eventsOfMint("FillRecorded", mint)).toHaveLength(0);
  const paid = before - (await world.chainLamports(address));
  expect(paid.toString()).toBe(String(failed?.["costLamports"]));
});

test("a transaction that never arrives is proven dead before the order ends", async () => {
  const fast = await ScenarioWorld.start({
    slotMs: 40,
    // One dead attempt is enough: no set-up before it, and no time for many after it.
    executorEnv: { UNKNOWN_AFTER_MS: "2000", BUY_DEADLINE_MS: "8000", NONCE_ACCOUNTS_MAX: "0" },
  });
  try {
    const bob = fast.bob;
    const wallet = await bob.begin();
    for (const { http } of fast.file.rpcs) {
      await breakDown(http, { on: "sendTransaction", kind: "drop", count: -1 });
    }
    const mint = fast.mint();
    const mark = await ChatMark.of(bob);
    await pressCard(bob, mint);
    await mark.next("not decided");
    await mark.next("Nothing was bought");
    const dead = fast.eventsOf("AttemptDead");
    expect(dead.length).toBeGreaterThan(0);
    const proof = JSON.stringify(dead[0]?.payload["proof"]);
    for (const { http } of fast.file.rpcs) expect(proof).toContain(new URL(http).host);
    expect(fast.eventsOf("FillRecorded")).toHaveLength(0);
    expect(await fast.chainQuantity(wallet, mint)).toBe(0n);
  } finally {
    await fast.close();
  }
});

test("the journal of all this verifies", async () => {
  await postJson(`${world.file.control}/world/executor/stop`, {});
  const { verifyJournal } = await import("@raptor/executor/store/verify.ts");
  const report = verifyJournal(`${world.file.dataDir}/journal.db`);
  expect(report).toMatchObject({ problem: null });
  await postJson(`${world.file.control}/world/executor/start`, {});
});
