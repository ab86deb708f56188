import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import { isRaptorError, sentenceOf } from "@raptor/shared/errors/raptor-error.ts";
import { claimDesk, type ClaimDeskParts, type ClaimResult } from "./claim-desk.ts";
import { endIfOnlyCompiling } from "./compile-only.ts";
import { createExecutor, type Executor } from "./create-executor.ts";
import { parseExecutorEnv, type ExecutorEnv } from "./env.ts";
import { guardSigner } from "./lease/guard-signer.ts";
import type { Postgres } from "./ports/postgres.ts";
import type { Store } from "./ports/store.ts";
import { createSharedHealth } from "./server/health.ts";
import { growthOnceReady } from "./server/heap-growth.ts";
import { startMetricsServer, startPublicServer } from "./server/http-server.ts";
import { flushAtExit, LineOutput } from "./server/line-output.ts";
import { createNodeClock, createNodeIds, createNodePrng } from "./server/node-seams.ts";
import { createNodeNet } from "./server/node-net.ts";
import { createPinoLog } from "./server/pino-log.ts";
import { OPERATOR_SOCKET_FILE } from "./ports/operator.ts";
import { startOperatorSocket } from "./server/operator-socket.ts";
import { createPrometheus } from "./server/prometheus.ts";
import { connectLauncher, connectSigner } from "./signer/index.ts";
import { createBallast } from "./store/ballast.ts";
import { standBy } from "./stand-by.ts";
import { holdExecutorLock, type ExecutorLock } from "./store/lock.ts";
import { Checkpoints, WAL_PAGES_MAX } from "./store/checkpoints.ts";
import { openStore, type StoreOptions } from "./store/sqlite-store.ts";
import { tellOperators } from "./tell-operators.ts";
import { readVersion } from "./version.ts";
import { HELP_LINES } from "./screens/plain.ts";

/** Exit codes that operators can tell apart; the launcher restarts after every one but 0. */
const EXIT_FATAL = 1;
/** Another executor has taken over, or a wait for it is over: the next start looks anew. */
const EXIT_NOT_OURS = 75;
const EXIT_SETTINGS = 78;
const LAG_SAMPLE_MS = 500;
const STDOUT_FD = 1;
const BYTES_PER_MB = 1024 * 1024;
const WEBHOOK_RETRY_MS = 5_000;
const OPEN_RETRY_MS = 5_000;
/** For the last message to operators; nothing is signed any more. */
const FENCE_GRACE_MS = 3_000;

/** The composition root: the one place with real clocks, randomness, sockets and environment. */
async function main(): Promise<void> {
  const env = readEnv();
  const clock = createNodeClock();
  const log = createLog(env, clock);
  const onFatal = (error: unknown): void => {
    const problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log.error({ problem }, "fatal: the process stops, start-up recovers");
    process.exit(EXIT_FATAL);
  };
  for (const event of ["uncaughtException", "unhandledRejection"]) process.on(event, onFatal);

  const { lock, ballast } = await takeDataDirectory(env, log);
  const version = readVersion();
  const path = join(env.DATA_DIR, "journal.db");
  const makeRoom = (): boolean => ballast.free();
  const onGone = (): void => onFatal(new Error("the launcher or the signer is gone"));
  // Before the journal: the launcher hears the heartbeat also while a full disk is waited for.
  const link = connectLauncher({ clock, onGone });
  const signer = connectSigner({ clock, onGone });
  const onFolding = (): void => link.beat();
  const ids = createNodeIds();
  const options = { path, clock, log, release: version, onFatal, makeRoom, onFolding, ids };
  const store = await openWhenThereIsRoom(options);
  const net = createNodeNet();
  const postgres = await connectPostgres(env, clock);
  const tools = { env, clock, log, net, ids, postgres };
  const claimed = await claimOrStandBy(tools, store, lock);
  const checkpoints = new Checkpoints({ path, clock, log, onFatal });
  const metrics = createPrometheus();
  const executor = createExecutor({
    env,
    clock,
    net,
    prng: createNodePrng(),
    ids,
    log,
    metrics,
    signer: guardSigner(signer, claimed.claim),
    store,
    ballast,
    postgres,
    claim: claimed.claim,
    version,
    pid: process.pid,
    onFatal,
  });
  const doors = await openDoors({ executor, env, clock, log, metrics, onFatal });
  log.info({ ...doors.ports, version }, "listening");

  const ending = endOnSignals(log, onFatal, async () => {
    await executor.drain();
    await doors.close();
    await claimed.release(store.headSeq());
    await checkpoints.stop();
    store.close();
    lock.release();
    net.close();
    signer.close();
    link.close();
  });
  sampleLoopLag(metrics);
  await executor.boot();
  const growth = growthOnceReady(process.execArgv);
  if (growth !== undefined) setFlagsFromString(growth);
  void registerWithTelegram(executor, env, clock, () => ending.aborted).catch(onFatal);
}

/** Runs the drain once, whichever signal comes first, and then ends the process. */
function endOnSignals(
  log: Log,
  onFatal: (error: unknown) => void,
  drain: () => Promise<void>,
): AbortSignal {
  const ending = new AbortController();
  async function end(signal: string): Promise<void> {
    if (ending.signal.aborted) return;
    ending.abort();
    log.info({ signal }, "draining");
    await drain();
    log.info({}, "stopped");
    process.exit(0);
  }
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => void end(signal).catch(onFatal));
  }
  return ending.signal;
}

interface DoorParts {
  executor: Executor;
  env: ExecutorEnv;
  clock: Clock;
  log: Log;
  metrics: { text(): Promise<string> };
  onFatal(error: unknown): void;
}

