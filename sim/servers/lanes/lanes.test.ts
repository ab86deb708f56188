import {
  type Keypair,
  PublicKey,
  SystemProgram,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import { afterAll, beforeAll, describe, test } from "vitest";
import { FaultPlan } from "../../faults/fault-plan.ts";
import { Chain } from "../../models/chain.ts";
import { LANE_TIP_ACCOUNTS, type LaneService } from "../../models/lane-tip-accounts.ts";
import { createNamedPrng } from "../../models/prng.ts";
import { generateKeypair } from "../../models/market-tokens.ts";
import { startHeliusSender } from "../helius-sender/server.ts";
import { startJito } from "../jito/server.ts";
import { startJupiterSend } from "../jupiter-send/server.ts";
import { ShiftedClock } from "../real-clock.ts";
import type { LaneServer } from "./lane-server.ts";

const clock = new ShiftedClock();
const chain = new Chain({ clock, prng: createNamedPrng(5, "chain"), slotMs: 20 });
const payer: Keypair = generateKeypair(5, "payer");
const servers = {} as Record<LaneService, LaneServer>;
let count = 0;

beforeAll(async () => {
  chain.start();
  chain.setLamports(payer.publicKey.toBase58(), 10_000_000_000n);
  const options = (label: string) => ({
    chain,
    clock,
    prng: createNamedPrng(5, label),
    faults: new FaultPlan(createNamedPrng(5, `faults:${label}`)),
    conduct: { lossShare: 0, delayMs: [0, 5] } as const,
    requestsPerSecond: 1_000,
  });
  servers.jito = await startJito(options("jito"));
  servers.helius = await startHeliusSender(options("helius"));
  servers.jupiter = await startJupiterSend({ ...options("jupiter"), apiKeys: ["desk"] });
});

afterAll(async () => {
  chain.stop();
  for (const server of Object.values(servers)) await server.close();
});

/** A transaction that tips so much, and is unlike every other. */
function signed(service: LaneService, lamports: number, change: { fails?: boolean } = {}): string {
  const [tip] = LANE_TIP_ACCOUNTS[service];
  const fromPubkey = payer.publicKey;
  const toPubkey = generateKeypair(5, "somebody").publicKey;
  const sum = change.fails === true ? 900_000_000_000 : 1_000_000 + ++count;
  const message = new TransactionMessage({
    payerKey: fromPubkey,
    recentBlockhash: chain.latestBlockhash().blockhash,
    instructions: [
      SystemProgram.transfer({ fromPubkey, toPubkey, lamports: sum }),
      ...(lamports === 0
        ? []
        : [SystemProgram.transfer({ fromPubkey, toPubkey: new PublicKey(tip), lamports })]),
    ],
  }).compileToV0Message();
  const transaction = new VersionedTransaction(message);
  transaction.sign([payer]);
  return Buffer.from(transaction.serialize()).toString("base64");
}

interface Answer {
  status: number;
  result?: unknown;
  error?: { code: number; message: string };
}

const PATHS = { jito: "/api/v1/transactions", helius: "/fast?swqos_only=true", jupiter: "/" };

async function send(
  service: LaneService,
  wire: string,
  path = PATHS[service],
  key = "desk",
): Promise<Answer> {
  const isBundle = path.endsWith("/bundles");
  const options = { encoding: "base64", skipPreflight: true, maxRetries: 0 };
  const body = {
    jsonrpc: "2.0",
    id: 1,
    method: isBundle ? "sendBundle" : "sendTransaction",
    params: [isBundle ? [wire] : wire, options],
  };
  const response = await fetch(servers[service].url + path, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": key },
    body: JSON.stringify(body),
  });
  return { status: response.status, ...((await response.json()) as object) };
}

async function untilForwarded(service: LaneService, wanted: number): Promise<void> {
  for (let n = 0; n < 4_000 && servers[service].gate.counts.forwarded < wanted; n++) {
    await clock.sleep(5);
  }
}

