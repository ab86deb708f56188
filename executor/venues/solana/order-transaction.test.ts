import { Keypair, type PublicKey, SystemProgram, TransactionMessage } from "@solana/web3.js";
import { describe, test } from "vitest";
import { isUsableOrder } from "./order-transaction.ts";

const wallet = Keypair.fromSeed(Buffer.alloc(32, 1)).publicKey;
const maker = Keypair.fromSeed(Buffer.alloc(32, 2)).publicKey;
const GENESIS = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d";
const SIGNED = Buffer.alloc(64, 7);
const MISSING = Buffer.alloc(64);

/** A version 0 transaction with the given payer and senders, and signatures as given. */
function transaction(payerKey: PublicKey, senders: PublicKey[], signatures: Buffer[]): string {
  const instructions = senders.map((fromPubkey) =>
    SystemProgram.transfer({ fromPubkey, toPubkey: wallet, lamports: 1 }),
  );
  const message = new TransactionMessage({ payerKey, recentBlockhash: GENESIS, instructions });
  const bytes = message.compileToV0Message().serialize();
  return Buffer.concat([Buffer.of(signatures.length), ...signatures, bytes]).toString("base64");
}

function verdict(encoded: string) {
  return isUsableOrder(encoded, wallet.toBase58());
}

describe("a ready-made order", () => {
  test("is usable when the wallet alone pays and signs", ({ expect }) => {
    expect(verdict(transaction(wallet, [wallet], [MISSING]))).toEqual({ usable: true });
  });

  test("is usable when the other signature is there", ({ expect }) => {
    const encoded = transaction(wallet, [wallet, maker], [MISSING, SIGNED]);
    expect(verdict(encoded)).toEqual({ usable: true });
  });

  test("of a market maker who pays the fee is declined", ({ expect }) => {
    const encoded = transaction(maker, [wallet], [SIGNED, MISSING]);
    expect(verdict(encoded)).toEqual({ usable: false, reason: "somebody else pays its fee" });
  });

  test("of a market maker who has yet to sign is declined", ({ expect }) => {
    const answer = verdict(transaction(wallet, [wallet, maker], [MISSING, MISSING]));
    expect(answer).toMatchObject({ usable: false });
    expect(JSON.stringify(answer)).toContain(maker.toBase58());
  });

  test("that cannot be read is declined", ({ expect }) => {
    const whole = Buffer.from(transaction(wallet, [wallet], [MISSING]), "base64");
    const fewer = Buffer.concat([Buffer.of(2), MISSING, whole.subarray(1)]);
    for (const bytes of [Buffer.alloc(0), Buffer.of(1), whole.subarray(0, 70), fewer]) {
      expect(verdict(bytes.toString("base64")).usable).toBe(false);
    }
  });
});
