import { z } from "zod";
import type { PoolKind } from "../../pools/direct-pool.ts";
import { PUMP_FEE_PROGRAM } from "../../pools/programs.ts";
import type { RoundTrip, TripHalf } from "./round-trip.ts";

/**
 * What a simulated round trip says of a program. Only `refused` counts against it: whatever may be
 * the price's, the wallet's, the token's or the node's doing is `unknown`.
 */
export type CanaryVerdict =
  | { verdict: "passed" }
  | { verdict: "refused"; reason: string }
  | { verdict: "unknown"; reason: string };

/** Answers of the programs about the price, the amounts, or this one pool; not about the call. */
const OF_THIS_POOL: Readonly<Record<PoolKind, ReadonlySet<number>>> = {
  // The price moved (6002, 6003, 6042), the curve is full or nearly so (6005, 6021), amounts.
  pump: new Set([6_002, 6_003, 6_005, 6_020, 6_021, 6_022, 6_023, 6_041, 6_042]),
  // The price moved (6004, 6040), the vault holds too little (6016, 6063), amounts.
  pumpswap: new Set([6_001, 6_002, 6_004, 6_016, 6_039, 6_040, 6_063]),
  // The pool is closed or not open yet (6000), the price moved (6005), amounts.
  "raydium-cpmm": new Set([6_000, 6_005, 6_006]),
  // The pool's status (22), amounts (29, 40), the price moved (30).
  "raydium-v4": new Set([22, 29, 30, 40]),
};

/** Among these, those that say that a half would give less than it was asked for. */
const LESS_THAN_ASKED: Readonly<Record<PoolKind, ReadonlySet<number>>> = {
  pump: new Set([6_002, 6_003, 6_042]),
  pumpswap: new Set([6_004, 6_040]),
  "raydium-cpmm": new Set([6_005]),
  "raydium-v4": new Set([30]),
};

/** Below these are the codes of the token and system programs that a trade calls. */
const FRAMEWORK_CODE_MIN = 100;
const REFUSED_CALLS: ReadonlySet<string> = new Set([
  "InvalidArgument",
  "InvalidInstructionData",
  "InvalidAccountData",
  "InvalidAccountOwner",
  "InvalidSeeds",
  "IncorrectProgramId",
  "UnsupportedProgramId",
  "NotEnoughAccountKeys",
  "MissingAccount",
  "MissingRequiredSignature",
  "PrivilegeEscalation",
  "ReadonlyDataModified",
  "ReadonlyLamportChange",
  "ProgramFailedToComplete",
]);
/** The program is not there, or is none. */
const NO_PROGRAM: ReadonlySet<string> = new Set([
  "ProgramAccountNotFound",
  "InvalidProgramForExecution",
]);

const instructionError = z.object({
  InstructionError: z.tuple([z.number(), z.union([z.string(), z.object({ Custom: z.number() })])]),
});
const FAILED_PROGRAM = /^Program (\w{32,44}) failed/;

/**
 * Judges the error of a simulated round trip; null is a passed one. An exact trip is one during
 * which the pool stood still: what gives less than asked for then computes in another way than we.
 */
export function judgeRoundTrip(
  kind: PoolKind,
  trip: Pick<RoundTrip, "programId" | "trades" | "isExact">,
  err: unknown,
  logs: readonly string[],
): CanaryVerdict {
  if (err === null) return { verdict: "passed" };
  if (typeof err === "string" && NO_PROGRAM.has(err)) return { verdict: "refused", reason: err };
  const parsed = instructionError.safeParse(err);
  if (!parsed.success) return { verdict: "unknown", reason: JSON.stringify(err).slice(0, 160) };
  const [index, detail] = parsed.data.InstructionError;
  const name = typeof detail === "string" ? detail.slice(0, 80) : `error ${detail.Custom}`;
  const trade = trip.trades.indexOf(index);
  if (trade === -1) return { verdict: "unknown", reason: `${name} in the set-up` };
  const reason = `${name} in the test's ${trade === 0 ? "buy" : "sale"}`;
  const culprit = failedProgram(logs);
  const isOwn = culprit === trip.programId || culprit === PUMP_FEE_PROGRAM;
  if (culprit !== undefined && !isOwn) {
    return { verdict: "unknown", reason: `${reason}, by the program ${culprit}` };
  }
  const isLess = typeof detail !== "string" && LESS_THAN_ASKED[kind].has(detail.Custom);
  if (trip.isExact && isLess) {
    return { verdict: "refused", reason: `${reason}: it gives less than its reserves say` };
  }
  const isRefusal =
    typeof detail === "string"
      ? isOwn && REFUSED_CALLS.has(detail)
      : !OF_THIS_POOL[kind].has(detail.Custom) && (isOwn || detail.Custom >= FRAMEWORK_CODE_MIN);
  return { verdict: isRefusal ? "refused" : "unknown", reason };
}

/**
 * Whether a half that was asked for more than our own quote has given it: then nothing refused, or
 * what did came after it. Any other refusal says nothing here: the same trip has passed before.
 */
export function givesMore(trip: Pick<RoundTrip, "trades">, half: TripHalf, err: unknown): boolean {
  if (err === null) return true;
  const parsed = instructionError.safeParse(err);
  return parsed.success && parsed.data.InstructionError[0] > (trip.trades[half] ?? 0);
}

/** The innermost program that failed is the first to say so; undefined in a log that was cut. */
function failedProgram(logs: readonly string[]): string | undefined {
  for (const line of logs) {
    const program = FAILED_PROGRAM.exec(line)?.[1];
    if (program !== undefined) return program;
  }
  return undefined;
}
