import type { MessageContent, OutboxRow } from "@raptor/shared/domain/rows.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { IdSource, Prng } from "@raptor/shared/seams/chance.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { Net } from "@raptor/shared/seams/net.ts";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { audienceOf } from "@raptor/shared/wire/jws.ts";
import { bootDesk, type BootReport } from "./boot.ts";
import { buildOutside } from "./build-outside.ts";
import { AttemptTracker } from "./engine/attempt-tracker.ts";
import type { EngineContext } from "./engine/context.ts";
import { Exits } from "./engine/exits.ts";
import { FastExit } from "./engine/fast-exit.ts";
import { LimitBuys } from "./engine/limit-buys.ts";
import { NoncePool } from "./engine/nonce-pool.ts";
import { isJournalTrouble } from "./engine/journal-trouble.ts";
import { OrderDriver } from "./engine/order-driver.ts";
import { Panic } from "./engine/panic.ts";
import { createReadModels, type DependencyHealth, type ReadModels } from "./engine/read-models.ts";
import { ReadyExits } from "./engine/ready-exits.ts";
import { Reconciler } from "./engine/reconcile.ts";
import { Settlement } from "./engine/settlement.ts";
import { WalletWatch } from "./engine/wallet-watch.ts";
import type { ExecutorEnv } from "./env.ts";
import { Accounts } from "./jobs/accounts.ts";
import { JobAdmission } from "./jobs/admission.ts";
import { ApiTokens } from "./jobs/api-tokens.ts";
import { EntryDesk } from "./jobs/entry-desk.ts";
import { ExitDesk } from "./jobs/exit-desk.ts";
import { JobHandlers } from "./jobs/handlers.ts";
import { JobIntake } from "./jobs/intake.ts";
import { Lanes } from "./jobs/lanes.ts";
import { Lifecycle } from "./jobs/lifecycle.ts";
import { createNotices } from "./jobs/notices.ts";
import { Presenter } from "./jobs/presenter.ts";
import { TicketIssuer } from "./jobs/tickets.ts";
import { Trading } from "./jobs/trading.ts";
import { createOutbox } from "./notify/outbox.ts";
import type { TelegramChat } from "./notify/telegram.ts";
import { PostgresMirror } from "./mirror/postgres-mirror.ts";
import type { PriceFeed } from "./ports/market.ts";
import type { Metrics } from "./ports/metrics.ts";
import type { DeskClaim } from "./ports/desk-claim.ts";
import type { Mirror } from "./ports/mirror.ts";
import type { Postgres } from "./ports/postgres.ts";
import type { Signer } from "./ports/signer.ts";
import type { Store } from "./ports/store.ts";
import { ExecutorApi } from "./server/api.ts";
import { createJournalProbe, healthReport, type HealthReport } from "./server/health.ts";
import { OperatorDesk } from "./server/operator-desk.ts";
import { JwsVerifier } from "./server/verify-jws.ts";
import { deriveStateKeys, engineSettingsOf } from "./settings.ts";
import type { Ballast } from "./store/ballast.ts";
import { DiskWatch } from "./store/disk-watch.ts";
import { journalLateEpoch, watchClaim } from "./watch-claim.ts";
import { watchVenue } from "./watch-venue.ts";

/** Everything from outside: real in `main.ts`, simulated in tests of the whole. */
export interface ExecutorSeams {
  env: ExecutorEnv;
  clock: Clock;
  net: Net;
  prng: Prng;
  ids: IdSource;
  log: Log;
  metrics: Metrics;
  signer: Signer;
  store: Store;
  ballast: Ballast;
  /** Absent without `DATABASE_URL`. */
  postgres?: Postgres | undefined;
  /** Absent where nothing but the lock file keeps another executor away. */
  claim?: DeskClaim | undefined;
  version: string;
  pid: number;
  onFatal(error: unknown): void;
}

export interface Executor {
  readonly api: ExecutorApi;
  readonly telegram: TelegramChat;
  /** Answers the command line of the machine. */
  readonly operator: OperatorDesk;
  health(isDeep: boolean): Promise<HealthReport>;
  /** From an open journal to a ready desk; exits are armed before anything is accepted. */
  boot(): Promise<BootReport>;
  /** Stops intake, finishes or journals what is under way, closes sockets. Not the store. */
  drain(): Promise<void>;
}

