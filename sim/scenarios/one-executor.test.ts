import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { takeOver } from "@raptor/executor/lease/take-over.ts";
import { createPostgresLease } from "@raptor/executor/lease/postgres-lease.ts";
import { readVolumeIdentity } from "@raptor/executor/lease/volume-identity.ts";
import { createNodeIds } from "@raptor/executor/server/node-seams.ts";
import { createNodePostgres } from "@raptor/executor/server/node-postgres.ts";
import { ExecutorProcess } from "../local/executor-process.ts";
import { findFreePorts } from "../local/ports.ts";
import { flyMachine, type FlyServer, startFly } from "../servers/fly/server.ts";
import { FaultPlan } from "../faults/fault-plan.ts";
import { createNamedPrng } from "../models/prng.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { ShiftedClock } from "../servers/real-clock.ts";
import { ChatMark, freshCard, pressCard } from "./chat-mark.ts";
import { pause, type Person } from "./person.ts";
import { setPrice, until } from "./probes.ts";
import { ScenarioWorld } from "./scenario-world.ts";

/** Within it a whole buy has to happen, on a busy machine too. */
const TTL_MS = 15_000;
const clock = new ShiftedClock();
let server: PostgresServer;
let fly: FlyServer;
let world: ScenarioWorld;
let alice: Person;
let scratch: string;
const others: ExecutorProcess[] = [];

beforeAll(async () => {
  server = await startPostgres(clock);
  const faults = new FaultPlan(createNamedPrng(1, "fly"));
  fly = await startFly({ clock, faults, app: "raptor", token: "read-only-token-of-fly" });
  fly.machines.push(flyMachine("first", "2026-11-20T10:00:00Z"));
  scratch = mkdtempSync(join(tmpdir(), "raptor-second-"));
  world = await ScenarioWorld.start({
    giftSol: 20n,
    executorEnv: {
      DATABASE_URL: server.url(),
      LEASE_RENEW_MS: "500",
      LEASE_TTL_MS: String(TTL_MS),
      NONCE_ACCOUNTS_MAX: "2",
    },
  });
  alice = world.alice;
  await alice.begin();
});

afterEach(async () => {
  for (const other of others.splice(0)) await other.close();
});

afterAll(async () => {
  await world.close();
  await fly.close();
  await server.close();
  rmSync(scratch, { recursive: true, force: true });
});

interface Second {
  executor: ExecutorProcess;
  dataDir: string;
  log(): string;
}

/** Another executor of the same desk; nobody waits for it to become ready. */
async function startSecond(name: string, env: Record<string, string>): Promise<Second> {
  const [port = 0, metricsPort = 0] = await findFreePorts(2);
  const dataDir = join(scratch, name);
  const logFile = join(scratch, `${name}.log`);
  const ports = { PORT: String(port), METRICS_PORT: String(metricsPort) };
  const executor = new ExecutorProcess({
    env: { ...world.world.executor.env, DATA_DIR: dataDir, ...ports, ...env },
    port,
    logFile,
    onPids: () => {},
  });
  others.push(executor);
  executor.start().catch(() => undefined);
  const log = (): string => {
    try {
      return readFileSync(logFile, "utf8");
    } catch {
      // Nothing was logged yet.
      return "";
    }
  };
  return { executor, dataDir, log };
}

