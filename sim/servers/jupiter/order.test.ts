import { type Keypair, VersionedTransaction } from "@solana/web3.js";
import { afterAll, beforeAll, describe, test } from "vitest";
import { priceE9Of } from "../../models/market.ts";
import { ORDER_ENGINE_PROGRAM_ID } from "../../models/order-engine.ts";
import { NATIVE_MINT } from "../../models/token-accounts.ts";
import { TestWorld } from "./test-world.ts";

interface OrderAnswer {
  router: string;
  transaction: string | null;
  requestId: string;
  lastValidBlockHeight: string;
  outAmount: string;
  feeBps: number;
  platformFee: { amount: string; feeBps: number };
  signatureFeePayer: string;
  gasless: boolean;
  maker?: string;
  expireAt?: string;
  errorCode?: number;
  errorMessage?: string;
  error?: string;
}

let world: TestWorld;

beforeAll(async () => {
  world = await TestWorld.start();
  world.chain.start();
});

afterAll(() => world.close());

async function order(query: Record<string, string>): Promise<OrderAnswer> {
  const response = await world.get(`/swap/v2/order?${new URLSearchParams(query)}`);
  if (response.status !== 200) throw new Error(`order answered ${await response.text()}`);
  return (await response.json()) as OrderAnswer;
}

function buyQuery(wallet: Keypair, mint = world.token("normal").mint): Record<string, string> {
  return {
    inputMint: NATIVE_MINT,
    outputMint: mint,
    amount: "500000000",
    taker: wallet.publicKey.toBase58(),
  };
}

function open(answer: OrderAnswer): VersionedTransaction {
  return VersionedTransaction.deserialize(Buffer.from(answer.transaction ?? "", "base64"));
}

async function execute(
  answer: OrderAnswer,
  transaction: VersionedTransaction,
): Promise<Record<string, unknown>> {
  const response = await world.post("/swap/v2/execute", {
    requestId: answer.requestId,
    signedTransaction: Buffer.from(transaction.serialize()).toString("base64"),
  });
  return (await response.json()) as Record<string, unknown>;
}

