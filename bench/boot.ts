import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import { decodeBase58, encodeBase58 } from "../shared/values/base58.ts";
import { makeLargeJournal } from "../executor/store/large-journal-fixture.ts";
import { createWorldSecrets } from "../sim/local/secrets.ts";
import { TableNode } from "../sim/servers/table-node/table-node.ts";

/**
 * Starts the whole executor (launcher, signer, main process) on the journal of a very large desk,
 * beside nodes that agree with it, and tells when exits are armed, when it is ready and how much
 * memory that takes. `node bench/boot.ts --positions 10000 --attempts 1000 --starts 3`; the journal
 * is made once in `--data` and then used again.
 */
const { values } = parseArgs({
  options: {
    positions: { type: "string", default: "10000" },
    attempts: { type: "string", default: "1000" },
    users: { type: "string", default: "10" },
    starts: { type: "string", default: "3" },
    /** From ready on: pools and accounts of all positions are taken in at a pace. */
    "settle-ms": { type: "string", default: "10000" },
    /** What the launcher is started with and hands on, to compare: `--flags=--gc-global`. */
    flags: { type: "string", default: "" },
    data: { type: "string", default: "" },
    log: { type: "boolean", default: false },
  },
});
const LAUNCHER = join(import.meta.dirname, "../executor/launch.ts");
const SOL = "So11111111111111111111111111111111111111112";
/** What the fixture's positions cost, at 150 dollars per SOL, so that nothing is triggered. */
const USD = { sol: 150, token: 0.075 };
const LINE_CHARS_MAX = 300;
const READY_MS_MAX = 120_000;

const given = values.data !== "";
const dataDir = given ? values.data : mkdtempSync(join(tmpdir(), "raptor-boot-"));
mkdirSync(dataDir, { recursive: true });
const journal = join(dataDir, "journal.db");
if (!existsSync(journal)) {
  const startedMs = performance.now();
  const events = await makeLargeJournal(journal, {
    openPositions: Number(values.positions),
    unresolvedAttempts: Number(values.attempts),
    users: Number(values.users),
  });
  say(`journal of ${events} events made in ${seconds(performance.now() - startedMs)}`);
}
const nodes = [new TableNode(), new TableNode()];
for (const node of nodes) await node.start();
fillNodes();
const services = await startServices();
const armedMs: number[] = [];
for (let start = 1; start <= Number(values.starts); start++) armedMs.push(await measure(start));
armedMs.sort((a, b) => a - b);
const [least, median, most] = [0, armedMs.length >> 1, armedMs.length - 1].map((at) => armedMs[at]);
say(`exits armed after ${least} / ${median} / ${most} ms (least, median, most)`);
services.close();
for (const node of nodes) await node.close();
if (!given) rmSync(dataDir, { recursive: true, force: true });
process.exit(0);

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}

/** Every wallet holds what the journal says, so that the first reconcile finds nothing. */
function fillNodes(): void {
  const database = new DatabaseSync(journal, { readOnly: true });
  const wallets = new Map(
    database
      .prepare("select wallet_id, address from wallets")
      .all()
      .map((row) => [String(row["wallet_id"]), String(row["address"])]),
  );
  const sql = "select wallet_id, instrument, quantity, token_program from positions";
  for (const row of database.prepare(sql).all()) {
    const bytes = Buffer.alloc(165);
    bytes.set(decodeBase58(String(row["instrument"]).replace(".SOLANA", "")) ?? [], 0);
    bytes.set(decodeBase58(wallets.get(String(row["wallet_id"])) ?? "") ?? [], 32);
    bytes.writeBigUInt64LE(BigInt(String(row["quantity"])), 64);
    bytes[108] = 1;
    const account = { owner: String(row["token_program"]), data: bytes.toString("base64") };
    const address = encodeBase58(randomBytes(32));
    for (const node of nodes) node.set(address, { ...account, lamports: 2_039_280 });
  }
  for (const address of wallets.values()) {
    const account = { owner: "1".repeat(32), lamports: 100_000_000_000, data: "" };
    for (const node of nodes) node.set(address, account);
  }
  database.close();
}

