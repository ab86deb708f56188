import { test } from "vitest";
import {
  AddressLookupTableAccount,
  ComputeBudgetProgram,
  Keypair,
  PublicKey,
  TransactionInstruction,
} from "@solana/web3.js";
import { createTransferCheckedInstruction } from "@solana/spl-token";
import { balance, createChain, createWallet, pay, sign, SOL, tick } from "./chain-fixture.ts";
import type { Chain } from "./chain.ts";
import type { ModelInstruction, ModelView, ProgramModel } from "./program-model.ts";
import { TOKEN_PROGRAM } from "./token-accounts.ts";
import { parseWireTransaction } from "./wire-transaction.ts";

const PROGRAM = Keypair.generate().publicKey;
const UNITS = ComputeBudgetProgram.setComputeUnitLimit({ units: 300_000 });

interface Swap {
  chain: Chain;
  wallet: Keypair;
  pool: Keypair;
  mint: string;
  walletTokens: string;
  poolTokens: string;
  commits: number;
  views: ModelView[];
  buy(lamports: bigint, minimum: bigint): TransactionInstruction;
}

/** A program that swaps one lamport for one token unit, 6001 when less than the minimum. */
function createSwap(): Swap {
  const chain = createChain();
  const wallet = createWallet(chain);
  const pool = createWallet(chain, SOL);
  const mint = chain.createMint({
    decimals: 6,
    tokenProgram: "token",
    supply: 5n * SOL,
    holder: pool.publicKey.toBase58(),
  });
  const walletTokens = chain.createTokenAccount(wallet.publicKey.toBase58(), mint);
  const poolTokens = chain.createTokenAccount(pool.publicKey.toBase58(), mint);
  const swap: Swap = {
    chain,
    wallet,
    pool,
    mint,
    walletTokens,
    poolTokens,
    commits: 0,
    views: [],
    buy: (lamports, minimum) => encodeBuy(swap, lamports, minimum),
  };
  chain.registerModel(createModel(swap));
  return swap;
}

function encodeBuy(swap: Swap, lamports: bigint, minimum: bigint): TransactionInstruction {
  const data = Buffer.alloc(16);
  data.writeBigUInt64LE(lamports, 0);
  data.writeBigUInt64LE(minimum, 8);
  const writable = [swap.walletTokens, swap.poolTokens, swap.pool.publicKey.toBase58()];
  return new TransactionInstruction({
    programId: PROGRAM,
    keys: [
      { pubkey: swap.wallet.publicKey, isSigner: true, isWritable: true },
      ...writable.map((pubkey) => ({
        pubkey: new PublicKey(pubkey),
        isSigner: false,
        isWritable: true,
      })),
    ],
    data,
  });
}

function createModel(swap: Swap): ProgramModel {
  const pool = swap.pool.publicKey.toBase58();
  const wallet = swap.wallet.publicKey.toBase58();
  const token = { kind: "token" as const, mint: swap.mint, tokenProgram: TOKEN_PROGRAM };
  return {
    programId: PROGRAM.toBase58(),
    authorities: () => new Map([[pool, swap.pool]]),
    interpret(instruction: ModelInstruction, view: ModelView) {
      swap.views.push(view);
      const data = Buffer.from(instruction.data);
      const lamports = data.readBigUInt64LE(0);
      if (lamports < data.readBigUInt64LE(8)) {
        return { kind: "error", code: 6001, logs: ["Program log: slippage"] };
      }
      const from = { from: swap.poolTokens, to: swap.walletTokens, authority: pool };
      return {
        kind: "transfers",
        logs: ["Program log: swap"],
        transfers: [
          { kind: "sol", from: wallet, to: pool, lamports },
          { ...token, ...from, quantity: lamports, decimals: 6 },
        ],
        commit: () => void (swap.commits += 1),
      };
    },
  };
}

