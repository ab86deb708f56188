import { createPublicKey, sign, verify } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest, Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importJWK, SignJWT } from "jose";
import { VersionedTransaction } from "@solana/web3.js";
import { figureOf, type Figure } from "./figures.ts";
import { Tap } from "./tap.ts";
import { startWorld, type World } from "../sim/local/start-world.ts";
import { Person, pause, waitUntil } from "../sim/scenarios/person.ts";

const WARM_UPS = 5;
/** Between a card and its button. */
const LOOK_MS = 1_500;
const ALICE = 7_001;
const agent = new Agent({ keepAlive: true });

interface Bench {
  world: World;
  rpcTap: Tap;
  priceTap: Tap;
  address: string;
}

/** The whole path on real processes, timed at the sockets from outside, signatures verified. */
export async function runTradePathBench(trades: number): Promise<Figure[]> {
  const stateDir = mkdtempSync(join(tmpdir(), "raptor-bench-"));
  const rpcTap = new Tap();
  const priceTap = new Tap();
  const secondTap = new Tap();
  const [rpcUrl, secondUrl, jupiterUrl] = [
    await rpcTap.start(),
    await secondTap.start(),
    await priceTap.start(),
  ];
  const world = await startWorld({
    seed: 42,
    stateDir,
    movingPrices: false,
    giftSol: 5_000n,
    onProgress: () => {},
    onStandIns: (file) => {
      rpcTap.target = file.rpcs[0]?.http ?? "";
      secondTap.target = file.rpcs[1]?.http ?? "";
      priceTap.target = file.jupiter;
    },
    executorEnv: {
      SOLANA_RPC_URLS: `${rpcUrl},${secondUrl}`,
      JUPITER_URL: jupiterUrl,
      DUPLICATE_BUY_GUARD_HOURS: "0",
      DAILY_SOL_MAX: "100000",
      OPEN_POSITIONS_MAX: "1000",
      PRICE_POLL_MS: "100",
      LOG_LEVEL: "warn",
    },
    edgeVars: rateLimitsOff(),
  });
  try {
    const alice = new Person(world.file, ALICE);
    const bench: Bench = { world, rpcTap, priceTap, address: await alice.begin() };
    return [
      figureOf("baseline: loopback POST, keep-alive", await sampleLoopback(bench, 200)),
      figureOf("webhook -> edge answer", await sampleWebhook(bench, 100)),
      figureOf("POST /jobs -> 202, journal FULL", await sampleJobs(bench, 300)),
      ...(await sampleTrades(bench, trades)),
      figureOf(
        "POST /jobs buy -> signed transaction, pool known",
        await sampleDirectBuys(bench, Math.ceil(trades / 2)),
      ),
    ];
  } finally {
    await world.close();
    await Promise.all([rpcTap.close(), secondTap.close(), priceTap.close()]);
    agent.destroy();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

function rateLimitsOff(): Record<string, string> {
  const names = ["USER", "TRADE", "READ", "API_IP", "FALLBACK_TRADE", "EMERGENCY"];
  return Object.fromEntries(names.map((name) => [`RATE_${name}_PER_MIN`, "10000"]));
}

async function sampleLoopback({ world }: Bench, n: number): Promise<number[]> {
  const headers = { "content-type": "application/json" };
  return repeat(n, () => timedPost(`${world.file.telegram}/world/none`, "{}", headers));
}

async function sampleWebhook({ world }: Bench, n: number): Promise<number[]> {
  const headers = {
    "content-type": "application/json",
    "x-telegram-bot-api-secret-token": world.file.webhookSecret,
  };
  let updateId = 900_000_000;
  return repeat(n, () => {
    const user = { id: ALICE, is_bot: false, first_name: "Alice" };
    const date = Math.floor(Date.now() / 1_000);
    const chat = { id: ALICE, type: "private" };
    const message = { message_id: updateId, from: user, chat, date, text: "/help" };
    const body = JSON.stringify({ update_id: updateId++, message });
    return timedPost(`${world.file.edge}/telegram/webhook`, body, headers);
  });
}

async function sampleJobs(bench: Bench, n: number): Promise<number[]> {
  return repeat(n, async () => {
    const jws = await signJob(bench, { kind: "showScreen", screen: "help" });
    return timedPost(`${bench.world.file.executor}/jobs`, jws, {
      "content-type": "application/jose",
    });
  });
}

/** Each sample buys a token by a job and sells it again by a price that falls through the stop. */
async function sampleTrades(bench: Bench, n: number): Promise<Figure[]> {
  const buys: number[] = [];
  const exits: number[] = [];
  const mints = bench.world.file.mints.filter(({ kind }) => kind === "normal" || kind === "run");
  for (let at = 0; at < n + WARM_UPS; at++) {
    const mint = mints[at % mints.length]?.mint ?? "";
    const buyMs = await sampleBuy(bench, mint);
    const exitMs = await sampleExit(bench, mint);
    if (at < WARM_UPS) continue;
    buys.push(buyMs);
    exits.push(exitMs);
  }
  return [
    figureOf("POST /jobs buy -> signed transaction at the RPC node", buys),
    figureOf("price update -> signed sell at the RPC node", exits),
  ];
}

/** As a person does it: the card is looked at, then its buy comes. */
async function sampleDirectBuys(bench: Bench, n: number): Promise<number[]> {
  const mints = bench.world.file.mints.filter(({ kind }) => kind === "pump-curve");
  const samples: number[] = [];
  for (let at = 0; at < n + WARM_UPS; at++) {
    const mint = mints[at % mints.length]?.mint ?? "";
    await postJob(bench, { kind: "showToken", mint });
    await pause(LOOK_MS);
    const elapsedMs = await sampleBuy(bench, mint);
    if (at >= WARM_UPS) samples.push(elapsedMs);
    await postJob(bench, { kind: "sell", mint, percentText: "100" });
    await waitUntil(
      async () => ((await openMints(bench)).includes(mint) ? undefined : true),
      30_000,
    );
  }
  return samples;
}

async function postJob(bench: Bench, part: Record<string, unknown>): Promise<void> {
  const url = `${bench.world.file.executor}/jobs`;
  await timedPost(url, await signJob(bench, part), { "content-type": "application/jose" });
}

async function sampleBuy(bench: Bench, mint: string): Promise<number> {
  const arrived = nextTransaction(bench);
  const jws = await signJob(bench, { kind: "buy", mint, amountText: "0.1" });
  const startedMs = performance.now();
  const url = `${bench.world.file.executor}/jobs`;
  await timedPost(url, jws, { "content-type": "application/jose" });
  const elapsedMs = (await arrived) - startedMs;
  await waitUntil(async () => ((await openMints(bench)).includes(mint) ? true : undefined));
  await pause(150);
  return elapsedMs;
}

async function sampleExit(bench: Bench, mint: string): Promise<number> {
  const arrived = nextTransaction(bench);
  const crossed = new Promise<number>((resolve) => {
    bench.priceTap.rewrite = (path, body) => {
      if (!path.startsWith("/price/v3") || !path.includes(mint)) return { body };
      const prices = JSON.parse(body) as Record<string, { usdPrice: number }>;
      const entry = prices[mint];
      if (entry === undefined) return { body };
      entry.usdPrice *= 0.6;
      bench.priceTap.rewrite = undefined;
      return { body: JSON.stringify(prices), sent: resolve };
    };
  });
  const elapsedMs = (await arrived) - (await crossed);
  await waitUntil(async () => ((await openMints(bench)).includes(mint) ? undefined : true));
  return elapsedMs;
}

/** When the next transaction of the wallet is complete at the node; its signature is checked. */
async function nextTransaction({ rpcTap, address }: Bench): Promise<number> {
  const call = await rpcTap.next(({ body }) => body.includes('"sendTransaction"'), 20_000);
  const { params } = JSON.parse(call.body) as { params: [string] };
  const bytes = Buffer.from(params[0], "base64");
  const transaction = VersionedTransaction.deserialize(bytes);
  const payer = transaction.message.staticAccountKeys[0];
  if (payer?.toBase58() !== address) throw new Error("expected the wallet to pay");
  const x = Buffer.from(payer.toBytes()).toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const signature = transaction.signatures[0] ?? new Uint8Array();
  if (!verify(null, transaction.message.serialize(), key, signature)) {
    throw new Error("expected a valid signature");
  }
  return call.atMs;
}

async function openMints({ world }: Bench): Promise<string[]> {
  const headers = { authorization: `Bearer ${world.file.adminToken}` };
  const response = await fetch(`${world.file.edge}/v1/positions`, { headers });
  const { positions } = (await response.json()) as { positions: { mint: string }[] };
  return positions.map(({ mint }) => mint);
}

let jobCount = 0;
let signingKey: Awaited<ReturnType<typeof importJWK>> | undefined;

async function signJob({ world }: Bench, part: Record<string, unknown>): Promise<string> {
  const jwk = JSON.parse(world.file.edgeSigningJwk) as { kid: string; kty: string };
  signingKey ??= await importJWK(jwk, "Ed25519");
  const nowS = Math.floor(Date.now() / 1_000);
  jobCount += 1;
  const job = {
    id: `tg:${world.file.botId}:${1_000_000 + jobCount}`,
    actor: { kind: "telegram", userId: ALICE, chatId: ALICE, name: "Alice" },
    createdMs: Date.now(),
    ...part,
  };
  return new SignJWT({ job })
    .setProtectedHeader({ alg: "Ed25519", kid: jwk.kid, typ: "raptor-job+jwt" })
    .setIssuer("raptor-edge")
    .setAudience(`raptor-executor:${world.file.environment}`)
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + 60)
    .setJti(`bench-${jobCount}`.padEnd(16, "0"))
    .sign(signingKey);
}

async function repeat(n: number, sample: () => Promise<number>): Promise<number[]> {
  const samples: number[] = [];
  for (let at = 0; at < n + WARM_UPS; at++) {
    const ms = await sample();
    if (at >= WARM_UPS) samples.push(ms);
  }
  return samples;
}

/** Request written to answer complete, over a kept-alive socket. */
function timedPost(url: string, body: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    const length = Buffer.byteLength(body);
    const all = { ...headers, "content-length": length };
    const outgoing = httpRequest(url, { method: "POST", agent, headers: all }, (response) => {
      response.resume();
      response.on("end", () => resolve(performance.now() - startedMs));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** The floor: nothing but an Ed25519 signature over 500 bytes. */
export function runSignBench(n: number, key: Parameters<typeof sign>[2]): Figure {
  const message = Buffer.alloc(500, 7);
  const samples: number[] = [];
  for (let at = 0; at < n; at++) {
    const startedMs = performance.now();
    sign(null, message, key);
    samples.push(performance.now() - startedMs);
  }
  return figureOf("floor: Ed25519 signature of 500 bytes", samples.slice(WARM_UPS));
}
