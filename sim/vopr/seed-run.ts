import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import { createCheckers, type CheckerSet } from "../checkers/create-checkers.ts";
import type { LedgerRecord } from "../models/ledger-chain.ts";
import { createNamedPrng } from "../models/prng.ts";
import { type ChainHost, startChain } from "./chain-host.ts";
import { listUnfinished } from "./convergence.ts";
import { countOne, type Counts, emptyCounts, FaultTimes, TransitionCounter } from "./coverage.ts";
import { Deliveries } from "./deliveries.ts";
import { EdgeHost } from "./edge-host.ts";
import { ExecutorHost } from "./executor-host.ts";
import { FaultDriver } from "./fault-driver.ts";
import { startLaneHosts } from "./lane-hosts.ts";
import { Network } from "./network.ts";
import { People } from "./people.ts";
import type { LogLine } from "./quiet-log.ts";
import type { SeedOptions, SeedResult, Violation } from "./run-seed.ts";
import { deskOf, drawSeed } from "./seed-draws.ts";
import { type Services, startServices } from "./services.ts";
import { DAILY_SOL_MAX, listSecrets, ORDER_SOL_MAX, WALLET_LAMPORTS } from "./settings.ts";
import type { Swarm } from "./swarm.ts";
import { hasPools } from "./themes.ts";
import { textOf, TraceHash } from "./trace.ts";
import { World } from "./world.ts";

const START_MS = 1_800_000_000_000;
/** Faults go on for a while after the last press, so that what it began meets them too. */
const AFTER_LAST_PRESS_MS = 8_000;
const FAULT_PHASE_MS_MAX = 240_000;
/** Longer than any bound of an attempt, any backoff and any retry of the queue together. */
const LIVENESS_MS_MAX = 20 * 60_000;
const STEP_MS = 5_000;
const VIOLATIONS_MAX = 20;

/** Everything of one seed: the world, the programs in it, the people, the faults, the checks. */
export class SeedRun {
  readonly #seed: number;
  readonly #world = new World(START_MS);
  readonly #counts: Counts = emptyCounts();
  readonly #transitions = new TransitionCounter(this.#counts.transitions);
  readonly #violations: Violation[] = [];
  readonly #wallets: string[] = [];
  readonly #trace: TraceHash;
  readonly #lines: LogLine[] = [];
  readonly #network: Network;
  readonly #services: Services;
  readonly #chain: ChainHost;
  readonly #executor: ExecutorHost;
  readonly #faults: FaultDriver;
  readonly #deliveries: Deliveries;
  readonly #people: People;
  readonly #checkers: CheckerSet;
  #reconciledMs = -Infinity;
  readonly #faultTimes = new FaultTimes();

  constructor(seed: number, options: SeedOptions) {
    this.#seed = seed;
    this.#trace = new TraceHash(() => this.#world.elapsedMs, options.onTrace);
    const { swarm, plots } = drawSeed(seed);
    this.#trace.add(`a seed about: ${swarm.theme}`);
    const world = this.#world;
    const onFault = (name: string): void => this.#onFault(name);
    const onTrace = (text: string): void => this.#trace.add(text);
    this.#network = this.#createNetwork();
    this.#services = startServices(world, this.#network, createNamedPrng(seed, "services"));
    const onLanded = (record: LedgerRecord): void => {
      // Others move full curves; what they sign is nobody's promise.
      if (!this.#wallets.includes(record.transaction.staticKeys[0] ?? "")) return;
      this.#checkers.onLanded(record);
      this.#faults.onLanded(record);
    };
    const chainOptions = {
      skipChance: swarm.chain.skip,
      hasPools: hasPools(seed),
      onLanded,
      onFault,
    };
    const chainPrng = createNamedPrng(seed, "chain");
    this.#chain = startChain(world, this.#network, chainPrng, chainOptions);
    startLaneHosts(world, this.#network, createNamedPrng(seed, "lane hosts"), this.#chain.chain);
    const edgePrng = createNamedPrng(seed, "edge");
    const edge = new EdgeHost(world, this.#network, edgePrng, this.#lines, (line) =>
      this.#onLine(line),
    );
    this.#executor = this.#createExecutor(options.directory);
    const onViolation = (checker: string, detail: string): void => this.#violate(checker, detail);
    const shared = { world, network: this.#network, onFault, onTrace, onViolation };
    const hosts = { chain: this.#chain, edge, executor: this.#executor };
    const wallets = (): readonly string[] => this.#wallets;
    const onAway = (ms: number): void => this.#people.waitFor(ms);
    const targets = { ...shared, ...hosts, wallets, onAway };
    this.#faults = new FaultDriver(swarm, createNamedPrng(seed, "faults"), targets, plots);
    const mints = this.#chain.market.tokens().map(({ mint }) => mint);
    this.#deliveries = new Deliveries(swarm.deliveries, createNamedPrng(seed, "deliveries"), {
      ...shared,
      ...this.#services,
      mints,
    });
    this.#people = this.#createPeople(swarm);
    this.#checkers = this.#createCheckers();
  }

  #createNetwork(): Network {
    return new Network(this.#world, createNamedPrng(this.#seed, "network"), {
      onFault: (name) => this.#onFault(name),
      onRequest: (host, request) => {
        this.#deliveries.onRequest(host, request);
        this.#checkers.onRequest(host, request);
        this.#executor.mayCrashAtRequest();
      },
      onAnswered: (...exchange) => this.#checkers.onAnswered(...exchange),
      onDelivered: (...exchange) => this.#checkers.onDelivered(...exchange),
      onTrace: (host, request, outcome) => this.#trace.addRequest(host, request, outcome),
    });
  }

