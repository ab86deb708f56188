import type { BuildAnswer, TokenAnswer } from "./jupiter-answers.ts";
import type { Jupiter } from "./jupiter.ts";
import type { PoolBook } from "./pool-book.ts";
import { WSOL_MINT } from "./programs.ts";

/**
 * The same service, and what its answers say of pools is passed on: a token that did not come from
 * pump.fun tells nobody else where it is traded. A hint is only a place to look.
 */
export function withPoolHints(jupiter: Jupiter, pools: Pick<PoolBook, "hint">): Jupiter {
  return {
    ...jupiter,
    async fetchBuild(question) {
      const answer = await jupiter.fetchBuild(question);
      hintFromRoute(answer, pools);
      return answer;
    },
    async fetchToken(mint) {
      const token = await jupiter.fetchToken(mint);
      hintFromToken(token, pools);
      return token;
    },
  };
}

/** Of several steps none is the token's pool against SOL. */
function hintFromRoute(answer: BuildAnswer, pools: Pick<PoolBook, "hint">): void {
  const [step, ...others] = answer.routePlan;
  const address = step?.swapInfo.ammKey;
  if (typeof address !== "string" || others.length > 0) return;
  const mint = answer.inputMint === WSOL_MINT ? answer.outputMint : answer.inputMint;
  pools.hint(mint, address);
}

function hintFromToken(token: TokenAnswer | undefined, pools: Pick<PoolBook, "hint">): void {
  if (typeof token?.graduatedPool === "string") pools.hint(token.id, token.graduatedPool);
}
