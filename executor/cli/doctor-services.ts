import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import { NetFailure, type Net, type NetResponse } from "@raptor/shared/seams/net.ts";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { ExecutorEnv } from "../env.ts";
import { readCursor } from "../mirror/cursor.ts";
import { ReconcileSchedule } from "../notify/reconcile-schedule.ts";
import { createTelegramChat, type TelegramChat } from "../notify/telegram.ts";
import { createNodePostgres } from "../server/node-postgres.ts";
import { createJupiter } from "../venues/solana/jupiter.ts";
import { WSOL_MINT } from "../venues/solana/programs.ts";
import { isoOf } from "./look-commands.ts";
import { messageOf, type Finding } from "./doctor-machine.ts";

export interface DoctorServices {
  env: ExecutorEnv;
  net: Net;
  clock: Clock;
  /** Mend what can be mended: the schedule and the webhook. */
  isFixing: boolean;
}

const TIMEOUT_MS = 5_000;
/** The edge's signatures are refused when clocks differ by 5 s; half of that is a warning. */
const CLOCK_OFF_MS_MAX = 2_500;
/** The date of an answer has whole seconds. */
const DATE_GRAIN_MS = 1_000;
const RECENT_MS = 600_000;
const quietLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

interface NodeAnswer {
  name: string;
  genesis: string | undefined;
  detail: string;
  clockOffMs: number | undefined;
}

/** Every node is reached, and all serve the same chain; their dates tell the time. */
export async function checkNodes(deps: DoctorServices): Promise<Finding[]> {
  const answers = await Promise.all(deps.env.SOLANA_RPC_URLS.map((url) => askNode(deps, url)));
  const findings = answers.map(({ name, genesis, detail }): Finding => {
    if (genesis !== undefined) return { name: `node ${name}`, ok: true, detail };
    const todo = "open its address from here; key or quota are the usual cause (SOLANA_RPC_URLS)";
    return { name: `node ${name}`, ok: false, detail, todo };
  });
  const chains = new Set(answers.flatMap(({ genesis }) => genesis ?? []));
  if (chains.size > 1) {
    const detail = `the nodes serve ${chains.size} different chains: ${[...chains].join(", ")}`;
    const todo = "one address is of another network; the executor refuses to start like this";
    findings.push({ name: "chain", ok: false, detail, todo });
  }
  return [...findings, clockFinding(answers)];
}

async function askNode({ net, clock }: DoctorServices, url: string): Promise<NodeAnswer> {
  const name = new URL(url).host;
  const atMs = clock.nowMs();
  try {
    const response = await net.fetch({
      url,
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "getGenesisHash", params: [] }),
      timeoutMs: TIMEOUT_MS,
    });
    const genesis = genesisOf(response);
    const detail = genesis === undefined ? `answered ${response.status}` : `chain ${genesis}`;
    return { name, genesis, detail, clockOffMs: clockOffOf(response, atMs, clock.nowMs()) };
  } catch (error) {
    if (!(error instanceof NetFailure)) throw error;
    return { name, genesis: undefined, detail: error.kind, clockOffMs: undefined };
  }
}

function genesisOf({ status, body }: NetResponse): string | undefined {
  try {
    const value: unknown = status === 200 ? JSON.parse(body) : undefined;
    if (typeof value !== "object" || value === null || !("result" in value)) return undefined;
    return typeof value.result === "string" ? value.result : undefined;
  } catch {
    return undefined;
  }
}

/** How far our clock is ahead of the sender's, the way there and back taken as equal. */
function clockOffOf(response: NetResponse, askedMs: number, heardMs: number): number | undefined {
  const saidMs = Date.parse(response.headers["date"] ?? "");
  if (Number.isNaN(saidMs)) return undefined;
  return Math.round((askedMs + heardMs) / 2 - (saidMs + DATE_GRAIN_MS / 2));
}

function clockFinding(answers: readonly NodeAnswer[]): Finding {
  const known = answers.flatMap(({ clockOffMs }) => clockOffMs ?? []).toSorted((a, b) => a - b);
  const middle = known[Math.floor(known.length / 2)];
  if (middle === undefined) return { name: "clock", ok: true, detail: "no node told the time" };
  const detail = `${middle} ms ahead of the nodes, give or take a second`;
  if (Math.abs(middle) <= CLOCK_OFF_MS_MAX) return { name: "clock", ok: true, detail };
  const todo = "set the machine's clock: signatures of the edge are refused when it is 5 s off";
  return { name: "clock", ok: false, detail, todo };
}

