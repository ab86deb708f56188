import type { BuildAnswer, JupiterInstruction } from "./jupiter-answers.ts";
import { JUPITER_PROGRAM } from "./programs.ts";
import { createKnownSetups, parseUnitPrice, type SwapAccounts } from "./swap-instructions.ts";

/**
 * Why an answer of the route service smells of an attack. We sign none of its set-up anyway, but a
 * service that suggests anything else than what we would do ourselves is not one to trade with.
 * The swap instruction is checked byte by byte in the signer.
 */
export function checkBuild(
  side: "buy" | "sell",
  answer: BuildAnswer,
  accounts: SwapAccounts,
): string[] {
  const reasons: string[] = [];
  const known = createKnownSetups(side, accounts, answer.inAmount);
  if (answer.swapInstruction.programId !== JUPITER_PROGRAM) {
    reasons.push(`the swap calls program ${answer.swapInstruction.programId}`);
  }
  const signers = answer.swapInstruction.accounts.filter(({ isSigner }) => isSigner);
  if (signers.some(({ pubkey }) => pubkey !== accounts.wallet)) {
    reasons.push("the swap wants another signature than the wallet's");
  }
  if (answer.setupInstructions.some((given) => !isOneOf(given, known.setup))) {
    reasons.push("the set-up does something that a swap does not need");
  }
  const { cleanupInstruction, otherInstructions, tipInstruction } = answer;
  if (cleanupInstruction && !isOneOf(cleanupInstruction, known.cleanup)) {
    reasons.push("the clean-up does something that a swap does not need");
  }
  if (answer.computeBudgetInstructions.some((given) => parseUnitPrice(given) === undefined)) {
    reasons.push("the compute budget holds more than a unit price");
  }
  if ((otherInstructions ?? []).length > 0) reasons.push("the route adds instructions of its own");
  if (tipInstruction) reasons.push("the route adds a tip that nobody asked for");
  const quotedMin = minimumOut(answer.outAmount, answer.slippageBps);
  if (answer.otherAmountThreshold < quotedMin - 1n) {
    reasons.push("the least output is below what the quote and the slippage allow");
  }
  return reasons;
}

/** floor(quoted * (10000 - slippage) / 10000), the program's own formula. */
export function minimumOut(quotedOut: bigint, slippageBps: number): bigint {
  return (quotedOut * BigInt(10_000 - slippageBps)) / 10_000n;
}

/** Same program, same accounts in the same order, same data. Signer and writable flags may vary. */
function isOneOf(given: JupiterInstruction, known: readonly JupiterInstruction[]): boolean {
  return known.some(
    (own) =>
      own.programId === given.programId &&
      own.data === given.data &&
      own.accounts.length === given.accounts.length &&
      own.accounts.every(({ pubkey }, at) => pubkey === given.accounts[at]?.pubkey),
  );
}
