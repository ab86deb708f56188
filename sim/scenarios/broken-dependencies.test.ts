import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { answerTo, ChatMark } from "./chat-mark.ts";
import { entriesAfter } from "./journal-view.ts";
import { pause, waitUntil, type ChatMessage, type Person } from "./person.ts";
import { breakDown, discordAlerts, health, repair, until } from "./probes.ts";
import type { ScenarioWorld } from "./scenario-world.ts";
import { findSecrets, startWithKnownKeys } from "./secret-search.ts";

/** The slowest of the timers that write. */
const HOUSEKEEPING_MS = 5_500;
/** Ample for a press on a busy machine, and less than a blockhash lives. */
const LATE_MS = 10_000;

let world: ScenarioWorld;
let alice: Person;
let bob: Person;
let address: string;

beforeAll(async () => {
  world = await startWithKnownKeys({
    edgeVars: { RATE_TRADE_PER_MIN: "1000", RATE_USER_PER_MIN: "1000", RATE_READ_PER_MIN: "1000" },
    executorEnv: {
      HTTP_TIMEOUT_MS: "1000",
      DUPLICATE_BUY_GUARD_HOURS: "0",
      // Only the first buy sets one up, and takes no fault that is meant for a swap.
      NONCE_ACCOUNTS_MAX: "1",
      TICKET_MENU_TTL_MS: "600000",
      TICKET_TRADE_TTL_MS: "600000",
    },
  });
  ({ alice, bob } = world);
  [address] = await Promise.all([alice.begin(), bob.begin()]);
});

beforeEach(() => repairAll());

afterAll(() => world.close());

function servers(): string[] {
  const { file } = world;
  return [...file.rpcs.map(({ http }) => http), file.jupiter, file.qstash];
}

async function repairAll(): Promise<void> {
  await Promise.all(servers().map((url) => repair(url)));
}

/** A fresh question "Sell everything?" in this person's chat. */
async function askPanic(person: Person): Promise<ChatMessage> {
  return answerTo(person, "/panic", "Sell everything?");
}

function panicsOf(person: Person, kind: "PanicOpened" | "PanicClosed"): number {
  return world.eventsOf(kind).filter(({ payload }) => payload["userId"] === person.id).length;
}

describe("panic", () => {
  test("sells what was held and what was under way when it was pressed", async () => {
    const held = world.mint("normal", 0);
    const coming = world.mint("normal", 1);
    await alice.buy(held);
    const question = await askPanic(alice);
    // The entry leaves the desk before the press and reaches the chain after it.
    for (const { http } of world.file.rpcs) {
      await breakDown(http, { on: "sendTransaction", kind: "delay", ms: LATE_MS });
    }
    const prepared = world.eventsOf("AttemptPrepared").length;
    const panics = panicsOf(alice, "PanicOpened");
    await alice.say(`/buy ${coming} 0.3`);
    const entry = await waitUntil(() => world.eventsOf("AttemptPrepared")[prepared]);
    const mark = await ChatMark.of(alice);
    await alice.press(question, "Yes, sell everything");
    await until(() => panicsOf(alice, "PanicOpened") === panics + 1);
    await repairAll();
    await mark.next("Panic is done");

    const opened = world.eventsOf("PanicOpened").at(-1)?.seq ?? 0;
    const closed = world.eventsOf("PanicClosed").at(-1)?.seq ?? 0;
    const fills = world.eventsOf("FillRecorded").filter(({ seq }) => seq > opened);
    expect(opened).toBeGreaterThan(entry.seq);
    const [landed] = fills.filter(({ payload }) => payload["side"] === "buy");
    expect(landed?.payload["attemptId"]).toBe(entry.payload["attemptId"]);
    const sold = fills.filter(({ payload }) => payload["side"] === "sell");
    const instruments = sold.map(({ payload }) => payload["instrument"]).toSorted();
    expect(instruments).toEqual([`${held}.SOLANA`, `${coming}.SOLANA`].toSorted());
    expect(Math.max(...sold.map(({ seq }) => seq))).toBeLessThan(closed);
    expect(await world.chainQuantity(address, held)).toBe(0n);
    expect(await world.chainQuantity(address, coming)).toBe(0n);
  });

  test("leaves entries paused until /resume", async () => {
    const mint = world.mint("normal", 2);
    const seq = world.eventsOf("PanicClosed").at(-1)?.seq ?? 0;
    await answerTo(alice, `/buy ${mint} 0.1`, "Your entries are paused");
    expect(entriesAfter(world, seq)).toEqual([]);
    await answerTo(alice, "/resume", "Resumed: buys are allowed again.");
    await alice.say(`/buy ${mint} 0.1`);
    await until(async () => (await world.chainQuantity(address, mint)) > 0n);
  });
});

