import { z } from "zod";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { parseDecimal } from "@raptor/shared/values/decimal.ts";
import { SOL_DECIMALS } from "@raptor/shared/values/money.ts";
import { Secret } from "@raptor/shared/values/secret.ts";

const url = z.url({ protocol: /^(https?|wss?)$/ });
const urlList = z.string().transform(splitList).pipe(z.array(url).min(2).max(8));
const ms = (fallback: number) => z.coerce.number().int().min(1).max(3_600_000).default(fallback);
const count = (fallback: number, max: number) =>
  z.coerce.number().int().min(1).max(max).default(fallback);
const bps = (fallback: number) => z.coerce.number().int().min(1).max(10_000).default(fallback);
const secret = (charsMin: number) =>
  z
    .string()
    .min(charsMin, `expected at least ${charsMin} characters`)
    .transform((text) => new Secret(text));
const userIds = z
  .string()
  .default("")
  .transform(splitList)
  .pipe(z.array(z.coerce.number<string>().int().positive()));
const sol = (fallback: string) => z.string().default(fallback).transform(parseSol);

const schema = z.strictObject({
  ENVIRONMENT: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/)
    .default("production"),
  DATA_DIR: z.string().min(1),
  HOST: z.string().default("::"),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  METRICS_PORT: z.coerce.number().int().min(0).max(65_535).default(9091),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error"]).default("info"),
  TRUSTED_JWKS: z.string().min(2),
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
  SOLANA_RPC_URLS: urlList,
  SOLANA_WS_URLS: urlList,
  JUPITER_URL: url.default("https://api.jup.ag"),
  JUPITER_API_KEY: secret(1).optional(),
  QSTASH_URL: url.default("https://qstash.upstash.io"),
  QSTASH_TOKEN: secret(8),
  RECONCILE_CRON: z.string().max(64).default("*/5 * * * *"),
  DISCORD_WEBHOOK_URL: secret(10).optional(),
  ORDER_SOL_MAX: sol("2"),
  DAILY_SOL_MAX: sol("10"),
  RESERVE_SOL: sol("0.01"),
  OPEN_POSITIONS_MAX: count(5, 1_000),
  PRICE_IMPACT_BPS_MAX: bps(1_500),
  DUPLICATE_BUY_GUARD_HOURS: z.coerce.number().min(0).max(720).default(24),
  BUY_PRESETS_SOL: z
    .string()
    .default("0.1,0.25,0.5,1")
    .transform(splitList)
    .pipe(z.array(z.string().transform(parseSol)).length(4)),
  BUY_SLIPPAGE_BPS: bps(1_000),
  EXIT_SLIPPAGE_RAMP_BPS: z
    .string()
    .default("500,1000,2000,3500")
    .transform(splitList)
    .pipe(z.array(z.coerce.number<string>().int().min(1).max(9_900)).min(1).max(8)),
  PRIORITY_FEE_LAMPORTS_MAX: z.coerce.bigint().min(5_000n).max(100_000_000n).default(2_000_000n),
  TRANSFER_FEE_BPS_MAX: z.coerce.number().int().min(0).max(10_000).default(100),
  PRICE_JUMP_BPS_MAX: bps(5_000),
  TAKE_PROFIT_BPS: z.coerce.number().int().min(0).max(1_000_000).default(10_000),
  STOP_LOSS_BPS: z.coerce.number().int().min(0).max(9_999).default(3_000),
  TICKET_TRADE_TTL_MS: ms(60_000),
  TICKET_MENU_TTL_MS: ms(300_000),
  BUY_DEADLINE_MS: ms(30_000),
  LANES_MAX: count(16, 256),
  RECOVERY_CONCURRENCY: count(16, 64),
  HTTP_TIMEOUT_MS: ms(5_000),
  PRICE_POLL_MS: ms(1_000),
  PRICE_STALE_MS: ms(15_000),
  ATTEMPT_POLL_MS: ms(1_000),
  REBROADCAST_MS: ms(2_000),
  UNKNOWN_AFTER_MS: ms(15_000),
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
    if (KNOWN.has(name) && value !== undefined && value !== "") given[name] = value;
    else if (name.startsWith("RAPTOR_")) unknown.push(name);
  }
  const parsed = schema.safeParse(given);
  const problems = unknown.map((name) => `${name}: not a setting of the executor`);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      problems.push(`${issue.path.join(".")}: ${issue.message}`);
    }
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

function splitList(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function parseSol(text: string, context: z.RefinementCtx): bigint {
  const parsed = parseDecimal(text, SOL_DECIMALS);
  if (parsed.ok) return parsed.units;
  context.addIssue({ code: "custom", message: `expected an amount of SOL, ${parsed.problem}` });
  return z.NEVER;
}
