/** Exits on nonces by real processes: accounts, a copy of a lost exit, kill -9, rent taken back. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { answerTo, ChatMark } from "./chat-mark.ts";
import type { Person } from "./person.ts";
import { breakDown, repair, setPrice, until } from "./probes.ts";
import { ScenarioWorld } from "./scenario-world.ts";

const RENT = 1_447_680n;

let world: ScenarioWorld;
let alice: Person;
let address: string;
let mint: string;

beforeAll(async () => {
  world = await ScenarioWorld.start({ slotMs: 40 });
  alice = world.alice;
  address = await alice.begin();
  mint = world.mint();
});

afterAll(() => world.close());

function payloadsOf(kind: string): Record<string, unknown>[] {
  return world.eventsOf(kind).map(({ payload }) => payload);
}

function attemptsToSell(): Record<string, unknown>[] {
  return payloadsOf("AttemptPrepared").filter(({ slot }) => String(slot).startsWith("close:"));
}

async function killMain(): Promise<void> {
  const { main } = world.world.executor.pids;
  world.world.executor.killMain();
  await until(() => world.world.executor.pids.main !== main);
  await world.world.executor.waitUntilReady();
}

test("the first buy sets an account up before it is sent, and says what that holds back", async () => {
  const card = await answerTo(alice, mint, "Buy buttons work once");
  expect(card.text).toContain("holds 0.00144768 SOL back for safe exits");
  const mark = await ChatMark.of(alice);
  await alice.press(card, "0.1 SOL");
  await mark.next("✅ Bought");
  const kinds = world.journal().map(({ kind }) => kind);
  expect(kinds.indexOf("NonceAccountsCreated")).toBeGreaterThan(
    kinds.indexOf("NonceAccountsWanted"),
  );
  expect(kinds.indexOf("AttemptPrepared")).toBeGreaterThan(kinds.indexOf("NonceAccountsCreated"));
  await until(() => payloadsOf("FillSettled").length === 1);
});

test("a lost exit gets a dearer copy, over kill -9, and exactly one of them lands", async () => {
  for (const { http } of world.file.rpcs) {
    await breakDown(http, { on: "sendTransaction", kind: "drop", count: -1 });
  }
  const mark = await ChatMark.of(alice);
  await setPrice(world.file, mint, 0.6);
  await until(() => attemptsToSell().length > 0);
  await killMain();
  await until(() => attemptsToSell().length >= 3);
  const groups = attemptsToSell().map(({ exclusionGroup }) => String(exclusionGroup));
  expect(new Set(groups).size).toBe(1);
  expect(groups[0]).toMatch(/^nonce:/);
  await killMain();
  for (const { http } of world.file.rpcs) await repair(http);
  const sold = await mark.next("Stop loss sold");
  expect(sold.text).toContain("Position closed");
  expect(await world.chainQuantity(address, mint)).toBe(0n);
  const sells = payloadsOf("FillRecorded").filter(({ side }) => side === "sell");
  expect(sells).toHaveLength(1);
  const copies = attemptsToSell().length;
  await until(() => payloadsOf("AttemptDead").length === copies - 1);
  for (const { proof } of payloadsOf("AttemptDead")) {
    expect(proof).toMatchObject({ by: { attemptId: sells[0]?.["attemptId"], end: "filled" } });
  }
});

test("the rent comes back to the lamport, and only when nothing is under way", async () => {
  const before = await world.chainLamports(address);
  const wallet = await answerTo(alice, "/wallet", "Held back for safe exits: 0.00144768 SOL");
  await alice.press(wallet, "Reclaim rent");
  await until(() => payloadsOf("NonceAccountReclaimed").length === 1);
  const [reclaimed] = payloadsOf("NonceAccountReclaimed");
  expect(reclaimed).toMatchObject({ lamports: RENT.toString() });
  const account = String(reclaimed?.["account"]);
  expect(await world.chainLamports(account)).toBe(0n);
  expect((await world.chainLamports(address)) - before).toBe(RENT - (await newestFee(account)));
  await until(async () => {
    const shown = (await alice.received()).find((one) => one.message_id === wallet.message_id);
    return shown?.text?.includes("Held back") === false;
  });
});

test("the journal of all this verifies", async () => {
  const { verifyJournal } = await import("@raptor/executor/store/verify.ts");
  await until(async () => (await world.status()).unresolvedAttempts === 0);
  expect(verifyJournal(`${world.file.dataDir}/journal.db`)).toMatchObject({
    problem: null,
    violation: null,
  });
});

/** What the wallet paid for the newest transaction that touched an account. */
async function newestFee(account: string): Promise<bigint> {
  const params = [account, { commitment: "confirmed" }];
  const [newest] = (await world.rpc("getSignaturesForAddress", params)) as { signature: string }[];
  const options = { commitment: "confirmed", maxSupportedTransactionVersion: 0 };
  const found = await world.rpc("getTransaction", [newest?.signature, options]);
  return BigInt((found as { meta: { fee: number } }).meta.fee);
}