describe("a broken dependency fails the deep check and nothing else:", () => {
  const broken: [name: string, dependency: RegExp, url: () => string, fault: object][] = [
    ["one RPC node", /^rpc 127/, () => world.file.rpcs[1]?.http ?? "", { on: "*", kind: "error" }],
    ["the queue", /^queue$/, () => world.file.qstash, { on: "*", kind: "error", status: 500 }],
    ["Jupiter", /^(jupiter|prices)$/, () => world.file.jupiter, { on: "*", kind: "error" }],
    ["a stream", /^stream 127/, () => world.file.rpc, { on: "ws", kind: "silent" }],
  ];

  test.for(broken)("%s", async ([, dependency, url, fault]) => {
    await until(async () => (await health(world.file, true)).status === 200);
    await breakDown(url(), fault as Record<string, unknown>);
    // What is slow for a moment may fail beside it, and is back before long.
    const failed = await waitUntil(async () => {
      const report = await health(world.file, true);
      const broke = Object.entries(report.dependencies).filter(([, { ok }]) => !ok);
      const isIt = broke.length > 0 && broke.every(([name]) => dependency.test(name));
      return report.status === 503 && isIt ? broke : undefined;
    });
    for (const [, { detail }] of failed) expect(detail).not.toBe("");
    const shallow = await health(world.file);
    expect(shallow).toMatchObject({ status: 200, phase: "ready" });

    const panics = panicsOf(bob, "PanicOpened");
    await bob.press(await askPanic(bob), "Yes, sell everything");
    await until(() => panicsOf(bob, "PanicOpened") === panics + 1);
    await repairAll();
    await until(() => panicsOf(bob, "PanicClosed") === panics + 1);
  });

  test("everything at once, and panic still sells when the world is back", async () => {
    const mint = world.mint("normal", 2);
    expect(await world.chainQuantity(address, mint)).toBeGreaterThan(0n);
    for (const url of servers()) await breakDown(url, { on: "*", kind: "error", status: 500 });
    await until(async () => (await health(world.file, true)).status === 503);
    const panics = panicsOf(alice, "PanicOpened");
    await alice.press(await askPanic(alice), "Yes, sell everything");
    await until(() => panicsOf(alice, "PanicOpened") === panics + 1);
    expect((await health(world.file)).status).toBe(200);
    await repairAll();
    await until(() => panicsOf(alice, "PanicClosed") === panics + 1);
    expect(await world.chainQuantity(address, mint)).toBe(0n);
  });
});

describe("a journal that cannot be written", () => {
  test("fails both checks, holds back everything new, and is back by itself", async () => {
    await until(async () => (await health(world.file)).status === 200);
    const question = await askPanic(alice);
    const { epoch } = await world.status();
    const panics = panicsOf(alice, "PanicOpened");
    const mark = await ChatMark.of(alice);
    const release = lockJournal();
    const lockedMs = performance.now();
    try {
      const report = await waitUntil(async () => {
        const seen = await health(world.file);
        return seen.status === 503 ? seen : undefined;
      });
      expect(report.dependencies["journal"]?.ok).toBe(false);
      expect((await health(world.file, true)).status).toBe(503);
      await alice.press(question, "Yes, sell everything");
      // It cannot be taken now, so the queue holds it: nobody has to press again.
      await mark.nextToast("Queued");
      await until(async () => {
        const alerts = await discordAlerts(world.file);
        return alerts.some((alert) => alert.includes("the journal cannot be written"));
      });
      // Long enough for every timer of the executor to meet the lock at least once.
      await pause(Math.max(0, lockedMs + HOUSEKEEPING_MS - performance.now()));
    } finally {
      release();
    }
    await until(async () => (await health(world.file)).status === 200);
    await until(() => panicsOf(alice, "PanicOpened") === panics + 1);
    await until(() => panicsOf(alice, "PanicClosed") === panicsOf(alice, "PanicOpened"));
    // It lived through it: a restart would have been a new epoch.
    expect((await world.status()).epoch).toBe(epoch);
  });
});

/** Another process's write lock: every commit of the executor is refused until it is released. */
function lockJournal(): () => void {
  const database = new DatabaseSync(join(world.file.dataDir, "journal.db"));
  database.exec("begin immediate");
  return () => {
    database.exec("rollback");
    database.close();
  };
}

test("no secret stands in the log, the chats, the journal or the refusals", async () => {
  expect(await findSecrets(world)).toEqual([]);
  const alerts = await discordAlerts(world.file);
  expect(alerts.filter((alert) => alert.includes(world.file.botToken))).toEqual([]);
});
