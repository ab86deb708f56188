import { type TestContext, test } from "vitest";
import { Keypair } from "@solana/web3.js";
import { FaultPlan } from "../../faults/fault-plan.ts";
import { createChain, createWallet, pay, sign, SOL, tick } from "../../models/chain-fixture.ts";
import { createNamedPrng } from "../../models/prng.ts";
import { ShiftedClock } from "../real-clock.ts";
import { openSocket, type SocketMessage } from "./rpc-client.ts";
import { startSolana } from "./solana-server.ts";

async function startWorld({ onTestFinished }: TestContext) {
  const chain = createChain();
  const faults = new FaultPlan(createNamedPrng(1, "faults"));
  const solana = await startSolana({
    chain,
    clock: new ShiftedClock(),
    prng: createNamedPrng(1, "solana"),
    nodes: [{ lagSlots: 0 }],
    faults: [faults],
  });
  onTestFinished(() => solana.close());
  const node = solana.rpcs[0];
  if (node === undefined) throw new Error("expected a node");
  const client = await openSocket(node.ws);
  onTestFinished(() => client.socket.terminate());
  return { chain, node, client, faults };
}

function of(id: unknown): (message: SocketMessage) => boolean {
  return ({ params }) => params?.subscription === id;
}

test("one transfer reaches account, signature, logs and slot subscriptions", async (context) => {
  const { expect } = context;
  const { chain, client } = await startWorld(context);
  const wallet = createWallet(chain);
  const friend = Keypair.generate().publicKey;
  const wire = sign(chain, wallet, [pay(wallet, friend, SOL)]);
  const signature = chain.submit(wire);
  const processed = { commitment: "processed", encoding: "base64" };
  const mentions = { mentions: [friend.toBase58()] };
  const ids = [
    await client.request("accountSubscribe", friend.toBase58(), processed),
    await client.request("signatureSubscribe", signature, { commitment: "confirmed" }),
    await client.request("logsSubscribe", mentions, { commitment: "processed" }),
    await client.request("slotSubscribe"),
  ].map(({ result }) => result);
  expect(ids).toEqual([1, 2, 3, 4]);
  chain.tick();
  tick(chain, 6);
  const landing = chain.landingOf(signature);
  const account = await client.find(of(1));
  expect(account).toMatchObject({
    method: "accountNotification",
    params: {
      result: {
        context: { slot: landing?.slot },
        value: { lamports: Number(SOL), data: ["", "base64"], space: 0 },
      },
    },
  });
  const confirmed = await client.find(of(2));
  expect(confirmed).toMatchObject({
    method: "signatureNotification",
    params: { result: { value: { err: null } } },
  });
  const logs = await client.find(of(3));
  expect(logs).toMatchObject({
    method: "logsNotification",
    params: { result: { value: { signature, err: null } } },
  });
  const slot = await client.find(of(4));
  expect(slot.method).toBe("slotNotification");
  const heard = slot.params?.result as { slot: number; parent: number; root: number } | undefined;
  if (heard === undefined) throw new Error("expected a slot");
  expect(heard.slot).toBeGreaterThan(heard.parent);
  expect(heard.parent).toBeGreaterThan(heard.root);
});

test("a signature that is already confirmed is reported at once and only once", async (context) => {
  const { expect } = context;
  const { chain, client } = await startWorld(context);
  const signature = chain.airdrop(Keypair.generate().publicKey.toBase58(), SOL);
  tick(chain, 6);
  const options = { commitment: "confirmed", enableReceivedNotification: true };
  const { result: id } = await client.request("signatureSubscribe", signature, options);
  await client.find((message) => of(id)(message) && isResult(message, { err: null }));
  const values = client.messages.filter(of(id)).map(({ params }) => params?.result);
  expect(values).toMatchObject([{ value: "receivedSignature" }, { value: { err: null } }]);
  const gone = await client.request("signatureUnsubscribe", id);
  expect(gone.error?.code).toBe(-32602);
});

function isResult({ params }: SocketMessage, value: unknown): boolean {
  const result = params?.result as { value?: unknown } | undefined;
  return JSON.stringify(result?.value) === JSON.stringify(value);
}