/** Everything that lets somebody in: the public port, the metrics and the operator's socket. */
async function openDoors({ executor, env, clock, log, metrics, onFatal }: DoorParts) {
  const deps = {
    api: executor.api,
    health: createSharedHealth((isDeep) => executor.health(isDeep), clock),
    metricsText: () => metrics.text(),
    log,
    clock,
    onFatal,
  };
  const server = await startPublicServer(deps, { host: env.HOST, port: env.PORT });
  const metricsAddress = { host: env.HOST, port: env.METRICS_PORT };
  const metricsServer = await startMetricsServer(deps, metricsAddress);
  const operatorSocket = await startOperatorSocket({
    path: join(env.DATA_DIR, OPERATOR_SOCKET_FILE),
    answer: (text) => executor.operator.answer(text),
    log,
    onFatal,
  });
  return {
    ports: { port: server.port, metricsPort: metricsServer.port },
    close: () => Promise.all([server.close(), metricsServer.close(), operatorSocket.close()]),
  };
}

/** Does not return while another executor may be at work: then the process ends and starts anew. */
async function claimOrStandBy(
  tools: Omit<ClaimDeskParts, "journalEpoch">,
  store: Store,
  lock: ExecutorLock,
): Promise<Extract<ClaimResult, { outcome: "claimed" }>> {
  const { clock, log } = tools;
  const claimed = await claimDesk({ ...tools, journalEpoch: () => store.epoch() });
  if (claimed.outcome === "refused") {
    store.close();
    lock.release();
    await standBy({ ...tools, ...claimed, tellOperators: (lines) => tellOperators(tools, lines) });
    return process.exit(EXIT_NOT_OURS);
  }
  claimed.claim.onChange(({ kind }) => {
    if (kind !== "fenced") return;
    log.error({}, "fatal: another executor has taken over");
    void clock.sleep(FENCE_GRACE_MS).then(() => process.exit(EXIT_NOT_OURS));
  });
  return claimed;
}

/** Its driver is loaded only where there is a database: a start waits for every module it loads. */
async function connectPostgres(env: ExecutorEnv, clock: Clock): Promise<Postgres | undefined> {
  const connectionString = env.DATABASE_URL?.reveal();
  if (connectionString === undefined) return undefined;
  const { createNodePostgres } = await import("./server/node-postgres.ts");
  return createNodePostgres({ connectionString, clock });
}

function createLog(env: ExecutorEnv, clock: Clock): Log {
  const output = new LineOutput(STDOUT_FD, clock);
  flushAtExit(output);
  return createPinoLog(env.LOG_LEVEL, output);
}

/** The lock first: a second executor must not even touch the ballast. */
async function takeDataDirectory(env: ExecutorEnv, log: Log) {
  const { DATA_DIR: directory } = env;
  mkdirSync(directory, { recursive: true });
  const lock = holdExecutorLock(join(directory, "executor.lock"));
  const bytes = env.BALLAST_MB * BYTES_PER_MB;
  const ballast = createBallast({ directory, bytes, log });
  await ballast.tend();
  return { lock, ballast };
}

function readEnv(): ExecutorEnv {
  try {
    return parseExecutorEnv(process.env);
  } catch (error) {
    if (!isRaptorError(error, "RAPTOR_ENV__INVALID")) throw error;
    const problems = String(error.context["problems"]).split(" | ");
    process.stderr.write(`The executor cannot start with these settings:\n`);
    for (const problem of problems) process.stderr.write(`  - ${problem}\n`);
    process.stderr.write(`Nothing was traded. See docs/settings.md.\n`);
    process.exit(EXIT_SETTINGS);
  }
}

/** SQLite needs a few pages to open at all; a restart would only find the same full disk. */
async function openWhenThereIsRoom(options: StoreOptions): Promise<Store> {
  for (;;) {
    try {
      return openStore({ ...options, walPagesMax: WAL_PAGES_MAX });
    } catch (error) {
      if (!isRaptorError(error)) throw error;
      if (error.code !== "RAPTOR_JOURNAL__FULL") {
        options.log.error({ code: error.code }, sentenceOf(error));
        process.exit(EXIT_FATAL);
      }
      options.log.error({ code: error.code }, "the disk is full, the journal cannot be opened yet");
      await options.clock.sleep(OPEN_RETRY_MS);
    }
  }
}

/** Sets webhook and command menu; Telegram being away delays only this. */
async function registerWithTelegram(
  executor: Executor,
  env: ExecutorEnv,
  clock: { sleep(ms: number): Promise<void> },
  isStopping: () => boolean,
): Promise<void> {
  const { telegram } = executor;
  const commands = HELP_LINES.map(([command, description]) => ({
    command: command.slice(1),
    description,
  }));
  while (!isStopping()) {
    const url = `${env.EDGE_URL}/telegram/webhook`;
    const isSet = await telegram.setWebhook({ url, secret: env.TELEGRAM_WEBHOOK_SECRET });
    if (isSet && (await telegram.setCommands(commands))) return;
    await clock.sleep(WEBHOOK_RETRY_MS);
  }
}

function sampleLoopLag(metrics: { observeMs(name: "loop_lag_ms", ms: number): void }): void {
  let expectedMs = performance.now() + LAG_SAMPLE_MS;
  setInterval(() => {
    metrics.observeMs("loop_lag_ms", Math.max(0, performance.now() - expectedMs));
    expectedMs = performance.now() + LAG_SAMPLE_MS;
  }, LAG_SAMPLE_MS).unref();
}

endIfOnlyCompiling(process.argv);
await main();
