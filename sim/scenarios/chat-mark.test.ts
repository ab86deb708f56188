import { afterAll, beforeAll, expect, test } from "vitest";
import { FaultPlan } from "../faults/fault-plan.ts";
import { createNamedPrng } from "../models/prng.ts";
import { ShiftedClock } from "../servers/real-clock.ts";
import { startTelegram } from "../servers/telegram/start-telegram.ts";
import { ChatMark } from "./chat-mark.ts";
import { Person, postJson } from "./person.ts";

const BOT_TOKEN = "70001:AAtest-token-of-a-chat-that-a-test-reads";
const ALICE = 7_001;

let telegram: Awaited<ReturnType<typeof startTelegram>>;
let alice: Person;

beforeAll(async () => {
  telegram = await startTelegram({
    clock: new ShiftedClock(),
    prng: createNamedPrng(1, "telegram"),
    faults: new FaultPlan(createNamedPrng(1, "faults")),
    botToken: BOT_TOKEN,
    botUsername: "raptor_test_bot",
    users: [{ id: ALICE, name: "Alice" }],
    allowHttpWebhook: true,
  });
  alice = new Person({ telegram: telegram.url, rpcs: [], mints: [] }, ALICE);
  await alice.say("/start");
});

afterAll(() => telegram.close());

async function send(text: string): Promise<number> {
  const url = `${telegram.url}/bot${BOT_TOKEN}/sendMessage`;
  const answer = await postJson(url, { chat_id: ALICE, text });
  return (answer as { result: { message_id: number } }).result.message_id;
}

async function edit(id: number, text: string): Promise<void> {
  const url = `${telegram.url}/bot${BOT_TOKEN}/editMessageText`;
  await postJson(url, { chat_id: ALICE, message_id: id, text });
}

async function shownSince(mark: ChatMark): Promise<(string | undefined)[]> {
  return (await mark.news()).map(({ text }) => text);
}

test("what stood there before is no news, what comes and what is edited is", async () => {
  const first = await send("sold A");
  await send("sold B");
  const mark = await ChatMark.of(alice);
  expect(await shownSince(mark)).toEqual([]);
  await send("sold C");
  expect(await shownSince(mark)).toEqual(["sold C"]);
  await edit(first, "sold A in full");
  expect(await shownSince(mark)).toEqual(["sold A in full", "sold C"]);
});

test("the next message is the newest that has all the parts, however late it comes", async () => {
  await send("sold A for 1 SOL");
  const mark = await ChatMark.of(alice);
  const waiting = mark.next("sold A", "SOL");
  await send("sold A, not yet told for what");
  const id = await send("sold A for 2 SOL");
  expect((await waiting).message_id).toBe(id);
});
