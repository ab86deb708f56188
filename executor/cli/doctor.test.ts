import { join } from "node:path";
import { describe, it } from "vitest";
import {
  NetFailure,
  type Net,
  type NetRequest,
  type NetResponse,
} from "@raptor/shared/seams/net.ts";
import { createNodeClock } from "../server/node-seams.ts";
import { createTestKey, jwksOf } from "../server/jws-fixture.ts";
import { holdExecutorLock } from "../store/lock.ts";
import { append, openTestStore, userRegistered, withDirectory } from "../store/store-fixture.ts";
import { checkSqlite } from "./doctor-machine.ts";
import { runCli } from "./raptor.ts";

const ENV: Readonly<Record<string, string>> = {
  TRUSTED_JWKS: jwksOf(createTestKey("edge-1")),
  STATE_SECRET: "s".repeat(32),
  EDGE_URL: "https://edge.example",
  TELEGRAM_BOT_TOKEN: `1000000001:${"t".repeat(35)}`,
  TELEGRAM_WEBHOOK_SECRET: "w".repeat(16),
  SOLANA_RPC_URLS: "https://one.example/?key=1, https://two.example",
  SOLANA_WS_URLS: "wss://one.example,wss://two.example",
  QSTASH_TOKEN: "q".repeat(8),
};

/** `lateMs` is by how much the Date of the answer is behind this machine's clock. */
type Answer = { status?: number; body: unknown; lateMs?: number } | "refused";

/** Answers by the part of the address that a key names; the last key that fits decides. */
class World implements Net {
  readonly asked: string[] = [];
  readonly answers: Record<string, Answer> = {
    "one.example": { body: { result: "genesis" }, lateMs: 0 },
    "two.example": { body: { result: "genesis" }, lateMs: 0 },
    "/price/v3": {
      body: { So11111111111111111111111111111111111111112: { usdPrice: 150, decimals: 9 } },
    },
    getMe: { body: { ok: true, result: { id: 1, username: "raptor_bot" } } },
    setWebhook: { body: { ok: true, result: true } },
    getWebhookInfo: {
      body: {
        ok: true,
        result: { url: "https://edge.example/telegram/webhook", pending_update_count: 0 },
      },
    },
    "/v2/schedules/raptor-reconcile": {
      body: { cron: "*/5 * * * *", destination: "https://edge.example/cron/reconcile" },
    },
  };

  fetch({ url, method }: NetRequest): Promise<NetResponse> {
    this.asked.push(`${method} ${url}`);
    const found = Object.entries(this.answers).findLast(([part]) => url.includes(part))?.[1];
    if (found === undefined || found === "refused") {
      return Promise.reject(new NetFailure("refused", new URL(url).host));
    }
    const { status = 200, body, lateMs } = found;
    const headers: Record<string, string> =
      lateMs === undefined ? {} : { date: new Date(Date.now() - lateMs).toUTCString() };
    return Promise.resolve({ status, headers, body: JSON.stringify(body) });
  }

  connect(): never {
    throw new Error("expected no socket");
  }

  close(): void {}
}

async function doctor(
  world: World,
  options: { env?: Record<string, string>; flags?: string[]; directory: string },
): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const { env = {}, flags = [], directory } = options;
  const code = await runCli(["doctor", ...flags], {
    env: { ...ENV, DATA_DIR: directory, ...env },
    clock: createNodeClock(),
    openNet: () => world,
    print: (line) => lines.push(line),
  });
  return { code, lines };
}

/** Every line that is not well, with what to do. */
function problemsOf(lines: readonly string[]): string[] {
  return lines.filter((line) => line.startsWith("PROBLEM"));
}

async function withDesk(use: (directory: string) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const { store } = openTestStore(join(directory, "journal.db"));
    await append(store, userRegistered);
    store.close();
    await use(directory);
  });
}

const NOT_RUNNING = "PROBLEM  executor: does not run on this data directory";

