import { test } from "vitest";
import {
  ComputeBudgetProgram,
  Keypair,
  NONCE_ACCOUNT_LENGTH,
  PublicKey,
  SystemProgram,
  type TransactionInstruction,
} from "@solana/web3.js";
import {
  createTransferCheckedInstruction,
  getTransferFeeAmount,
  TOKEN_2022_PROGRAM_ID,
  unpackAccount,
  unpackMint,
} from "@solana/spl-token";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import { balance, createChain, createWallet, pay, sign, SOL, tick } from "./chain-fixture.ts";
import type { Chain } from "./chain.ts";

test("an airdrop and a signed transfer move lamports and charge the fee", ({ expect }) => {
  const chain = createChain();
  const wallet = Keypair.generate();
  const friend = Keypair.generate().publicKey;
  chain.airdrop(wallet.publicKey.toBase58(), 2n * SOL);
  chain.airdrop(wallet.publicKey.toBase58(), 2n * SOL);
  tick(chain, 4);
  expect(balance(chain, wallet.publicKey)).toBe(4n * SOL);
  const signature = chain.submit(sign(chain, wallet, [pay(wallet, friend, SOL)]));
  expect(chain.landingOf(signature)).toBeUndefined();
  tick(chain, 4);
  expect(chain.landingOf(signature)?.err).toBeNull();
  expect(balance(chain, friend)).toBe(SOL);
  expect(balance(chain, wallet.publicKey)).toBe(3n * SOL - 5_000n);
});

test("the same bytes execute once however often they are sent", ({ expect }) => {
  const chain = createChain();
  const wallet = createWallet(chain);
  const friend = Keypair.generate().publicKey;
  const wire = sign(chain, wallet, [pay(wallet, friend, SOL)]);
  chain.submit(wire);
  chain.submit(wire);
  tick(chain, 4);
  chain.submit(wire);
  tick(chain, 4);
  expect(balance(chain, friend)).toBe(SOL);
  expect(chain.history.of(friend.toBase58())).toHaveLength(1);
});

test("a fork undoes what the newest blocks held, and the same bytes may land again", ({
  expect,
}) => {
  const chain = createChain();
  const wallet = createWallet(chain);
  const friend = Keypair.generate().publicKey;
  tick(chain, 40);
  const before = balance(chain, wallet.publicKey);
  const final = chain.submit(sign(chain, wallet, [pay(wallet, friend, SOL)]));
  tick(chain, 40);
  const wire = sign(chain, wallet, [pay(wallet, friend, 2n * SOL)]);
  const signature = chain.submit(wire);
  tick(chain, 4);
  expect(balance(chain, friend)).toBe(3n * SOL);
  expect(chain.fork(28)).toBe(1);
  expect(balance(chain, friend)).toBe(SOL);
  expect(balance(chain, wallet.publicKey)).toBe(before - SOL - 5_000n);
  expect(chain.landingOf(signature)).toBeUndefined();
  expect(chain.landingOf(final)?.err).toBeNull();
  expect(chain.history.of(friend.toBase58())).toHaveLength(1);
  chain.submit(wire);
  tick(chain, 4);
  expect(balance(chain, friend)).toBe(3n * SOL);
  expect(chain.history.of(friend.toBase58())).toHaveLength(2);
});

test("a fork takes back no block that is final", ({ expect }) => {
  const chain = createChain();
  const wallet = createWallet(chain);
  tick(chain, 40);
  chain.submit(sign(chain, wallet, [pay(wallet, Keypair.generate().publicKey, SOL)]));
  tick(chain, 60);
  expect(chain.fork(1_000)).toBe(0);
});

test("a transaction with one changed byte is refused", ({ expect }) => {
  const chain = createChain();
  const wallet = createWallet(chain);
  const wire = sign(chain, wallet, [pay(wallet, Keypair.generate().publicKey, SOL)]);
  wire[wire.length - 3] = (wire.at(-3) as number) ^ 1;
  expect(() => chain.submit(wire)).toThrow("SignatureFailure");
});

test("a priority fee is charged on the requested limit, rounded up", ({ expect }) => {
  const chain = createChain();
  const wallet = createWallet(chain);
  const wire = sign(chain, wallet, [
    ComputeBudgetProgram.setComputeUnitLimit({ units: 100_001 }),
    ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 15 }),
    pay(wallet, Keypair.generate().publicKey, SOL),
  ]);
  chain.submit(wire);
  tick(chain, 4);
  expect(balance(chain, wallet.publicKey)).toBe(9n * SOL - 5_002n);
});

test("a failed transfer lands, costs its fee and changes nothing else", ({ expect }) => {
  const chain = createChain();
  const wallet = createWallet(chain);
  const friend = Keypair.generate().publicKey;
  const signature = chain.submit(
    sign(chain, wallet, [pay(wallet, friend, SOL), pay(wallet, friend, 20n * SOL)]),
  );
  tick(chain, 4);
  expect(chain.landingOf(signature)?.err).toEqual({ InstructionError: [1, { Custom: 1 }] });
  expect(balance(chain, friend)).toBe(0n);
  expect(balance(chain, wallet.publicKey)).toBe(10n * SOL - 5_000n);
  expect(chain.history.get(signature)?.logs.at(-1)).toContain("failed: custom program error: 0x1");
});

test("a payer who could not keep rent after the fee gets no block space", ({ expect }) => {
  const chain = createChain();
  const wallet = createWallet(chain, 891_000n);
  const signature = chain.submit(sign(chain, wallet, []));
  tick(chain, 4);
  expect(chain.landingOf(signature)).toBeUndefined();
  expect(chain.dropReasonOf(signature)).toEqual({
    InsufficientFundsForRent: { account_index: 0 },
  });
});

