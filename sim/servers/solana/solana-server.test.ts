import { type TestContext, test } from "vitest";
import { Keypair } from "@solana/web3.js";
import { createChain, createWallet, pay, sign, SOL, tick } from "../../models/chain-fixture.ts";
import type { Chain } from "../../models/chain.ts";
import { createNamedPrng } from "../../models/prng.ts";
import { ShiftedClock } from "../real-clock.ts";
import { callForValue, callRpc } from "./rpc-client.ts";
import { type SolanaEndpoint, startSolana } from "./solana-server.ts";

const LAG_SLOTS = 6;
const BASE64 = { encoding: "base64" };

interface World {
  chain: Chain;
  near: SolanaEndpoint;
  far: SolanaEndpoint;
}

async function startWorld({ onTestFinished }: TestContext): Promise<World> {
  const chain = createChain();
  const solana = await startSolana({
    chain,
    clock: new ShiftedClock(),
    prng: createNamedPrng(1, "solana"),
    nodes: [{ lagSlots: 0 }, { lagSlots: LAG_SLOTS }],
  });
  onTestFinished(() => solana.close());
  const [near, far] = solana.rpcs;
  if (near === undefined || far === undefined) throw new Error("expected two nodes");
  return { chain, near, far };
}

function encode(wire: Uint8Array): string {
  return Buffer.from(wire).toString("base64");
}

async function setFault(endpoint: SolanaEndpoint, fault: unknown): Promise<void> {
  const body = JSON.stringify(fault);
  const response = await fetch(`${endpoint.http}/world/faults`, { method: "POST", body });
  if (response.status !== 200) throw new Error(await response.text());
}

async function clearFaults(endpoint: SolanaEndpoint): Promise<void> {
  await fetch(`${endpoint.http}/world/faults`, { method: "DELETE" });
}

test("a transaction passes processed, confirmed and finalized in this order", async (context) => {
  const { expect } = context;
  const { chain, near } = await startWorld(context);
  const wallet = createWallet(chain);
  const friend = Keypair.generate().publicKey;
  const wire = sign(chain, wallet, [pay(wallet, friend, SOL)]);
  const options = { ...BASE64, preflightCommitment: "processed" };
  const { result: signature } = await callRpc(near.http, "sendTransaction", encode(wire), options);
  const seen: unknown[] = [];
  for (let slot = 0; slot < 60; slot++) {
    chain.tick();
    const [status] = (await callForValue(near.http, "getSignatureStatuses", [signature])) as [
      { confirmationStatus: string; confirmations: number | null; err: null } | null,
    ];
    const stage = status?.confirmationStatus ?? "none";
    const readers = ["processed", "confirmed", "finalized"].map((commitment) =>
      callForValue(near.http, "getBalance", friend.toBase58(), { commitment }),
    );
    const balances = await Promise.all(readers);
    if (seen.at(-1) !== stage) seen.push(stage);
    const visible = { none: 0, processed: 1, confirmed: 2, finalized: 3 }[stage];
    expect(balances.filter((lamports) => lamports === Number(SOL))).toHaveLength(visible ?? -1);
    expect(status?.confirmations === null).toBe(stage === "finalized");
  }
  expect(seen.filter((stage) => stage !== "none")).toEqual(["processed", "confirmed", "finalized"]);
});

test("the same bytes sent to both nodes execute once", async (context) => {
  const { expect } = context;
  const { chain, near, far } = await startWorld(context);
  const wallet = createWallet(chain);
  const friend = Keypair.generate().publicKey;
  const wire = encode(sign(chain, wallet, [pay(wallet, friend, SOL)]));
  const options = { ...BASE64, skipPreflight: true };
  for (const { http } of [near, far, near]) await callRpc(http, "sendTransaction", wire, options);
  tick(chain, 4);
  await callRpc(far.http, "sendTransaction", wire, options);
  const again = await callRpc(near.http, "sendTransaction", wire, {
    ...BASE64,
    preflightCommitment: "processed",
  });
  tick(chain, 4);
  expect(chain.lamportsOf(friend.toBase58())).toBe(SOL);
  expect(again.error).toMatchObject({
    code: -32002,
    message: "Transaction simulation failed: This transaction has already been processed",
    data: { err: "AlreadyProcessed" },
  });
});

