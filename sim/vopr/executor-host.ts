import { join } from "node:path";
import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { NetRequest, NetResponse } from "@raptor/shared/seams/net.ts";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { createExecutor, type Executor } from "@raptor/executor/create-executor.ts";
import type { ExecutorEnv } from "@raptor/executor/env.ts";
import type { Store } from "@raptor/executor/ports/store.ts";
import { type ExecutorLock, holdExecutorLock } from "@raptor/executor/store/lock.ts";
import {
  createSignerCore,
  parseMasterKeys,
  type SignerCore,
} from "@raptor/executor/signer/core.ts";
import { createPrng } from "../models/prng.ts";
import { createIds } from "./edge-host.ts";
import type { Network } from "./network.ts";
import { JournalMemory } from "./journal-memory.ts";
import { createKeptLog, type LogLine } from "./quiet-log.ts";
import { createSeedSource, simSettings } from "./settings.ts";
import { SimProcess } from "./sim-process.ts";
import { type DiskTrouble, openSimStore } from "./sim-store.ts";
import type { World } from "./world.ts";

export interface ExecutorFaults {
  /** Chance at each group commit, before and after it. */
  crashAtCommit: number;
  /** Chance at each request that leaves. */
  crashAtRequest: number;
  /** Whether writes find the disk full or read-only at the moment. */
  disk: DiskTrouble | undefined;
  wallSkewMs: number;
}

export interface ExecutorHooks {
  onCommit(events: readonly JournalEvent[]): void;
  onFatal(error: unknown): void;
  onFault(name: string, lastsMs?: number): void;
  onTrace(text: string): void;
  /** A process starts. */
  onStart(store: Store): void;
  /** It is ready. */
  onBoot(store: Store): void;
  /** It was killed or has ended: what it knew and did not write is gone. */
  onEnd(): void;
  onLine(line: LogLine): void;
}

interface Life {
  process: SimProcess;
  store: Store;
  executor: Executor;
  lock: ExecutorLock;
}

const VERSION = "sim";
/** DRAIN_MS and the launcher's grace on top of it. */
const DRAIN_PATIENCE_MS = 35_000;

/** The machine that runs the executor: starts it, kills it, starts it again on the same file. */
export class ExecutorHost {
  readonly faults: ExecutorFaults = {
    crashAtCommit: 0,
    crashAtRequest: 0,
    disk: undefined,
    wallSkewMs: 0,
  };
  isDraining = false;
  readonly #journal: JournalMemory;
  readonly #lockPath: string;
  readonly #world: World;
  readonly #network: Network;
  readonly #prng: Prng;
  readonly #hooks: ExecutorHooks;
  readonly #lines: LogLine[];
  readonly #env: ExecutorEnv;
  readonly #signer: SignerCore;
  #life: Life | undefined;
  #isEnded = false;
  #pid = 1;

  constructor(options: {
    world: World;
    network: Network;
    prng: Prng;
    directory: string;
    hooks: ExecutorHooks;
    lines: LogLine[];
    env: ExecutorEnv;
  }) {
    this.#world = options.world;
    this.#network = options.network;
    this.#prng = options.prng;
    this.#hooks = options.hooks;
    this.#lines = options.lines;
    this.#env = options.env;
    this.#journal = new JournalMemory(options.directory);
    this.#lockPath = join(options.directory, "executor.lock");
    const masterKeys = parseMasterKeys(simSettings().masterKeys);
    this.#signer = createSignerCore({ masterKeys, randomBytes: createSeedSource() });
    options.network.serve("executor.sim", undefined);
  }

  get store(): Store | undefined {
    return this.#life?.store;
  }

  /** The journal as a file, for whoever looks from outside. */
  saveJournal(): string {
    return this.#journal.save();
  }

  get isUp(): boolean {
    return this.#life !== undefined;
  }

  boot(): void {
    if (this.#life !== undefined || this.#isEnded) return;
    const life = this.#create();
    this.#life = life;
    this.#network.attach("executor.sim", (request) => this.#answer(life, request));
    this.isDraining = false;
    this.#hooks.onTrace("executor: starts");
    this.#hooks.onStart(life.store);
    life.process.guard(life.executor.boot()).then(
      () => this.#hooks.onBoot(life.store),
      (error: unknown) => this.#fatal(life, error),
    );
  }

  /** kill -9: what was committed stays, nothing else does. */
  kill(cause: string, downMs?: number): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#hooks.onFault(`executor/${cause}`);
    this.#hooks.onTrace(`executor: killed (${cause})`);
    this.#end(life, downMs ?? 300 + this.#prng.nextInt(6_000));
  }