describe("raptor doctor", () => {
  it("looks at everything and changes nothing", async ({ expect }) => {
    await withDesk(async (directory) => {
      const world = new World();
      const { code, lines } = await doctor(world, { directory });
      expect(problemsOf(lines)).toEqual([NOT_RUNNING]);
      expect(code).toBe(1);
      expect(lines).toContain("ok       journal: event 1, epoch 0");
      expect(lines).toContain("ok       node one.example: chain genesis");
      expect(lines).toContain("ok       telegram: is @raptor_bot, 1");
      expect(lines).toContain("ok       queue: schedule stands");
      expect(world.asked.some((one) => /setWebhook|POST .*schedules/.test(one))).toBe(false);
      expect(lines.join("\n")).not.toContain("key=1");
    });
  });

  const CASES: [what: string, answers: Record<string, Answer>, line: RegExp][] = [
    ["a node away", { "two.example": "refused" }, /node two\.example: refused/],
    [
      "another chain",
      { "two.example": { body: { result: "devnet" } } },
      /chain: the nodes serve 2/,
    ],
    [
      "a clock that is off",
      {
        "one.example": { body: { result: "genesis" }, lateMs: 60_000 },
        "two.example": { body: { result: "genesis" }, lateMs: 60_000 },
      },
      /clock: (59|60)\d{3} ms ahead/,
    ],
    ["a key that is refused", { "/price/v3": { status: 401, body: {} } }, /jupiter: /],
    ["a wrong bot token", { getMe: { status: 401, body: { ok: false } } }, /telegram: getMe/],
    [
      "a foreign webhook",
      { getWebhookInfo: { body: { ok: true, result: { url: "https://other.example" } } } },
      /webhook: leads to https:\/\/other\.example/,
    ],
    [
      "updates that do not arrive",
      {
        getWebhookInfo: {
          body: {
            ok: true,
            result: {
              url: "https://edge.example/telegram/webhook",
              pending_update_count: 3,
              last_error_date: Math.floor(Date.now() / 1_000),
              last_error_message: "401 Unauthorized",
            },
          },
        },
      },
      /webhook: 3 updates wait, .*: 401 Unauthorized/,
    ],
    [
      "no schedule",
      { "/v2/schedules/raptor-reconcile": { status: 404, body: {} } },
      /queue: there is no schedule/,
    ],
    [
      "another schedule",
      { "/v2/schedules/raptor-reconcile": { body: { cron: "0 0 * * *", destination: "x" } } },
      /queue: the schedule is another one/,
    ],
  ];
  it.for(CASES)("names %s and says what to do", async ([, answers, line], { expect }) => {
    await withDesk(async (directory) => {
      const world = new World();
      Object.assign(world.answers, answers);
      const { code, lines } = await doctor(world, { directory });
      expect(code).toBe(1);
      const at = lines.findIndex((one) => one.startsWith("PROBLEM") && line.test(one));
      expect(lines[at]).toMatch(line);
      expect(lines[at + 1]).toMatch(/^ {9}what to do: \S/);
    });
  });

  it("makes schedule and webhook with --fix", async ({ expect }) => {
    await withDesk(async (directory) => {
      const world = new World();
      world.answers["/v2/schedules/raptor-reconcile"] = { status: 404, body: {} };
      world.answers["/v2/schedules/https"] = { status: 201, body: {} };
      const { lines } = await doctor(world, { directory, flags: ["--fix"] });
      expect(problemsOf(lines)).toEqual([NOT_RUNNING]);
      expect(lines).toContain("ok       queue: schedule created");
      expect(lines).toContain("ok       webhook: set anew");
      expect(world.asked.filter((one) => one.includes("setWebhook"))).toHaveLength(1);
    });
  });

  it("names every setting that cannot be used and asks no service then", async ({ expect }) => {
    await withDesk(async (directory) => {
      const world = new World();
      const env = { STATE_SECRET: "short", EDGE_URL: "nowhere" };
      const { code, lines } = await doctor(world, { directory, env });
      expect(code).toBe(1);
      const text = lines.join("\n");
      expect(text).toContain("PROBLEM  settings: STATE_SECRET");
      expect(text).toContain("PROBLEM  settings: EDGE_URL");
      expect(text).not.toContain("short");
      expect(world.asked).toEqual([]);
    });
  });

  it("tells an executor that is deaf from one that is not there", async ({ expect }) => {
    await withDesk(async (directory) => {
      const lock = holdExecutorLock(join(directory, "executor.lock"));
      const { lines } = await doctor(new World(), { directory });
      lock.release();
      expect(lines.join("\n")).toContain("executor: holds the lock and does not answer");
    });
  });

  it("works where there is no journal yet, and names an SQLite that is too old", async ({
    expect,
  }) => {
    await withDirectory(async (directory) => {
      const { lines } = await doctor(new World(), { directory });
      expect(lines.join("\n")).toContain("PROBLEM  journal: there is none at");
    });
    expect(checkSqlite("3.51.2").ok).toBe(false);
    expect(checkSqlite("3.51.3").ok).toBe(true);
    expect(checkSqlite("4.0.0").ok).toBe(true);
  });
});