test("a wrong signature is -32003 before preflight and never lands without it", async (context) => {
  const { expect } = context;
  const { chain, near } = await startWorld(context);
  const wallet = createWallet(chain);
  const friend = Keypair.generate().publicKey;
  const wire = sign(chain, wallet, [pay(wallet, friend, SOL)]);
  wire[wire.length - 4] = (wire.at(-4) as number) ^ 1;
  const checked = await callRpc(near.http, "sendTransaction", encode(wire), BASE64);
  expect(checked.error).toEqual({
    code: -32003,
    message: "Transaction signature verification failure",
  });
  const options = { ...BASE64, skipPreflight: true };
  const unchecked = await callRpc(near.http, "sendTransaction", encode(wire), options);
  expect(unchecked.result).toBeTypeOf("string");
  tick(chain, 5);
  expect(chain.lamportsOf(friend.toBase58())).toBe(0n);
});

test("preflight answers -32002 with the error and the logs", async (context) => {
  const { expect } = context;
  const { chain, near } = await startWorld(context);
  const wallet = createWallet(chain);
  const transfer = pay(wallet, Keypair.generate().publicKey, 50n * SOL);
  const wire = encode(sign(chain, wallet, [transfer]));
  const options = { ...BASE64, preflightCommitment: "processed" };
  const { error } = await callRpc(near.http, "sendTransaction", wire, options);
  expect(error?.code).toBe(-32002);
  expect(error?.message).toBe(
    "Transaction simulation failed: Error processing Instruction 0: custom program error: 0x1",
  );
  expect(error?.data?.["err"]).toEqual({ InstructionError: [0, { Custom: 1 }] });
  expect(error?.data?.["logs"]).toContain(
    "Program 11111111111111111111111111111111 failed: custom program error: 0x1",
  );
});

test("a node that lags does not know a fresh blockhash yet", async (context) => {
  const { expect } = context;
  const { chain, near, far } = await startWorld(context);
  const wallet = createWallet(chain);
  tick(chain, 3);
  const wire = encode(sign(chain, wallet, [pay(wallet, Keypair.generate().publicKey, SOL)]));
  const options = { ...BASE64, preflightCommitment: "processed" };
  const { error } = await callRpc(far.http, "sendTransaction", wire, options);
  expect(error).toMatchObject({
    code: -32002,
    message: "Transaction simulation failed: Blockhash not found",
    data: { err: "BlockhashNotFound" },
  });
  const accepted = await callRpc(near.http, "sendTransaction", wire, options);
  expect(accepted.error).toBeUndefined();
});

test("minContextSlot refuses answers that are too old", async (context) => {
  const { expect } = context;
  const { chain, near, far } = await startWorld(context);
  tick(chain, 10);
  const slots = await Promise.all(
    [near, far].map(({ http }) => callRpc(http, "getSlot", { commitment: "processed" })),
  );
  const [nearSlot, farSlot] = slots.map(({ result }) => result as number) as [number, number];
  expect(nearSlot - farSlot).toBeGreaterThanOrEqual(LAG_SLOTS - 2);
  const { error } = await callRpc(far.http, "getBalance", Keypair.generate().publicKey.toBase58(), {
    commitment: "processed",
    minContextSlot: nearSlot,
  });
  expect(error).toEqual({
    code: -32016,
    message: "Minimum context slot has not been reached",
    data: { contextSlot: farSlot },
  });
});

test("statuses older than the cache need the history search", async (context) => {
  const { expect } = context;
  const { chain, near } = await startWorld(context);
  const signature = chain.airdrop(Keypair.generate().publicKey.toBase58(), SOL);
  tick(chain, 180);
  const search = { searchTransactionHistory: true };
  const found = await callForValue(near.http, "getSignatureStatuses", [signature], search);
  expect(found).toMatchObject([{ confirmationStatus: "finalized", err: null }]);
  expect(await callForValue(near.http, "getSignatureStatuses", [signature])).toEqual([null]);
});