  /** SIGTERM: the drain of a deploy, then a new process. */
  deploy(): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#hooks.onFault("executor/deploy");
    this.#hooks.onTrace("executor: drains for a deploy");
    this.isDraining = true;
    // The launcher does not wait for ever.
    this.#world.after(DRAIN_PATIENCE_MS, () => {
      if (this.#life === life) this.kill("drain took too long");
    });
    life.process.guard(life.executor.drain()).then(
      () => this.#end(life, 500 + this.#prng.nextInt(3_000)),
      (error: unknown) => this.#fatal(life, error),
    );
  }

  stall(ms: number, name: string): void {
    const life = this.#life;
    if (life === undefined) return;
    // What it wakes to is as old as that: nothing is calm before.
    this.#hooks.onFault(`executor/${name}`, ms);
    this.#hooks.onTrace(`executor: stands still for ${ms} ms`);
    life.process.stall(ms);
  }

  /** Somebody starts another executor on the same volume. @returns whether it was kept out */
  startSecond(): boolean {
    if (this.#life === undefined) return true;
    this.#hooks.onFault("executor/second start on the volume");
    try {
      holdExecutorLock(this.#lockPath).release();
      return false;
    } catch (error) {
      if (!isRaptorError(error, "RAPTOR_JOURNAL__LOCKED")) throw error;
      return true;
    }
  }

  /** Called for every request of any process: some of ours are the last. */
  mayCrashAtRequest(): void {
    if (this.#prng.nextFloat() < this.faults.crashAtRequest) this.kill("crash at a request");
  }

  /** Ends for good, so that the journal can be looked at. */
  end(): void {
    this.#isEnded = true;
    const life = this.#life;
    this.#life = undefined;
    if (life === undefined) return;
    life.process.kill();
    this.#hooks.onEnd();
    life.store.close();
    life.lock.release();
    this.#journal.end();
  }

  #end(life: Life, downMs: number): void {
    if (this.#life !== life) return;
    this.#life = undefined;
    life.process.kill();
    this.#hooks.onEnd();
    this.#network.attach("executor.sim", undefined);
    // After this event: what runs of it right now may still read, but change nothing.
    this.#world.after(0, () => {
      life.store.close();
      life.lock.release();
    });
    this.#world.after(downMs, () => this.boot());
  }

  #fatal(life: Life, error: unknown): void {
    if (!life.process.isAlive) return;
    this.#hooks.onFatal(error);
    this.#end(life, 1_000);
  }

  #create(): Life {
    const world = this.#world;
    const lock = holdExecutorLock(this.#lockPath);
    const process = new SimProcess(world, () => this.faults.wallSkewMs);
    const clock = process.clock();
    const log = createKeptLog(() => world.nowMs, this.#lines, this.#hooks.onLine);
    const onFatal = (error: unknown): void => {
      const life = this.#life;
      if (life?.process === process) this.#fatal(life, error);
    };
    const store = openSimStore({
      world,
      process,
      journal: this.#journal,
      clock,
      // Of their own, so that what the journal hides does not shift what the seed decides.
      ids: createIds(createPrng(this.#pid)),
      log,
      onFatal,
      onCommit: (events) => this.#hooks.onCommit(events),
      crash: () => this.#crashAtCommit(),
      onCrash: () => this.kill("crash at a commit"),
      diskTrouble: () => this.faults.disk,
    });
    const executor = createExecutor({
      env: this.#env,
      clock,
      log,
      store,
      onFatal,
      net: this.#network.netOf(process),
      prng: createPrng(this.#prng.nextInt(2 ** 32)),
      ids: createIds(createPrng(this.#prng.nextInt(2 ** 32))),
      metrics: { count: () => undefined, gauge: () => undefined, observeMs: () => undefined },
      signer: {
        sign: (request) => process.guard(this.#soon(() => this.#signer.sign(request))),
        createWallet: (walletId, userId) =>
          process.guard(this.#soon(() => this.#signer.createWallet(walletId, userId))),
        checkWallet: (wallet) => process.guard(this.#soon(() => this.#signer.checkWallet(wallet))),
      },
      ballast: { isTight: () => false, free: () => false, tend: () => Promise.resolve() },
      version: VERSION,
      pid: this.#pid++,
    });
    return { process, store, executor, lock };
  }

  /** The signer is another process: its answer takes a moment, in which this one may die. */
  #soon<T>(work: () => T): Promise<T> {
    return new Promise((resolve) => {
      this.#world.after(1, () => resolve(work()));
    });
  }

  #crashAtCommit(): "before" | "after" | undefined {
    if (this.#prng.nextFloat() >= this.faults.crashAtCommit) return undefined;
    return this.#prng.nextFloat() < 0.5 ? "before" : "after";
  }

  async #answer(life: Life, request: NetRequest): Promise<NetResponse> {
    const { process, executor } = life;
    const { pathname } = new URL(request.url);
    if (request.method !== "POST" || pathname !== "/jobs") {
      return { status: 404, headers: {}, body: "{}" };
    }
    const answer = await process
      .guard(executor.api.job(request.body ?? ""))
      .catch((error: unknown) => {
        // As in the HTTP server: what a handler cannot answer ends the process.
        this.#fatal(life, error);
        throw error;
      });
    const headers: Record<string, string> =
      answer.retryAfterS === undefined ? {} : { "retry-after": String(answer.retryAfterS) };
    return { status: answer.status, headers, body: JSON.stringify(answer.body) };
  }
}
