import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import { startWorld, type World } from "../local/start-world.ts";
import { createNamedPrng } from "../models/prng.ts";
import { pause, Person, postJson } from "../scenarios/person.ts";
import { repair, untilTaken } from "../scenarios/probes.ts";
import { CRASH_POINTS, nameOf, type CrashPoint } from "./crash-points.ts";
import { type DeployDrill, drillDeploy, logFileOf } from "./deploy-drill.ts";
import { countPending, countUnresolved } from "./journal-look.ts";
import { auditStorm, type StormAudit } from "./storm-audit.ts";
import { StormLoad } from "./storm-load.ts";

const MAIN = fileURLToPath(new URL("crashing-main.ts", import.meta.url));
/** Blocks pass eight times as fast as on the network, and so do expiry and finality. */
const SLOT_MS = 50;
/** A point that a ready desk does not reach by then is given up, and it is killed as it stands. */
const POINT_WAIT_MS = 2_000;
const START_WAIT_MS = 6_000;
/** Kills at random moments: from before the desk is ready to well into the trades. */
const RANDOM_KILL_MS = 1_200;
const HITS_MAX = 2;
const BURST_EVERY_MS = 500;
/** Every so many kills one comes by the clock instead of at a named point. */
const RANDOM_EVERY = 5;
const RESTARTS_TIMED = 5;
const CHAT_LIMITS = { chatPerSecond: 1_000, chatBurst: 1_000, overallPerSecond: 1_000 };
/** After every so many kills the desk is stopped and started as a release does it. */
const DEPLOY_EVERY = 25;
/** Each round revives dead letters of the queue; a few come back only after several. */
const QUIET_ROUNDS = 10;
const SETTLE_MS = 120_000;
const PEOPLE = [7_001, 7_002];

const EXECUTOR_ENV = {
  ALLOWED_USER_IDS: PEOPLE.join(","),
  OPEN_POSITIONS_MAX: "1000",
  DAILY_SOL_MAX: "100000",
  DUPLICATE_BUY_GUARD_HOURS: "0",
  ATTEMPT_POLL_MS: "150",
  REBROADCAST_MS: "300",
  UNKNOWN_AFTER_MS: "1000",
  PRICE_POLL_MS: "250",
  RECONCILE_INTERVAL_MS: "5000",
  HTTP_TIMEOUT_MS: "1500",
};
const EDGE_VARS = Object.fromEntries(
  ["USER", "TRADE", "READ", "API_IP", "FALLBACK_TRADE", "EMERGENCY"].map((name) => [
    `RATE_${name}_PER_MIN`,
    "10000",
  ]),
);

export interface StormOptions {
  kills: number;
  seed: number;
  onKill(done: number, name: string): void;
}

export interface KillCount {
  kills: number;
  /** Of these, with at least one attempt not decided at the moment of death. */
  unresolved: number;
}

export interface StormReport extends StormAudit {
  kills: number;
  unresolvedKills: number;
  byPoint: Map<string, KillCount>;
  presses: number;
  /** Orderly stops in between, with trades under way. */
  deploys: DeployDrill[];
  /** From the start of the next process to a desk that takes jobs, milliseconds, ascending. */
  restartsMs: number[];
  tookMs: number;
}

