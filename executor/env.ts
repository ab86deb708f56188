import { z } from "zod";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { parseDecimal } from "@raptor/shared/values/decimal.ts";
import { SOL_DECIMALS } from "@raptor/shared/values/money.ts";
import { Secret } from "@raptor/shared/values/secret.ts";
import { checkDatabaseUrl } from "./server/database-url.ts";
import { parseJwks } from "./server/verify-jws.ts";

const url = z.url({ protocol: /^https?$/ });
const wsUrl = z.url({ protocol: /^wss?$/ });
const PROVIDERS_MIN = 2;
const PROVIDERS_MAX = 8;

/** Digits only: `Number` would also take an empty text for 0 and read `1e3` and `0x10`. */
function whole(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,16}$/, `expected a whole number from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.int().min(min).max(max));
}
function secret(charsMin: number) {
  return z
    .string()
    .min(charsMin, `expected at least ${charsMin} characters`)
    .regex(/^[\x21-\x7e]*$/, "expected printable ASCII without spaces")
    .transform((text) => new Secret(text));
}
function list<T extends z.ZodType<unknown, string>>(item: T) {
  return z.string().transform(splitList).pipe(z.array(item));
}
const ms = (fallback: number) => whole(1, 3_600_000).prefault(String(fallback));
const count = (fallback: number, max: number) => whole(1, max).prefault(String(fallback));
const bps = (fallback: number, min = 1, max = 10_000) => whole(min, max).prefault(String(fallback));
/** Below the least, the service turns the transaction away. */
const tip = (min: number, fallback: number) =>
  whole(min, 100_000_000).transform(BigInt).prefault(String(fallback));
const port = (fallback: number) => whole(0, 65_535).prefault(String(fallback));
const ZERO = /^0+(\.0+)?$/;
const sol = (fallback: string) => z.string().prefault(fallback).transform(parseSol);
/** The same, where nothing at all is a choice too. */
const solOrZero = (fallback: string) =>
  z
    .string()
    .prefault(fallback)
    .transform((text, context) => (ZERO.test(text) ? 0n : parseSol(text, context)));
const userIds = list(whole(1, Number.MAX_SAFE_INTEGER)).prefault("");
/** Set by the platform, absent away from it. */
const platformName = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/)
  .optional();
/** Each try to sell accepts at least as bad a price as the one before. */
const isRamp = (steps: readonly number[]): boolean =>
  steps.every((step, at) => step >= (steps[at - 1] ?? 0));

/** A claim must outlive some lost renewals. */
const LEASE_BEATS_MIN = 4;

const PROVIDERS_EXPECTED = `expected ${PROVIDERS_MIN} to ${PROVIDERS_MAX} addresses`;
const isEnough = ({ length }: readonly string[]): boolean =>
  length >= PROVIDERS_MIN && length <= PROVIDERS_MAX;

const schema = z.strictObject({
  ENVIRONMENT: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/)
    .default("production"),
  DATA_DIR: z.string().min(1),
  BALLAST_MB: whole(0, 1_024).prefault("64"),
  DATABASE_URL: z.string().transform(parseDatabaseUrl).optional(),
  MIRROR: z.enum(["off", "async", "sync"]).default("async"),
  MIRROR_SYNC_MS: whole(50, 10_000).prefault("1000"),
  MIRROR_VAULT: z.enum(["0", "1"]).default("0"),
  LEASE_RENEW_MS: whole(100, 60_000).prefault("5000"),
  LEASE_TTL_MS: whole(1_000, 3_600_000).prefault("120000"),
  FLY_API_HOSTNAME: url.default("http://_api.internal:4280"),
  FLY_READ_TOKEN: z
    .string()
    .regex(/^(FlyV1 )?[\x21-\x7e]{20,}$/, "expected a token of `fly tokens create readonly`")
    .transform((text) => new Secret(text))
    .optional(),
  FLY_APP_NAME: platformName,
  FLY_MACHINE_ID: platformName,
  HOST: z.string().default("::"),
  PORT: port(8080),
  METRICS_PORT: port(9091),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error"]).default("info"),
  TRUSTED_JWKS: z
    .string()
    .refine(isJwks, "expected a JWKS of 1 to 8 public Ed25519 keys with different kids"),
  STATE_SECRET: secret(32),
  EDGE_URL: url.transform((text) => text.replace(/\/+$/, "")),
  TELEGRAM_API_URL: url.default("https://api.telegram.org"),
  TELEGRAM_BOT_TOKEN: secret(20),
  TELEGRAM_WEBHOOK_SECRET: z
    .string()
    .regex(/^[A-Za-z0-9_-]{16,256}$/, "expected 16 to 256 of A-Z a-z 0-9 _ - (hex, not base64)")
    .transform((text) => new Secret(text)),
  ALLOWED_USER_IDS: userIds,
  ADMIN_USER_IDS: userIds,
  SOLANA_RPC_URLS: list(url).refine(isEnough, PROVIDERS_EXPECTED),
  SOLANA_WS_URLS: list(wsUrl).refine(isEnough, PROVIDERS_EXPECTED),
  JUPITER_URL: url.default("https://api.jup.ag"),
  JUPITER_API_KEY: secret(1).optional(),
  QSTASH_URL: url.default("https://qstash.upstash.io"),
  QSTASH_TOKEN: secret(8),
  RECONCILE_CRON: z
    .string()
    .max(64)
    .regex(/^(CRON_TZ=\S+ )?\S+( \S+){4}$/, "expected five fields, like */5 * * * *")
    .default("*/5 * * * *"),
  DISCORD_WEBHOOK_URL: url.transform((text) => new Secret(text)).optional(),
  ORDER_SOL_MAX: sol("2"),
  DAILY_SOL_MAX: sol("10"),
  RESERVE_SOL: sol("0.01"),
  OPEN_POSITIONS_MAX: count(5, 1_000),
  PRICE_IMPACT_BPS_MAX: bps(1_500),
  DUPLICATE_BUY_GUARD_HOURS: z
    .string()
    .regex(/^\d{1,3}(\.\d{1,6})?$/, "expected hours like 24 or 0.5")
    .transform(Number)
    .pipe(z.number().max(720))
    .prefault("24"),
  BUY_PRESETS_SOL: list(z.string().transform(parseSol))
    .refine(({ length }) => length === 4, "expected four amounts")
    .prefault("0.1,0.25,0.5,1"),
  BUY_SLIPPAGE_BPS: bps(1_000),
  EXIT_SLIPPAGE_RAMP_BPS: list(whole(1, 9_900))
    .refine(({ length }) => length >= 1 && length <= 8, "expected 1 to 8 steps")
    .refine(isRamp, "expected steps that never get smaller")
    .prefault("500,1000,2000,3500"),
  EXIT_FEE_BUDGET_SOL: sol("0.005"),
  EXIT_FEE_BUDGET_BPS: bps(500),
  PRIORITY_FEE_LAMPORTS_MAX: whole(5_000, 100_000_000).transform(BigInt).prefault("2000000"),
  SEND_LANES: list(z.enum(["jito", "helius", "jupiter"]))
    .refine((lanes) => new Set(lanes).size === lanes.length, "expected each lane once")
    .prefault(""),
  JITO_URLS: list(url)
    .refine(({ length }) => length >= 1 && length <= 8, "expected 1 to 8 addresses")
    .prefault("https://mainnet.block-engine.jito.wtf"),
  JITO_AUTH: secret(8).optional(),
  JITO_SEND: z.enum(["transactions", "bundles"]).default("transactions"),
  JITO_RPS: count(1, 1_000),
  JITO_TIP_LAMPORTS: tip(1_000, 10_000),
  HELIUS_SENDER_URL: url.default("https://sender.helius-rpc.com/fast"),
  HELIUS_SENDER_RPS: count(50, 1_000),
  HELIUS_TIP_LAMPORTS: tip(5_000, 5_000),
  JUPITER_SEND_URL: url.default("https://tx.jup.ag"),
  JUPITER_SEND_RPS: count(1, 1_000),
  JUPITER_TIP_LAMPORTS: tip(1_000_000, 1_000_000),
  MEV_PROTECT: z.enum(["off", "entries", "all"]).default("off"),
  MEV_PROTECT_SLOTS: whole(1, 1_000).prefault("25"),
  FEE_ESTIMATE_URL: url.transform((text) => new Secret(text)).optional(),
  FEE_POLL_MS: whole(0, 3_600_000).prefault("5000"),
  BLOCKHASH_POLL_MS: whole(0, 10_000).prefault("2000"),
  EXIT_REHEARSALS: whole(0, 2_000).prefault("400"),
  TRANSFER_FEE_BPS_MAX: bps(100, 0),
  PRICE_JUMP_BPS_MAX: bps(5_000),
  TAKE_PROFIT_BPS: bps(10_000, 0, 1_000_000),
  STOP_LOSS_BPS: bps(3_000, 0, 9_999),
  EXIT_COST_BPS: bps(150, 0, 5_000),
  TICK_WILD_BPS: bps(3_000, 1, 1_000_000),
  TICK_CONFIRM_MS: whole(0, 60_000).prefault("400"),
  MARK_SAVE_MS: ms(2_000),
  TICKET_TRADE_TTL_MS: ms(60_000),
  TICKET_MENU_TTL_MS: ms(300_000),
  BUY_DEADLINE_MS: ms(30_000),
  LANES_MAX: count(16, 256),
  RECOVERY_CONCURRENCY: count(16, 64),
  HTTP_TIMEOUT_MS: ms(5_000),
  PRICE_POLL_MS: ms(1_000),
  PRICE_STALE_MS: ms(15_000),
  STREAM_SOCKETS: count(1, 16),
  STREAM_SUBSCRIPTIONS_MAX: count(5_000, 50_000),
  STREAM_STALE_MS: ms(2_500),
  STREAM_LAG_SLOTS_MAX: count(20, 1_000),
  STREAM_VERIFY_MS: ms(5_000),
  ATTEMPT_POLL_MS: ms(1_000),
  REBROADCAST_MS: ms(2_000),
  UNKNOWN_AFTER_MS: ms(15_000),
  NONCE_ACCOUNTS_MAX: whole(0, 16).prefault("3"),
  NONCE_BUY_SOL_MIN: solOrZero("1"),
  EXIT_REPLACE_MS: ms(5_000),
  RECONCILE_INTERVAL_MS: ms(60_000),
  DRAIN_MS: ms(30_000),
});

/** Every setting of the executor, with defaults. An absent optional one is a feature off. */
export type ExecutorEnv = Readonly<z.infer<typeof schema>>;

const KNOWN = new Set(Object.keys(schema.shape));

/**
 * Reads the executor's settings; names every problem at once.
 * @throws RAPTOR_ENV__INVALID listing settings by name, never by value.
 */
export function parseExecutorEnv(raw: Readonly<Record<string, string | undefined>>): ExecutorEnv {
  const given: Record<string, string> = {};
  const unknown: string[] = [];
  for (const [name, value] of Object.entries(raw)) {
    // A secret that was piped into the platform's command line often ends with a line break.
    const text = value?.trim() ?? "";
    if (KNOWN.has(name) && text !== "") given[name] = text;
    else if (name.startsWith("RAPTOR_")) unknown.push(name);
  }
  const parsed = schema.safeParse(given);
  const problems = unknown.map((name) => `${name}: not a setting of the executor`);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const isMissing = issue.code === "invalid_type" && given[String(issue.path[0])] === undefined;
      const problem = isMissing ? "missing, and it has no default" : issue.message;
      problems.push(`${issue.path.join(".")}: ${problem}`);
    }
  }
  if (!isPaired(given)) {
    problems.push("SOLANA_WS_URLS: expected as many addresses as SOLANA_RPC_URLS");
  }
  if (parsed.success && parsed.data.LEASE_TTL_MS < LEASE_BEATS_MIN * parsed.data.LEASE_RENEW_MS) {
    problems.push(`LEASE_TTL_MS: expected at least ${LEASE_BEATS_MIN} times LEASE_RENEW_MS`);
  }
  if (parsed.success) problems.push(...checkLanes(parsed.data));
  if (given["MIRROR"] === "sync" && given["DATABASE_URL"] === undefined) {
    problems.push("MIRROR: expected DATABASE_URL to be set, as sync waits for that database");
  }
  if (problems.length > 0 || !parsed.success) {
    throw new RaptorError("RAPTOR_ENV__INVALID", { problems: problems.join(" | ") });
  }
  return Object.freeze(parsed.data);
}

/** The names of all settings, for the documentation test. */
export function executorSettingNames(): string[] {
  return [...KNOWN];
}

/** Each RPC address needs its WebSocket address; one list alone is reported by the schema. */
function isPaired({ SOLANA_RPC_URLS, SOLANA_WS_URLS }: Readonly<Record<string, string>>): boolean {
  if (SOLANA_RPC_URLS === undefined || SOLANA_WS_URLS === undefined) return true;
  return splitList(SOLANA_RPC_URLS).length === splitList(SOLANA_WS_URLS).length;
}

function checkLanes(env: z.infer<typeof schema>): string[] {
  const { SEND_LANES: lanes, MEV_PROTECT, JUPITER_API_KEY } = env;
  const problems: string[] = [];
  if (MEV_PROTECT !== "off" && !lanes.some((lane) => lane !== "jupiter")) {
    problems.push("MEV_PROTECT: expected jito or helius in SEND_LANES, which keep it");
  }
  if (lanes.includes("jupiter") && JUPITER_API_KEY === undefined) {
    problems.push("SEND_LANES: expected JUPITER_API_KEY to be set for jupiter");
  }
  return problems;
}

function isJwks(text: string): boolean {
  try {
    return parseJwks(text).length > 0;
  } catch {
    // The reason may quote the text; the setting's name is enough to find it.
    return false;
  }
}

function splitList(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function parseDatabaseUrl(text: string, context: z.RefinementCtx): Secret {
  const problem = checkDatabaseUrl(text);
  if (problem === undefined) return new Secret(text);
  context.addIssue({ code: "custom", message: problem });
  return z.NEVER;
}

function parseSol(text: string, context: z.RefinementCtx): bigint {
  const parsed = parseDecimal(text, SOL_DECIMALS);
  if (parsed.ok) return parsed.units;
  context.addIssue({ code: "custom", message: `expected an amount of SOL, ${parsed.problem}` });
  return z.NEVER;
}
