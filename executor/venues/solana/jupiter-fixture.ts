import type { BuildAnswer } from "./jupiter-answers.ts";
import { buildAnswer } from "./jupiter-answers.ts";
import { createKnownSetups, deriveSwapAccounts } from "./swap-instructions.ts";
import { JUPITER_PROGRAM, TOKEN_PROGRAM, WSOL_MINT } from "./programs.ts";

export const TAKER = "GkwFnmMDvn3HGMpJpWBg8tgJxr3NxNvg3AXxvXVPbRGJ";
export const BOUGHT_MINT = "JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN";
export const STRANGER = "EkSnNWid2cvwEVnVx9aBqawnmiCNiDgp3gUdkDPTKN1N";
export const TABLE = "4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY";
export const ACCOUNTS = deriveSwapAccounts(TAKER, BOUGHT_MINT, TOKEN_PROGRAM);

/** A whole answer of `/swap/v2/build` for buying with 0.1 SOL, by Jupiter's OpenAPI file. */
export function createBuildBody(): Record<string, unknown> {
  const { setup, cleanup } = createKnownSetups("buy", ACCOUNTS, 100_000_000n);
  const swapInfo = {
    ammKey: STRANGER,
    label: "Raydium",
    inputMint: WSOL_MINT,
    outputMint: BOUGHT_MINT,
    inAmount: "100000000",
    outAmount: "42000000",
  };
  return {
    _source: "jup-ag/docs openapi-spec/swap/v2/swap.yaml, GET /build, 200",
    inputMint: WSOL_MINT,
    outputMint: BOUGHT_MINT,
    inAmount: "100000000",
    outAmount: "42000000",
    otherAmountThreshold: "41580000",
    swapMode: "ExactIn",
    slippageBps: 100,
    priceImpactPct: "0.0012",
    routePlan: [{ swapInfo, percent: 100, bps: 10_000, usdValue: 15.1 }],
    computeBudgetInstructions: [
      {
        programId: "ComputeBudget111111111111111111111111111111",
        accounts: [],
        data: Buffer.of(3, 0x40, 0x9c, 0, 0, 0, 0, 0, 0).toString("base64"),
      },
    ],
    setupInstructions: setup,
    swapInstruction: {
      programId: JUPITER_PROGRAM,
      accounts: [{ pubkey: TAKER, isSigner: true, isWritable: false }],
      data: Buffer.from("bb64facc31c4af14", "hex").toString("base64"),
    },
    cleanupInstruction: cleanup[0],
    otherInstructions: [],
    tipInstruction: null,
    addressesByLookupTableAddress: { [TABLE]: [STRANGER, BOUGHT_MINT] },
    blockhashWithMetadata: {
      blockhash: Array.from({ length: 32 }, (_, at) => at),
      lastValidBlockHeight: 300_000_000,
      fetchedAt: { secs_since_epoch: 1_790_000_000, nanos_since_epoch: 0 },
    },
  };
}

export function createBuild(change: Partial<BuildAnswer> = {}): BuildAnswer {
  return { ...buildAnswer.parse(createBuildBody()), ...change };
}
