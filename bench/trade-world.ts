import { createPublicKey, verify } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest, Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importJWK, SignJWT } from "jose";
import { type VersionedMessage, VersionedTransaction } from "@solana/web3.js";
import { startWorld, type World } from "../sim/local/start-world.ts";
import { Person, pause, waitUntil } from "../sim/scenarios/person.ts";
import { Tap } from "./tap.ts";

/** The first samples of each kind are not counted: they compile what they run. */
export const WARM_UPS = 5;
export const ALICE = 7_001;
const BUY_TEXT = "0.1";
const BUY_LAMPORTS = 100_000_000n;
const JOSE = { "content-type": "application/jose" };
const agent = new Agent({ keepAlive: true });

/** The whole local world on real processes, with a tap at each wire whose times are of interest. */
export interface TradeWorld {
  world: World;
  rpcTap: Tap;
  secondTap: Tap;
  priceTap: Tap;
  /** Of the wallet of the one person who trades. */
  address: string;
}

export async function withTradeWorld<T>(
  work: (world: TradeWorld) => Promise<T>,
  probed: { main?: string; env?: Record<string, string> } = {},
): Promise<T> {
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
      ...probed.env,
    },
    ...(probed.main === undefined ? {} : { executorMain: probed.main }),
    edgeVars: rateLimitsOff(),
  });
  try {
    const alice = new Person(world.file, ALICE);
    return await work({ world, rpcTap, secondTap, priceTap, address: await alice.begin() });
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

export async function postJob(bench: TradeWorld, part: Record<string, unknown>): Promise<void> {
  await sendJob(bench, await signJob(bench, part));
}

async function sendJob({ world }: TradeWorld, jws: string): Promise<void> {
  const { status } = await post(`${world.file.executor}/jobs`, jws, JOSE);
  if (status >= 300) throw new Error(`a job was refused with ${status}`);
}

/**
 * How long a buy by a job takes until its signed transaction is complete at the node. What else the
 * wallet sends meanwhile is not `wanted`.
 */
export async function sampleBuy(
  bench: TradeWorld,
  mint: string,
  wanted: (message: VersionedMessage, lamports: bigint) => boolean = () => true,
): Promise<number> {
  const arrived = nextTransaction(bench, (message) => wanted(message, BUY_LAMPORTS));
  const jws = await signJob(bench, { kind: "buy", mint, amountText: BUY_TEXT });
  const startedMs = performance.now();
  await sendJob(bench, jws);
  const elapsedMs = (await arrived) - startedMs;
  await waitForPosition(bench, mint, "open");
  await pause(150);
  return elapsedMs;
}

/** When the wallet's next such transaction is complete at the node; its signature is checked. */
export async function nextTransaction(
  { rpcTap, address }: TradeWorld,
  isWanted: (message: VersionedMessage) => boolean = () => true,
): Promise<number> {
  const read = (body: string): VersionedTransaction => {
    const { params } = JSON.parse(body) as { params: [string] };
    return VersionedTransaction.deserialize(Buffer.from(params[0], "base64"));
  };
  const call = await rpcTap.next(
    ({ body }) => body.includes('"sendTransaction"') && isWanted(read(body).message),
    20_000,
  );
  const transaction = read(call.body);
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

/** Waits until the desk shows a position of this token, or none. */
export async function waitForPosition(
  { world }: TradeWorld,
  mint: string,
  wanted: "open" | "closed",
): Promise<void> {
  const headers = { authorization: `Bearer ${world.file.adminToken}` };
  await waitUntil(async () => {
    const response = await fetch(`${world.file.edge}/v1/positions`, { headers });
    // A desk that is busy may not answer in time; the next look asks again.
    if (!response.ok) return undefined;
    const { positions } = (await response.json()) as { positions: { mint: string }[] };
    const isOpen = positions.some((position) => position.mint === mint);
    return isOpen === (wanted === "open") ? true : undefined;
  });
}

let jobCount = 0;

export async function signJob(
  { world }: TradeWorld,
  part: Record<string, unknown>,
): Promise<string> {
  const jwk = JSON.parse(world.file.edgeSigningJwk) as { kid: string; kty: string };
  const signingKey = await importJWK(jwk, "Ed25519");
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

/** Request written to answer complete, over a kept-alive socket. */
export async function timedPost(
  url: string,
  body: string,
  headers: Record<string, string>,
): Promise<number> {
  return (await post(url, body, headers)).ms;
}

function post(
  url: string,
  body: string,
  headers: Record<string, string>,
): Promise<{ ms: number; status: number }> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    const length = Buffer.byteLength(body);
    const all = { ...headers, "content-length": length };
    const outgoing = httpRequest(url, { method: "POST", agent, headers: all }, (response) => {
      response.resume();
      response.on("end", () => {
        resolve({ ms: performance.now() - startedMs, status: response.statusCode ?? 0 });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