const ENTRY_HOLD = "The wallets could not be read since the start; buys wait, exits go on.";

/** Wires the rooms together. Contains no rule of its own. */
export function createExecutor(seams: ExecutorSeams): Executor {
  const { env, clock, store, metrics } = seams;
  const rooms = buildRooms(seams);
  const { venue, feed, outbox, schedule, exits, tracker, driver, lanes } = rooms;
  const { lifecycle, reconciler, settlement, panic, pool } = rooms;
  const abort = new AbortController();
  const timers: Promise<void>[] = [];
  let booting: Promise<BootReport> | undefined;

  function every(intervalMs: number, task: () => Promise<void> | void): void {
    timers.push(repeat(clock, intervalMs, abort.signal, task, rooms.onFatal));
  }

  return {
    api: rooms.api,
    telegram: rooms.telegram,
    operator: rooms.operator,
    async health(isDeep) {
      if (isDeep) await schedule.checkWhenOld();
      const dependencies = rooms.dependencies();
      const { phase } = rooms.reads.status();
      return healthReport({
        phase,
        tradingState: store.control().tradingState,
        epoch: store.epoch(),
        version: seams.version,
        dependencies,
        isDeep,
      });
    },
    async boot() {
      const { version, pid, claim } = seams;
      const process = { version, pid };
      rooms.mirror?.start();
      booting = bootDesk({ ...rooms, process, claim, signal: abort.signal });
      const report = await booting;
      if (abort.signal.aborted) return report;
      rooms.limitBuys.armAll();
      rooms.watch.start();
      rooms.ready.start();
      every(env.RECONCILE_INTERVAL_MS, async () => {
        rooms.noteReconcile((await reconciler.run("timer")).isComplete);
      });
      if (claim !== undefined) {
        every(LATE_EPOCH_MS, () => journalLateEpoch(rooms.context, claim, process));
      }
      every(HOUSEKEEPING_MS, () => rooms.disk.tend());
      every(HOUSEKEEPING_MS, () => housekeep(store, clock, metrics));
      return report;
    },
    async drain() {
      lifecycle.enter("draining");
      abort.abort();
      exits.stop();
      rooms.limitBuys.stop();
      panic.stop();
      rooms.watch.stop();
      rooms.ready.stop();
      const limit = clock.sleep(env.DRAIN_MS);
      // A start-up under way ends at its next step; only then nothing is started any more.
      await Promise.race([Promise.allSettled([booting]), limit]);
      const work = [lanes.stop(), driver.stop(), tracker.stop(), settlement.stop(), pool.stop()];
      await Promise.race([Promise.all(work), limit]);
      await Promise.all([outbox.stop(), schedule.stop(), ...timers]);
      feed.stop();
      await Promise.all([venue.stop(), rooms.mirror?.stop()]);
    },
  };
}

const HOUSEKEEPING_MS = 5_000;
/** Entries wait for it, and only after a start without the database. */
const LATE_EPOCH_MS = 1_000;
/** Longer than any redelivery of QStash's dead letters, so that an old button stays explained. */
const OPERATIONAL_RETENTION_MS = 8 * 24 * 3_600_000;

async function housekeep(store: Store, clock: Clock, metrics: Metrics): Promise<void> {
  metrics.gauge("open_positions", store.openPositionCount());
  metrics.gauge("unresolved_attempts", store.unresolvedAttemptCount());
  metrics.gauge("journal_seq", store.headSeq());
  await store.transact((tx) => tx.purge(clock.nowMs() - OPERATIONAL_RETENTION_MS));
}

async function repeat(
  clock: Clock,
  intervalMs: number,
  signal: AbortSignal,
  task: () => Promise<void> | void,
  onFatal: (error: unknown) => void,
): Promise<void> {
  for (;;) {
    await clock.sleep(intervalMs, signal);
    if (signal.aborted) return;
    try {
      await task();
    } catch (error) {
      onFatal(error);
    }
  }
}

