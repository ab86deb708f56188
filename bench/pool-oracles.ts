import { isDeepStrictEqual, parseArgs } from "node:util";
import fc from "fast-check";
import {
  decodePool,
  isUnusable,
  poolInstruction,
  quotePool,
} from "../executor/pools/direct-pool.ts";
import {
  pairForCurve,
  pairForSwap,
  type InstructionPair,
} from "../executor/pools/instruction-oracles-fixture.ts";
import {
  curveCases,
  curveState,
  swapCases,
  swapState,
  type PoolState,
} from "../executor/pools/pool-cases-fixture.ts";
import {
  compareCurve,
  compareSwap,
  type Comparison,
} from "../executor/pools/quote-differences-fixture.ts";
import { figureOf, tableOf, type Figure } from "./figures.ts";

/**
 * `node bench/pool-oracles.ts --states 50000 --builders 5000 --seed 1`: compares quotes and
 * instructions of the direct pools with the makers' libraries over more states than the tests do, and
 * measures what one update costs. Ends with an error at the first difference, which it prints.
 */
const { values } = parseArgs({
  options: {
    states: { type: "string", default: "50000" },
    builders: { type: "string", default: "5000" },
    seed: { type: "string", default: "1" },
  },
});
const seed = Number(values.seed);

function compareQuotes<T>(
  name: string,
  cases: fc.Arbitrary<T>,
  compare: (one: T) => Comparison,
): void {
  const startedMs = performance.now();
  let compared = 0;
  let rare = 0;
  const property = fc.property(cases, (one) => {
    const result = compare(one);
    if (result.differences.length > 0) throw new Error(result.differences.join("; "));
    compared += result.compared;
    if (result.isRare) rare++;
  });
  const states = Number(values.states);
  fc.assert(property, { seed, numRuns: states });
  report(`${name}: ${states} states, ${compared} quotes equal, ${rare} rare ones`, startedMs);
}

async function compareBuilders<T>(
  name: string,
  cases: fc.Arbitrary<T>,
  pair: (one: T) => Promise<InstructionPair>,
): Promise<void> {
  const startedMs = performance.now();
  const property = fc.asyncProperty(cases, async (one) => {
    const { ours, theirs } = await pair(one);
    return isDeepStrictEqual(ours, theirs);
  });
  const runs = Number(values.builders);
  await fc.assert(property, { seed, numRuns: runs });
  report(`${name}: ${runs} instructions equal in every account, flag and byte`, startedMs);
}

function report(text: string, startedMs: number): void {
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
  process.stdout.write(`${text} (seed ${seed}, ${seconds} s)\n`);
}

const UPDATES = 20_000;
const WARM_UP = 2_000;

/** From the bytes of an update to the bytes of the sell that answers it, settings known before. */
function measureUpdate(name: string, state: PoolState, changing: string, at: number): Figure {
  const samplesMs: number[] = [];
  const wallet = state.ref.watch[1] ?? "";
  for (let round = 0; round < UPDATES + WARM_UP; round++) {
    const before = state.accounts.get(changing) ?? new Uint8Array();
    // The lowest byte of a reserve: another price with every update, never another magnitude.
    const accounts = new Map([...state.accounts, [changing, before.with(at, round & 0xff)]]);
    const startedMs = performance.now();
    const pool = decodePool(state.ref, accounts);
    if (isUnusable(pool)) throw new Error(pool.reason);
    const { quantityOut } = quotePool(pool, "sell", 1_000_000_000n);
    const order = { wallet, side: "sell", quantityIn: 1_000_000_000n } as const;
    poolInstruction(pool, { ...order, quantityOutMin: quantityOut });
    if (round >= WARM_UP) samplesMs.push(performance.now() - startedMs);
  }
  return figureOf(name, samplesMs);
}

function firstOf<T>(cases: fc.Arbitrary<T>): T {
  const [one] = fc.sample(cases, { seed, numRuns: 1 });
  if (one === undefined) throw new Error("expected a generated case");
  return one;
}

compareQuotes("pump.fun curve", curveCases, compareCurve);
compareQuotes("PumpSwap", swapCases, compareSwap);
await compareBuilders("curve, sell", curveCases, (one) => pairForCurve(one, "sell"));
await compareBuilders("curve, buy", curveCases, (one) => pairForCurve(one, "buy"));
await compareBuilders("PumpSwap, sell", swapCases, (one) => pairForSwap(one, "sell"));
await compareBuilders("PumpSwap, buy", swapCases, (one) => pairForSwap(one, "buy"));

const curve = curveState(firstOf(curveCases));
const swap = swapState(firstOf(swapCases));
const figures = [
  measureUpdate("curve: update, quote, sell", curve, curve.ref.address, 8),
  measureUpdate("PumpSwap: update, quote, sell", swap, swap.ref.watch[2] ?? "", 64),
];
process.stdout.write(`\n${tableOf(figures)}\n`);
