import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LAMPORTS_PER_SOL } from "@raptor/shared/values/money.ts";
import { FaultPlan } from "../faults/fault-plan.ts";
import { Chain } from "../models/chain.ts";
import type { LaneConduct } from "../models/lane-gate.ts";
import { Market } from "../models/market.ts";
import { createNamedPrng } from "../models/prng.ts";
import { startJupiter } from "../servers/jupiter/server.ts";
import { startQstash } from "../servers/qstash/index.ts";
import { ShiftedClock } from "../servers/real-clock.ts";
import { startRedisRest } from "../servers/redis/index.ts";
import { startSolana } from "../servers/solana/solana-server.ts";
import { startTelegram } from "../servers/telegram/start-telegram.ts";
import { startControl } from "./control.ts";
import { startEdge } from "./edge-process.ts";
import { ExecutorProcess } from "./executor-process.ts";
import { Faucet } from "./faucet.ts";
import { startLanes } from "./lanes.ts";
import { findFreePorts } from "./ports.ts";
import { createWorldSecrets, type WorldSecrets } from "./secrets.ts";
import {
  BOT_USERNAME,
  createEdgeVars,
  createExecutorEnv,
  ENVIRONMENT,
  type WorldPorts,
} from "./world-settings.ts";

export interface WorldOptions {
  seed: number;
  /** Everything that the world writes lies under this folder. */
  stateDir: string;
  onProgress(step: string): void;
  /** False freezes the crowd; prices then move only by trades and `POST /world/prices`. */
  movingPrices?: boolean;
  /** SOL that each person is given on first contact; 0 for none. */
  giftSol?: bigint;
  redis?: "auto" | "memory" | "redis-server";
  /** How the landing services behave; by default some of what they take is lost. */
  laneConduct?: LaneConduct;
  /** Length of a slot; 400 as on the network unless a test wants blocks to pass quickly. */
  slotMs?: number;
  /** Overrides for the executor's settings. */
  executorEnv?: Readonly<Record<string, string>>;
  /** Instead of the executor's production main process. */
  executorMain?: string;
  /** Called when the stand-ins listen, before edge and executor start. */
  onStandIns?(file: WorldFile): void;
  /** Overrides for the edge's settings. */
  edgeVars?: Readonly<Record<string, string>>;
}

/** The object that is written to `world.json`, so that any script can drive the world. */
export interface WorldFile {
  edge: string;
  executor: string;
  metrics: string;
  chat: string;
  dashboard: string;
  control: string;
  rpc: string;
  rpcWs: string;
  rpcs: { http: string; ws: string }[];
  jupiter: string;
  jito: string;
  heliusSender: string;
  jupiterSend: string;
  telegram: string;
  qstash: string;
  redis: string;
  redisControl: string;
  discord: string;
  botId: string;
  botToken: string;
  webhookSecret: string;
  adminToken: string;
  edgeSigningJwk: string;
  qstashToken: string;
  qstashCurrentKey: string;
  qstashNextKey: string;
  redisToken: string;
  jupiterKey: string;
  environment: string;
  users: { id: number; name: string }[];
  mints: { mint: string; symbol: string; kind: string }[];
  executorPid: number;
  signerPid: number;
  launcherPid: number;
  dataDir: string;
  seed: number;
}

export interface World {
  file: WorldFile;
  executor: ExecutorProcess;
  chain: Chain;
  market: Market;
  /** The Worker goes away and stays away. */
  stopEdge(): Promise<void>;
  close(): Promise<void>;
}

/** Two people on the allow-list, the first an admin, and a stranger. */
export const WORLD_USERS = [
  { id: 7_001, name: "Alice" },
  { id: 7_002, name: "Bob" },
  { id: 7_003, name: "Mallory" },
];
const SLOT_MS = 400;
/** Slots by which the two RPC nodes trail the chain. */
const NODE_LAGS = [{ lagSlots: 0 }, { lagSlots: 1 }];