describe("orders", () => {
  test("an order is signed by the taker alone, executed and reported", async ({ expect }) => {
    const wallet = world.wallet("taker");
    const answer = await order(buyQuery(wallet));
    expect(answer).toMatchObject({ router: "metis", gasless: false });
    expect(answer.signatureFeePayer).toBe(wallet.publicKey.toBase58());
    const transaction = open(answer);
    expect(transaction.signatures.length).toBe(1);
    transaction.sign([wallet]);
    const result = await execute(answer, transaction);
    expect(result).toMatchObject({ status: "Success", code: 0, totalInputAmount: "500000000" });
    expect(result["totalOutputAmount"]).toBe(answer.outAmount);
    const held = world.quantityOf(wallet.publicKey, world.token("normal"));
    expect(held).toBe(BigInt(answer.outAmount));
    expect(world.chain.history.get(String(result["signature"]))?.err).toBeNull();
  });

  test("the service's fee is shown: ten basis points, fifty for a young token", async ({
    expect,
  }) => {
    const wallet = world.wallet("payer of fees");
    expect((await order(buyQuery(wallet))).feeBps).toBe(10);
    const young = await order(buyQuery(wallet, world.token("young").mint));
    expect(young.platformFee.feeBps).toBe(50);
    const gross = BigInt(young.outAmount) + BigInt(young.platformFee.amount);
    expect(BigInt(young.platformFee.amount)).toBe((gross * 50n) / 10_000n);
  });

  test("without a taker there is a quote and no transaction", async ({ expect }) => {
    const { taker: _taker, ...query } = buyQuery(world.wallet("nobody"));
    const answer = await order(query);
    expect(answer.transaction).toBeNull();
    expect(BigInt(answer.outAmount)).toBeGreaterThan(0n);
  });

  test("what the taker cannot fund has an empty transaction and a code", async ({ expect }) => {
    const poor = world.wallet("poor", 400_000_000n);
    expect(await order(buyQuery(poor))).toMatchObject({
      transaction: "",
      errorCode: 1,
      errorMessage: "Insufficient funds",
      error: "Insufficient funds",
    });
    const tight = world.wallet("tight", 501_000_000n);
    expect(await order(buyQuery(tight))).toMatchObject({ transaction: "", errorCode: 2 });
  });

  test("a forced market maker pays the fee and still owes his signature", async ({ expect }) => {
    const wallet = world.wallet("taker of a maker");
    const token = world.token("run");
    world.faults.add({ on: "order", kind: "stale" });
    const answer = await order(buyQuery(wallet, token.mint));
    const maker = world.server.onChain.maker.publicKey.toBase58();
    expect(answer).toMatchObject({ router: "jupiterz", maker, signatureFeePayer: maker });
    expect(answer.gasless).toBe(true);
    const transaction = open(answer);
    const keys = transaction.message.staticAccountKeys.map((key) => key.toBase58());
    expect(keys[0]).toBe(maker);
    expect(keys[1]).toBe(wallet.publicKey.toBase58());
    expect(keys).toContain(ORDER_ENGINE_PROGRAM_ID);
    transaction.sign([wallet]);
    expect(transaction.signatures[0]).toEqual(new Uint8Array(64));
    const lamports = world.chain.lamportsOf(wallet.publicKey.toBase58());
    const result = await execute(answer, transaction);
    expect(result).toMatchObject({ status: "Success", code: 0 });
    expect(world.quantityOf(wallet.publicKey, token)).toBe(BigInt(answer.outAmount));
    const spent = lamports - world.chain.lamportsOf(wallet.publicKey.toBase58());
    expect(spent).toBe(500_000_000n);
    expect((await order(buyQuery(wallet))).router).toBe("metis");
  });

  test("a slippage failure lands and is reported with the program's code", async ({ expect }) => {
    const wallet = world.wallet("late");
    const token = world.token("suspicious");
    const answer = await order(buyQuery(wallet, token.mint));
    world.market.setPrice(token.mint, priceE9Of(token) * 2n);
    const transaction = open(answer);
    transaction.sign([wallet]);
    expect(await execute(answer, transaction)).toMatchObject({
      status: "Failed",
      code: 6_001,
      error: "Slippage tolerance exceeded",
    });
  });

  test("execution refuses unknown, altered, unsigned and unreadable orders", async ({ expect }) => {
    const wallet = world.wallet("careless");
    const [answer, other] = [await order(buyQuery(wallet)), await order(buyQuery(wallet))];
    const transaction = open(answer);
    expect(await execute(answer, transaction)).toMatchObject({ code: -1_003 });
    transaction.sign([wallet]);
    expect(await execute({ ...answer, requestId: "none" }, transaction)).toMatchObject({
      code: -1,
    });
    const sale = await order({ ...buyQuery(wallet), amount: "1000000" });
    expect(await execute(sale, transaction)).toMatchObject({ code: -3 });
    const response = await world.post("/swap/v2/execute", {
      requestId: other.requestId,
      signedTransaction: "AAAA",
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: -2 });
  });

  // Moves the clock, and with it the chain, so it comes last.
  test("orders that are too old are not executed", async ({ expect }) => {
    const wallet = world.wallet("slow");
    const routed = await order(buyQuery(wallet));
    world.faults.add({ on: "order", kind: "stale" });
    const made = await order(buyQuery(wallet));
    world.clock.shift(31_000);
    const { lastValidBlockHeight } = routed;
    for (let count = 0; world.chain.blockHeight() <= Number(lastValidBlockHeight); count += 1) {
      if (count > 500) throw new Error("expected the chain to follow the clock");
      await world.clock.sleep(10);
    }
    const [first, second] = [open(made), open(routed)];
    first.sign([wallet]);
    second.sign([wallet]);
    expect(await execute(made, first)).toMatchObject({ status: "Failed", code: -2_003 });
    expect(await execute(routed, second)).toMatchObject({ status: "Failed", code: -1_004 });
  });
});