function attemptsIn(dataDir: string): number {
  const database = new DatabaseSync(join(dataDir, "journal.db"), { readOnly: true });
  try {
    const sql = "select count(*) as n from journal where kind = 'AttemptPrepared'";
    return Number(database.prepare(sql).get()?.["n"]);
  } finally {
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

async function leaseHealth(): Promise<{ ok: boolean; detail: string }> {
  const { lease } = (await world.status()).dependencies;
  if (lease === undefined) throw new Error("the status shows no lease");
  return lease;
}

const mainOf = (): number => world.world.executor.pids.main;

describe("a second executor", () => {
  test("on the same volume finds the lock, and the first one trades on", async () => {
    const epoch = (await world.status()).epoch;
    const second = await startSecond("same", { DATA_DIR: world.file.dataDir });
    await until(() => second.log().includes("another executor holds this data directory"));
    await buy(world.mint("normal", 0));
    expect((await world.status()).epoch).toBe(epoch);
  });

  test("on another volume with the same database stands by, says so, and signs nothing", async () => {
    const mark = await ChatMark.of(alice);
    const second = await startSecond("other", {});
    await until(() => second.log().includes("standing by"));
    await mark.next("stands by; it signs nothing");
    expect((await leaseHealth()).detail).toContain("held");
    await buy(world.mint("normal", 1));
    expect(attemptsIn(second.dataDir)).toBe(0);
  });

  test("on Fly stands by while an older Machine runs, also without a database", async () => {
    fly.machines.push(flyMachine("second", "2026-11-21T10:00:00Z"));
    const second = await startSecond("fly", {
      DATABASE_URL: "",
      FLY_API_HOSTNAME: fly.url,
      FLY_READ_TOKEN: "read-only-token-of-fly",
      FLY_APP_NAME: "raptor",
      FLY_MACHINE_ID: "second",
    });
    await until(() => second.log().includes("Machine first of this app is older"));
    expect(second.log()).toContain("standing by");
  });
});

describe("the database away", () => {
  test("for less than the TTL: nothing changes, and a buy goes on meanwhile", async () => {
    const main = mainOf();
    const mint = world.mint("normal", 2);
    const card = await freshCard(alice, mint);
    await server.stop();
    await alice.press(card, "0.1 SOL");
    await until(() =>
      world.eventsOf("FillRecorded").some(({ payload }) => {
        return payload["instrument"] === `${mint}.SOLANA`;
      }),
    );
    await server.start();
    await until(async () => (await leaseHealth()).ok);
    expect(mainOf()).toBe(main);
    expect(world.executorLog()).not.toContain('"state":"lapsed"');
  });

  test("for longer: buys wait, an exit goes by nonce, and all goes on by itself", async () => {
    const held = world.mint("normal", 0);
    const wanted = world.mint("normal", 3);
    const main = mainOf();
    const { epoch } = await world.status();
    await server.stop();
    await until(async () => (await leaseHealth()).detail.includes("lapsed"));
    const mark = await ChatMark.of(alice);
    await pressCard(alice, wanted);
    await mark.next("not certain that this is the only executor");
    await setPrice(world.file, held, 0.6);
    await mark.next("Stop loss sold");
    const sold = world.eventsOf("AttemptPrepared").at(-1)?.payload;
    expect(JSON.stringify(sold?.["bound"])).toContain('"nonce"');
    await server.start();
    await until(async () => (await leaseHealth()).ok);
    await mark.next("This is the only executor again");
    await buy(wanted);
    expect(mainOf()).toBe(main);
    expect((await world.status()).epoch).toBe(epoch);
    const alerts = (await alice.received()).filter((one) =>
      one.text?.includes("The lease could not be renewed"),
    );
    expect(alerts).toHaveLength(1);
  });
});

describe("each of the three processes killed", () => {
  test.for(["main", "signer", "launcher"] as const)(
    "%s: the next start takes the lease with a later epoch, and nothing is sent twice",
    async (role) => {
      const { epoch } = await world.status();
      const attempts = attemptsIn(world.file.dataDir);
      process.kill(world.world.executor.pids[role], "SIGKILL");
      await until(async () => {
        const status = await world.status().catch(() => undefined);
        return status !== undefined && status.epoch > epoch && status.phase === "ready";
      });
      expect((await leaseHealth()).detail).toBe(`held, epoch ${(await world.status()).epoch}`);
      expect(attemptsIn(world.file.dataDir)).toBe(attempts);
    },
  );
});

describe("the desk moved to another volume while the old executor lives", () => {
  async function moveTo(dataDir: string, from = world.file.dataDir): Promise<number> {
    mkdirSync(dataDir, { recursive: true });
    const ids = createNodeIds();
    const postgres = createNodePostgres({ connectionString: server.url(), clock });
    const volume = readVolumeIdentity(dataDir, ids);
    const report = await takeOver({
      database: createPostgresLease(postgres, 60_000),
      clock,
      identity: { holder: ids.token(12), volume, machine: "" },
      settings: { ttlMs: TTL_MS },
      // The wait for the last blocks is the lease's own test; here a person vouches for it.
      isOldGone: true,
      fetchCopiedSeq: async () => 0,
      putBack: async () => {
        for (const suffix of ["", "-wal"]) {
          cpSync(join(from, `journal.db${suffix}`), join(dataDir, `journal.db${suffix}`));
        }
      },
    });
    return report.epoch;
  }

  test("frozen, it wakes, signs nothing, says why, and stands by", async () => {
    const { launcher, main, signer } = world.world.executor.pids;
    const { epoch } = await world.status();
    const wanted = world.mint("normal", 4);
    const card = await freshCard(alice, wanted);
    const mark = await ChatMark.of(alice);
    for (const pid of [launcher, main, signer]) process.kill(pid, "SIGSTOP");
    const before = attemptsIn(world.file.dataDir);
    const target = join(scratch, "moved");
    expect(await moveTo(target)).toBeGreaterThan(epoch);
    const second = await startSecond("moved", {});
    await second.executor.waitUntilReady();
    // The press waits in the frozen process's socket and is the first thing it sees on waking.
    const pressed = alice.press(card, "0.1 SOL").catch(() => undefined);
    // The person who vouched for its end was wrong: only its own clock can stop it, after its TTL.
    await pause(TTL_MS);
    for (const pid of [signer, main, launcher]) process.kill(pid, "SIGCONT");
    await until(() => world.executorLog().includes("another executor has taken over"));
    await pressed;
    await mark.next("This executor has stopped: another one has taken over");
    await until(() => world.executorLog().includes("standing by"));
    expect(attemptsIn(world.file.dataDir)).toBe(before);
    expect(second.executor.isMainAlive).toBe(true);

    // And once more, from an executor that is awake and at work.
    const third = await moveAndStart("moved again", target);
    await until(() => second.log().includes("another executor has taken over"));
    await until(() => second.log().includes("standing by"));
    expect(third.executor.isMainAlive).toBe(true);
  });

  async function moveAndStart(name: string, from: string): Promise<Second> {
    await moveTo(join(scratch, name), from);
    const second = await startSecond(name, {});
    await second.executor.waitUntilReady();
    return second;
  }
});
