import {
  NetFailure,
  type Net,
  type NetRequest,
  type NetResponse,
} from "@raptor/shared/seams/net.ts";
import { describe, test } from "vitest";
import { parseExecutorEnv } from "../env.ts";
import { createTestKey, jwksOf } from "../server/jws-fixture.ts";
import { createNodeClock } from "../server/node-seams.ts";
import { TIP_ACCOUNTS } from "../venues/solana/tip-accounts.ts";
import { checkLanes } from "./doctor-lanes.ts";

const ENV = {
  DATA_DIR: "/nowhere",
  TRUSTED_JWKS: jwksOf(createTestKey("edge-1")),
  STATE_SECRET: "s".repeat(32),
  EDGE_URL: "https://edge.example",
  TELEGRAM_BOT_TOKEN: `1000000001:${"t".repeat(35)}`,
  TELEGRAM_WEBHOOK_SECRET: "w".repeat(16),
  SOLANA_RPC_URLS: "https://one.example,https://two.example",
  SOLANA_WS_URLS: "wss://one.example,wss://two.example",
  QSTASH_TOKEN: "q".repeat(8),
  JITO_URLS: "https://ny.example/",
  HELIUS_SENDER_URL: "https://sender.example/fast",
  JUPITER_SEND_URL: "https://tx.example",
  JUPITER_API_KEY: "hush",
};

type Answer = { status: number; body: string } | "none";

async function check(answer: Answer, SEND_LANES: string) {
  const asked: NetRequest[] = [];
  const net: Net = {
    fetch(request): Promise<NetResponse> {
      asked.push(request);
      if (answer === "none") return Promise.reject(new NetFailure("timeout", "lane.example"));
      return Promise.resolve({ headers: {}, ...answer });
    },
    connect: () => {
      throw new Error("expected no socket");
    },
  };
  const env = parseExecutorEnv({ ...ENV, SEND_LANES });
  const findings = await checkLanes({ env, net, clock: createNodeClock(), isFixing: false });
  return { findings, asked };
}

const tips = (accounts: readonly string[]): Answer => ({
  status: 200,
  body: JSON.stringify({ jsonrpc: "2.0", id: 1, result: accounts }),
});

describe("the lanes", () => {
  test("that are switched off are not asked", async ({ expect }) => {
    expect(await check("none", "")).toEqual({ findings: [], asked: [] });
  });

  test("are each asked for something that sends nothing", async ({ expect }) => {
    const { findings, asked } = await check("none", "jito,helius,jupiter");
    expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "POST https://ny.example/api/v1/bundles",
      "GET https://sender.example/ping",
      "POST https://tx.example",
    ]);
    for (const { body } of asked) expect(body ?? "").not.toContain("send");
    expect(asked[2]?.headers).toMatchObject({ "x-api-key": "hush" });
    expect(findings.map(({ name, ok }) => [name, ok])).toEqual([
      ["lane jito ny.example", false],
      ["lane helius sender.example", false],
      ["lane jupiter tx.example", false],
    ]);
    for (const { todo } of findings) expect(todo).toContain("the other lanes");
  });

  test.for<[string, string, Answer, boolean, string]>([
    ["jito", "the same accounts", tips(TIP_ACCOUNTS.jito), true, "takes tips where we pay"],
    ["jito", "another account", tips(TIP_ACCOUNTS.jito.slice(1)), false, "1 of our tip accounts"],
    ["jito", "a limit", { status: 429, body: "{}" }, false, "status 429"],
    ["jito", "a page", { status: 200, body: "<html>" }, false, "no tip accounts"],
    ["helius", "a ping", { status: 200, body: "OK" }, true, "answers a ping"],
    ["helius", "no such page", { status: 404, body: "" }, false, "status 404"],
    ["jupiter", "an unknown method", { status: 200, body: "{}" }, true, "knows the key"],
    ["jupiter", "a wrong key", { status: 401, body: "{}" }, false, "status 401"],
  ])("%s with %s", async ([lane, , answer, ok, words], { expect }) => {
    const [finding] = (await check(answer, lane)).findings;
    expect(finding).toMatchObject({ ok });
    expect(finding?.detail).toContain(words);
    if (!ok) expect(finding?.todo).toBeDefined();
  });
});