/** Journal trouble (full, read-only) is lived through; any other surprise ends the process. */
function tolerateJournal(
  log: Log,
  shout: (text: string) => void,
  onFatal: (error: unknown) => void,
): (error: unknown) => void {
  return (error) => {
    if (!isRaptorError(error) || !isJournalTrouble(error)) return onFatal(error);
    log.error({ code: error.code }, "work waits because nothing can be recorded");
    shout(error.message);
  };
}

/** The engine: what moves orders, attempts, exits and the ledger. */
function buildEngine(context: EngineContext, feed: PriceFeed) {
  const tracker = new AttemptTracker(context);
  const pool = new NoncePool(context);
  const driver = new OrderDriver(context, tracker, pool);
  const reconciler = new Reconciler(context, tracker);
  return {
    tracker,
    pool,
    driver,
    exits: new Exits(context, feed, driver, new FastExit(context, tracker, driver)),
    ready: new ReadyExits(context),
    limitBuys: new LimitBuys(context, feed, driver),
    panic: new Panic(context, driver, tracker),
    reconciler,
    watch: new WalletWatch(context, () => reconciler.runAnew("watch")),
    settlement: new Settlement(context, driver, tracker),
  };
}

function buildMirror(seams: ExecutorSeams, shout: (text: string) => void): Mirror | undefined {
  const { env, postgres, store, clock, prng, log, metrics, claim } = seams;
  if (postgres === undefined || env.MIRROR === "off") return undefined;
  const { MIRROR: mode, MIRROR_SYNC_MS: syncMs } = env;
  const copiesVault = env.MIRROR_VAULT === "1";
  const mayShip = (): boolean => claim?.mayCopy() ?? true;
  const tools = { postgres, store, clock, prng, log, metrics, shout, mayShip };
  return new PostgresMirror({ ...tools, mode, syncMs, copiesVault });
}

function buildRooms(seams: ExecutorSeams) {
  const { env, clock, prng, ids, log, metrics, store, claim } = seams;
  const settings = engineSettingsOf(env);
  const keys = deriveStateKeys(env.STATE_SECRET);
  const lifecycle = new Lifecycle();
  let isTruthKnown = false;
  const outside = buildOutside(seams);
  const { venue, feed, discord, telegram } = outside;
  const lifetimesMs = { trade: env.TICKET_TRADE_TTL_MS, menu: env.TICKET_MENU_TTL_MS };
  const tickets = new TicketIssuer({ key: keys.ticket, ids, clock, lifetimesMs });
  const notices = createNotices({ venue, clock, tickets, adminUserIds: env.ADMIN_USER_IDS });
  const shout = (text: string): void => void discord.alert(text);
  const disk = new DiskWatch(seams.ballast, shout);
  const mirror = buildMirror(seams, shout);
  const syncMirror = env.MIRROR === "sync" ? mirror : undefined;
  const context: EngineContext = {
    store,
    venue,
    notices,
    clock,
    log,
    metrics,
    settings,
    shout,
    doubtLedger: () => void engine.reconciler.run("doubt").catch(context.onFatal),
    entryHold: () =>
      claim?.entryHold() ?? (isTruthKnown ? (disk.hold() ?? mirror?.hold()) : ENTRY_HOLD),
    ...(syncMirror === undefined ? {} : { isMirrored: () => syncMirror.isMirrored() }),
    blockhashHold: () => claim?.blockhashHold(),
    onFatal: tolerateJournal(log, shout, seams.onFatal),
  };
  const engine = buildEngine(context, feed);
  watchClaim({ claim, context, chat: telegram, adminUserIds: env.ADMIN_USER_IDS });
  watchVenue(outside.venueAlerts, context);
  const apiTokens = new ApiTokens(keys.apiToken);
  const contentOf = (row: OutboxRow): MessageContent => apiTokens.contentOf(row);
  const outbox = createOutbox({ store, chat: telegram, clock, prng, log, contentOf });
  const dependencies = listDependencies(seams, { ...outside, disk, mirror, lifecycle });
  const phase = () => shownPhase(lifecycle, store);
  const { version } = seams;
  const lastReconcile = () => engine.reconciler.lastRun;
  const views = { store, feed, venue, clock, version, phase, dependencies, lastReconcile };
  const reads = createReadModels(views);
  const shared = { store, venue, feed, reads, clock, tickets, settings, notices, ...engine };
  const deskTools = { ...shared, mirror: syncMirror };
  const desk = buildDesk(seams, deskTools, apiTokens, lifecycle, context.onFatal);
  const noteReconcile = (isComplete: boolean): void => {
    isTruthKnown ||= isComplete;
  };
  const isReady = (): boolean => lifecycle.phase === "ready";
  const operator = new OperatorDesk({ ...shared, log, panic: engine.panic, isReady });
  return {
    operator,
    ...outside,
    ...engine,
    context,
    lifecycle,
    disk,
    mirror,
    outbox,
    dependencies,
    reads,
    ...desk,
    noteReconcile,
    onFatal: context.onFatal,
  };
}

