import type { Desk } from "./desk.ts";
import type { SwapAnswer } from "./swap-answer.ts";

export interface Shortage {
  errorCode: number;
  errorMessage: string;
}

/** Signature, priority fee and the rent of two token accounts, rounded up. */
const GAS_LAMPORTS = 5_000_000n;

/** Why the taker could not land this swap now, in the aggregator's own codes. */
export function checkFunds(desk: Desk, answer: SwapAnswer): Shortage | undefined {
  const { quote, taker } = answer;
  const lamports = desk.chain.lamportsOf(taker.toBase58());
  const isBuy = quote.side === "buy";
  const held = isBuy ? lamports : (desk.chain.tokenQuantityOf(answer.source.toBase58()) ?? 0n);
  if (held < quote.quantityIn) return { errorCode: 1, errorMessage: "Insufficient funds" };
  const left = isBuy ? lamports - quote.quantityIn : lamports;
  if (left >= GAS_LAMPORTS || answer.parameters.payer !== undefined) return undefined;
  return { errorCode: 2, errorMessage: "Top up 0.005 SOL for gas" };
}