test("a blockhash works until 150 blocks after its own and not later", ({ expect }) => {
  const chain = createChain({ skipChance: 0 });
  const wallet = createWallet(chain);
  const { blockhash, lastValidBlockHeight } = chain.latestBlockhash();
  expect(lastValidBlockHeight).toBe(chain.blockHeight() + 150);
  tick(chain, 148);
  const early = Keypair.generate().publicKey;
  chain.submit(sign(chain, wallet, [pay(wallet, early, SOL)], { blockhash }));
  tick(chain, 2);
  expect(chain.blockHeight()).toBe(lastValidBlockHeight);
  expect(balance(chain, early)).toBe(SOL);
  const late = chain.submit(sign(chain, wallet, [pay(wallet, early, 2n * SOL)], { blockhash }));
  tick(chain, 3);
  expect(chain.dropReasonOf(late)).toBe("BlockhashNotFound");
  expect(balance(chain, early)).toBe(SOL);
});

function createNonce(chain: Chain, wallet: Keypair): { nonce: Keypair; read(): string } {
  const nonce = Keypair.generate();
  const creation = SystemProgram.createNonceAccount({
    fromPubkey: wallet.publicKey,
    noncePubkey: nonce.publicKey,
    authorizedPubkey: wallet.publicKey,
    lamports: Number(chain.rentExemptLamports(NONCE_ACCOUNT_LENGTH)),
  });
  chain.submit(sign(chain, wallet, creation.instructions, { signers: [nonce] }));
  tick(chain, 4);
  function read(): string {
    const account = chain.accounts.current(nonce.publicKey.toBase58());
    if (account === undefined) throw new Error("expected the nonce account");
    return encodeBase58(account.data.subarray(40, 72));
  }
  return { nonce, read };
}

function withNonce(
  chain: Chain,
  wallet: Keypair,
  { nonce, read }: { nonce: Keypair; read(): string },
  instruction: TransactionInstruction,
): Uint8Array {
  const advance = SystemProgram.nonceAdvance({
    noncePubkey: nonce.publicKey,
    authorizedPubkey: wallet.publicKey,
  });
  return sign(chain, wallet, [advance, instruction], { blockhash: read() });
}

test("a durable nonce outlives blockhashes and lets one of two in", ({ expect }) => {
  const chain = createChain();
  const wallet = createWallet(chain);
  const friend = Keypair.generate().publicKey;
  const nonce = createNonce(chain, wallet);
  const first = withNonce(chain, wallet, nonce, pay(wallet, friend, SOL));
  const second = withNonce(chain, wallet, nonce, pay(wallet, friend, 2n * SOL));
  tick(chain, 400);
  chain.submit(first);
  tick(chain, 4);
  const late = chain.submit(second);
  tick(chain, 4);
  expect(balance(chain, friend)).toBe(SOL);
  expect(chain.dropReasonOf(late)).toBe("BlockhashNotFound");
});

test("a failed nonce transaction uses up its nonce", ({ expect }) => {
  const chain = createChain();
  const wallet = createWallet(chain);
  const nonce = createNonce(chain, wallet);
  const before = nonce.read();
  const friend = Keypair.generate().publicKey;
  const failing = withNonce(chain, wallet, nonce, pay(wallet, friend, 100n * SOL));
  tick(chain, 4);
  const signature = chain.submit(failing);
  tick(chain, 4);
  expect(chain.landingOf(signature)?.err).toEqual({ InstructionError: [1, { Custom: 1 }] });
  expect(nonce.read()).not.toBe(before);
  chain.submit(withNonce(chain, wallet, nonce, pay(wallet, friend, SOL)));
  tick(chain, 4);
  expect(balance(chain, friend)).toBe(SOL);
});

test("a Token-2022 mint withholds its transfer fee", ({ expect }) => {
  const chain = createChain();
  const wallet = createWallet(chain);
  const friend = Keypair.generate().publicKey;
  const mint = chain.createMint({
    decimals: 6,
    tokenProgram: "token-2022",
    supply: 1_000_000n,
    holder: wallet.publicKey.toBase58(),
    transferFeeBps: 250,
    permanentDelegate: friend.toBase58(),
  });
  const from = chain.createTokenAccount(wallet.publicKey.toBase58(), mint);
  const to = chain.createTokenAccount(friend.toBase58(), mint);
  const transfer = createTransferCheckedInstruction(
    new PublicKey(from),
    new PublicKey(mint),
    new PublicKey(to),
    wallet.publicKey,
    100_000n,
    6,
    [],
    TOKEN_2022_PROGRAM_ID,
  );
  const signature = chain.submit(sign(chain, wallet, [transfer]));
  tick(chain, 4);
  expect(chain.landingOf(signature)?.err).toBeNull();
  expect(chain.tokenQuantityOf(from)).toBe(900_000n);
  expect(chain.tokenQuantityOf(to)).toBe(97_500n);
  const account = unpackAccount(new PublicKey(to), info(chain, to), TOKEN_2022_PROGRAM_ID);
  expect(getTransferFeeAmount(account)?.withheldAmount).toBe(2_500n);
  const unpacked = unpackMint(new PublicKey(mint), info(chain, mint), TOKEN_2022_PROGRAM_ID);
  expect(unpacked.supply).toBe(1_000_000n);
  expect(unpacked.mintAuthority).toBeNull();
});

function info(chain: Chain, pubkey: string) {
  const account = chain.accounts.current(pubkey);
  if (account === undefined) throw new Error(`expected ${pubkey}`);
  return {
    data: Buffer.from(account.data),
    executable: account.executable,
    lamports: Number(account.lamports),
    owner: new PublicKey(account.owner),
  };
}
