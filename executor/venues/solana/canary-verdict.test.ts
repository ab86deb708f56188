import { describe, test } from "vitest";
import { ATA_PROGRAM, PUMP_FEE_PROGRAM, TOKEN_PROGRAM } from "../../pools/programs.ts";
import { PUMP_AMM_PROGRAM, RAYDIUM_V4_PROGRAM } from "../../pools/programs.ts";
import { judgeRoundTrip } from "./canary-verdict.ts";

const TRIP = { programId: PUMP_AMM_PROGRAM, trades: [5, 8], isExact: false };
const BUY = 5;
const SALE = 8;

function custom(index: number, code: number): unknown {
  return { InstructionError: [index, { Custom: code }] };
}

function failed(...programs: string[]): string[] {
  const lines = programs.map((program) => `Program ${program} failed: custom program error: 0x1`);
  return ["Program log: hello", ...lines];
}

describe("the program's own doing is", () => {
  test.for([
    ["a call that it does not know", custom(BUY, 101), failed(PUMP_AMM_PROGRAM)],
    ["an account that it does not expect", custom(SALE, 2_006), failed(PUMP_AMM_PROGRAM)],
    ["a recipient that changed", custom(BUY, 6_053), failed(PUMP_AMM_PROGRAM)],
    ["a switch that is off", custom(SALE, 6_021), []],
    ["a fee program that refuses", custom(BUY, 3_005), failed(PUMP_FEE_PROGRAM, PUMP_AMM_PROGRAM)],
    [
      "a list that is too short",
      { InstructionError: [BUY, "NotEnoughAccountKeys"] },
      failed(PUMP_AMM_PROGRAM),
    ],
    ["that it is gone", "ProgramAccountNotFound", []],
  ] as const)("%s", ([, err, logs], { expect }) => {
    expect(judgeRoundTrip("pumpswap", TRIP, err, logs).verdict).toBe("refused");
  });

  test("told with the half of the trip that failed", ({ expect }) => {
    const told = judgeRoundTrip("pumpswap", TRIP, custom(SALE, 6_053), []);
    expect(told).toEqual({ verdict: "refused", reason: "error 6053 in the test's sale" });
  });
});

describe("nothing is known after", () => {
  test.for([
    ["a price that moved", custom(BUY, 6_004), failed(PUMP_AMM_PROGRAM)],
    ["a vault that is empty", custom(SALE, 6_063), failed(PUMP_AMM_PROGRAM)],
    ["too little SOL", custom(BUY, 1), []],
    ["a frozen token", custom(BUY, 17), failed(TOKEN_PROGRAM, PUMP_AMM_PROGRAM)],
    ["a token whose transfers call a program", custom(BUY, 6_000), failed("H".repeat(43))],
    ["a set-up that failed", custom(2, 3_012), failed(ATA_PROGRAM)],
    ["too little for the fee", "InsufficientFundsForFee", []],
    ["too little for rent", { InsufficientFundsForRent: { account_index: 0 } }, []],
    ["an unknown blockhash", "BlockhashNotFound", []],
    ["too many units", { InstructionError: [BUY, "ComputationalBudgetExceeded"] }, []],
    ["bad data that nobody owns up to", { InstructionError: [BUY, "InvalidAccountData"] }, []],
  ] as const)("%s", ([, err, logs], { expect }) => {
    expect(judgeRoundTrip("pumpswap", TRIP, err, logs).verdict).toBe("unknown");
  });

  test("a pool of Raydium's first program that is closed or whose price moved", ({ expect }) => {
    const trip = { programId: RAYDIUM_V4_PROGRAM, trades: [5, 8], isExact: false };
    const judge = (code: number) =>
      judgeRoundTrip("raydium-v4", trip, custom(BUY, code), failed(RAYDIUM_V4_PROGRAM)).verdict;
    expect([22, 29, 30, 40].map(judge)).toEqual(["unknown", "unknown", "unknown", "unknown"]);
    expect([1, 24, 38].map(judge)).toEqual(["refused", "refused", "refused"]);
  });
});

test("a trip without an error has passed", ({ expect }) => {
  expect(judgeRoundTrip("pump", TRIP, null, [])).toEqual({ verdict: "passed" });
});

describe("of a pool that stood still", () => {
  const EXACT = { ...TRIP, isExact: true };

  test.for([
    ["pumpswap", BUY, 6_004],
    ["pumpswap", SALE, 6_040],
    ["pump", BUY, 6_002],
    ["pump", SALE, 6_003],
    ["raydium-cpmm", SALE, 6_005],
    ["raydium-v4", BUY, 30],
  ] as const)(
    "a half that gives less counts against %s: %i, %i",
    ([kind, at, code], { expect }) => {
      const told = judgeRoundTrip(kind, EXACT, custom(at, code), []);
      expect(told.verdict).toBe("refused");
      expect("reason" in told && told.reason).toContain("less than its reserves say");
      expect(judgeRoundTrip(kind, TRIP, custom(at, code), []).verdict).toBe("unknown");
    },
  );

  test("what is the pool's or the wallet's doing still says nothing", ({ expect }) => {
    for (const code of [6_063, 6_001, 1]) {
      expect(judgeRoundTrip("pumpswap", EXACT, custom(BUY, code), []).verdict).toBe("unknown");
    }
    const elsewhere = failed("H".repeat(43));
    expect(judgeRoundTrip("pumpswap", EXACT, custom(3, 6_004), elsewhere).verdict).toBe("unknown");
  });
});
