import {
  ComputeBudgetProgram,
  type PublicKey,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import { afterAll, beforeAll, describe, test } from "vitest";
import { POOL_FEE_BPS, priceE9Of, quotePool } from "../../models/market.ts";
import { NATIVE_MINT } from "../../models/token-accounts.ts";
import { type BuildAnswer, parseInstruction, TestWorld } from "./test-world.ts";

const HALF_SOL = 500_000_000n;
const BASE_FEE = 5_000n;
const RENT = 2_039_280n;
/** 300,000 units at the default price of 40,000 micro-lamports. */
const PRIORITY_FEE = 12_000n;

let world: TestWorld;

beforeAll(async () => {
  world = await TestWorld.start();
});

afterAll(() => world.close());

function buyQuery(mint: string, taker: PublicKey): Record<string, string> {
  return {
    inputMint: NATIVE_MINT,
    outputMint: mint,
    amount: String(HALF_SOL),
    taker: taker.toBase58(),
  };
}

function sellQuery(mint: string, taker: PublicKey, quantity: bigint): Record<string, string> {
  return {
    inputMint: mint,
    outputMint: NATIVE_MINT,
    amount: String(quantity),
    taker: taker.toBase58(),
  };
}

describe("a swap built here and landed on the chain", () => {
  test.for([
    "normal",
    "young",
    "thin",
    "freeze-authority",
    "token-2022",
    "permanent-delegate",
    "transfer-fee",
  ] as const)("a buy of a %s token brings exactly what was quoted", async (kind, { expect }) => {
    const wallet = world.wallet(`buyer of ${kind}`);
    const token = world.token(kind);
    const answer = await world.build(buyQuery(token.mint, wallet.publicKey));
    const record = world.land(world.sign(answer, wallet));
    expect(record.err).toBeNull();
    expect(world.quantityOf(wallet.publicKey, token)).toBe(BigInt(answer.outAmount));
    const pool = world.server.onChain.pools.get(token.mint);
    expect(world.chain.tokenQuantityOf(pool?.solVault ?? "")).toBe(token.lamports);
    expect(world.chain.tokenQuantityOf(pool?.tokenVault ?? "")).toBe(token.quantity);
  });

  test("a buy costs what was asked, one rent and the fees, and nothing hidden", async ({
    expect,
  }) => {
    const wallet = world.wallet("counter");
    const token = world.token("normal");
    const before = world.chain.lamportsOf(wallet.publicKey.toBase58());
    const answer = await world.build(buyQuery(token.mint, wallet.publicKey));
    world.land(world.sign(answer, wallet));
    const spent = before - world.chain.lamportsOf(wallet.publicKey.toBase58());
    expect(spent).toBe(HALF_SOL + RENT + BASE_FEE + PRIORITY_FEE);
    const priceE9 = priceE9Of(token);
    const worth = (BigInt(answer.outAmount) * priceE9) / 10n ** 15n;
    const lost = Number(((HALF_SOL - worth) * 10_000n) / HALF_SOL);
    expect(lost).toBeLessThanOrEqual(POOL_FEE_BPS);
  });

  test("a sale pays the quoted SOL into the wallet", async ({ expect }) => {
    const wallet = world.wallet("seller");
    const token = world.token("run");
    const owner = wallet.publicKey.toBase58();
    world.chain.mintTo(token.mint, owner, 5_000_000n * 10n ** BigInt(token.spec.decimals));
    const held = world.quantityOf(wallet.publicKey, token);
    const before = world.chain.lamportsOf(owner);
    const answer = await world.build(sellQuery(token.mint, wallet.publicKey, held));
    const record = world.land(world.sign(answer, wallet));
    expect(record.err).toBeNull();
    expect(world.quantityOf(wallet.publicKey, token)).toBe(0n);
    const gained = world.chain.lamportsOf(owner) - before;
    expect(gained).toBe(BigInt(answer.outAmount) - BASE_FEE - PRIORITY_FEE);
  });

  test("shared, plain and signing routes are answered and all land", async ({ expect }) => {
    const wallet = world.wallet("router", 100_000_000_000n);
    const token = world.token("normal");
    const seen = new Set<string>();
    for (let round = 0; round < 60 && seen.size < 3; round += 1) {
      const answer = await world.build(buyQuery(token.mint, wallet.publicKey));
      const taker = wallet.publicKey.toBase58();
      const { accounts, data } = answer.swapInstruction;
      const places = accounts.flatMap(({ pubkey }, at) => (pubkey === taker ? [at] : []));
      const kind = `${data.slice(0, 10)} ${places.join()}`;
      if (seen.has(kind)) continue;
      seen.add(kind);
      expect(world.land(world.sign(answer, wallet)).err).toBeNull();
    }
    // The discriminators of both instructions; the taker behind the pool's five accounts.
    const [direct, shared] = ["bb64facc31c4af14", "d19853937cfed8e9"].map((hex) =>
      Buffer.from(hex, "hex").toString("base64").slice(0, 10),
    );
    expect([...seen].toSorted()).toEqual(
      [`${direct} 0`, `${direct} 0,15`, `${shared} 1`].toSorted(),
    );
  });

  test("a price that ran away lands as 6001 and costs the fee alone", async ({ expect }) => {
    const wallet = world.wallet("late");
    const token = world.token("suspicious");
    const answer = await world.build(buyQuery(token.mint, wallet.publicKey));
    world.market.setPrice(token.mint, (priceE9Of(token) * 102n) / 100n);
    const reserves = token.lamports;
    const before = world.chain.lamportsOf(wallet.publicKey.toBase58());
    const record = world.land(world.sign(answer, wallet));
    const at = 1 + answer.computeBudgetInstructions.length + answer.setupInstructions.length;
    expect(record.err).toEqual({ InstructionError: [at, { Custom: 6001 }] });
    const spent = before - world.chain.lamportsOf(wallet.publicKey.toBase58());
    expect(spent).toBe(BASE_FEE + PRIORITY_FEE);
    expect(world.quantityOf(wallet.publicKey, token)).toBe(0n);
    expect(token.lamports).toBe(reserves);
  });

  test("a price inside the tolerance is filled at the new price", async ({ expect }) => {
    const wallet = world.wallet("tolerant");
    const token = world.token("suspicious");
    const query = { ...buyQuery(token.mint, wallet.publicKey), slippageBps: "300" };
    const answer = await world.build(query);
    world.market.setPrice(token.mint, (priceE9Of(token) * 102n) / 100n);
    expect(world.land(world.sign(answer, wallet)).err).toBeNull();
    const received = world.quantityOf(wallet.publicKey, token);
    expect(received).toBeLessThan(BigInt(answer.outAmount));
    expect(received).toBeGreaterThanOrEqual(BigInt(answer.otherAmountThreshold));
  });

  test("two swaps in one transaction: the second pays the price the first left", async ({
    expect,
  }) => {
    const wallet = world.wallet("double");
    const token = world.token("thin");
    const query = { ...buyQuery(token.mint, wallet.publicKey), slippageBps: "9000" };
    const fresh = { lamports: token.lamports, quantity: token.quantity };
    const one = quotePool(token, "buy", HALF_SOL, fresh)?.quantityOut ?? 0n;
    const used = { lamports: fresh.lamports + HALF_SOL, quantity: fresh.quantity - one };
    const two = quotePool(token, "buy", HALF_SOL, used)?.quantityOut ?? 0n;
    expect(two).toBeLessThan(one);
    const first = await world.build(query);
    const second = await world.build(query);
    const both: BuildAnswer = {
      ...first,
      setupInstructions: [...first.setupInstructions, ...second.setupInstructions.slice(1, 3)],
      otherInstructions: [second.swapInstruction],
    };
    const record = world.land(world.sign(both, wallet));
    expect(record.err).toBeNull();
    expect(world.quantityOf(wallet.publicKey, token)).toBe(one + two);
    const pool = world.server.onChain.pools.get(token.mint);
    expect(world.chain.tokenQuantityOf(pool?.tokenVault ?? "")).toBe(token.quantity);
  });

  test("a swap without wrapped SOL fails as 6024", async ({ expect }) => {
    const wallet = world.wallet("poor");
    const token = world.token("normal");
    const answer = await world.build(buyQuery(token.mint, wallet.publicKey));
    const [createWrapped, , , createDestination] = answer.setupInstructions;
    if (createWrapped === undefined || createDestination === undefined) {
      throw new Error("expected four set-up instructions");
    }
    const unfunded = { ...answer, setupInstructions: [createWrapped, createDestination] };
    const record = world.land(world.sign(unfunded, wallet));
    expect(record.err).toEqual({ InstructionError: [4, { Custom: 6024 }] });
  });

  test("nobody can swap out of an account that is not his", async ({ expect }) => {
    const victim = world.wallet("victim");
    const thief = world.wallet("thief");
    const token = world.token("normal");
    world.chain.mintTo(token.mint, victim.publicKey.toBase58(), 1_000_000_000n);
    const answer = await world.build(sellQuery(token.mint, victim.publicKey, 1_000_000_000n));
    const swap = parseInstruction(answer.swapInstruction);
    for (const meta of swap.keys) {
      if (meta.isSigner) meta.pubkey = thief.publicKey;
    }
    const { blockhash } = world.chain.latestBlockhash();
    const message = new TransactionMessage({
      payerKey: thief.publicKey,
      recentBlockhash: blockhash,
      instructions: [
        ComputeBudgetProgram.setComputeUnitLimit({ units: 300_000 }),
        ...answer.setupInstructions.map(parseInstruction).map((create) => {
          for (const meta of create.keys) if (meta.isSigner) meta.pubkey = thief.publicKey;
          return create;
        }),
        swap,
      ],
    }).compileToV0Message();
    const transaction = new VersionedTransaction(message);
    transaction.sign([thief]);
    const record = world.land(transaction.serialize());
    expect(record.err).toEqual({ InstructionError: [2, { Custom: 2015 }] });
    expect(world.quantityOf(victim.publicKey, token)).toBe(1_000_000_000n);
  });
});
