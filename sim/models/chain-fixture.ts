import {
  type AddressLookupTableAccount,
  Keypair,
  type PublicKey,
  SystemProgram,
  type TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { Chain, type ChainOptions } from "./chain.ts";
import { createPrng } from "./prng.ts";

export const SOL = 1_000_000_000n;
/** Slots move only when a test ticks them. */
const still: Clock = {
  nowMs: () => 1_790_000_000_000,
  monotonicMs: () => 0,
  sleep: () => Promise.resolve(),
  defer: (task: () => void) => task(),
};

/** A chain that stands still until `tick`. */
export function createChain(options: Partial<ChainOptions> = {}): Chain {
  return new Chain({ clock: still, prng: createPrng(7), ...options });
}

export function createWallet(chain: Chain, lamports = 10n * SOL): Keypair {
  const wallet = Keypair.generate();
  chain.setLamports(wallet.publicKey.toBase58(), lamports);
  return wallet;
}

export interface SignOptions {
  blockhash?: string;
  signers?: Keypair[];
  tables?: AddressLookupTableAccount[];
}

/** A version 0 transaction on the newest blockhash, as wire bytes. */
export function sign(
  chain: Chain,
  payer: Keypair,
  instructions: TransactionInstruction[],
  options: SignOptions = {},
): Uint8Array {
  const message = new TransactionMessage({
    payerKey: payer.publicKey,
    recentBlockhash: options.blockhash ?? chain.latestBlockhash().blockhash,
    instructions,
  }).compileToV0Message(options.tables);
  const transaction = new VersionedTransaction(message);
  transaction.sign([payer, ...(options.signers ?? [])]);
  return transaction.serialize();
}

export function pay(from: Keypair, to: PublicKey, lamports: bigint): TransactionInstruction {
  return SystemProgram.transfer({ fromPubkey: from.publicKey, toPubkey: to, lamports });
}

export function tick(chain: Chain, count: number): void {
  for (let at = 0; at < count; at++) chain.tick();
}

export function balance(chain: Chain, key: PublicKey): bigint {
  return chain.lamportsOf(key.toBase58());
}
