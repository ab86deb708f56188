import { type TestContext, test } from "vitest";
import {
  Connection,
  Keypair,
  PublicKey,
  sendAndConfirmTransaction,
  SendTransactionError,
  SystemProgram,
  Transaction,
  type VersionedTransactionResponse,
  VersionedTransaction,
} from "@solana/web3.js";
import {
  createTransferCheckedInstruction,
  getAccount,
  getMint,
  getTransferFeeConfig,
  TOKEN_2022_PROGRAM_ID,
} from "@solana/spl-token";
import { createChain, createWallet, pay, sign, SOL } from "../../models/chain-fixture.ts";
import { createNamedPrng } from "../../models/prng.ts";
import { ShiftedClock } from "../real-clock.ts";
import { startSolana } from "./solana-server.ts";

/** Slots pass by themselves and fast, because the library waits for confirmations. */
async function startWorld({ onTestFinished }: TestContext) {
  const clock = new ShiftedClock();
  const chain = createChain({ clock, slotMs: 20 });
  const solana = await startSolana({
    chain,
    clock,
    prng: createNamedPrng(1, "solana"),
    nodes: [{ lagSlots: 0 }],
  });
  const node = solana.rpcs[0];
  if (node === undefined) throw new Error("expected a node");
  const connection = new Connection(node.http, {
    commitment: "confirmed",
    wsEndpoint: node.ws,
  });
  chain.start();
  onTestFinished(async () => {
    chain.stop();
    await solana.close();
  });
  return { chain, connection };
}

test("the library sends, confirms and reads back a transfer", async (context) => {
  const { expect } = context;
  const { chain, connection } = await startWorld(context);
  const wallet = Keypair.generate();
  const friend = Keypair.generate().publicKey;
  const airdrop = await connection.requestAirdrop(wallet.publicKey, Number(2n * SOL));
  const latest = await connection.getLatestBlockhash();
  await connection.confirmTransaction({ signature: airdrop, ...latest });
  expect(await connection.getBalance(wallet.publicKey)).toBe(Number(2n * SOL));
  const transaction = new Transaction().add(pay(wallet, friend, SOL));
  const signature = await sendAndConfirmTransaction(connection, transaction, [wallet]);
  const parsed = await connection.getParsedTransaction(signature, {
    maxSupportedTransactionVersion: 0,
  });
  expect(parsed?.transaction.message.instructions[0]).toMatchObject({
    program: "system",
    parsed: { type: "transfer", info: { destination: friend.toBase58(), lamports: Number(SOL) } },
  });
  expect(parsed?.meta?.fee).toBe(5_000);
  const history = await connection.getSignaturesForAddress(friend);
  expect(history).toMatchObject([{ signature, err: null, confirmationStatus: "confirmed" }]);
  expect(await connection.isBlockhashValid(latest.blockhash)).toMatchObject({ value: true });
  expect(await connection.getSlot()).toBeGreaterThan(await connection.getBlockHeight());
  expect(chain.lamportsOf(friend.toBase58())).toBe(SOL);
});

test("the library reads a Token-2022 mint, its accounts and token balances", async (context) => {
  const { expect } = context;
  const { chain, connection } = await startWorld(context);
  const wallet = createWallet(chain);
  const friend = Keypair.generate().publicKey;
  const mint = chain.createMint({
    decimals: 6,
    tokenProgram: "token-2022",
    supply: 1_000_000n,
    holder: wallet.publicKey.toBase58(),
    transferFeeBps: 100,
  });
  const [from, to] = [wallet.publicKey, friend].map(
    (owner) => new PublicKey(chain.createTokenAccount(owner.toBase58(), mint)),
  ) as [PublicKey, PublicKey];
  const key = new PublicKey(mint);
  const transfer = createTransferCheckedInstruction(
    from,
    key,
    to,
    wallet.publicKey,
    500_000n,
    6,
    [],
    TOKEN_2022_PROGRAM_ID,
  );
  const wire = VersionedTransaction.deserialize(sign(chain, wallet, [transfer]));
  const signature = await connection.sendTransaction(wire, { preflightCommitment: "processed" });
  await connection.confirmTransaction({ signature, ...(await connection.getLatestBlockhash()) });
  const info = await getMint(connection, key, "confirmed", TOKEN_2022_PROGRAM_ID);
  expect(info.supply).toBe(1_000_000n);
  expect(getTransferFeeConfig(info)?.newerTransferFee.transferFeeBasisPoints).toBe(100);
  const account = await getAccount(connection, to, "confirmed", TOKEN_2022_PROGRAM_ID);
  expect(account.amount).toBe(495_000n);
  const owned = await connection.getParsedTokenAccountsByOwner(friend, { mint: key });
  expect(owned.value[0]?.account.data).toMatchObject({
    program: "spl-token-2022",
    parsed: { info: { tokenAmount: { amount: "495000", uiAmountString: "0.495" } } },
  });
  const largest = await connection.getTokenLargestAccounts(key);
  expect(largest.value.map(({ amount }) => amount)).toEqual(["500000", "495000"]);
  expect((await connection.getTokenSupply(key)).value.uiAmount).toBe(1);
  const landed = await readTransaction(connection, signature);
  expect(landed?.version).toBe(0);
  const balances = landed?.meta?.postTokenBalances ?? [];
  expect(balances.map(({ owner, uiTokenAmount }) => [owner, uiTokenAmount.amount])).toEqual(
    expect.arrayContaining([
      [wallet.publicKey.toBase58(), "500000"],
      [friend.toBase58(), "495000"],
    ]),
  );
});