/** Kills the executor again and again under load, lets it come to rest, and compares everything. */
export async function runStorm(options: StormOptions): Promise<StormReport> {
  const startedMs = performance.now();
  const stateDir = mkdtempSync(join(tmpdir(), "raptor-storm-"));
  const planFile = join(stateDir, "crash-plan.json");
  const worldDir = join(stateDir, "world");
  const world = await startWorld({
    seed: options.seed,
    stateDir: worldDir,
    slotMs: SLOT_MS,
    movingPrices: false,
    giftSol: 10_000n,
    onProgress: () => {},
    executorMain: MAIN,
    executorEnv: { ...EXECUTOR_ENV, CRASH_PLAN: planFile },
    edgeVars: EDGE_VARS,
    onStandIns: () => writeFileSync(planFile, ""),
  });
  try {
    const storm = new Storm(world, planFile, logFileOf(worldDir), options);
    await storm.run();
    return { ...(await storm.finish()), tookMs: performance.now() - startedMs };
  } finally {
    await world.close();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

class Storm {
  readonly #world: World;
  readonly #planFile: string;
  readonly #logFile: string;
  readonly #options: StormOptions;
  readonly #prng: Prng;
  readonly #people: Person[];
  readonly #load: StormLoad;
  readonly #byPoint = new Map<string, KillCount>();
  readonly #restartsMs: number[] = [];
  readonly #deploys: DeployDrill[] = [];

  constructor(world: World, planFile: string, logFile: string, options: StormOptions) {
    this.#world = world;
    this.#planFile = planFile;
    this.#logFile = logFile;
    this.#options = options;
    this.#prng = createNamedPrng(options.seed, "storm");
    this.#people = PEOPLE.map((id) => new Person(world.file, id));
    this.#load = new StormLoad(world.file, this.#people, this.#prng);
  }

  async run(): Promise<void> {
    // A storm writes into two chats what a thousand people would write into theirs.
    await postJson(`${this.#world.file.telegram}/world/limits`, CHAT_LIMITS);
    for (const person of this.#people) await person.begin();
    await this.#world.executor.killAll();
    for (let done = 0; done < this.#options.kills; done += 1) {
      const isRandom = done % RANDOM_EVERY === 0;
      const point = isRandom ? undefined : CRASH_POINTS[this.#prng.nextInt(CRASH_POINTS.length)];
      const name = await this.#killOnce(point);
      this.#options.onKill(done + 1, name);
      if (done % DEPLOY_EVERY === 0) await this.#deploy();
    }
  }

  async #killOnce(point: CrashPoint | undefined): Promise<string> {
    const { executor, file } = this.#world;
    const plan = point === undefined ? "" : this.#planFor(point);
    // The process that reads the plan is the one that starts now; the last one died without.
    writeFileSync(this.#planFile, plan);
    const before = executor.pids.main;
    const isRandom = point === undefined;
    const limitMs = isRandom ? this.#prng.nextInt(RANDOM_KILL_MS) + 500 : START_WAIT_MS;
    let deadline = performance.now() + limitMs;
    // It may die before it is ready.
    const ready = executor.start().then(() => {
      if (!isRandom) deadline = performance.now() + POINT_WAIT_MS;
    });
    ready.catch(() => {});
    while (executor.pids.main === before) await pause(2);
    const { main } = executor.pids;
    const isAlive = (): boolean => executor.isMainAlive && executor.pids.main === main;
    const work = this.#loadUntil(() => !isAlive(), point?.what);
    while (isAlive() && performance.now() < deadline) await pause(2);
    const isReached = !isAlive() && point !== undefined;
    await executor.killAll();
    await work;
    const unresolved = countUnresolved(file.dataDir);
    for (const { http } of file.rpcs) await repair(http);
    const name = isReached && point !== undefined ? nameOf(point) : "at a random moment";
    this.#count(name, unresolved > 0);
    return name;
  }

  async #deploy(): Promise<void> {
    writeFileSync(this.#planFile, "");
    const load = (isOver: () => boolean): Promise<void> => this.#loadUntil(isOver, undefined);
    this.#deploys.push(await drillDeploy(this.#world, this.#logFile, load));
    await this.#world.executor.killAll();
    for (const { http } of this.#world.file.rpcs) await repair(http);
  }

  #planFor(point: CrashPoint): string {
    // Some things happen once in a life of the process.
    const isRare = point.what === "EpochStarted";
    return JSON.stringify({ ...point, hit: isRare ? 1 : 1 + this.#prng.nextInt(HITS_MAX) });
  }

  /** Bursts until the process is dead. */
  async #loadUntil(isOver: () => boolean, what: string | undefined): Promise<void> {
    while (!isOver()) {
      await this.#load.burst(what);
      for (let waits = 0; waits < BURST_EVERY_MS / 20 && !isOver(); waits += 1) await pause(20);
    }
  }

  #count(name: string, isUnresolved: boolean): void {
    const count = this.#byPoint.get(name) ?? { kills: 0, unresolved: 0 };
    count.kills += 1;
    if (isUnresolved) count.unresolved += 1;
    this.#byPoint.set(name, count);
  }

  /** Faults off, one last start, and time for everything that was acknowledged to end. */
  async finish(): Promise<Omit<StormReport, "tookMs">> {
    const { file, executor } = this.#world;
    for (const url of [file.qstash, file.telegram, ...file.rpcs.map(({ http }) => http)]) {
      await repair(url);
    }
    writeFileSync(this.#planFile, "");
    for (let round = 0; round < RESTARTS_TIMED; round += 1) {
      await executor.killAll();
      const startedMs = performance.now();
      await executor.start();
      this.#restartsMs.push(performance.now() - startedMs);
    }
    await this.#settle();
    const chats = new Map(
      await Promise.all(
        this.#people.map(async (person) => [person.id, await person.messages()] as const),
      ),
    );
    const counts = [...this.#byPoint.values()];
    return {
      ...(await auditStorm(this.#world, chats, this.#load.said)),
      kills: counts.reduce((sum, { kills }) => sum + kills, 0),
      unresolvedKills: counts.reduce((sum, { unresolved }) => sum + unresolved, 0),
      byPoint: this.#byPoint,
      presses: this.#load.presses,
      deploys: this.#deploys,
      restartsMs: this.#restartsMs.toSorted((left, right) => left - right),
    };
  }

  async #settle(): Promise<void> {
    const { file } = this.#world;
    const deadline = performance.now() + SETTLE_MS;
    let quietRounds = 0;
    while (quietRounds < QUIET_ROUNDS && performance.now() < deadline) {
      await postJson(`${file.telegram}/world/wake`, {});
      await untilTaken(file).catch(() => {});
      // Waiting messages of the queue and its dead letters are due now.
      await postJson(`${file.qstash}/world/clock`, { shiftMs: 60_000 });
      await postJson(`${file.qstash}/world/schedules/raptor-reconcile/run`, {});
      await pause(500);
      const isQuiet = countPending(file.dataDir) === 0 && (await countQueued(file.qstash)) === 0;
      quietRounds = isQuiet ? quietRounds + 1 : 0;
    }
  }
}

const ENDED: readonly string[] = ["DELIVERED", "FAILED", "CANCELLED"];

/** Messages that the queue still has to deliver. */
async function countQueued(qstash: string): Promise<number> {
  const response = await fetch(`${qstash}/world/messages`);
  const messages = (await response.json()) as { state: string }[];
  return messages.filter(({ state }) => !ENDED.includes(state)).length;
}
