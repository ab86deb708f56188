import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import { edgeSettingNames, parseEdgeEnv } from "../edge/env.ts";
import { executorSettingNames, parseExecutorEnv } from "../executor/env.ts";
import { createEdgeKey } from "./new-edge-key.ts";

/** docs/settings.md and .env.example against the schemas that read the settings. */
const ROOT = join(import.meta.dirname, "..");
const readText = (name: string): string => readFileSync(join(ROOT, name), "utf8");
const doc = readText("docs/settings.md");
const { signingJwk, trustedJwks } = createEdgeKey({ kid: "test" });

interface Row {
  name: string;
  /** The text in backquotes, or a word: required, off, empty. */
  fallback: string;
  isWord: boolean;
}

/** The smallest settings that each program starts with. */
const EXECUTOR_MINIMUM: Readonly<Record<string, string>> = {
  DATA_DIR: "/data",
  TRUSTED_JWKS: trustedJwks,
  STATE_SECRET: "s".repeat(64),
  EDGE_URL: "https://edge.test",
  TELEGRAM_BOT_TOKEN: `1000000001:${"t".repeat(35)}`,
  TELEGRAM_WEBHOOK_SECRET: "ab".repeat(32),
  SOLANA_RPC_URLS: "https://one.test,https://two.test",
  SOLANA_WS_URLS: "wss://one.test,wss://two.test",
  QSTASH_TOKEN: "q".repeat(16),
};
const EDGE_MINIMUM: Readonly<Record<string, string>> = {
  PUBLIC_URL: "https://edge.test",
  EXECUTOR_URL: "https://executor.test",
  BOT_ID: "1000000001",
  TELEGRAM_WEBHOOK_SECRET: "ab".repeat(32),
  EDGE_SIGNING_JWK: signingJwk,
  ADMIN_TOKEN: "a".repeat(64),
  QSTASH_TOKEN: "q".repeat(16),
  QSTASH_CURRENT_SIGNING_KEY: "sig_current",
  QSTASH_NEXT_SIGNING_KEY: "sig_next_one",
  UPSTASH_REDIS_REST_URL: "https://redis.test",
  UPSTASH_REDIS_REST_TOKEN: "r".repeat(16),
};

/** Every setting that the five original plans name, by the words that they use. */
const PLANNED_NAMES: readonly string[] = [
  "SUPABASE_URL",
  "SUPABASE_SERVICE_KEY",
  "SUPABASE_SERVICE_ROLE_KEY",
  "USER_WALLET_ENCRYPTION_KEY",
  "TELEGRAM_BOT_TOKEN",
  "TELEGRAM_CHAT_ID",
  "TELEGRAM_WEBHOOK_SECRET",
  "EXECUTOR_API_URL",
  "EXECUTOR_API_KEY",
  "SOLANA_RPC_URL",
  "HELIUS_API_KEY",
  "HELIUS_WSS_URL",
  "APP",
  "TAILSCALE_AUTHKEY",
  "KALSHI_API_KEY_ID",
  "KALSHI_KEY_B64",
  "POLY_PRIVATE_KEY",
  "POLY_FUNDER",
  "FLY_API_TOKEN",
  "REDIS_URL",
  "NEWS_API_KEY",
  "Valyu API key",
  "OpenRouter credentials",
  "RevenueCat credentials",
  "Expo Push credentials",
  "Admin bearer token",
  "API rate limit per user",
  "GEMINI_API_KEY",
  "USER_ID",
  "region",
  "cpuPriority",
  "NODE_ENV",
  "LOG_LEVEL",
  "BINANCE_API_KEY",
  "BINANCE_API_SECRET",
  "DATABASE_URL",
  "DISCORD_WEBHOOK_URL",
  "MIN_SPREAD_BPS",
  "MAX_POSITION_USD",
];