test("a stale fault makes one method answer from the past until it is cleared", async (context) => {
  const { expect } = context;
  const { chain, near } = await startWorld(context);
  tick(chain, 5);
  const processed = { commitment: "processed" };
  await setFault(near, { on: "getBlockHeight", kind: "stale", ms: 60_000, count: -1 });
  const stale = await callRpc(near.http, "getBlockHeight", processed);
  expect(chain.blockHeight() - (stale.result as number)).toBeGreaterThan(130);
  const other = await callRpc(near.http, "getSlot", processed);
  expect(other.result).toBe(chain.slots.head.slot);
  await clearFaults(near);
  const fresh = await callRpc(near.http, "getBlockHeight", processed);
  expect(fresh.result).toBe(chain.blockHeight());
});

test("a frozen node stays where it is and becomes unhealthy", async (context) => {
  const { expect } = context;
  const { chain, near } = await startWorld(context);
  await setFault(near, { on: "*", kind: "stale", ms: 0, count: -1 });
  const first = await callRpc(near.http, "getSlot", { commitment: "processed" });
  expect((await callRpc(near.http, "getHealth")).result).toBe("ok");
  tick(chain, 140);
  const second = await callRpc(near.http, "getSlot", { commitment: "processed" });
  expect(second.result).toBe(first.result);
  const { error } = await callRpc(near.http, "getHealth");
  expect(error).toMatchObject({ code: -32005, data: { numSlotsBehind: 140 } });
});

test("a node can take a transaction and pass nothing on", async (context) => {
  const { expect } = context;
  const { chain, near } = await startWorld(context);
  const wallet = createWallet(chain);
  const friend = Keypair.generate().publicKey;
  const wire = encode(sign(chain, wallet, [pay(wallet, friend, SOL)]));
  const options = { ...BASE64, skipPreflight: true };
  await setFault(near, { on: "sendTransaction", kind: "silent", count: 1 });
  const lost = await callRpc(near.http, "sendTransaction", wire, options);
  expect(lost.result).toBeTypeOf("string");
  tick(chain, 5);
  expect(chain.lamportsOf(friend.toBase58())).toBe(0n);
  await callRpc(near.http, "sendTransaction", wire, options);
  tick(chain, 5);
  expect(chain.lamportsOf(friend.toBase58())).toBe(SOL);
});

test("a batch answers every call, the bad ones with their codes", async (context) => {
  const { expect } = context;
  const { near } = await startWorld(context);
  const calls = [
    { jsonrpc: "2.0", id: "a", method: "getHealth" },
    { jsonrpc: "2.0", id: 2, method: "getNothing" },
    { jsonrpc: "2.0", id: 3, method: "getBalance", params: ["abc"] },
  ];
  const response = await fetch(near.http, { method: "POST", body: JSON.stringify(calls) });
  expect(await response.json()).toEqual([
    { jsonrpc: "2.0", id: "a", result: "ok" },
    { jsonrpc: "2.0", id: 2, error: { code: -32601, message: "Method not found" } },
    { jsonrpc: "2.0", id: 3, error: { code: -32602, message: "Invalid param: WrongSize" } },
  ]);
});

test("the world gives lamports and moves an owner's tokens away", async (context) => {
  const { expect } = context;
  const { chain, near } = await startWorld(context);
  const owner = createWallet(chain).publicKey.toBase58();
  const mint = chain.createMint({
    decimals: 6,
    tokenProgram: "token",
    supply: 900n,
    holder: owner,
  });
  async function post(path: string, body: unknown): Promise<Response> {
    return await fetch(`${near.http}${path}`, { method: "POST", body: JSON.stringify(body) });
  }
  await post("/world/airdrop", { pubkey: owner, lamports: 5_000 });
  const moved = await post("/world/transfer-token", { owner, mint, quantity: "400" });
  expect(moved.status).toBe(200);
  tick(chain, 4);
  expect(chain.lamportsOf(owner)).toBe(10n * SOL);
  expect(chain.tokenQuantityOf(chain.createTokenAccount(owner, mint))).toBe(500n);
  const world = await fetch(`${near.http}/world/chain`);
  expect(await world.json()).toEqual({ slot: chain.slot(), height: chain.blockHeight() });
  expect((await post("/world/airdrop", { pubkey: owner })).status).toBe(400);
});
