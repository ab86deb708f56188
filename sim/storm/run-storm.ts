import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import { startWorld, type World } from "../local/start-world.ts";
import { createNamedPrng } from "../models/prng.ts";
import { pause, Person, postJson } from "../scenarios/person.ts";
import { repair } from "../scenarios/probes.ts";
import { markOf, nameOf, type CrashPoint } from "./crash-points.ts";
import { CrashSchedule, planDeath } from "./crash-schedule.ts";
import { type DeployDrill, drillDeploy } from "./deploy-drill.ts";
import { describeOwnEnd, logFileOf } from "./desk-log.ts";
import { Drought } from "./drought.ts";
import { countUnresolved, readEstate } from "./journal-look.ts";
import {
  AFTER_FORK,
  AT_RANDOM,
  KillTally,
  NOT_REACHED,
  sumOf,
  type KillCount,
} from "./kill-tally.ts";
import { auditStorm, type StormAudit } from "./storm-audit.ts";
import { settleWorld } from "./settle-world.ts";
import { StormLoad } from "./storm-load.ts";
import { CHAT_LIMITS, EDGE_VARS, EXECUTOR_ENV, PEOPLE } from "./storm-settings.ts";

const MAIN = fileURLToPath(new URL("crashing-main.ts", import.meta.url));
/** Blocks pass eight times as fast as on the network, and so do expiry and finality. */
const SLOT_MS = 50;
/**
 * A point that a ready desk does not reach by then is given up, and it is killed as it stands. A
 * machine on which the start took long takes long for all else, so that as much is added.
 */
const POINT_WAIT_MS = 3_000;
/** Behind a card, a press and sells that land, or behind the proof of something. */
const COMES_LATE: readonly CrashPoint["what"][] = [
  "AttemptDead",
  "AttemptFailed",
  "FillReversed",
  "PanicClosed",
  "PanicOpened",
  "TicketClaimed",
];
const LATE_POINT_WAIT_MS = 6_000;
/** Of a start that takes so long it is known already that the machine has no time. */
const START_WAIT_MS = 60_000;
/** Kills at random moments: from before the desk is ready to well into the trades. */
const RANDOM_KILL_MS = 1_200;
const BURST_EVERY_MS = 500;
/** Every so many kills one comes by the clock instead of at a named point. */
const RANDOM_EVERY = 10;
/** One kill of so many comes right after a fork, and is where a drought begins. */
const DROUGHT_EVERY = 25;
/** Long enough for a fill, not for its finality (31 blocks). */
const FORK_AFTER_MS = 1_500;
const FORK_SLOTS = 28;
/** After every so many kills the desk is stopped and started as a release does it. */
const DEPLOY_EVERY = 25;

export interface StormOptions {
  kills: number;
  seed: number;
  /** No kill is begun later than so long after the start; what was done by then is judged. */
  minutesMax?: number | undefined;
  /** Where the journal is left, in a folder named after the seed; it is thrown away otherwise. */
  keepIn?: string | undefined;
  onKill(done: number, name: string): void;
}

export interface StormReport extends StormAudit {
  kills: number;
  unresolvedKills: number;
  byPoint: Map<string, KillCount>;
  presses: number;
  /** What the desk wrote when it ended although nobody killed it; empty is what is wanted. */
  ownEnds: string[];
  /** Orderly stops in between, with trades under way. */
  deploys: DeployDrill[];
  /** Transactions that forks took out of their blocks. */
  forked: number;
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
    const { keepIn } = options;
    if (keepIn !== undefined) {
      const kept = join(keepIn, String(options.seed));
      cpSync(world.file.dataDir, kept, { recursive: true, filter: isKept });
    }
    rmSync(stateDir, { recursive: true, force: true });
  }
}

/** No locks, sockets and reserves: a data directory that `raptor` reads. */
function isKept(path: string): boolean {
  return !/\.lock|\.sock|ballast/.test(path);
}

class Storm {
  readonly #world: World;
  readonly #planFile: string;
  readonly #logFile: string;
  readonly #options: StormOptions;
  readonly #prng: Prng;
  readonly #people: Person[];
  readonly #load: StormLoad;
  readonly #schedule: CrashSchedule;
  #forked = 0;
  readonly #drought = new Drought(() => performance.now());
  readonly #tally = new KillTally();
  readonly #ownEnds: string[] = [];
  readonly #deploys: DeployDrill[] = [];

  constructor(world: World, planFile: string, logFile: string, options: StormOptions) {
    this.#world = world;
    this.#planFile = planFile;
    this.#logFile = logFile;
    this.#options = options;
    this.#prng = createNamedPrng(options.seed, "storm");
    this.#people = PEOPLE.map((id) => new Person(world.file, id));
    this.#load = new StormLoad(world.file, this.#people, this.#prng);
    this.#schedule = new CrashSchedule(this.#prng);
  }

