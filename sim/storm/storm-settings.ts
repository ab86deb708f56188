/** Two people who trade; the first may also halt everybody. */
export const PEOPLE = [7_001, 7_002];

/** A storm writes into two chats what a thousand people would write into theirs. */
export const CHAT_LIMITS = { chatPerSecond: 1_000, chatBurst: 1_000, overallPerSecond: 1_000 };

/** Everything quick, and nothing in the way of two people who trade like a thousand. */
export const EXECUTOR_ENV = {
  ALLOWED_USER_IDS: PEOPLE.join(","),
  OPEN_POSITIONS_MAX: "1000",
  DAILY_SOL_MAX: "100000",
  DUPLICATE_BUY_GUARD_HOURS: "0",
  ATTEMPT_POLL_MS: "150",
  REBROADCAST_MS: "300",
  UNKNOWN_AFTER_MS: "1000",
  PRICE_POLL_MS: "250",
  RECONCILE_INTERVAL_MS: "5000",
  HTTP_TIMEOUT_MS: "4000",
  EXIT_REPLACE_MS: "600",
};

export const EDGE_VARS = Object.fromEntries(
  ["USER", "TRADE", "READ", "API_IP", "FALLBACK_TRADE", "EMERGENCY"].map((name) => [
    `RATE_${name}_PER_MIN`,
    "10000",
  ]),
);