/** Boots every stand-in, the real edge and the real executor. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const { stateDir, onProgress } = options;
  const secrets = createWorldSecrets();
  const dataDir = join(stateDir, "executor");
  // The chain lives in memory: a journal of an earlier world would not match it.
  rmSync(stateDir, { recursive: true, force: true });
  mkdirSync(join(stateDir, "logs"), { recursive: true });
  mkdirSync(dataDir, { recursive: true });
  const closers: Closers = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).toReversed()) await closer();
  };
  try {
    return await boot(options, secrets, dataDir, closers, close);
  } catch (error) {
    onProgress("the world could not start; stopping what did");
    await close();
    throw error;
  }
}

type Closers = (() => Promise<void> | void)[];

async function boot(
  options: WorldOptions,
  secrets: WorldSecrets,
  dataDir: string,
  closers: Closers,
  close: () => Promise<void>,
): Promise<World> {
  const { stateDir, onProgress } = options;
  const [edgePort = 0, executorPort = 0, metricsPort = 0] = await findFreePorts(3);
  const ports = { edge: edgePort, executor: executorPort, metrics: metricsPort };
  const standIns = await startStandIns(options, secrets, closers);
  const file = createWorldFile(options.seed, secrets, ports, dataDir, standIns);
  options.onStandIns?.(file);
  const worldPath = join(stateDir, "world.json");
  const save = (): void => writeFileSync(worldPath, `${JSON.stringify(file, null, 2)}\n`);

  const executor = new ExecutorProcess({
    env: { ...createExecutorEnv(file, secrets, ports), ...options.executorEnv },
    port: executorPort,
    logFile: join(stateDir, "logs", "executor.log"),
    mainFile: options.executorMain,
    onPids: (pids) => {
      file.executorPid = pids.main;
      file.signerPid = pids.signer;
      file.launcherPid = pids.launcher;
      save();
    },
  });
  const control = await startControl({ ...standIn(options.seed, "control"), executor });
  closers.push(() => control.close());
  file.control = control.url;
  file.discord = `${control.url}/discord`;

  onProgress("Edge: the Worker in workerd");
  const edge = await startEdge(edgePort, { ...createEdgeVars(file, secrets), ...options.edgeVars });
  let edgeEnd: Promise<void> | undefined;
  const stopEdge = (): Promise<void> => (edgeEnd ??= edge.close());
  closers.push(stopEdge);

  onProgress("Executor: launcher, signer and desk");
  executor.setEnv("DISCORD_WEBHOOK_URL", file.discord);
  closers.push(() => executor.close());
  await executor.start();
  startFaucet(options, standIns, closers);
  save();
  const { chain, market } = standIns;
  return { file, executor, chain, market, stopEdge, close };
}

/** Clock, chance and faults of one stand-in: its own, so that none disturbs another. */
function standIn(seed: number, label: string) {
  return {
    clock: new ShiftedClock(),
    prng: createNamedPrng(seed, label),
    faults: new FaultPlan(createNamedPrng(seed, `faults:${label}`)),
  };
}

type StandIns = Awaited<ReturnType<typeof startStandIns>>;

