import { describe, it } from "vitest";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { edgeSettingNames, parseEdgeEnv } from "./env.ts";
import { TEST_SECRETS, TEST_SETTINGS } from "./testing/settings.ts";

function problemsOf(bindings: Record<string, unknown>): string {
  try {
    parseEdgeEnv(bindings);
  } catch (error) {
    if (isRaptorError(error, "RAPTOR_ENV__INVALID")) return error.message;
    throw error;
  }
  return "";
}

describe("settings", () => {
  it("have defaults for everything that is neither a secret nor an address", ({ expect }) => {
    const env = parseEdgeEnv({ ...TEST_SETTINGS, ENVIRONMENT: "", ASSETS: {}, PLATFORM_NOTE: "x" });
    expect(env).toMatchObject({
      ENVIRONMENT: "production",
      EXECUTOR_TIMEOUT_MS: 1_500,
      REDIS_TIMEOUT_MS: 300,
      RATE_USER_PER_MIN: 60,
      RATE_TRADE_PER_MIN: 20,
      RATE_READ_PER_MIN: 40,
      RATE_API_IP_PER_MIN: 120,
      RATE_FALLBACK_TRADE_PER_MIN: 10,
    });
    expect(Object.isFrozen(env)).toBe(true);
    expect(edgeSettingNames()).toContain("RATE_EMERGENCY_PER_MIN");
  });

  it("report every problem at once, by name", ({ expect }) => {
    const problems = problemsOf({
      ...TEST_SETTINGS,
      BOT_ID: "x",
      ADMIN_TOKEN: "short",
      RATE_TYPO: "1",
    });
    for (const name of ["BOT_ID", "ADMIN_TOKEN", "RATE_TYPO"]) expect(problems).toContain(name);
    for (const name of Object.keys(TEST_SETTINGS)) {
      if (name === "ENVIRONMENT" || name === "LOG_LEVEL" || name === "QSTASH_URL") continue;
      expect(problemsOf({})).toContain(name === "BOT_USERNAME" ? "BOT_ID" : name);
    }
  });

  it.for([
    ["TELEGRAM_WEBHOOK_SECRET", "base64/with+signs====="],
    ["TELEGRAM_WEBHOOK_SECRET", "short"],
    // What no Authorization header can carry would be found out in an emergency.
    ["ADMIN_TOKEN", "a token of several words, long enough"],
    ["ADMIN_TOKEN", "a".repeat(4_097)],
    ["EDGE_SIGNING_JWK", "not json"],
    ["EDGE_SIGNING_JWK", '{"kty":"OKP","crv":"Ed25519","kid":"public-only","x":"AAAA"}'],
    ["EDGE_RETIRED_JWKS", '{"keys":[]}'],
    ["EDGE_RETIRED_JWKS", `{"keys":[${TEST_SETTINGS.EDGE_SIGNING_JWK}]}`],
    ["EXECUTOR_URL", "ftp://executor.test"],
    ["RATE_TRADE_PER_MIN", "0"],
    ["EXECUTOR_TIMEOUT_MS", "soon"],
  ] as const)("refuse %s = %s without repeating the value", ([name, value], { expect }) => {
    const problems = problemsOf({ ...TEST_SETTINGS, [name]: value });
    expect(problems).toContain(name);
    expect(problems).not.toContain(value);
  });

  it("hide secrets from JSON and text", ({ expect }) => {
    const env = parseEdgeEnv(TEST_SETTINGS);
    const shown = JSON.stringify(env) + String(env.ADMIN_TOKEN);
    for (const secret of TEST_SECRETS) expect(shown).not.toContain(secret);
    expect(shown).toContain("[secret]");
  });
});
