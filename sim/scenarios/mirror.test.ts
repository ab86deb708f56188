import { execFileSync } from "node:child_process";
import { cpSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { compareTables } from "@raptor/executor/mirror/compare-tables.ts";
import { VOLUME_ID_FILE } from "@raptor/executor/lease/volume-identity.ts";
import type { PgRow } from "@raptor/executor/ports/postgres.ts";
import { createNodePostgres } from "@raptor/executor/server/node-postgres.ts";
import { Statements } from "@raptor/executor/store/statements.ts";
import { verifyJournal } from "@raptor/executor/store/verify.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { ShiftedClock } from "../servers/real-clock.ts";
import { ChatMark, freshCard, pressCard } from "./chat-mark.ts";
import { headSeq } from "./journal-view.ts";
import { type Person, waitUntil } from "./person.ts";
import {
  breakDown,
  discordAlerts,
  executorMetrics,
  health,
  repair,
  setPrice,
  until,
} from "./probes.ts";
import { ScenarioWorld } from "./scenario-world.ts";

const RAPTOR = fileURLToPath(new URL("../../executor/cli/raptor.ts", import.meta.url));
const clock = new ShiftedClock();
let server: PostgresServer;
let world: ScenarioWorld;
let alice: Person;
let address: string;

async function startAll(env: Record<string, string>): Promise<void> {
  server = await startPostgres(clock);
  // A buy that waits for a copy, or for a busy machine, is none that nobody wants any more.
  const patient = { BUY_DEADLINE_MS: "120000" };
  const executorEnv = { DATABASE_URL: server.url(), MIRROR_VAULT: "1", ...patient, ...env };
  world = await ScenarioWorld.start({ giftSol: 20n, executorEnv });
  alice = world.alice;
  address = await alice.begin();
}

async function closeAll(): Promise<void> {
  try {
    await world.close();
  } finally {
    // Also when the world never came up: nobody else would end the server.
    await server.close();
  }
}

async function ask(sql: string): Promise<PgRow[]> {
  const postgres = createNodePostgres({ connectionString: server.url(), clock });
  const session = await postgres.open("test", 60_000);
  try {
    return (await session.query(sql)).rows;
  } finally {
    session.close();
  }
}

async function copiedSeq(): Promise<number> {
  const [row] = await ask("select seq from raptor.mirror_cursor");
  return Number(row?.[0]);
}

/** Journal and copy are equal, event by event and row by row, as soon as both stand still. */
async function expectEqual(): Promise<void> {
  let difference: string | undefined = "not compared";
  await until(async () => {
    difference = await differenceNow();
    return difference === undefined;
  }).catch(() => undefined);
  expect(difference).toBe(undefined);
  const [counted] = await ask("select count(*), count(distinct seq), max(seq) from raptor.journal");
  expect(new Set(counted).size).toBe(1);
}

async function differenceNow(): Promise<string | undefined> {
  const database = new DatabaseSync(join(world.file.dataDir, "journal.db"), { readOnly: true });
  const postgres = createNodePostgres({ connectionString: server.url(), clock });
  const session = await postgres.open("compare", 60_000);
  try {
    database.exec("begin");
    const local = new Statements(database);
    const [head] = local.all("select seq, hash from journal order by seq desc limit 1");
    await session.query("begin isolation level repeatable read read only");
    const { rows } = await session.query("select seq, hash from raptor.mirror_cursor");
    if (String(rows[0]) !== String(head)) return `copy at ${String(rows[0])}, not ${String(head)}`;
    return await compareTables(local, session);
  } finally {
    session.close();
    database.close();
  }
}

async function untilHeld(mint: string): Promise<void> {
  await until(async () => (await world.positions()).some((one) => one.mint === mint));
}

async function buy(mint: string): Promise<void> {
  await pressCard(alice, mint);
  await untilHeld(mint);
}

/** Moves the price of what is held and waits for the sale. */
async function sellAt(mint: string, factor: number, told: string): Promise<void> {
  const mark = await ChatMark.of(alice);
  await setPrice(world.file, mint, factor);
  await mark.next(told);
  expect(await world.chainQuantity(address, mint)).toBe(0n);
}

async function mirrorHealth(): Promise<{ ok: boolean; detail: string }> {
  const { mirror } = (await health(world.file, true)).dependencies;
  if (mirror === undefined) throw new Error("expected the mirror in /health");
  return mirror;
}

function attemptsToBuy(mint: string): unknown[] {
  const orders = world
    .eventsOf("OrderInitialized")
    .filter(({ payload }) => payload["side"] === "buy")
    .filter(({ payload }) => payload["instrument"] === `${mint}.SOLANA`)
    .map(({ payload }) => payload["orderId"]);
  return world
    .eventsOf("AttemptPrepared")
    .filter(({ payload }) => orders.includes(payload["orderId"]));
}

describe("MIRROR=async", () => {
  beforeAll(() => startAll({}));
  afterAll(closeAll);
  afterEach(async () => {
    for (const { http } of world.file.rpcs) await repair(http);
  });

  test("a trade is copied row by row within moments", async () => {
    await alice.buy(world.mint("normal", 0));
    await expectEqual();
    expect(await mirrorHealth()).toMatchObject({ ok: true });
    expect((await world.status()).dependencies["mirror"]?.detail).toContain("lag 0 events");
    expect((await executorMetrics(world.file)).get("raptor_mirror_stopped")).toBe(0);
    const [held] = await ask("select symbol, quantity from raptor.positions where state = 'open'");
    const [position] = await world.positions();
    expect(held).toEqual([position?.symbol, position?.quantity]);
  });

  test("trading goes on while Postgres is down, and all is caught up with", async () => {
    const sold = world.mint("normal", 0);
    await server.kill();
    await buy(world.mint("normal", 1));
    await sellAt(sold, 2.5, "Take profit sold");
    await until(async () => (await mirrorHealth()).detail.includes("connection to Postgres"));
    expect((await mirrorHealth()).detail).toMatch(/lag [1-9]\d* events/);
    const metrics = await executorMetrics(world.file);
    expect(metrics.get("raptor_mirror_lag_events")).toBeGreaterThan(0);
    await server.start();
    await expectEqual();
  });

  test("a frozen Postgres does not slow an answer or a sale", async () => {
    server.freeze();
    try {
      await buy(world.mint("normal", 2));
    } finally {
      server.thaw();
    }
    await expectEqual();
  });

  test("kill -9 of the desk while it ships: nothing is missing and nothing is twice", async () => {
    const mint = world.mint("normal", 5);
    await pressCard(alice, mint);
    await until(() => attemptsToBuy(mint).length === 1);
    const { main } = world.world.executor.pids;
    world.world.executor.killMain();
    await until(() => world.world.executor.pids.main !== main);
    await world.world.executor.waitUntilReady();
    await untilHeld(mint);
    expect(await world.chainTransactions(address, mint)).toHaveLength(1);
    await expectEqual();
  });

  test("a lost volume comes back from Postgres with an order in flight: one effect, sellable", async () => {
    const mint = world.mint("normal", 3);
    const other = world.mint("normal", 4);
    const fills = world.eventsOf("FillRecorded").length;
    const oldCard = await freshCard(alice, other);
    for (const { http } of world.file.rpcs) {
      await breakDown(http, { on: "getSignatureStatuses", kind: "error" });
    }
    await pressCard(alice, mint, "0.25 SOL");
    await until(() => attemptsToBuy(mint).length === 1);
    await until(async () => (await copiedSeq()) >= headSeq(world));
    await world.world.executor.stop();
    // Only the name of the volume stays: whose turn it is on another one is for the lease to say.
    for (const name of readdirSync(world.file.dataDir).filter((one) => one !== VOLUME_ID_FILE)) {
      rmSync(join(world.file.dataDir, name), { recursive: true, force: true });
    }
    for (const { http } of world.file.rpcs) await repair(http);
    const restored = execFileSync(
      process.execPath,
      [RAPTOR, "restore", "--from", "postgres", "--old-is-gone", "--data", world.file.dataDir],
      { env: { DATABASE_URL: server.url() }, encoding: "utf8" },
    );
    expect(restored).toContain("put back from Postgres");
    await world.world.executor.start();

    await until(() => world.eventsOf("FillRecorded").length === fills + 1);
    const position = (await world.positions()).find((one) => one.mint === mint);
    const onChain = await world.chainQuantity(address, mint);
    expect(position?.quantity).toBe(onChain.toString());
    expect(position?.exits).toHaveLength(2);
    expect(await world.chainTransactions(address, mint)).toHaveLength(1);
    expect(attemptsToBuy(mint)).toHaveLength(1);
    const mark = await ChatMark.of(alice);
    await alice.press(oldCard, "0.1 SOL");
    await mark.nextToast("This button has expired");
    expect(attemptsToBuy(other)).toHaveLength(0);
    await sellAt(mint, 0.6, "Stop loss sold");
    await expectEqual();
    await world.world.executor.stop();
    const verified = verifyJournal(join(world.file.dataDir, "journal.db"));
    expect(verified).toMatchObject({ problem: null, violation: null });
    await world.world.executor.start();
  });

  test("a journal older than its copy buys nothing, sells on, and says what to do", async () => {
    const path = join(world.file.dataDir, "journal.db");
    const mint = world.mint("normal", 1);
    const { bob } = world;
    await bob.begin();
    await expectEqual();
    await world.world.executor.stop();
    cpSync(path, `${path}.older`);
    await world.world.executor.start();
    await until(async () => (await mirrorHealth()).ok);
    await world.world.executor.stop();
    renameSync(`${path}.older`, path);
    await world.world.executor.start();
    await until(async () => (await mirrorHealth()).detail.includes("this journal ends with"));
    const alert = await waitUntil(async () =>
      (await discordAlerts(world.file)).find((text) => text.includes("does not fit")),
    );
    expect(alert).toContain("raptor restore --from postgres");
    const before = world.eventsOf("AttemptPrepared").length;
    const wanted = world.mint("normal", 6);
    const mark = await ChatMark.of(bob);
    await pressCard(bob, wanted);
    await mark.next("does not fit this journal");
    expect(world.eventsOf("AttemptPrepared")).toHaveLength(before);
    await setPrice(world.file, mint, 0.5);
    await until(async () => (await world.chainQuantity(address, mint)) === 0n);
  });
});

describe("MIRROR=sync", () => {
  // Long enough for a Postgres that only has little time, or its buys would be held back too.
  beforeAll(() => startAll({ MIRROR: "sync", MIRROR_SYNC_MS: "3000" }));
  afterAll(closeAll);

  test("entries stop with Postgres, exits do not, and all goes on when it is back", async () => {
    const held = world.mint("normal", 0);
    const wanted = world.mint("normal", 1);
    await buy(held);
    const card = await freshCard(alice, wanted);
    await until(async () => (await mirrorHealth()).ok);
    await server.kill();
    await until(async () => !(await mirrorHealth()).ok);
    expect((await health(world.file)).status).toBe(200);

    const mark = await ChatMark.of(alice);
    await alice.press(card, "0.1 SOL");
    await mark.nextToast("Queued");
    expect(attemptsToBuy(wanted)).toHaveLength(0);
    await sellAt(held, 2.5, "Take profit sold");
    expect(attemptsToBuy(wanted)).toHaveLength(0);

    await server.start();
    await until(async () => (await mirrorHealth()).ok);
    await buy(world.mint("normal", 2));
    await expectEqual();
  });

  test("a frozen Postgres leaves a prepared buy unsent until the copy knows it", async () => {
    const mint = world.mint("normal", 3);
    const card = await freshCard(alice, mint);
    await until(async () => (await mirrorHealth()).ok);
    server.freeze();
    try {
      await alice.press(card, "0.1 SOL");
      await until(async () => !(await mirrorHealth()).ok);
      expect(await world.chainQuantity(address, mint)).toBe(0n);
      expect(attemptsToBuy(mint).length).toBeLessThanOrEqual(1);
      const sent = world.eventsOf("AttemptSubmitted").length;
      await clock.sleep(2_000);
      expect(world.eventsOf("AttemptSubmitted")).toHaveLength(sent);
    } finally {
      server.thaw();
    }
    await until(async () => (await mirrorHealth()).ok);
    await expectEqual();
  });
});
