import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Drift } from "@raptor/shared/wire/read.ts";
import { ChatMark, freshCard } from "./chat-mark.ts";
import { pause, postJson, waitUntil, type Person } from "./person.ts";
import { call, discordAlerts, repair, until } from "./probes.ts";
import { ScenarioWorld } from "./scenario-world.ts";

/** Of the first test's button, so that a test of lateness does not wait for a minute. */
const SHORT_LIFE_MS = 4_000;

let world: ScenarioWorld;
let alice: Person;
let address: string;

beforeAll(async () => {
  world = await ScenarioWorld.start({
    executorEnv: { TICKET_TRADE_TTL_MS: String(SHORT_LIFE_MS) },
  });
  alice = world.alice;
  address = await alice.begin();
});

// A test that failed must not take the others with it.
afterEach(async () => {
  await repair(world.file.qstash);
  await control("start");
});

afterAll(() => world.close());

const control = (action: "stop" | "start" | "kill") =>
  postJson(`${world.file.control}/world/executor/${action}`, {});

async function queuedStates(): Promise<string[]> {
  const { text } = await call(`${world.file.qstash}/world/messages`);
  return (JSON.parse(text) as { state: string }[]).map(({ state }) => state);
}

function fillsOf(mint: string): number {
  return world
    .eventsOf("FillRecorded")
    .filter(({ payload }) => payload["instrument"] === `${mint}.SOLANA`).length;
}

test("a press that comes back too late buys nothing and says so", async () => {
  const mint = world.mint("normal", 1);
  const card = await freshCard(alice, mint);
  const refused = world.eventsOf("JobRefused").length;
  const mark = await ChatMark.of(alice);
  await control("stop");
  await alice.press(card, "0.1 SOL");
  await mark.nextToast("ueued");
  const pressedMs = performance.now();
  // The queue is away until its tries are used up and the ticket's time is over.
  await postJson(`${world.file.qstash}/world/faults`, { on: "deliver", kind: "drop", count: -1 });
  await until(async () => {
    await postJson(`${world.file.qstash}/world/clock`, { shiftMs: 60_000 });
    return (await queuedStates()).includes("FAILED");
  });
  await pause(SHORT_LIFE_MS + 500 - (performance.now() - pressedMs));
  world.world.executor.setEnv("TICKET_TRADE_TTL_MS", "600000");
  await control("start");
  await repair(world.file.qstash);
  // The reconcile schedule revives what lies among the dead letters.
  await until(async () => {
    await postJson(`${world.file.qstash}/world/schedules/raptor-reconcile-local/run`, {});
    return world.eventsOf("JobRefused").length > refused;
  });
  const notice = await mark.next("came late");
  expect(notice.text).toMatch(/expired.*nothing was done/is);
  expect(fillsOf(mint)).toBe(0);
  expect(await world.chainQuantity(address, mint)).toBe(0n);
});

test("a press while the executor is down is queued, and bought when it is back in time", async () => {
  const mint = world.mint("normal", 0);
  const card = await freshCard(alice, mint);
  const mark = await ChatMark.of(alice);
  await control("stop");
  await alice.press(card, "0.1 SOL");
  await mark.nextToast("ueued");
  expect(await world.chainQuantity(address, mint)).toBe(0n);
  await control("start");
  await mark.next("✅ Bought");
  expect(fillsOf(mint)).toBe(1);
});

test("executor and queue down: Telegram tries again until the press is carried out", async () => {
  const mint = world.mint("normal", 2);
  const card = await freshCard(alice, mint);
  await postJson(`${world.file.qstash}/world/faults`, { on: "publish", kind: "error", count: -1 });
  await control("stop");
  await alice.press(card, "0.1 SOL");
  await control("start");
  await until(async () => (await world.positions()).some((one) => one.mint === mint));
  await repair(world.file.qstash);
  expect(fillsOf(mint)).toBe(1);
});

test("a drain refuses new jobs with 503, loses nothing and arms exits before it is ready", async () => {
  const before = (await world.positions()).length;
  expect(before).toBeGreaterThan(0);
  const lines = world.executorLog().length;
  await control("stop");
  // The log is written beside the work, so a line may come a moment after the fact.
  await until(() => world.executorLog().slice(lines).includes('"msg":"stopped"'));
  await control("start");
  const ready = await waitUntil(async () => {
    const log = world.executorLog().slice(lines);
    return log.split("\n").find((line) => /"msg":"ready".*\}$/.test(line));
  });
  expect((JSON.parse(ready) as { armedExits: number }).armedExits).toBe(before);
  expect((await world.positions()).length).toBe(before);
});

test("tokens that left the wallet while the desk was down are found at start and told", async () => {
  const [position] = await world.positions();
  const mint = position?.mint ?? "";
  const held = BigInt(position?.quantity ?? "0");
  const moved = held / 2n;
  // Beside a fill that a fork may still move no loss is booked.
  await until(() => world.eventsOf("FillRecorded").length === world.eventsOf("FillSettled").length);
  await control("stop");
  const runs = world.eventsOf("ReconcileCompleted").length;
  const mark = await ChatMark.of(alice);
  const body = { owner: address, mint, quantity: moved.toString() };
  await postJson(`${world.file.rpc}/world/transfer-token`, body);
  // Both nodes must have seen the move before the desk looks.
  for (const { http } of world.file.rpcs) {
    await until(async () => (await world.chainQuantity(address, mint, http)) === held - moved);
  }
  await control("start");
  await mark.next("differs from the ledger");
  await until(async () => (await discordAlerts(world.file)).length > 0);
  const drift = world
    .eventsOf("ReconcileCompleted")
    .slice(runs)
    .flatMap(({ payload }) => payload["drift"] as Drift[]);
  expect(drift.map((one) => [one.mint, one.class])).toContainEqual([mint, "external"]);
});

test("while it drains the public port says 503 with Retry-After", async () => {
  const stopping = control("stop");
  const answers: number[] = [];
  await until(async () => {
    try {
      const answer = await call(`${world.file.executor}/health`);
      answers.push(answer.status);
      return answer.status === 503;
    } catch {
      // The port is closed already: the drain had nothing to wait for.
      return true;
    }
  });
  await stopping;
  await control("start");
  expect((await call(`${world.file.executor}/health`)).status).toBe(200);
});