test("an unsubscribed account sends nothing more", async (context) => {
  const { expect } = context;
  const { chain, client } = await startWorld(context);
  const pubkey = Keypair.generate().publicKey.toBase58();
  const options = { commitment: "processed", encoding: "base64" };
  const { result: id } = await client.request("accountSubscribe", pubkey, options);
  expect((await client.request("accountUnsubscribe", id)).result).toBe(true);
  chain.airdrop(pubkey, SOL);
  tick(chain, 6);
  await client.request("slotSubscribe");
  expect(client.messages.filter(of(id))).toEqual([]);
});

test("a silent fault keeps the socket open and empty until it is cleared", async (context) => {
  const { expect } = context;
  const { chain, node, client } = await startWorld(context);
  await client.request("slotSubscribe");
  const url = `${node.http}/world/faults`;
  await fetch(url, { method: "POST", body: JSON.stringify({ on: "ws", kind: "silent" }) });
  const count = client.messages.length;
  tick(chain, 5);
  await fetch(url, { method: "DELETE" });
  const { result } = await client.request("slotSubscribe");
  expect(result).toBe(2);
  expect(client.socket.readyState).toBe(client.socket.OPEN);
  expect(client.messages).toHaveLength(count + 1);
  tick(chain, 5);
  const slot = await client.find(of(1));
  expect(slot.method).toBe("slotNotification");
});

test("one account's stream can be silent while the others go on", async (context) => {
  const { expect } = context;
  const { chain, client, faults } = await startWorld(context);
  // What changes before the first slot belongs to no slot, and nobody is told of it.
  tick(chain, 1);
  const config = { commitment: "processed", encoding: "base64" };
  const [mute, loud] = [Keypair.generate(), Keypair.generate()].map(({ publicKey }) =>
    publicKey.toBase58(),
  );
  if (mute === undefined || loud === undefined) throw new Error("expected two keys");
  await client.request("accountSubscribe", mute, config);
  const { result: id } = await client.request("accountSubscribe", loud, config);
  faults.add({ on: `accountNotification/${mute}`, kind: "silent" });
  chain.setLamports(mute, SOL);
  chain.setLamports(loud, SOL);
  chain.tick();
  expect(
    (await client.find(({ method }) => method === "accountNotification")).params,
  ).toMatchObject({ subscription: id });
  expect([...faults.hits]).toEqual([[`accountNotification/${mute}/silent`, 1]]);
});

test("frames come late or twice when that is planned", async (context) => {
  const { expect } = context;
  const { chain, client, faults } = await startWorld(context);
  // What changes before the first slot belongs to no slot, and nobody is told of it.
  tick(chain, 1);
  const config = { commitment: "processed", encoding: "base64" };
  const wallet = Keypair.generate().publicKey.toBase58();
  await client.request("accountSubscribe", wallet, config);
  faults.add({ on: "accountNotification", kind: "reorder" });
  faults.add({ on: "accountNotification", kind: "duplicate" });
  const slots: number[] = [];
  client.socket.on("message", (data) => {
    const { params } = JSON.parse(String(data)) as SocketMessage;
    const result = params?.result as { context: { slot: number } } | undefined;
    if (result !== undefined) slots.push(result.context.slot);
  });
  for (let n = 0; n < 2; n++) {
    chain.setLamports(wallet, SOL * BigInt(n + 1));
    tick(chain, 3);
  }
  await client.request("slotSubscribe");
  const [newer, again, older] = slots;
  expect(slots).toHaveLength(3);
  expect(newer).toBe(again);
  expect(older).toBeLessThan(Number(newer));
});

test("subscriptions and connections are refused when that is planned", async (context) => {
  const { expect } = context;
  const { node, client, faults } = await startWorld(context);
  const refusal = { kind: "error", status: 429, body: "Too many requests" } as const;
  faults.add({ on: "accountSubscribe", ...refusal });
  faults.add({ on: "connect", ...refusal });
  const wallet = Keypair.generate().publicKey.toBase58();
  const config = { encoding: "base64" };
  expect(await client.request("accountSubscribe", wallet, config)).toMatchObject({
    error: { code: 429, message: "Too many requests" },
  });
  expect(await client.request("accountSubscribe", wallet, config)).toMatchObject({ result: 1 });
  await expect(openSocket(node.ws)).rejects.toThrow("429");
  const again = await openSocket(node.ws);
  again.socket.terminate();
});