async function startStandIns(options: WorldOptions, secrets: WorldSecrets, closers: Closers) {
  const { seed, onProgress } = options;
  onProgress("Solana: a virtual machine with two RPC nodes");
  const { clock, prng } = standIn(seed, "chain");
  const chain = new Chain({ clock, prng, slotMs: options.slotMs ?? SLOT_MS });
  chain.start();
  closers.push(() => chain.stop());
  const solana = await startSolana({
    chain,
    clock,
    prng: createNamedPrng(seed, "solana"),
    nodes: NODE_LAGS,
    faults: NODE_LAGS.map((_, at) => standIn(seed, `solana-${at}`).faults),
  });
  closers.push(() => solana.close());

  onProgress("Jupiter: a market of tokens");
  const desk = standIn(seed, "jupiter");
  const market = new Market({ seed, clock: desk.clock });
  market.moving = options.movingPrices ?? true;
  const apiKeys = { [secrets.jupiterKey]: "pro" as const };
  const jupiter = await startJupiter({ ...desk, chain, market, apiKeys });
  closers.push(() => jupiter.close());

  const lanes = await startLanes({
    chain,
    seed,
    clock: standIn(seed, "lanes").clock,
    jupiterKey: secrets.jupiterKey,
    conduct: options.laneConduct,
  });
  closers.push(() => lanes.close());

  onProgress("Telegram: the Bot API and the chat page");
  const telegram = await startTelegram({
    ...standIn(seed, "telegram"),
    botToken: secrets.botToken,
    botUsername: BOT_USERNAME,
    users: WORLD_USERS,
    allowHttpWebhook: true,
  });
  closers.push(() => telegram.close());

  onProgress("QStash and Redis");
  const qstash = await startQstash({
    ...standIn(seed, "qstash"),
    token: secrets.qstashToken,
    currentKey: secrets.qstashCurrentKey,
    nextKey: secrets.qstashNextKey,
  });
  closers.push(() => qstash.close());
  const redis = await startRedisRest({
    ...standIn(seed, "redis"),
    backend: options.redis ?? "auto",
    token: secrets.redisToken,
  });
  closers.push(() => redis.close());
  return { chain, market, solana, jupiter, lanes, telegram, qstash, redis };
}

function startFaucet(options: WorldOptions, standIns: StandIns, closers: Closers): void {
  const lamports = (options.giftSol ?? 10n) * LAMPORTS_PER_SOL;
  if (lamports === 0n) return;
  const { chain, telegram } = standIns;
  const userIds = WORLD_USERS.map(({ id }) => id);
  const faucet = new Faucet({ chain, telegramUrl: telegram.url, userIds, lamports });
  faucet.start();
  closers.push(() => faucet.stop());
}

function createWorldFile(
  seed: number,
  secrets: WorldSecrets,
  ports: WorldPorts,
  dataDir: string,
  standIns: StandIns,
): WorldFile {
  const { solana, jupiter, lanes, telegram, qstash, redis, market } = standIns;
  const edge = `http://127.0.0.1:${ports.edge}`;
  return {
    edge,
    executor: `http://127.0.0.1:${ports.executor}`,
    metrics: `http://127.0.0.1:${ports.metrics}/metrics`,
    chat: `${telegram.url}/chat`,
    dashboard: `${edge}/`,
    control: "",
    rpc: solana.rpcs[0]?.http ?? "",
    rpcWs: solana.rpcs[0]?.ws ?? "",
    rpcs: [...solana.rpcs],
    jupiter: jupiter.url,
    jito: lanes.jito.url,
    heliusSender: `${lanes.heliusSender.url}/fast`,
    jupiterSend: lanes.jupiterSend.url,
    telegram: telegram.url,
    qstash: qstash.url,
    redis: redis.url,
    redisControl: redis.controlUrl,
    discord: "",
    botId: secrets.botId,
    botToken: secrets.botToken,
    webhookSecret: secrets.webhookSecret,
    adminToken: secrets.adminToken,
    edgeSigningJwk: secrets.signingJwk,
    qstashToken: secrets.qstashToken,
    qstashCurrentKey: secrets.qstashCurrentKey,
    qstashNextKey: secrets.qstashNextKey,
    redisToken: secrets.redisToken,
    jupiterKey: secrets.jupiterKey,
    environment: ENVIRONMENT,
    users: WORLD_USERS,
    mints: market.tokens.map(({ mint, spec }) => ({ mint, symbol: spec.symbol, kind: spec.kind })),
    executorPid: 0,
    signerPid: 0,
    launcherPid: 0,
    dataDir,
    seed,
  };
}
