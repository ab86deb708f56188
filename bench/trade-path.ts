import { sign } from "node:crypto";
import { figureOf, type Figure } from "./figures.ts";
import {
  ALICE,
  nextTransaction,
  sampleBuy,
  signJob,
  timedPost,
  type TradeWorld,
  waitForPosition,
  WARM_UPS,
  withTradeWorld,
} from "./trade-world.ts";

/** The whole path on real processes, timed at the sockets from outside, signatures verified. */
export function runTradePathBench(trades: number): Promise<Figure[]> {
  return withTradeWorld(async (bench) => [
    figureOf("baseline: loopback POST, keep-alive", await sampleLoopback(bench, 200)),
    figureOf("webhook -> edge answer", await sampleWebhook(bench, 100)),
    figureOf("POST /jobs -> 202, journal FULL", await sampleJobs(bench, 300)),
    ...(await sampleTrades(bench, trades)),
  ]);
}

async function sampleLoopback({ world }: TradeWorld, n: number): Promise<number[]> {
  const headers = { "content-type": "application/json" };
  return repeat(n, () => timedPost(`${world.file.telegram}/world/none`, "{}", headers));
}

async function sampleWebhook({ world }: TradeWorld, n: number): Promise<number[]> {
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

async function sampleJobs(bench: TradeWorld, n: number): Promise<number[]> {
  return repeat(n, async () => {
    const jws = await signJob(bench, { kind: "showScreen", screen: "help" });
    return timedPost(`${bench.world.file.executor}/jobs`, jws, {
      "content-type": "application/jose",
    });
  });
}

/** Each sample buys a token by a job and sells it again by a price that falls through the stop. */
async function sampleTrades(bench: TradeWorld, n: number): Promise<Figure[]> {
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

async function sampleExit(bench: TradeWorld, mint: string): Promise<number> {
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
  await waitForPosition(bench, mint, "closed");
  return elapsedMs;
}

async function repeat(n: number, sample: () => Promise<number>): Promise<number[]> {
  const samples: number[] = [];
  for (let at = 0; at < n + WARM_UPS; at++) {
    const ms = await sample();
    if (at >= WARM_UPS) samples.push(ms);
  }
  return samples;
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
