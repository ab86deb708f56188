import { describe, it } from "vitest";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { executorSettingNames, parseExecutorEnv, type ExecutorEnv } from "./env.ts";
import { createTestKey, jwksOf } from "./server/jws-fixture.ts";

const MINIMUM: Readonly<Record<string, string>> = {
  DATA_DIR: "/data",
  TRUSTED_JWKS: jwksOf(createTestKey("edge-1")),
  STATE_SECRET: "s".repeat(32),
  EDGE_URL: "https://edge.example/",
  TELEGRAM_BOT_TOKEN: `1000000001:${"t".repeat(35)}`,
  TELEGRAM_WEBHOOK_SECRET: "w".repeat(16),
  SOLANA_RPC_URLS: "https://one.example/?key=1, https://two.example",
  SOLANA_WS_URLS: "wss://one.example,wss://two.example",
  QSTASH_TOKEN: "q".repeat(8),
};

function parse(over: Readonly<Record<string, string | undefined>> = {}): ExecutorEnv {
  return parseExecutorEnv({ ...MINIMUM, ...over });
}

/** The problems, one setting each; empty when everything could be used. */
function problemsOf(raw: Readonly<Record<string, string | undefined>>): string[] {
  try {
    parseExecutorEnv(raw);
    return [];
  } catch (error) {
    if (!isRaptorError(error, "RAPTOR_ENV__INVALID")) throw error;
    return String(error.context["problems"]).split(" | ");
  }
}
const problemsWith = (over: Readonly<Record<string, string>>): string[] =>
  problemsOf({ ...MINIMUM, ...over });

