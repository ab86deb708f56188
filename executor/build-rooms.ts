import type { MessageContent, OutboxRow } from "@raptor/shared/domain/rows.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { buildDesk } from "./build-desk.ts";
import { buildOutside } from "./build-outside.ts";
import type { ExecutorSeams } from "./create-executor.ts";
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
import { ApiTokens } from "./jobs/api-tokens.ts";
import { Lifecycle } from "./jobs/lifecycle.ts";
import { createNotices } from "./jobs/notices.ts";
import { TicketIssuer } from "./jobs/tickets.ts";
import { WalletKeys } from "./jobs/wallet-keys.ts";
import { createOutbox } from "./notify/outbox.ts";
import { PostgresMirror } from "./mirror/postgres-mirror.ts";
import type { PriceFeed } from "./ports/market.ts";
import type { Mirror } from "./ports/mirror.ts";
import type { Store } from "./ports/store.ts";
import { createJournalProbe } from "./server/health.ts";
import { OperatorDesk } from "./server/operator-desk.ts";
import { deriveStateKeys, engineSettingsOf } from "./settings.ts";
import { DiskWatch } from "./store/disk-watch.ts";
import { watchClaim } from "./watch-claim.ts";
import { watchVenue } from "./watch-venue.ts";

const ENTRY_HOLD = "The wallets could not be read since the start; buys wait, exits go on.";

/** Every room, wired and not yet started. */
export function buildRooms(seams: ExecutorSeams) {
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
  const walletKeys = new WalletKeys({ store, signer: seams.signer, notices, shout });
  const deskTools = { ...shared, walletKeys, mirror: syncMirror };
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
    walletKeys,
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

function shownPhase(lifecycle: Lifecycle, store: Store): ReturnType<ReadModels["status"]>["phase"] {
  const isHalted = lifecycle.phase === "ready" && store.control().tradingState === "halted";
  return isHalted ? "halted" : lifecycle.phase;
}