test("a model instruction moves SOL and tokens and costs the original fee", ({ expect }) => {
  const swap = createSwap();
  const { chain, wallet } = swap;
  const signature = chain.submit(sign(chain, wallet, [UNITS, swap.buy(SOL, SOL)]));
  tick(chain, 4);
  expect(chain.landingOf(signature)?.err).toBeNull();
  expect(chain.tokenQuantityOf(swap.walletTokens)).toBe(SOL);
  expect(balance(chain, wallet.publicKey)).toBe(9n * SOL - 5_000n);
  expect(swap.commits).toBe(1);
  const record = chain.history.get(signature);
  expect(record?.fee).toBe(5_000n);
  expect(record?.logs).toContain(`Program ${PROGRAM.toBase58()} invoke [1]`);
  expect(record?.logs).toContain(`Program ${TOKEN_PROGRAM} invoke [2]`);
  expect(record?.logs.at(-1)).toBe(`Program ${PROGRAM.toBase58()} success`);
  expect(record?.inner.get(1)).toHaveLength(2);
  expect(chain.accounts.at(PROGRAM.toBase58(), chain.slot())?.executable).toBe(true);
});

test("a model error lands with the original index and costs only the fee", ({ expect }) => {
  const swap = createSwap();
  const { chain, wallet } = swap;
  const stranger = Keypair.generate().publicKey;
  const signature = chain.submit(
    sign(chain, wallet, [UNITS, pay(wallet, stranger, SOL), swap.buy(SOL, 2n * SOL)]),
  );
  tick(chain, 4);
  expect(chain.landingOf(signature)?.err).toEqual({ InstructionError: [2, { Custom: 6001 }] });
  expect(balance(chain, stranger)).toBe(0n);
  expect(chain.tokenQuantityOf(swap.walletTokens)).toBe(0n);
  expect(balance(chain, wallet.publicKey)).toBe(10n * SOL - 5_000n);
  expect(swap.commits).toBe(0);
  expect(chain.history.get(signature)?.logs.at(-1)).toContain("custom program error: 0x1771");
});

test("an error before the model instruction wins over the model's", ({ expect }) => {
  const swap = createSwap();
  const { chain, wallet } = swap;
  const stranger = Keypair.generate().publicKey;
  const signature = chain.submit(
    sign(chain, wallet, [pay(wallet, stranger, 50n * SOL), swap.buy(SOL, 2n * SOL)]),
  );
  tick(chain, 4);
  expect(chain.landingOf(signature)?.err).toEqual({ InstructionError: [0, { Custom: 1 }] });
  expect(swap.views).toHaveLength(0);
});

test("an instruction that fails after the swap undoes the swap", ({ expect }) => {
  const swap = createSwap();
  const { chain, wallet } = swap;
  const late = pay(wallet, Keypair.generate().publicKey, 50n * SOL);
  const signature = chain.submit(sign(chain, wallet, [UNITS, swap.buy(SOL, SOL), late]));
  tick(chain, 4);
  expect(chain.landingOf(signature)?.err).toEqual({ InstructionError: [2, { Custom: 1 }] });
  expect(chain.tokenQuantityOf(swap.walletTokens)).toBe(0n);
  expect(swap.commits).toBe(0);
});

test("the second swap of a transaction sees what the first one did", ({ expect }) => {
  const swap = createSwap();
  const { chain, wallet } = swap;
  chain.submit(sign(chain, wallet, [UNITS, swap.buy(SOL, SOL), swap.buy(2n * SOL, SOL)]));
  tick(chain, 4);
  expect(swap.views[1]?.tokenAmountOf(swap.walletTokens)).toBe(SOL);
  expect(swap.views[1]?.lamportsOf(wallet.publicKey.toBase58())).toBe(9n * SOL - 5_000n);
  expect(chain.tokenQuantityOf(swap.walletTokens)).toBe(3n * SOL);
  expect(swap.commits).toBe(2);
});

test("a swap runs out of units when its limit is too small", ({ expect }) => {
  const swap = createSwap();
  const { chain, wallet } = swap;
  const limit = ComputeBudgetProgram.setComputeUnitLimit({ units: 60_000 });
  const signature = chain.submit(sign(chain, wallet, [limit, swap.buy(SOL, SOL)]));
  tick(chain, 4);
  expect(chain.landingOf(signature)?.err).toEqual({
    InstructionError: [1, "ComputationalBudgetExceeded"],
  });
  expect(chain.tokenQuantityOf(swap.walletTokens)).toBe(0n);
});