describe.each(["jito", "helius", "jupiter"] as const)("the lane of %s", (service) => {
  const least = { jito: 1_000, helius: 5_000, jupiter: 1_000_000 }[service];

  test("passes on what is signed and tips it enough, and answers with the signature", async ({
    expect,
  }) => {
    const { counts } = servers[service].gate;
    const before = counts.forwarded;
    const answer = await send(service, signed(service, least));
    expect(answer.result).toBe(counts.signatures.at(-1));
    await untilForwarded(service, before + 1);
    expect(counts.forwarded).toBe(before + 1);
    let landed = chain.history.get(String(answer.result));
    for (let n = 0; n < 2_000 && landed === undefined; n++) {
      await clock.sleep(10);
      landed = chain.history.get(String(answer.result));
    }
    expect(landed).toBeDefined();
  });

  test("turns away a low tip, none at all, and a broken signature", async ({ expect }) => {
    const codes = {
      jito: [-32_602, -32_602],
      helius: [-32_602, -32_602],
      jupiter: [-1_013, -1_014],
    }[service];
    expect((await send(service, signed(service, least - 1))).error?.code).toBe(codes[0]);
    expect((await send(service, signed(service, 0))).error?.code).toBe(codes[1]);
    const wire = Buffer.from(signed(service, least), "base64");
    wire[5] = (wire[5] ?? 0) ^ 1;
    expect((await send(service, wire.toString("base64"))).error?.code).toBe(-32_003);
  });

  test("loses and lies on command, and the answer does not show it", async ({ expect }) => {
    const { gate, url } = servers[service];
    const { forwarded, lost } = gate.counts;
    await fetch(`${url}/world/lane`, {
      method: "POST",
      body: JSON.stringify({ lossShare: 1 }),
    });
    expect((await send(service, signed(service, least))).result).toBeTypeOf("string");
    await fetch(`${url}/world/lane`, { method: "POST", body: JSON.stringify({ lossShare: 0 }) });
    await fetch(`${url}/world/faults`, {
      method: "POST",
      body: JSON.stringify({ on: "sendTransaction", kind: "silent", count: 1 }),
    });
    expect((await send(service, signed(service, least))).result).toBeTypeOf("string");
    expect(gate.counts.lost).toBe(lost + 2);
    expect(gate.counts.forwarded).toBe(forwarded);
  });
});

describe("a bundle", () => {
  test.for(["/api/v1/bundles", "/api/v1/transactions?bundleOnly=true"])(
    "by %s is dropped when it would fail, and lands when it would not",
    async (path, { expect }) => {
      const { counts } = servers.jito.gate;
      const { forwarded, dropped } = counts;
      await send("jito", signed("jito", 10_000, { fails: true }), path);
      for (let n = 0; n < 4_000 && counts.dropped === dropped; n++) await clock.sleep(5);
      expect(counts.dropped).toBe(dropped + 1);
      await send("jito", signed("jito", 10_000), path);
      await untilForwarded("jito", forwarded + 1);
      expect(counts.forwarded).toBe(forwarded + 1);
    },
  );
});

test("Jupiter's sender wants its key", async ({ expect }) => {
  const answer = await send("jupiter", signed("jupiter", 1_000_000), "/", "somebody else's");
  expect(answer.status).toBe(401);
});

test("Sender wants a large tip for more than staked connections", async ({ expect }) => {
  expect((await send("helius", signed("helius", 5_000), "/fast")).error?.code).toBe(-32_602);
  expect((await send("helius", signed("helius", 1_000_000), "/fast")).result).toBeTypeOf("string");
});

test("a lane answers 429 beyond its calls a second", async ({ expect }) => {
  const slow = await startJito({
    chain,
    clock,
    prng: createNamedPrng(6, "slow"),
    faults: new FaultPlan(createNamedPrng(6, "faults")),
    conduct: { lossShare: 0, delayMs: [0, 0] },
  });
  const wire = signed("jito", 1_000);
  const statuses: number[] = [];
  for (let n = 0; n < 3; n++) {
    const response = await fetch(`${slow.url}/api/v1/transactions`, {
      method: "POST",
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: n,
        method: "sendTransaction",
        params: [wire, {}],
      }),
    });
    statuses.push(response.status);
  }
  expect(statuses).toEqual([200, 429, 429]);
  expect(slow.gate.counts).toMatchObject({ received: 1, limited: 2 });
  await slow.close();
});