/** Prices for every mint that is asked for; chat and queue say yes to everything. */
async function startServices() {
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://localhost");
      const mints = (url.searchParams.get("ids") ?? "").split(",");
      const body = url.pathname.endsWith("/price/v3")
        ? Object.fromEntries(
            mints.map((mint) => [mint, { usdPrice: mint === SOL ? USD.sol : USD.token }]),
          )
        : { ok: true, result: true };
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

function settings(): Record<string, string> {
  const secrets = createWorldSecrets();
  const url = `http://127.0.0.1:${(services.address() as AddressInfo).port}`;
  return {
    PATH: process.env["PATH"] ?? "",
    NODE_COMPILE_CACHE: join(tmpdir(), "raptor-bench-compiled"),
    DATA_DIR: dataDir,
    TRUSTED_JWKS: secrets.trustedJwks,
    STATE_SECRET: secrets.stateSecret,
    WALLET_MASTER_KEYS: secrets.masterKeys,
    EDGE_URL: url,
    TELEGRAM_API_URL: url,
    TELEGRAM_BOT_TOKEN: secrets.botToken,
    TELEGRAM_WEBHOOK_SECRET: secrets.webhookSecret,
    SOLANA_RPC_URLS: nodes.map((node) => node.url).join(","),
    SOLANA_WS_URLS: nodes.map((node) => node.url.replace("http", "ws")).join(","),
    JUPITER_URL: url,
    QSTASH_URL: url,
    QSTASH_TOKEN: secrets.qstashToken,
    HOST: "127.0.0.1",
    PORT: "0",
    METRICS_PORT: "0",
    BALLAST_MB: "0",
  };
}

/** @returns the time from the open journal to armed exits. */
async function measure(start: number): Promise<number> {
  const startedMs = performance.now();
  const flags = values.flags.split(" ").filter((flag) => flag !== "");
  const launcher = spawn(process.execPath, [...flags, LAUNCHER], {
    env: settings(),
    stdio: ["ignore", "pipe", "ignore"],
  });
  process.once("exit", () => launcher.kill("SIGKILL"));
  const seen = await follow(launcher, startedMs);
  const mainPid = seen.pids.get("main") ?? 0;
  const line = [
    `start ${start}:`,
    `journal open and listening after ${seconds(seen.listeningMs)}`,
    `${seen.armedExits} exits armed ${seen.armedAfterMs} ms later`,
    `ready after ${seconds(seen.readyMs)}`,
    `main ${rssMb(mainPid)}, signer ${rssMb(seen.pids.get("signer") ?? 0)}`,
    `launcher ${rssMb(launcher.pid ?? 0)}, ${seen.lines} lines of log`,
  ];
  const settleMs = Number(values["settle-ms"]);
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  say(`${line.join(", ")}; ${seconds(settleMs)} later main ${rssMb(mainPid)}`);
  const ended = new Promise((resolve) => launcher.once("exit", resolve));
  launcher.kill("SIGTERM");
  await ended;
  return seen.armedAfterMs;
}

interface Seen {
  pids: Map<string, number>;
  listeningMs: number;
  readyMs: number;
  armedExits: number;
  armedAfterMs: number;
  lines: number;
}

function follow(launcher: ChildProcess, startedMs: number): Promise<Seen> {
  const seen = { pids: new Map<string, number>(), listeningMs: 0, lines: 0 };
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("it did not become ready")), READY_MS_MAX);
    launcher.once("exit", (code) => reject(new Error(`the launcher ended with ${code}`)));
    if (launcher.stdout === null) return reject(new Error("expected its output"));
    createInterface({ input: launcher.stdout }).on("line", (text) => {
      // What V8 says of itself when it was asked to by a flag.
      if (!text.startsWith("{")) return void (values.log && say(text.slice(0, LINE_CHARS_MAX)));
      const line = JSON.parse(text) as {
        msg: string;
        role?: string;
        pid?: number;
        armedExits: number;
        armedAfterMs: number;
      };
      seen.lines += 1;
      if (values.log) say(text.slice(0, LINE_CHARS_MAX));
      if (line.msg === "spawned") seen.pids.set(line.role ?? "", line.pid ?? 0);
      if (line.msg === "listening") seen.listeningMs = performance.now() - startedMs;
      if (line.msg !== "ready") return;
      clearTimeout(timer);
      const { armedExits, armedAfterMs } = line;
      resolve({ ...seen, readyMs: performance.now() - startedMs, armedExits, armedAfterMs });
    });
  });
}

/** Now, how much of it is not merely mapped from files, and the most so far. */
function rssMb(pid: number): string {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kb = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
  const mb = (name: string): string => (kb(name) / 1024).toFixed(0);
  return `${mb("VmRSS")} MB (own ${mb("RssAnon")}, most ${mb("VmHWM")})`;
}
