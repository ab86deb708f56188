import { fork } from "node:child_process";
import { once } from "node:events";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createNodeNet } from "../executor/server/node-net.ts";
import { createSolanaConnection, STREAM_DEFAULTS } from "../executor/venues/solana/connection.ts";
import { createPrng } from "../sim/models/prng.ts";
import { ShiftedClock } from "../sim/servers/real-clock.ts";
import { streamAddress, type StreamsNews, type StreamsOrder } from "./streams-node.ts";

/** `node bench/streams.ts`: many accounts over few connections to the stand-in nodes. */
const { values } = parseArgs({
  options: {
    accounts: { type: "string", default: "10000" },
    rate: { type: "string", default: "5000" },
    seconds: { type: "string", default: "20" },
  },
});
const accounts = Number(values.accounts);
const perSecond = Number(values.rate);
const seconds = Number(values.seconds);
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const NS_PER_MS = 1e6;
const MIB = 2 ** 20;
/** Longer than a slot and what is under way: the last changes arrive. */
const SETTLE_MS = 2_000;

const child = fork(fileURLToPath(new URL("streams-node.ts", import.meta.url)), [String(accounts)]);
const { rpcs } = (await hear("ready")) as Extract<StreamsNews, { kind: "ready" }>;
const net = createNodeNet();
const connection = createSolanaConnection({
  net,
  clock: new ShiftedClock(),
  prng: createPrng(1),
  log: quiet,
  settings: {
    providers: rpcs.map(({ http, ws }) => ({ url: http, wsUrl: ws })),
    httpTimeoutMs: 5_000,
    streams: { ...STREAM_DEFAULTS, socketsPerProvider: 2, subscriptionsMax: 6_000 },
  },
});
let told = 0;
let polled = 0;
const startMs = performance.now();
connection.start();
await pause(500);
for (let n = 0; n < accounts; n++) {
  connection.streams.watch(streamAddress(n), ({ isSnapshot }) => {
    if (isSnapshot) polled += 1;
    else told += 1;
  });
}
while (!isAllFresh()) await pause(50);
print("all accounts fresh after", `${((performance.now() - startMs) / 1_000).toFixed(1)} s`);
told = 0;
polled = 0;

const lag = monitorEventLoopDelay({ resolution: 1 });
const before = process.cpuUsage();
lag.enable();
const order: StreamsOrder = { kind: "change", perSecond, seconds };
child.send(order);
const changed = (await hear("changed")) as Extract<StreamsNews, { kind: "changed" }>;
const cpu = process.cpuUsage(before);
lag.disable();
await pause(SETTLE_MS);
const cpuShare = (cpu.user + cpu.system) / 1e6 / changed.seconds;
print("changes made", `${changed.count} (${(changed.count / changed.seconds).toFixed(0)}/s)`);
print("changes told", `${told} (${((told / changed.count) * 100).toFixed(1)} %)`);
print("accounts read by poll meanwhile", String(polled));
print("processor of the receiving process", `${(cpuShare * 100).toFixed(0)} % of one core`);
print("event loop delay p50", `${(lag.percentile(50) / NS_PER_MS - 1).toFixed(2)} ms`);
print("event loop delay p99", `${(lag.percentile(99) / NS_PER_MS - 1).toFixed(2)} ms`);
print("event loop delay max", `${(lag.max / NS_PER_MS - 1).toFixed(1)} ms`);
print("RSS", `${(process.memoryUsage().rss / MIB).toFixed(0)} MiB`);
print("streams", connection.streams.health().detail);
for (const { name, detail } of connection.health()) {
  if (name.startsWith("stream ")) print(name, detail);
}
connection.stop();
net.close();
child.disconnect();

function isAllFresh(): boolean {
  for (let n = 0; n < accounts; n++) {
    if (!connection.streams.isFresh(streamAddress(n))) return false;
  }
  return true;
}

async function hear(kind: StreamsNews["kind"]): Promise<StreamsNews> {
  for (;;) {
    const [news] = (await once(child, "message")) as [StreamsNews];
    if (news.kind === kind) return news;
  }
}

function print(name: string, value: string): void {
  process.stdout.write(`${name.padEnd(36)}${value}\n`);
}
