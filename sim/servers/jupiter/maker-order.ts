import {
  createAssociatedTokenAccountIdempotentInstruction,
  TOKEN_PROGRAM_ID,
} from "@solana/spl-token";
import { PublicKey, SystemProgram, TransactionInstruction } from "@solana/web3.js";
import { encodeFill, ORDER_ENGINE_PROGRAM_ID } from "../../models/order-engine.ts";
import { NATIVE_MINT } from "../../models/token-accounts.ts";
import type { Desk } from "./desk.ts";
import type { SwapParameters } from "./parameters.ts";
import { associatedAccount, type SwapAnswer, tokenProgramOf } from "./swap-answer.ts";

/** A maker wins a seeded share of the orders, and every order that meets a `stale` fault. */
export function makerTakes(desk: Desk, parameters: SwapParameters): boolean {
  const isForced = desk.faults.take("order", ["stale"]) !== undefined;
  const isLucky = desk.prng.nextFloat() < desk.makerShare;
  const isOpen = parameters.payer === undefined && !parameters.excludeRouters.includes("jupiterz");
  return isOpen && (isForced || isLucky);
}

/** The maker pays for everything and so signs first; his signature comes at execution. */
export function createMakerInstructions(
  desk: Desk,
  answer: SwapAnswer,
  expireAtSeconds: bigint,
): TransactionInstruction[] {
  const { taker, quote } = answer;
  const maker = desk.onChain.maker.publicKey;
  const token = quote.token;
  const mint = new PublicKey(token.mint);
  const program = tokenProgramOf(token);
  const takersToken = associatedAccount(taker, token.mint, token);
  const makersToken = associatedAccount(maker, token.mint, token);
  const native = new PublicKey(ORDER_ENGINE_PROGRAM_ID);
  const sol = { takers: native, makers: native, mint: new PublicKey(NATIVE_MINT) };
  const coin = { takers: takersToken, makers: makersToken, mint };
  const isBuy = quote.side === "buy";
  const input = { ...(isBuy ? sol : coin), program: isBuy ? TOKEN_PROGRAM_ID : program };
  const output = { ...(isBuy ? coin : sol), program: isBuy ? program : TOKEN_PROGRAM_ID };
  const fill = new TransactionInstruction({
    programId: native,
    keys: [
      { pubkey: taker, isSigner: true, isWritable: true },
      { pubkey: maker, isSigner: true, isWritable: true },
      ...[input.takers, input.makers, output.takers, output.makers].map((pubkey) => ({
        pubkey,
        isSigner: false,
        isWritable: !pubkey.equals(native),
      })),
      ...[input.mint, input.program, output.mint, output.program, SystemProgram.programId].map(
        (pubkey) => ({ pubkey, isSigner: false, isWritable: false }),
      ),
    ],
    data: encodeFill({
      quantityIn: quote.quantityIn,
      quantityOut: answer.shownOut,
      expireAtSeconds,
    }),
  });
  const create = createAssociatedTokenAccountIdempotentInstruction;
  return isBuy ? [create(maker, takersToken, taker, mint, program), fill] : [fill];
}
