import { Keypair, SystemProgram, TransactionMessage, VersionedTransaction } from "@solana/web3.js";
import { describe, it } from "vitest";
import { LedgerChain } from "./ledger-chain.ts";
import { LedgerMarket } from "./ledger-market.ts";
import { createPrng } from "./prng.ts";

const START_MS = 1_790_000_000_000;
const payer = Keypair.fromSeed(Buffer.alloc(32, 3));
const friend = Keypair.fromSeed(Buffer.alloc(32, 4)).publicKey;

function openChain(): LedgerChain {
  const chain = new LedgerChain({
    prng: createPrng(7),
    nowMs: START_MS,
    market: new LedgerMarket([]),
    skipChance: 0,
  });
  for (const key of [payer.publicKey, friend]) chain.fund(key.toBase58(), 10_000_000_000n);
  return chain;
}

function pay(chain: LedgerChain, lamports: number): string {
  const message = new TransactionMessage({
    payerKey: payer.publicKey,
    recentBlockhash: chain.slots.head.blockhash,
    instructions: [
      SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: friend, lamports }),
    ],
  }).compileToV0Message();
  const transaction = new VersionedTransaction(message);
  transaction.sign([payer]);
  return Buffer.from(transaction.serialize()).toString("base64");
}

function tick(chain: LedgerChain, count: number): void {
  for (let at = 0; at < count; at++) chain.tick(START_MS);
}

describe("what is held back on a ledger", () => {
  it("waits for its height by its signature, and no other waits with it", ({ expect }) => {
    const chain = openChain();
    const first = pay(chain, 1_000_000);
    const second = pay(chain, 2_000_000);
    const held = chain.submit(first);
    const height = chain.slots.head.height + 20;
    chain.holdBack(held, height);
    const other = chain.submit(second);
    tick(chain, 10);
    expect([chain.record(held), chain.record(other)?.err]).toEqual([undefined, null]);
    tick(chain, 10);
    expect(chain.record(held)?.block.height).toBe(height);
  });

  it("waits by an account that it names, and is free when all are", ({ expect }) => {
    const chain = openChain();
    chain.holdBack(friend.toBase58(), chain.slots.head.height + 100);
    const signature = chain.submit(pay(chain, 1_000_000));
    tick(chain, 10);
    expect(chain.record(signature)).toBeUndefined();
    chain.releaseAll();
    tick(chain, 1);
    expect(chain.record(signature)?.err).toBeNull();
  });

  it("lands in the last block of its life all the same", ({ expect }) => {
    const chain = openChain();
    const { lastValidBlockHeight } = chain.slots.lifetimeOf(chain.slots.head);
    const signature = chain.submit(pay(chain, 1_000_000));
    chain.holdBack(signature, lastValidBlockHeight + 50);
    tick(chain, 160);
    expect(chain.record(signature)?.block.height).toBe(lastValidBlockHeight);
  });
});