  #createExecutor(directory: string): ExecutorHost {
    return new ExecutorHost({
      world: this.#world,
      network: this.#network,
      prng: createNamedPrng(this.#seed, "executor"),
      directory,
      lines: this.#lines,
      env: deskOf(this.#seed),
      hooks: {
        onFault: (name, lastsMs) => this.#onFault(name, lastsMs),
        onTrace: (text) => this.#trace.add(text),
        onLine: (line) => this.#onLine(line),
        onCommit: (events) => this.#onCommit(events),
        onFatal: (error) => this.#violate("fatal", textOf(error)),
        onStart: () => this.#checkers.onBoot(),
        onBoot: () => this.#trace.add("executor: ready"),
        onEnd: () => this.#checkers.onEnd(),
      },
    });
  }

  #createPeople(swarm: Swarm): People {
    return new People({
      world: this.#world,
      prng: createNamedPrng(this.#seed, "people"),
      telegram: this.#services.telegram,
      market: this.#chain.market,
      swarm,
      hooks: {
        onTrace: (text) => this.#trace.add(text),
        onAct: (name) => countOne(this.#counts.acts, name),
        onUpdate: (...update) => this.#deliveries.onUpdate(...update),
      },
    });
  }

  #onFault(name: string, lastsMs = 0): void {
    this.#faultTimes.note(name, this.#world.nowMs + lastsMs);
    countOne(this.#counts.faults, name);
  }

  #onLine(line: LogLine): void {
    if (line.level === "error" || line.level === "warn") this.#trace.add(`log: ${line.message}`);
  }

  #createCheckers(): CheckerSet {
    return createCheckers({
      nowMs: () => this.#world.nowMs,
      deskNowMs: () => this.#world.nowMs + this.#executor.faults.wallSkewMs,
      chain: this.#chain.chain,
      deepForkMs: () => this.#faults.deepForkMs,
      isDiskFull: () => this.#executor.faults.disk !== undefined,
      lastFaultMs: (apart) => this.#faultTimes.last(apart),
      isDraining: () => this.#executor.isDraining,
      secrets: listSecrets(),
      limits: { orderLamportsMax: ORDER_SOL_MAX, dailyLamportsMax: DAILY_SOL_MAX },
      report: (checker, violation) => this.#violate(checker, violation),
    });
  }

  get nowMs(): number {
    return this.#world.nowMs;
  }

  /** Nobody waited for this failure: a real process would end of it. */
  onUnhandled(error: unknown): void {
    this.#violate("unhandled", textOf(error));
  }

