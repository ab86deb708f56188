import type { JupiterInstruction } from "./jupiter-answers.ts";
import { ATA_PROGRAM, SYSTEM_PROGRAM } from "./programs.ts";
import type { ClosingGuard } from "./closing-guards.ts";

/** Whether venues of the route receive the wallet's signature: it stands there more than once. */
export function handsSignatureOn(swap: JupiterInstruction, wallet: string): boolean {
  return swap.accounts.filter(({ pubkey }) => pubkey === wallet).length > 1;
}

/**
 * Why the signer would refuse what an honest venue may well ask for. Some create accounts at the
 * wallet's expense while they trade; the signature that serves for that would serve a thief to take
 * all SOL, so such routes are refused, but they are no attack.
 */
export function checkHandedOn(swap: JupiterInstruction): string | undefined {
  const wanted = swap.accounts.some(
    ({ pubkey }) => pubkey === SYSTEM_PROGRAM || pubkey === ATA_PROGRAM,
  );
  return wanted ? "the route's venue wants the wallet's signature and its SOL together" : undefined;
}

/** What the token account must hold when all is over, by what it `held` before. */
export function deriveGuard(
  side: "buy" | "sell",
  held: bigint,
  quantities: { in: bigint; outMin: bigint },
  decimals: number,
): ClosingGuard {
  const least = side === "buy" ? held + quantities.outMin : held - quantities.in;
  return { tokenQuantityMin: least > 0n ? least : 0n, decimals };
}
