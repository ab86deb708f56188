import { createPrivateKey } from "node:crypto";
import { type EdgeEnv, parseEdgeEnv } from "../../edge/env.ts";
import { type ExecutorEnv, parseExecutorEnv } from "@raptor/executor/env.ts";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import { createPrng } from "../models/prng.ts";

export const BOT_TOKEN = "7001:AAsimulated-bot-token-that-opens-nothing-0";
export const WEBHOOK_SECRET = "webhook-secret-of-the-simulator";
export const QSTASH_KEYS = { current: "sig_current_0123456789", next: "sig_next_0123456789" };
export const SLOT_MS = 400;
export const RPC_HOSTS = ["rpc0.sim", "rpc1.sim", "rpc2.sim"] as const;
/** Landing services; not every desk pays for them. */
export const LANE_HOSTS = { jito: "jito.sim", sender: "sender.sim" } as const;
/** The service that estimates what others pay: it too may be silent, or say nonsense. */
export const FEES_HOST = "fees.sim";
export const PEOPLE = [501, 502, 503] as const;
export const ADMIN = PEOPLE[0];

/** Limits that a busy seed meets now and then. */
export const ORDER_SOL_MAX = 600_000_000n;
export const DAILY_SOL_MAX = 1_200_000_000n;
export const WALLET_LAMPORTS = 5_000_000_000n;

/** What stands before the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410). */
const ED25519_PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");
const EDGE_KEY = Buffer.alloc(32, 0x5e);
const SEED_BYTES = 32;
const STATE_SECRET = "state-secret-of-the-simulator-0123456789";
const QSTASH_TOKEN = "qstash-token-0123456789";
const MASTER_KEY = "k1:n+GLV9yYVsWwPi0vVqB2lYcNChc8o0dLzq1rXxk3TzE=";

export interface SimSettings {
  edge: EdgeEnv;
  /** `withLanes`: it also pays landing services. */
  executor: { plain: Desks; withLanes: Desks };
  masterKeys: string;
}

interface Desks {
  usual: ExecutorEnv;
  /** A wallet has one nonce account at most. */
  oneNonce: ExecutorEnv;
}

let parsed: SimSettings | undefined;

/** The same for every seed, so that keys are read once. */
export function simSettings(): SimSettings {
  parsed ??= createSettings();
  return parsed;
}

function createSettings(): SimSettings {
  // A fixed key: the same seed must be the same run in every process.
  const der = Buffer.concat([ED25519_PKCS8_HEAD, EDGE_KEY]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const jwk = { ...key.export({ format: "jwk" }), kid: "edge-sim" };
  const { d: _, ...publicJwk } = jwk;
  const shared = { ENVIRONMENT: "sim", TELEGRAM_WEBHOOK_SECRET: WEBHOOK_SECRET };
  const executor = executorVariables(shared, publicJwk);
  const lanes = {
    SEND_LANES: "jito,helius",
    JITO_URLS: `https://${LANE_HOSTS.jito}`,
    HELIUS_SENDER_URL: `https://${LANE_HOSTS.sender}/fast`,
    FEE_ESTIMATE_URL: `https://${FEES_HOST}/`,
  };
  return {
    masterKeys: MASTER_KEY,
    edge: parseEdgeEnv({
      ...shared,
      PUBLIC_URL: "https://edge.sim",
      EXECUTOR_URL: "https://executor.sim",
      BOT_ID: "7001",
      BOT_USERNAME: "RaptorSimBot",
      EDGE_SIGNING_JWK: JSON.stringify({
        kty: jwk.kty,
        crv: jwk.crv,
        kid: jwk.kid,
        x: jwk.x,
        d: jwk.d,
      }),
      ADMIN_TOKEN: "admin-token-of-the-simulator-0123456789",
      QSTASH_URL: "https://qstash.sim",
      QSTASH_TOKEN,
      QSTASH_CURRENT_SIGNING_KEY: QSTASH_KEYS.current,
      QSTASH_NEXT_SIGNING_KEY: QSTASH_KEYS.next,
      UPSTASH_REDIS_REST_URL: "https://redis.sim",
      UPSTASH_REDIS_REST_TOKEN: "redis-token",
    }),
    executor: { plain: parseDesks(executor), withLanes: parseDesks({ ...executor, ...lanes }) },
  };
}

function parseDesks(variables: Readonly<Record<string, string>>): Desks {
  return {
    usual: parseExecutorEnv(variables),
    oneNonce: parseExecutorEnv({ ...variables, NONCE_ACCOUNTS_MAX: "1" }),
  };
}

function executorVariables(
  shared: Readonly<Record<string, string>>,
  publicJwk: object,
): Record<string, string> {
  return {
    ...shared,
    DATA_DIR: "/simulated",
    TRUSTED_JWKS: JSON.stringify({ keys: [publicJwk] }),
    STATE_SECRET,
    EDGE_URL: "https://edge.sim",
    TELEGRAM_API_URL: "https://telegram.sim",
    TELEGRAM_BOT_TOKEN: BOT_TOKEN,
    ALLOWED_USER_IDS: PEOPLE.join(","),
    ADMIN_USER_IDS: String(ADMIN),
    SOLANA_RPC_URLS: RPC_HOSTS.map((host) => `https://${host}/`).join(","),
    SOLANA_WS_URLS: RPC_HOSTS.map((host) => `wss://${host}/`).join(","),
    JUPITER_URL: "https://jupiter.sim",
    QSTASH_URL: "https://qstash.sim",
    QSTASH_TOKEN,
    RECONCILE_CRON: "* * * * *",
    ORDER_SOL_MAX: "0.6",
    DAILY_SOL_MAX: "1.2",
    BUY_PRESETS_SOL: "0.1,0.25,0.5,1",
    // Some buys stand on a nonce and some do not.
    NONCE_BUY_SOL_MIN: "0.2",
    DUPLICATE_BUY_GUARD_HOURS: "0",
    // Longer than in production: every poll is simulated time that finds nothing new.
    PRICE_POLL_MS: "3000",
    ATTEMPT_POLL_MS: "2500",
    BLOCKHASH_POLL_MS: "8000",
    FEE_POLL_MS: "30000",
    // They change nothing that a person could see, and cost as much as all real signatures.
    EXIT_REHEARSALS: "0",
    STREAM_STALE_MS: "5000",
    STREAM_VERIFY_MS: "20000",
    RECONCILE_INTERVAL_MS: "30000",
    HTTP_TIMEOUT_MS: "3000",
  };
}

/** What may never be seen outside the signer and the settings, in the forms it could appear in. */
export function listSecrets(): string[] {
  const seeds = createSeedSource();
  const wallets = PEOPLE.map(() => seeds(SEED_BYTES));
  const forms = wallets.flatMap((seed) => [
    seed.toString("hex"),
    seed.toString("base64"),
    seed.toString("base64url"),
    encodeBase58(seed),
  ]);
  return [BOT_TOKEN, MASTER_KEY.slice(3), STATE_SECRET, EDGE_KEY.toString("base64url"), ...forms];
}

/** Wallet seeds repeat over all seeds of a run, so that what is derived from them can be cached. */
export function createSeedSource(): (byteCount: number) => Buffer {
  const prng = createPrng(0x5eed);
  return (byteCount) => Buffer.from(Array.from({ length: byteCount }, () => prng.nextInt(256)));
}