  async run(): Promise<void> {
    await postJson(`${this.#world.file.telegram}/world/limits`, CHAT_LIMITS);
    for (const person of this.#people) await person.begin();
    await this.#world.executor.killAll();
    const { kills, minutesMax = Number.POSITIVE_INFINITY } = this.#options;
    const endMs = performance.now() + minutesMax * 60_000;
    for (let done = 0; done < kills && performance.now() < endMs; done += 1) {
      if (this.#drought.isOverdue) await this.#endDrought();
      const isForked = done % DROUGHT_EVERY === DROUGHT_EVERY - 1;
      const name = isForked ? await this.#fork() : await this.#killNext(done);
      this.#options.onKill(done + 1, name);
      if (done % DEPLOY_EVERY === 0) await this.#deploy();
    }
    await this.#endDrought();
  }

  async #killNext(done: number): Promise<string> {
    const isRandom = done % RANDOM_EVERY === 0;
    if (isRandom) return this.#killOnce(undefined);
    const point = this.#schedule.next(({ what }) => this.#drought.canMeet(what));
    this.#drought.noteTry(point.what);
    const name = await this.#killOnce(point);
    if (name !== nameOf(point)) this.#schedule.missed(point);
    return name;
  }

  /** Takes back what was just booked; the drought that follows keeps it from landing again. */
  async #fork(): Promise<string> {
    const { executor, chain, file } = this.#world;
    writeFileSync(this.#planFile, "");
    const startedMs = performance.now();
    await executor.start();
    const deadline = performance.now() + FORK_AFTER_MS;
    await this.#loadUntil(() => performance.now() > deadline, "FillRecorded");
    this.#forked += chain.fork(FORK_SLOTS);
    const livedMs = performance.now() - startedMs;
    await executor.killAll();
    const isUnresolved = countUnresolved(file.dataDir) > 0;
    this.#tally.note(AFTER_FORK, { name: AFTER_FORK, isUnresolved, livedMs });
    this.#drought.begin();
    await this.#load.beginDrought();
    await this.#repair();
    return AFTER_FORK;
  }

  async #endDrought(): Promise<void> {
    this.#drought.end();
    this.#load.endDrought();
    await this.#repair();
  }

  /** Faults end with a death, the drought does not. */
  async #repair(): Promise<void> {
    for (const { http } of this.#world.file.rpcs) await repair(http);
    await this.#load.keepDrought();
    this.#load.noteEstate(readEstate(this.#world.file.dataDir));
  }

  async #killOnce(point: CrashPoint | undefined): Promise<string> {
    const { executor, file } = this.#world;
    const plan = point === undefined ? "" : JSON.stringify(planDeath(point, this.#prng));
    // The process that reads the plan is the one that starts now; the last one died without.
    rmSync(markOf(this.#planFile), { force: true });
    writeFileSync(this.#planFile, plan);
    const before = executor.pids.main;
    const isRandom = point === undefined;
    const limitMs = isRandom ? this.#prng.nextInt(RANDOM_KILL_MS) + 500 : START_WAIT_MS;
    const startedMs = performance.now();
    let deadline = startedMs + limitMs;
    let isReady = false;
    // It may die before it is ready.
    const ready = executor.start().then(() => {
      isReady = true;
      const nowMs = performance.now();
      if (isRandom) return;
      const waitMs = COMES_LATE.includes(point.what) ? LATE_POINT_WAIT_MS : POINT_WAIT_MS;
      deadline = nowMs + waitMs + (nowMs - startedMs);
    });
    ready.catch(() => {});
    while (executor.pids.main === before) await pause(2);
    const { main } = executor.pids;
    const isAlive = (): boolean => executor.isMainAlive && executor.pids.main === main;
    const work = this.#loadUntil(
      () => !isAlive(),
      point?.what,
      () => isReady,
    );
    while (isAlive() && performance.now() < deadline) await pause(2);
    const isKilled = !isAlive();
    const isReached = existsSync(markOf(this.#planFile));
    const livedMs = performance.now() - startedMs;
    await executor.killAll();
    await work;
    const isUnresolved = countUnresolved(file.dataDir) > 0;
    await this.#repair();
    const planned = point === undefined ? AT_RANDOM : nameOf(point);
    if (isKilled && !isReached) this.#ownEnds.push(describeOwnEnd(this.#logFile));
    const name = isReached || isRandom ? planned : NOT_REACHED;
    this.#tally.note(planned, { name, isUnresolved, livedMs });
    return name;
  }

  async #deploy(): Promise<void> {
    writeFileSync(this.#planFile, "");
    const load = (isOver: () => boolean): Promise<void> => this.#loadUntil(isOver, undefined);
    this.#deploys.push(await drillDeploy(this.#world, this.#logFile, load));
    await this.#world.executor.killAll();
    await this.#repair();
  }

  /** Bursts until the process is dead; one comes as soon as it takes jobs. */
  async #loadUntil(
    isOver: () => boolean,
    what: string | undefined,
    isReady = () => true,
  ): Promise<void> {
    while (!isOver()) {
      const wasReady = isReady();
      await this.#load.burst(what, isOver);
      const nextMs = performance.now() + BURST_EVERY_MS;
      while (!isOver() && isReady() === wasReady && performance.now() < nextMs) await pause(10);
    }
  }

  /** Faults off, one last start, and time for everything that was acknowledged to end. */
  async finish(): Promise<Omit<StormReport, "tookMs">> {
    const { file, executor } = this.#world;
    for (const url of [file.qstash, file.telegram, ...file.rpcs.map(({ http }) => http)]) {
      await repair(url);
    }
    writeFileSync(this.#planFile, "");
    await executor.killAll();
    await executor.start();
    await settleWorld(file);
    const chats = new Map(
      await Promise.all(
        this.#people.map(async (person) => [person.id, await person.messages()] as const),
      ),
    );
    const { kills, unresolved: unresolvedKills } = sumOf(this.#tally.byName);
    return {
      ...(await auditStorm(this.#world, chats, this.#load.said)),
      kills,
      unresolvedKills,
      byPoint: this.#tally.byName,
      ownEnds: this.#ownEnds,
      presses: this.#load.presses,
      deploys: this.#deploys,
      forked: this.#forked,
    };
  }
}
