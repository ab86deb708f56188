import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { type CanaryVerdict, givesMore, judgeRoundTrip } from "./canary-verdict.ts";
import type { MovedState } from "./pool-doubt.ts";
import { createRoundTrip, type RoundTrip, type TripHalf } from "./round-trip.ts";
import { simulationAnswer } from "./rpc-answers.ts";
import type { Rpc } from "./rpc.ts";
import { encodeTransaction } from "./swap-message.ts";

export interface CanaryTestDeps {
  clock: Clock;
  rpc: Pick<Rpc, "askNewest">;
  /** Fresh, or nothing. */
  poolOf(mint: string): MovedState | undefined;
}

/** A pool to test, with a wallet of ours that could trade with it. */
export interface CanaryCandidate {
  wallet: string;
  state: MovedState;
}

type Simulated = { err: unknown; logs: readonly string[] };

/** After so long without a trade every node's confirmed state of a pool is the one at hand. */
const STILL_MS = 5_000;
const HALVES: readonly { half: TripHalf; name: string }[] = [
  { half: 0, name: "buy" },
  { half: 1, name: "sale" },
];
const NO_SIGNATURE = new Uint8Array(64);

/**
 * Runs a buy and its sale on a node, unsent. In a pool that stands still each half is then asked
 * for a little more than our own quote: a program that gives it reckons in another way than we do,
 * so that whatever least output we named for a sale would be too little.
 */
export async function testPool(
  deps: CanaryTestDeps,
  { wallet, state }: CanaryCandidate,
): Promise<CanaryVerdict> {
  const { pool } = state;
  const trip = createRoundTrip(pool, wallet, standsStill(deps, state));
  if (trip === undefined) return { verdict: "unknown", reason: "the pool allows no test" };
  try {
    const run = await simulate(deps, trip);
    const isExact = trip.isExact && isUnchanged(deps, state);
    const verdict = judgeRoundTrip(pool.kind, { ...trip, isExact }, run.err, run.logs);
    if (verdict.verdict !== "passed" || !isExact) return verdict;
    for (const { half, name } of HALVES) {
      const dear = createRoundTrip(pool, wallet, true, half);
      const answer = dear === undefined ? undefined : await simulate(deps, dear);
      if (dear === undefined || answer === undefined || !isUnchanged(deps, state)) continue;
      if (!givesMore(dear, half, answer.err)) continue;
      return { verdict: "refused", reason: `the test's ${name} gives more than its reserves say` };
    }
    return verdict;
  } catch (error) {
    if (!isRaptorError(error)) throw error;
    return { verdict: "unknown", reason: error.code };
  }
}

async function simulate({ rpc }: CanaryTestDeps, { message }: RoundTrip): Promise<Simulated> {
  const options = {
    encoding: "base64",
    commitment: "confirmed",
    sigVerify: false,
    replaceRecentBlockhash: true,
  };
  const { value } = await rpc.askNewest(
    "simulateTransaction",
    [encodeTransaction(NO_SIGNATURE, message), options],
    simulationAnswer,
    ({ context }) => context.slot,
  );
  return { err: value.err, logs: value.logs ?? [] };
}

function standsStill({ clock }: CanaryTestDeps, { movedAtMs }: MovedState): boolean {
  return movedAtMs !== undefined && clock.monotonicMs() - movedAtMs >= STILL_MS;
}

/** Its reserves are those that the test was made for, also after the answer. */
function isUnchanged({ poolOf }: CanaryTestDeps, { pool, movedAtMs }: MovedState): boolean {
  const now = poolOf(pool.ref.mint);
  return now?.movedAtMs === movedAtMs && now?.pool.ref.address === pool.ref.address;
}