export async function checkJupiter({ env, net, clock }: DoctorServices): Promise<Finding> {
  const name = "jupiter";
  const settings = { url: env.JUPITER_URL, apiKey: env.JUPITER_API_KEY, timeoutMs: TIMEOUT_MS };
  try {
    const prices = await createJupiter({ net, clock, settings }).fetchUsdPricesE30([WSOL_MINT]);
    if (prices.size > 0) return { name, ok: true, detail: "tells prices" };
    const todo = "the service is not well; exits need prices, look at its status page";
    return { name, ok: false, detail: "knows no price of SOL", todo };
  } catch (error) {
    if (!isRaptorError(error)) throw error;
    const todo = "401 or 403: JUPITER_API_KEY; limited: a larger plan or PRICE_POLL_MS";
    return { name, ok: false, detail: error.message, todo };
  }
}

export async function checkTelegram(deps: DoctorServices): Promise<Finding[]> {
  const { env, net, clock, isFixing } = deps;
  const { TELEGRAM_API_URL: baseUrl, TELEGRAM_BOT_TOKEN: token } = env;
  const chat = createTelegramChat({ net, clock, log: quietLog, baseUrl, token });
  const bot = await chat.getMe();
  if (bot === undefined) {
    const todo = "TELEGRAM_BOT_TOKEN is wrong, or Telegram cannot be reached from here";
    return [{ name: "telegram", ok: false, detail: chat.health().detail, todo }];
  }
  const found: Finding = { name: "telegram", ok: true, detail: `is @${bot.username}, ${bot.id}` };
  if (!isFixing) return [found, await checkWebhook(deps, chat)];
  const isSet = await chat.setWebhook({
    url: webhookOf(env),
    secret: env.TELEGRAM_WEBHOOK_SECRET,
  });
  const detail = isSet ? "set anew" : "could not be set";
  const todo = isSet ? {} : { todo: "EDGE_URL must be a public https address" };
  return [found, { name: "webhook", ok: isSet, detail, ...todo }];
}

async function checkWebhook(
  { env, clock }: DoctorServices,
  chat: Pick<TelegramChat, "getWebhook">,
): Promise<Finding> {
  const name = "webhook";
  const fix = "run `raptor doctor --fix`, or restart the executor";
  const state = await chat.getWebhook();
  if (state === undefined) return { name, ok: false, detail: "not told", todo: fix };
  if (state.url !== webhookOf(env)) {
    const url = state.url === "" ? "nowhere" : state.url;
    const todo = `another program may use this token; ${fix}`;
    return { name, ok: false, detail: `leads to ${url}`, todo };
  }
  const { lastError, pendingUpdates } = state;
  const waiting = `${pendingUpdates} updates wait`;
  if (lastError !== undefined && clock.nowMs() - lastError.atMs < RECENT_MS) {
    const detail = `${waiting}, ${isoOf(lastError.atMs)}: ${lastError.message}`;
    return { name, ok: false, detail, todo: `is the edge up? With a 401: ${fix}` };
  }
  return { name, ok: true, detail: waiting };
}

function webhookOf(env: ExecutorEnv): string {
  return `${env.EDGE_URL}/telegram/webhook`;
}

export async function checkSchedule(deps: DoctorServices): Promise<Finding> {
  const { env, net, clock, isFixing } = deps;
  const schedule = new ReconcileSchedule({
    net,
    clock,
    log: quietLog,
    qstashUrl: env.QSTASH_URL,
    token: env.QSTASH_TOKEN,
    environment: env.ENVIRONMENT,
    destination: `${env.EDGE_URL}/cron/reconcile`,
    cron: env.RECONCILE_CRON,
  });
  if (isFixing) await schedule.check();
  const { ok, detail } = isFixing ? schedule.health() : await schedule.look();
  const todo = ok ? {} : { todo: "QSTASH_TOKEN or QSTASH_URL; then `raptor doctor --fix`" };
  return { name: "queue", ok, detail, ...todo };
}

/** Only when a mirror is configured. */
export async function checkPostgres(
  { env, clock }: Pick<DoctorServices, "env" | "clock">,
  headSeq: number | undefined,
): Promise<Finding[]> {
  const connectionString = env.DATABASE_URL?.reveal();
  if (connectionString === undefined || env.MIRROR === "off") return [];
  const name = "postgres";
  try {
    const session = await createNodePostgres({ connectionString, clock }).open(
      "doctor",
      TIMEOUT_MS,
    );
    try {
      const { seq } = await readCursor(session);
      const behind = headSeq === undefined ? "" : `, ${headSeq - seq} behind the journal`;
      return [{ name, ok: true, detail: `has event ${seq}${behind}` }];
    } finally {
      session.close();
    }
  } catch (error) {
    const todo = "DATABASE_URL, or the database itself; entries stop when it stays away";
    return [{ name, ok: false, detail: messageOf(error), todo }];
  }
}