function rowsOf(title: string): Row[] {
  const [, section = ""] = new RegExp(`\n## ${title}\n([\\s\\S]*?)(?=\n## |$)`).exec(doc) ?? [];
  return [...section.matchAll(/^\| `(\w+)` \| (?:`([^`]*)`|(\w+)) \|/gm)].map(
    ([, name = "", code, word = ""]) => ({
      name,
      fallback: code ?? word,
      isWord: code === undefined,
    }),
  );
}

/** Names and defaults in the launcher's own reading of its environment, which it runs at once. */
function launcherSettings(): Map<string, string> {
  const source = readText("executor/launch.ts");
  const settings = new Map<string, string>([["WALLET_MASTER_KEYS", "required"]]);
  for (const [, role = ""] of source.matchAll(/readIds\(env, "(\w+)"\)/g)) {
    settings.set(`${role}_UID`, "off").set(`${role}_GID`, "off");
  }
  for (const [, name = ""] of source.matchAll(/env\["(\w+)"\]/g)) {
    if (!settings.has(name)) settings.set(name, "off");
  }
  for (const [, name = "", digits = ""] of source.matchAll(
    /readCount\(env, "(\w+)"\) \?\? ([\d_]+)/g,
  )) {
    settings.set(name, digits.replaceAll("_", ""));
  }
  return settings;
}

type Parse = (raw: Readonly<Record<string, string>>) => object;

/** Undefined when the row tells the truth about the schema, else what is wrong with it. */
function checkRow(row: Row, parse: Parse, minimum: Readonly<Record<string, string>>) {
  const { name, fallback, isWord } = row;
  if (isWord && fallback === "required") {
    const { [name]: _, ...without } = minimum;
    try {
      parse(without);
    } catch (error) {
      return String(error).includes(name) ? undefined : `${name}: ${String(error)}`;
    }
    return `${name}: not required`;
  }
  const { [name]: _, ...without } = minimum;
  const value: unknown = new Map(Object.entries(parse(without))).get(name);
  if (isWord && fallback === "off") return value === undefined ? undefined : `${name}: is on`;
  if (isWord && fallback === "empty") {
    return Array.isArray(value) && value.length === 0 ? undefined : `${name}: is not empty`;
  }
  const documented: unknown = new Map(Object.entries(parse({ ...without, [name]: fallback }))).get(
    name,
  );
  const isSame = showValue(documented) === showValue(value);
  return isSame && !isWord ? undefined : `${name}: default is ${showValue(value)}`;
}

function showValue(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "bigint" ? `${inner}n` : inner,
  );
}

/** `.env.example`: `NAME=` when it is required, `# NAME=default` when it is not. */
function exampleLines(): { name: string; value: string; isRequired: boolean }[] {
  return [...readText(".env.example").matchAll(/^(# )?([A-Z][A-Z0-9_]+)=(.*)$/gm)].map(
    ([, mark, name = "", value = ""]) => ({ name, value, isRequired: mark === undefined }),
  );
}

describe("docs/settings.md", () => {
  const sections = { launcher: rowsOf("Launcher"), executor: rowsOf("Executor") };
  const edge = rowsOf("Edge");
  const namesOf = (rows: readonly Row[]): string[] => rows.map(({ name }) => name).toSorted();

  it("lists exactly the settings of the executor, with their true defaults", ({ expect }) => {
    expect(namesOf(sections.executor)).toEqual(executorSettingNames().toSorted());
    const wrong = sections.executor.map((row) => checkRow(row, parseExecutorEnv, EXECUTOR_MINIMUM));
    expect(wrong.filter((problem) => problem !== undefined)).toEqual([]);
  });

  it("lists exactly the settings of the edge, with their true defaults", ({ expect }) => {
    expect(namesOf(edge)).toEqual(edgeSettingNames().toSorted());
    const wrong = edge.map((row) => checkRow(row, parseEdgeEnv, EDGE_MINIMUM));
    expect(wrong.filter((problem) => problem !== undefined)).toEqual([]);
  });

  it("lists exactly the settings of the launcher, with their true defaults", ({ expect }) => {
    const { DRAIN_MS: drainMs, ...settings } = Object.fromEntries(launcherSettings());
    const listed = sections.launcher.map(({ name, fallback }) => [name, fallback]);
    expect(Object.fromEntries(listed)).toEqual(settings);
    expect(sections.executor.find(({ name }) => name === "DRAIN_MS")?.fallback).toBe(drainMs);
  });

  it("lists what the image's entry reads for the backup", ({ expect }) => {
    const script = readText("executor/container-entry.sh");
    const read = new Set([...script.matchAll(/\b(BUCKET_\w+|AWS_\w+)/g)].map(([name]) => name));
    expect(namesOf(rowsOf("Image"))).toEqual([...read].toSorted());
  });

  it("says for every setting of the original plans what became of it", ({ expect }) => {
    const [, section = ""] = doc.split("## Names from the original plans");
    const cells = [...section.matchAll(/^\| ([^|]+) \| [^|]+ \| ([^|]+) \|/gm)].slice(1);
    const named = cells.flatMap(([, cell = ""]) => cell.replaceAll("`", "").trim().split(", "));
    expect(named.toSorted()).toEqual(PLANNED_NAMES.toSorted());
    const known = new Set([
      ...executorSettingNames(),
      ...edgeSettingNames(),
      ...launcherSettings().keys(),
    ]);
    const ours = cells.flatMap(([, , cell = ""]) =>
      [...cell.matchAll(/`([A-Z][A-Z0-9]*_[A-Z0-9_]*[A-Z0-9])`/g)].map(([, name = ""]) => name),
    );
    expect(ours.filter((name) => !known.has(name) && name !== "FLY_API_TOKEN")).toEqual([]);
    expect(ours.length).toBeGreaterThan(10);
  });
});

describe(".env.example", () => {
  const lines = exampleLines();

  it("names every setting once, and nothing else", ({ expect }) => {
    const known = [...executorSettingNames(), ...edgeSettingNames(), ...launcherSettings().keys()];
    const names = lines.map(({ name }) => name);
    expect(names.toSorted()).toEqual([...new Set(known)].toSorted());
  });

  it("leaves required settings empty and shows the default of the others", ({ expect }) => {
    const rows = [...rowsOf("Launcher"), ...rowsOf("Executor"), ...rowsOf("Edge")];
    const fallbacks = new Map(rows.map((row) => [row.name, row]));
    const wrong = lines.filter(({ name, value, isRequired }) => {
      const { fallback = "", isWord = true } = fallbacks.get(name) ?? {};
      if (isWord && fallback === "required") return !isRequired || value !== "";
      return isRequired || (!isWord && value !== fallback);
    });
    expect(wrong).toEqual([]);
  });

  it("explains each setting in a comment right above it", ({ expect }) => {
    const text = readText(".env.example").split("\n");
    const bare = text.filter((line, at) => {
      const isSetting = /^(# )?[A-Z][A-Z0-9_]+=/.test(line);
      return isSetting && !/^# \S+ .*[a-z]/.test(text[at - 1] ?? "");
    });
    expect(bare).toEqual([]);
  });
});