async function readTransaction(
  connection: Connection,
  signature: string,
): Promise<VersionedTransactionResponse | null> {
  return await connection.getTransaction(signature, { maxSupportedTransactionVersion: 0 });
}

test("the library simulates with accounts and gets preflight logs", async (context) => {
  const { expect } = context;
  const { chain, connection } = await startWorld(context);
  const wallet = createWallet(chain);
  const friend = Keypair.generate().publicKey;
  const good = VersionedTransaction.deserialize(sign(chain, wallet, [pay(wallet, friend, SOL)]));
  const simulated = await connection.simulateTransaction(good, {
    replaceRecentBlockhash: true,
    accounts: { encoding: "base64", addresses: [friend.toBase58(), wallet.publicKey.toBase58()] },
  });
  expect(simulated.value.err).toBeNull();
  expect(simulated.value.unitsConsumed).toBe(150);
  expect(simulated.value.accounts?.map((account) => account?.lamports)).toEqual([
    Number(SOL),
    Number(9n * SOL) - 5_000,
  ]);
  const bad = new Transaction().add(pay(wallet, friend, 99n * SOL));
  const failure = await connection
    .sendTransaction(bad, [wallet])
    .catch((error: unknown) => error as SendTransactionError);
  if (!(failure instanceof SendTransactionError)) throw new Error("expected a preflight error");
  expect(failure.transactionError.message).toContain("custom program error: 0x1");
  expect(failure.logs?.at(-1)).toContain("failed");
});

test("the library follows an account, logs and a signature", async (context) => {
  const { expect } = context;
  const { chain, connection } = await startWorld(context);
  const wallet = createWallet(chain);
  const friend = Keypair.generate().publicKey;
  const heard: string[] = [];
  const account = new Promise<number>((resolve) => {
    connection.onAccountChange(friend, ({ lamports }) => resolve(lamports), {
      commitment: "processed",
    });
  });
  const logs = new Promise<void>((resolve) => {
    connection.onLogs(friend, ({ signature }) => resolve(void heard.push(signature)), "processed");
  });
  await new Promise((resolve) => void connection.onSlotChange(resolve));
  const signature = await sendAndConfirmTransaction(
    connection,
    new Transaction().add(pay(wallet, friend, SOL)),
    [wallet],
  );
  expect(await account).toBe(Number(SOL));
  await logs;
  expect(heard).toEqual([signature]);
});

test("the library creates a durable nonce and lands a transaction on it", async (context) => {
  const { expect } = context;
  const { chain, connection } = await startWorld(context);
  const wallet = createWallet(chain);
  const nonce = Keypair.generate();
  const lamports = await connection.getMinimumBalanceForRentExemption(80);
  expect(lamports).toBe(1_447_680);
  const creation = SystemProgram.createNonceAccount({
    fromPubkey: wallet.publicKey,
    noncePubkey: nonce.publicKey,
    authorizedPubkey: wallet.publicKey,
    lamports,
  });
  await sendAndConfirmTransaction(connection, creation, [wallet, nonce]);
  const stored = await connection.getNonce(nonce.publicKey);
  if (stored === null) throw new Error("expected a nonce");
  const transaction = new Transaction({
    feePayer: wallet.publicKey,
    nonceInfo: {
      nonce: stored.nonce,
      nonceInstruction: SystemProgram.nonceAdvance({
        noncePubkey: nonce.publicKey,
        authorizedPubkey: wallet.publicKey,
      }),
    },
  }).add(pay(wallet, Keypair.generate().publicKey, SOL));
  await sendAndConfirmTransaction(connection, transaction, [wallet]);
  const next = await connection.getNonce(nonce.publicKey);
  expect(next?.nonce).not.toBe(stored.nonce);
});
