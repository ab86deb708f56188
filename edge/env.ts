import * as z from "zod";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { Secret } from "@raptor/shared/values/secret.ts";

const url = z.url({ protocol: /^https?$/ }).transform((text) => text.replace(/\/+$/, ""));
const ms = (fallback: number, max: number) =>
  z.coerce.number().int().min(50).max(max).default(fallback);
const perMinute = (fallback: number) =>
  z.coerce.number().int().min(1).max(10_000).default(fallback);
const secret = (charsMin: number) =>
  z
    .string()
    .min(charsMin, `expected at least ${charsMin} characters`)
    .max(4_096)
    .transform((text) => new Secret(text));

const jwkSchema = z.object({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  kid: z.string().min(1).max(64),
  x: z.string().length(43),
  d: z.string().length(43),
});

const KEYS_MAX = 8;
/** Public keys only: a private one here is a secret in the wrong place. */
const retiredSchema = z.object({
  keys: z
    .array(jwkSchema.extend({ d: z.never().optional() }))
    .min(1)
    .max(KEYS_MAX),
});

/** The half of a key that checks a signature. */
export interface PublicKey {
  kid: string;
  publicX: string;
}

/** The Ed25519 key that signs jobs; the private half stays inside the secret. */
export interface SigningKey extends PublicKey {
  privateD: Secret;
}

const schema = z.strictObject({
  ENVIRONMENT: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/)
    .default("production"),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error"]).default("info"),
  PUBLIC_URL: url,
  EXECUTOR_URL: url,
  BOT_ID: z.string().regex(/^\d{1,20}$/, "expected the digits before the colon of the bot token"),
  BOT_USERNAME: z
    .string()
    .regex(/^[A-Za-z0-9_]{3,32}$/)
    .optional(),
  TELEGRAM_WEBHOOK_SECRET: z
    .string()
    .regex(/^[A-Za-z0-9_-]{16,256}$/, "expected 16 to 256 of A-Z a-z 0-9 _ - (hex, not base64)")
    .transform((text) => new Secret(text)),
  EDGE_SIGNING_JWK: z.string().transform(parseSigningKey),
  EDGE_RETIRED_JWKS: z.string().transform(parseRetiredKeys).optional(),
  // Every other token would be accepted here and refused in the header that carries it.
  ADMIN_TOKEN: z
    .string()
    .trim()
    .regex(/^[\x21-\x7e]{32,4096}$/, "expected 32 to 4096 visible ASCII characters, no spaces")
    .transform((text) => new Secret(text)),
  QSTASH_URL: url.default("https://qstash.upstash.io"),
  QSTASH_TOKEN: secret(8),
  QSTASH_CURRENT_SIGNING_KEY: secret(8),
  QSTASH_NEXT_SIGNING_KEY: secret(8),
  UPSTASH_REDIS_REST_URL: url,
  UPSTASH_REDIS_REST_TOKEN: secret(1),
  EXECUTOR_TIMEOUT_MS: ms(1_500, 10_000),
  QSTASH_TIMEOUT_MS: ms(1_500, 10_000),
  REDIS_TIMEOUT_MS: ms(300, 2_000),
  RATE_USER_PER_MIN: perMinute(60),
  RATE_TRADE_PER_MIN: perMinute(20),
  RATE_READ_PER_MIN: perMinute(40),
  RATE_API_IP_PER_MIN: perMinute(120),
  RATE_FALLBACK_TRADE_PER_MIN: perMinute(10),
  RATE_EMERGENCY_PER_MIN: perMinute(120),
});

/** Every setting of the edge, parsed, with defaults. */
export type EdgeEnv = Readonly<z.infer<typeof schema>>;

const KNOWN = new Set(Object.keys(schema.shape));
/** A name of one of these families that is not a setting is a typing error, not the platform's. */
const OUR_FAMILIES = /^(RAPTOR|RATE|EXECUTOR|QSTASH|UPSTASH|REDIS|TELEGRAM|BOT|EDGE|ADMIN)_/;

/**
 * Reads the Worker's settings; names every problem at once. Bindings that are not text (the
 * assets) and names that the platform adds are passed over.
 * @throws RAPTOR_ENV__INVALID listing settings by name, never by value.
 */
export function parseEdgeEnv(bindings: Readonly<Record<string, unknown>>): EdgeEnv {
  const given: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, value] of Object.entries(bindings)) {
    if (value === undefined || value === "") continue;
    if (KNOWN.has(name)) given[name] = value;
    else if (OUR_FAMILIES.test(name)) problems.push(`${name}: not a setting of the edge`);
  }
  const parsed = schema.safeParse(given);
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
export function edgeSettingNames(): string[] {
  return [...KNOWN];
}

function parseSigningKey(text: string, context: z.RefinementCtx): SigningKey {
  const parsed = jwkSchema.safeParse(parseJson(text));
  if (parsed.success) {
    const { kid, x, d } = parsed.data;
    return { kid, publicX: x, privateD: new Secret(d) };
  }
  context.addIssue({
    code: "custom",
    message: "expected a private Ed25519 JWK with kid, as JSON",
  });
  return z.NEVER;
}

function parseRetiredKeys(text: string, context: z.RefinementCtx): PublicKey[] {
  const parsed = retiredSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data.keys.map(({ kid, x }) => ({ kid, publicX: x }));
  context.addIssue({
    code: "custom",
    message: `expected a JWKS of 1 to ${KEYS_MAX} public Ed25519 keys, as TRUSTED_JWKS is`,
  });
  return z.NEVER;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON at all is reported by the schema in the same words as JSON of another shape.
    return undefined;
  }
}