function listDependencies(
  { store, clock, claim }: ExecutorSeams,
  parts: ReturnType<typeof buildOutside> & {
    disk: DiskWatch;
    mirror: Mirror | undefined;
    lifecycle: Lifecycle;
  },
): () => DependencyHealth[] {
  const { disk, mirror, lifecycle, venue, feed, schedule, telegram } = parts;
  const probeJournal = createJournalProbe(store, clock);
  return () => [
    probeJournal(),
    disk.health(),
    ...(mirror === undefined ? [] : [mirror.health()]),
    ...(claim?.health() ?? []),
    { name: "intake", ok: lifecycle.phase === "ready", detail: lifecycle.phase },
    ...venue.health(),
    feed.health(),
    schedule.health(),
    telegram.health(),
  ];
}

type DeskDeps = ConstructorParameters<typeof JobHandlers>[0] &
  ConstructorParameters<typeof Presenter>[0] &
  ConstructorParameters<typeof Trading>[0] &
  ConstructorParameters<typeof JobAdmission>[0];

/** The desk: takes jobs, runs them in lanes, answers reads. */
function buildDesk(
  seams: ExecutorSeams,
  shared: Omit<
    DeskDeps,
    | "presenter"
    | "trading"
    | "exitDesk"
    | "entryDesk"
    | "accounts"
    | "apiTokens"
    | "ids"
    | "presetsLamports"
    | "allowedUserIds"
    | "adminUserIds"
  > & { mirror: Mirror | undefined },
  apiTokens: ApiTokens,
  lifecycle: Lifecycle,
  onFatal: (error: unknown) => void,
) {
  const { env, clock, ids, log, metrics, signer, store } = seams;
  const { reads } = shared;
  const presetsLamports = env.BUY_PRESETS_SOL;
  const presenter = new Presenter({ ...shared, presetsLamports });
  const trading = new Trading({ ...shared, presenter });
  const accounts = new Accounts(store, signer);
  const exitDesk = new ExitDesk({ ...shared, presenter });
  const entryDesk = new EntryDesk({ ...shared, presenter });
  const made = { ids, accounts, presenter, trading, exitDesk, entryDesk, apiTokens };
  const handlers = new JobHandlers({ ...shared, ...made });
  const lanes = new Lanes(env.LANES_MAX, onFatal);
  const { ALLOWED_USER_IDS: allowedUserIds, ADMIN_USER_IDS: adminUserIds } = env;
  const admission = new JobAdmission({ ...shared, allowedUserIds, adminUserIds });
  const phase = () => lifecycle.phase;
  const { mirror } = shared;
  const tools = { store, clock, log, metrics, mirror };
  const intake = new JobIntake({ ...tools, admission, handlers, lanes, phase });
  const verifier = new JwsVerifier(env.TRUSTED_JWKS, audienceOf(env.ENVIRONMENT));
  const api = new ExecutorApi({ verifier, intake, reads, store, apiTokens, clock, log, metrics });
  return { lanes, intake, api };
}

function shownPhase(lifecycle: Lifecycle, store: Store): ReturnType<ReadModels["status"]>["phase"] {
  const isHalted = lifecycle.phase === "ready" && store.control().tradingState === "halted";
  return isHalted ? "halted" : lifecycle.phase;
}
