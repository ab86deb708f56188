/** Settings for tests. The key pair was made for them and signs nothing else. */
export const TEST_SETTINGS = {
  ENVIRONMENT: "test",
  LOG_LEVEL: "debug",
  PUBLIC_URL: "https://edge.test",
  EXECUTOR_URL: "https://executor.test",
  BOT_ID: "7001",
  BOT_USERNAME: "RaptorTestBot",
  TELEGRAM_WEBHOOK_SECRET: "webhook-secret-0123456789",
  EDGE_SIGNING_JWK: JSON.stringify({
    kty: "OKP",
    crv: "Ed25519",
    kid: "edge-test",
    x: "rEANzYK4ijosOjl8GctLZlWxSo1qiHHZuvIBA58gklo",
    d: "lvETNVhiDm1bgZdBHVQJZwPkyLKBuKrA4AVNpu2VJvg",
  }),
  ADMIN_TOKEN: "admin-token-0123456789-0123456789-0123",
  QSTASH_URL: "https://qstash.test",
  QSTASH_TOKEN: "qstash-token-0123456789",
  QSTASH_CURRENT_SIGNING_KEY: "sig_current_0123456789",
  QSTASH_NEXT_SIGNING_KEY: "sig_next_0123456789",
  UPSTASH_REDIS_REST_URL: "https://redis.test",
  UPSTASH_REDIS_REST_TOKEN: "redis-token-0123456789",
} as const;

/** Every value that may never show up in an answer or a log line. */
export const TEST_SECRETS: readonly string[] = [
  TEST_SETTINGS.TELEGRAM_WEBHOOK_SECRET,
  TEST_SETTINGS.ADMIN_TOKEN,
  TEST_SETTINGS.QSTASH_TOKEN,
  TEST_SETTINGS.QSTASH_CURRENT_SIGNING_KEY,
  TEST_SETTINGS.QSTASH_NEXT_SIGNING_KEY,
  TEST_SETTINGS.UPSTASH_REDIS_REST_TOKEN,
  "lvETNVhiDm1bgZdBHVQJZwPkyLKBuKrA4AVNpu2VJvg",
];