describe("settings of the executor", () => {
  it("are complete with nine of them, and frozen", ({ expect }) => {
    const env = parse();
    expect(Object.isFrozen(env)).toBe(true);
    expect(env.ALLOWED_USER_IDS).toEqual([]);
    expect(env.DISCORD_WEBHOOK_URL).toBeUndefined();
    expect(env.JUPITER_API_KEY).toBeUndefined();
    expect(env.BUY_PRESETS_SOL).toEqual([100_000_000n, 250_000_000n, 500_000_000n, 1_000_000_000n]);
    expect(env.ORDER_SOL_MAX).toBe(2_000_000_000n);
    expect(env.PRIORITY_FEE_LAMPORTS_MAX).toBe(2_000_000n);
    expect(env.EXIT_SLIPPAGE_RAMP_BPS).toEqual([500, 1_000, 2_000, 3_500]);
    expect(env.PORT).toBe(8080);
  });

  it("each miss on their own", ({ expect }) => {
    for (const name of Object.keys(MINIMUM)) {
      const problems = problemsOf({ ...MINIMUM, [name]: undefined });
      expect(problems).toEqual([`${name}: missing, and it has no default`]);
    }
  });

  it("report every problem at once", ({ expect }) => {
    const problems = problemsOf({ PORT: "many", LOG_LEVEL: "loud", RAPTOR_MODE: "live" });
    const names = problems.map((problem) => problem.split(":")[0]);
    expect(new Set(names)).toEqual(
      new Set([...Object.keys(MINIMUM), "PORT", "LOG_LEVEL", "RAPTOR_MODE"]),
    );
  });

  it("treat blank as absent and forgive white space around a value", ({ expect }) => {
    const env = parse({ PORT: " ", ORDER_SOL_MAX: "", LOG_LEVEL: " debug\n", QSTASH_URL: "\t" });
    expect([env.PORT, env.ORDER_SOL_MAX, env.LOG_LEVEL]).toEqual([8080, 2_000_000_000n, "debug"]);
    expect(parse({ STATE_SECRET: `${"s".repeat(32)}\n` }).STATE_SECRET.reveal()).toHaveLength(32);
    expect(problemsWith({ STATE_SECRET: "   " })).toHaveLength(1);
  });

  it("refuse unknown names of the family, blank ones too, and pass over foreign ones", ({
    expect,
  }) => {
    expect(
      problemsWith({ RAPTOR_X: "", RAPTOR_DATA_DIR: "/x", HOSTNAME: "h", FLY_APP: "f" }),
    ).toEqual([
      "RAPTOR_X: not a setting of the executor",
      "RAPTOR_DATA_DIR: not a setting of the executor",
    ]);
  });

  it.for<[string, string]>([
    ["PORT", "0x10"],
    ["PORT", "1e3"],
    ["PORT", "65536"],
    ["PORT", "-1"],
    ["HTTP_TIMEOUT_MS", "0"],
    ["HTTP_TIMEOUT_MS", "1.5"],
    ["HTTP_TIMEOUT_MS", "Infinity"],
    ["ORDER_SOL_MAX", "0"],
    ["ORDER_SOL_MAX", "-1"],
    ["ORDER_SOL_MAX", "1,5"],
    ["ORDER_SOL_MAX", "0.0000000001"],
    ["DUPLICATE_BUY_GUARD_HOURS", "721"],
    ["DUPLICATE_BUY_GUARD_HOURS", "a day"],
    ["BUY_PRESETS_SOL", "1,2,3"],
    ["BUY_PRESETS_SOL", "1,2,3,x"],
    ["EXIT_SLIPPAGE_RAMP_BPS", ","],
    ["EXIT_SLIPPAGE_RAMP_BPS", "1000,500"],
    ["EXIT_SLIPPAGE_RAMP_BPS", "1,2,3,4,5,6,7,8,9"],
    ["EXIT_SLIPPAGE_RAMP_BPS", "10000"],
    ["STOP_LOSS_BPS", "10000"],
    ["PRIORITY_FEE_LAMPORTS_MAX", "4999"],
    ["SEND_LANES", "jito,carrier-pigeon"],
    ["SEND_LANES", "jito,jito"],
    ["SEND_LANES", "jupiter"],
    ["JITO_URLS", ","],
    ["JITO_TIP_LAMPORTS", "999"],
    ["HELIUS_TIP_LAMPORTS", "4999"],
    ["JUPITER_TIP_LAMPORTS", "999999"],
    ["MEV_PROTECT", "entries"],
    ["ALLOWED_USER_IDS", "7,ann"],
    ["ALLOWED_USER_IDS", "9007199254740993"],
    ["ADMIN_USER_IDS", "0"],
    ["LOG_LEVEL", "trace"],
    ["ENVIRONMENT", "Production"],
    ["EDGE_URL", "edge.example"],
    ["EDGE_URL", "ftp://edge.example"],
    ["SOLANA_RPC_URLS", "https://one.example"],
    ["SOLANA_RPC_URLS", "wss://one.example,wss://two.example"],
    ["SOLANA_WS_URLS", "https://one.example,https://two.example"],
    ["SOLANA_WS_URLS", "wss://1.example,wss://2.example,wss://3.example"],
    ["DISCORD_WEBHOOK_URL", "not an address"],
    ["RECONCILE_CRON", "every day"],
    ["TELEGRAM_WEBHOOK_SECRET", "abc+/abc+/abc+/abc+/"],
    ["TELEGRAM_BOT_TOKEN", `1000000001: ${"t".repeat(35)}`],
    ["TRUSTED_JWKS", "{}"],
    ["TRUSTED_JWKS", "no JSON"],
    ["TRUSTED_JWKS", jwksOf(createTestKey("one"), createTestKey("one"))],
  ])("refuse %s=%j", ([name, value], { expect }) => {
    const problems = problemsWith({ [name]: value });
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.some((problem) => problem.startsWith(name))).toBe(true);
  });

  it("let every buy stand on a nonce at zero, which no other amount may be", ({ expect }) => {
    expect(parse().NONCE_BUY_SOL_MIN).toBe(1_000_000_000n);
    expect(parse({ NONCE_BUY_SOL_MIN: "0" }).NONCE_BUY_SOL_MIN).toBe(0n);
    expect(problemsWith({ ORDER_SOL_MAX: "0" }).join()).toContain("ORDER_SOL_MAX");
    expect(problemsWith({ NONCE_BUY_SOL_MIN: "-1" }).join()).toContain("NONCE_BUY_SOL_MIN");
  });

  it("are named in problems, never shown", ({ expect }) => {
    const marked = Object.fromEntries(
      executorSettingNames().map((name) => [name, `zq value of ${name}, zq`]),
    );
    const problems = problemsOf(marked);
    expect(problems.length).toBeGreaterThan(30);
    expect(problems.join("\n")).not.toContain("zq");
  });

  it("hide the secret ones from whoever prints them", ({ expect }) => {
    const env = parse({ DISCORD_WEBHOOK_URL: "https://discord.example/zq", JUPITER_API_KEY: "zq" });
    const printed = JSON.stringify(env, (_, value: unknown) =>
      typeof value === "bigint" ? String(value) : value,
    );
    for (const secret of ["sss", "ttt", "www", "qqq", "zq"]) expect(printed).not.toContain(secret);
    expect(env.DISCORD_WEBHOOK_URL?.reveal()).toBe("https://discord.example/zq");
  });
});
