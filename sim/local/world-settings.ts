import type { WorldSecrets } from "./secrets.ts";
import type { WorldFile } from "./start-world.ts";

export const ENVIRONMENT = "local";
export const BOT_USERNAME = "raptor_local_bot";

export interface WorldPorts {
  edge: number;
  executor: number;
  metrics: number;
}

/** The executor's settings; every address leads to a stand-in. */
export function createExecutorEnv(
  file: WorldFile,
  secrets: WorldSecrets,
  ports: WorldPorts,
): Record<string, string> {
  return {
    ENVIRONMENT,
    DATA_DIR: file.dataDir,
    // Worlds come and go by the dozen in the scenarios.
    BALLAST_MB: "1",
    HOST: "127.0.0.1",
    PORT: String(ports.executor),
    METRICS_PORT: String(ports.metrics),
    TRUSTED_JWKS: secrets.trustedJwks,
    STATE_SECRET: secrets.stateSecret,
    WALLET_MASTER_KEYS: secrets.masterKeys,
    EDGE_URL: file.edge,
    TELEGRAM_API_URL: file.telegram,
    TELEGRAM_BOT_TOKEN: secrets.botToken,
    TELEGRAM_WEBHOOK_SECRET: secrets.webhookSecret,
    ALLOWED_USER_IDS: "7001,7002",
    ADMIN_USER_IDS: "7001",
    SOLANA_RPC_URLS: file.rpcs.map(({ http }) => http).join(","),
    SOLANA_WS_URLS: file.rpcs.map(({ ws }) => ws).join(","),
    JUPITER_URL: file.jupiter,
    JUPITER_API_KEY: secrets.jupiterKey,
    JITO_URLS: file.jito,
    HELIUS_SENDER_URL: file.heliusSender,
    JUPITER_SEND_URL: file.jupiterSend,
    QSTASH_URL: file.qstash,
    QSTASH_TOKEN: secrets.qstashToken,
  };
}

/** The Worker's settings. */
export function createEdgeVars(file: WorldFile, secrets: WorldSecrets): Record<string, string> {
  return {
    ENVIRONMENT,
    PUBLIC_URL: file.edge,
    EXECUTOR_URL: file.executor,
    BOT_ID: secrets.botId,
    BOT_USERNAME,
    TELEGRAM_WEBHOOK_SECRET: secrets.webhookSecret,
    EDGE_SIGNING_JWK: secrets.signingJwk,
    ADMIN_TOKEN: secrets.adminToken,
    QSTASH_URL: file.qstash,
    QSTASH_TOKEN: secrets.qstashToken,
    QSTASH_CURRENT_SIGNING_KEY: secrets.qstashCurrentKey,
    QSTASH_NEXT_SIGNING_KEY: secrets.qstashNextKey,
    UPSTASH_REDIS_REST_URL: file.redis,
    UPSTASH_REDIS_REST_TOKEN: secrets.redisToken,
  };
}