test("nobody borrows the pool's signature for another instruction", ({ expect }) => {
  const swap = createSwap();
  const { chain, wallet } = swap;
  const theft = createTransferCheckedInstruction(
    new PublicKey(swap.poolTokens),
    new PublicKey(swap.mint),
    new PublicKey(swap.walletTokens),
    swap.pool.publicKey,
    SOL,
    6,
  );
  for (const key of theft.keys) key.isSigner = false;
  const signature = chain.submit(sign(chain, wallet, [UNITS, swap.buy(SOL, SOL), theft]));
  tick(chain, 4);
  expect(chain.landingOf(signature)?.err).toEqual({
    InstructionError: [2, "MissingRequiredSignature"],
  });
  expect(chain.tokenQuantityOf(swap.walletTokens)).toBe(0n);
});

test("a model cannot spend an account that nobody signed for", ({ expect }) => {
  const swap = createSwap();
  const { chain } = swap;
  const thief = createWallet(chain);
  const instruction = swap.buy(SOL, SOL);
  const [victim] = instruction.keys;
  if (victim !== undefined) victim.isSigner = false;
  const signature = chain.submit(sign(chain, thief, [UNITS, instruction]));
  tick(chain, 4);
  expect(chain.landingOf(signature)?.err).toEqual({
    InstructionError: [1, "MissingRequiredSignature"],
  });
  expect(balance(chain, swap.wallet.publicKey)).toBe(10n * SOL);
});

test("accounts that come from a lookup table are loaded", ({ expect }) => {
  const swap = createSwap();
  const { chain, wallet } = swap;
  const friend = Keypair.generate().publicKey;
  const addresses = [swap.poolTokens, swap.walletTokens, friend.toBase58()];
  const key = chain.createLookupTable(addresses);
  const data = chain.accounts.current(key)?.data;
  if (data === undefined) throw new Error("expected the table");
  const table = new AddressLookupTableAccount({
    key: new PublicKey(key),
    state: AddressLookupTableAccount.deserialize(data),
  });
  expect(table.isActive()).toBe(true);
  const instructions = [UNITS, swap.buy(SOL, SOL), pay(wallet, friend, SOL)];
  const signature = chain.submit(sign(chain, wallet, instructions, { tables: [table] }));
  tick(chain, 4);
  const record = chain.history.get(signature);
  expect(record?.err).toBeNull();
  expect(record?.transaction.lookups).toHaveLength(1);
  expect(balance(chain, friend)).toBe(SOL);
  expect(chain.tokenQuantityOf(swap.walletTokens)).toBe(SOL);
  expect(record?.postTokenBalances.map(({ quantity }) => quantity)).toContain(SOL);
});

test("an unknown lookup table keeps a transaction out of blocks", ({ expect }) => {
  const chain = createChain();
  const wallet = createWallet(chain);
  const friend = Keypair.generate().publicKey;
  const table = new AddressLookupTableAccount({
    key: Keypair.generate().publicKey,
    state: {
      deactivationSlot: 2n ** 64n - 1n,
      lastExtendedSlot: 0,
      lastExtendedSlotStartIndex: 0,
      addresses: [friend],
    },
  });
  const transfer = pay(wallet, friend, SOL);
  const signature = chain.submit(sign(chain, wallet, [transfer], { tables: [table] }));
  tick(chain, 4);
  expect(chain.dropReasonOf(signature)).toBe("AddressLookupTableNotFound");
});

test("simulation shows the result and leaves the chain alone", ({ expect }) => {
  const swap = createSwap();
  const { chain, wallet } = swap;
  const transaction = parseWireTransaction(sign(chain, wallet, [UNITS, swap.buy(SOL, SOL)]));
  const outcome = chain.simulate(transaction, {
    sigVerify: true,
    replaceRecentBlockhash: false,
    isBlockhashValid: () => true,
  });
  expect(outcome.err).toBeNull();
  const tokens = outcome.accounts.get(swap.walletTokens)?.data ?? new Uint8Array(72);
  expect(Buffer.from(tokens).readBigUInt64LE(64)).toBe(SOL);
  const payer = outcome.accounts.get(wallet.publicKey.toBase58());
  expect(payer?.lamports).toBe(9n * SOL - 5_000n);
  expect(outcome.unitsConsumed).toBeGreaterThan(90_000);
  expect(balance(chain, wallet.publicKey)).toBe(10n * SOL);
  expect(chain.tokenQuantityOf(swap.walletTokens)).toBe(0n);
  expect(swap.commits).toBe(0);
});
