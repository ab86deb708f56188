import { quotePool } from "./direct-pool.ts";
import type { CurveCase, SwapCase } from "./pool-cases-fixture.ts";
import { askCurveOracles, askSwapOracles } from "./quote-oracles-fixture.ts";

/** What comparing one state with the makers' libraries came to. */
export interface Comparison {
  /** Quotes that were compared. */
  compared: number;
  /** The state is one of the rare kind: a completing buy, or a sell that is refused. */
  isRare: boolean;
  /** Empty where ours and theirs agree. */
  differences: string[];
}

export function compareCurve(one: CurveCase): Comparison {
  const { pool, buyByFormula, buyBySdk, costOfRest, sell } = askCurveOracles(one);
  const differences: string[] = [];
  const hold = holder(differences);
  const buy = quotePool(pool, "buy", one.amount);
  const rest = pool.curve.realTokenReserves;
  const isCompleting = buyByFormula > rest;
  hold("tokens bought", buy.quantityOut, isCompleting ? rest : buyByFormula);
  hold("lamports used", buy.quantityInUsed, isCompleting ? costOfRest : one.amount);
  const again = quotePool(pool, "buy", costOfRest).quantityOut;
  hold("a buy at the cost of the rest stays within it", again <= rest, true);
  // pump-sdk takes its lamport of rounding off before the fees, the program after them, so that the
  // two differ by what at most two lamports buy. Ours follows the program.
  const twoLamports = (2n * one.virtualToken) / one.virtualQuote + 1n;
  const away = buy.quantityOut - buyBySdk;
  hold("pump-sdk is near", away <= twoLamports && away >= -twoLamports, true);
  // It lets fees take more than a sell of dust brings; the program pays nothing and refuses.
  hold(
    "lamports for a sell",
    quotePool(pool, "sell", one.amount).quantityOut,
    sell > 0n ? sell : 0n,
  );
  return { compared: 2, isRare: isCompleting, differences };
}

export function compareSwap(one: SwapCase): Comparison {
  const { pool, buy, sell } = askSwapOracles(one);
  const differences: string[] = [];
  const hold = holder(differences);
  hold("tokens bought", quotePool(pool, "buy", one.amount).quantityOut, buy);
  hold("lamports for a sell", quotePool(pool, "sell", one.amount).quantityOut, sell);
  return { compared: 2, isRare: sell === 0n, differences };
}

function holder(differences: string[]) {
  return (what: string, ours: bigint | boolean, theirs: bigint | boolean): void => {
    if (ours !== theirs) differences.push(`${what}: ours ${ours}, theirs ${theirs}`);
  };
}