  run(): Omit<SeedResult, "cpuMs"> {
    try {
      this.#runFaultPhase();
      this.#runLivenessPhase();
      this.#judgeAtRest();
    } catch (error) {
      this.#violate("simulator", textOf(error));
    }
    const { store } = this.#executor;
    const events = store?.headSeq() ?? 0;
    const journalHash = store?.eventsFrom(events, 1)[0]?.hash ?? "";
    this.#executor.end();
    return {
      seed: this.#seed,
      violations: this.#violations,
      journalEvents: events,
      journalHash,
      traceHash: this.#trace.value(),
      virtualMs: this.#world.elapsedMs,
      worldEvents: this.#world.eventCount,
      counts: this.#counts,
    };
  }

  #runFaultPhase(): void {
    this.#executor.boot();
    this.#world.runFor(500);
    this.#people.start();
    this.#faults.startPrices();
    // The desk opens in peace; what it meets from then on is the swarm's.
    this.#world.runFor(2_500);
    this.#faults.start();
    this.#deliveries.start();
    const endMs = this.#world.elapsedMs + FAULT_PHASE_MS_MAX;
    const isBusy = (): boolean => !this.#people.isDone || this.#faults.isUnderWay;
    while (isBusy() && this.#world.elapsedMs < endMs) this.#world.runFor(STEP_MS);
    this.#world.runFor(AFTER_LAST_PRESS_MS);
  }

  /** All faults off: from here on everything must come to its end by itself. */
  #runLivenessPhase(): void {
    this.#trace.add("faults off");
    this.#faults.stop();
    this.#deliveries.stop();
    const startMs = this.#world.nowMs;
    let restMs: number | undefined;
    while (this.#world.nowMs - startMs < LIVENESS_MS_MAX) {
      this.#world.runFor(STEP_MS);
      const left = this.#unfinished();
      if (left.length > 0) {
        restMs = undefined;
        this.#trace.add(`not at rest: ${left.slice(0, 3).join("; ")}`);
      } else if (restMs === undefined) {
        restMs = this.#world.nowMs;
        this.#callSchedules();
      }
      // Nothing may begin again, and the executor must have compared itself with the chain.
      if (restMs !== undefined && this.#reconciledMs > restMs) return;
    }
    const left = this.#unfinished();
    this.#violate("liveness", left.slice(0, 5).join("; ") || "no reconcile at rest");
  }

  /** A minute of rest until the next tick would show nothing that this tick does not. */
  #callSchedules(): void {
    const { schedules } = this.#services.qstash;
    for (const { id } of schedules.list()) schedules.runNow(id);
  }

  #unfinished(): string[] {
    const { store } = this.#executor;
    if (store === undefined) return ["the executor is down"];
    return listUnfinished(store, this.#services);
  }

  #judgeAtRest(): void {
    const { store } = this.#executor;
    if (store === undefined) return this.#violate("liveness", "the executor is down at rest");
    this.#checkers.atRest({
      store,
      path: this.#executor.saveJournal(),
      logText: () => this.#logText(),
    });
  }

  #logText(): string {
    return this.#lines
      .map(({ message, fields }) => `${message} ${JSON.stringify(fields)}`)
      .join("\n");
  }

  #onCommit(events: readonly JournalEvent[]): void {
    this.#checkers.onCommit(events);
    for (const event of events) {
      this.#transitions.note(event);
      this.#trace.addEvent(event);
      if (event.kind === "WalletCreated") this.#fund(event.payload.address);
      if (event.kind === "AttemptPrepared") this.#faults.onPrepared(event.payload);
      if (event.kind === "FillRecorded" && event.payload.side === "buy") this.#faults.onBought();
      if (event.kind === "EntriesHeld") this.#people.onHeld(event.payload.userId);
      if (event.kind === "ReconcileCompleted") this.#reconciledMs = this.#world.nowMs;
    }
  }

  #fund(address: string): void {
    if (this.#wallets.includes(address)) return;
    this.#wallets.push(address);
    this.#chain.chain.fund(address, WALLET_LAMPORTS);
  }

  #violate(checker: string, detail: string): void {
    this.#trace.add(`VIOLATION of ${checker}: ${detail}`);
    if (this.#violations.length >= VIOLATIONS_MAX) return;
    this.#violations.push({ checker, detail, atMs: this.#world.elapsedMs });
  }
}
