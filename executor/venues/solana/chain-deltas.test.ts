import { describe, test } from "vitest";
import { deriveChainDeltas } from "./chain-deltas.ts";
import { createTransaction, MINT, WALLET } from "./fake-chain.ts";
import { WSOL_MINT } from "./programs.ts";
import { transactionAnswer } from "./rpc-answers.ts";

const RENT = 2_039_280;

function deltasOf(options: Parameters<typeof createTransaction>[0], tipLamports?: bigint) {
  const transaction = transactionAnswer.parse(createTransaction(options));
  if (transaction === null) throw new Error("expected a transaction");
  return deriveChainDeltas(transaction, WALLET, MINT, tipLamports);
}

describe("the deltas of a landed swap", () => {
  test("tell price, fee and the rent of a new token account apart", ({ expect }) => {
    const deltas = deltasOf({
      fee: 25_000,
      pre: [10_000_000_000, 0, 0],
      post: [10_000_000_000 - 500_000_000 - 25_000 - RENT, RENT, 0],
      tokens: [{ index: 1, mint: MINT, before: null, after: 123n }],
    });
    expect(deltas).toEqual({
      quantity: 123n,
      lamports: -502_064_280n,
      feeLamports: 25_000n,
      rentLamports: BigInt(RENT),
      tradeLamports: -500_000_000n,
    });
  });

  test("count tips as a cost of landing, not as part of the price", ({ expect }) => {
    const deltas = deltasOf(
      {
        pre: [1_000_000_000, RENT, 0],
        post: [1_000_000_000 + 700_000_000 - 5_000 - 15_000, RENT, 0],
        tokens: [{ index: 1, mint: MINT, before: 500n, after: 100n }],
      },
      15_000n,
    );
    expect(deltas).toMatchObject({ tradeLamports: 700_000_000n, feeLamports: 20_000n });
  });

  test("of a sell are the lamports received before the fee", ({ expect }) => {
    const deltas = deltasOf({
      pre: [1_000_000_000, RENT, 0],
      post: [1_000_000_000 + 700_000_000 - 5_000, RENT, 0],
      tokens: [{ index: 1, mint: MINT, before: 500n, after: 100n }],
    });
    expect(deltas).toMatchObject({ quantity: -400n, tradeLamports: 700_000_000n });
    expect(deltas.rentLamports).toBe(0n);
  });

  test("take SOL out of a wrapped account that was there before as SOL, its rent as rent", ({
    expect,
  }) => {
    const wrapped = 300_000_000;
    const deltas = deltasOf({
      pre: [1_000_000_000, RENT, RENT + wrapped],
      post: [1_000_000_000 + wrapped + RENT + 700_000_000 - 5_000, RENT, 0],
      tokens: [
        { index: 1, mint: MINT, before: 500n, after: 0n },
        { index: 2, mint: WSOL_MINT, before: BigInt(wrapped), after: null },
      ],
    });
    expect(deltas.tradeLamports).toBe(700_000_000n);
    expect(deltas.rentLamports).toBe(BigInt(-RENT));
  });

  test("count what arrives when a Token-2022 fee is withheld on the way", ({ expect }) => {
    // The pool sent 1000; 30 stay withheld in the account and are not part of its amount.
    const deltas = deltasOf({
      pre: [1_000_000_000, RENT, 0],
      post: [1_000_000_000 - 100_000_000 - 5_000, RENT, 0],
      tokens: [{ index: 1, mint: MINT, before: 0n, after: 970n }],
    });
    expect(deltas.quantity).toBe(970n);
  });

  test("find the wallet's token account behind a lookup table", ({ expect }) => {
    const transaction = transactionAnswer.parse(
      createTransaction({
        keys: [WALLET],
        pre: [1_000_000_000, RENT],
        post: [999_995_000, RENT],
        tokens: [{ index: 1, mint: MINT, before: 0n, after: 5n }],
      }),
    );
    if (transaction === null) throw new Error("expected a transaction");
    expect(deriveChainDeltas(transaction, WALLET, MINT).quantity).toBe(5n);
  });

  test("leave the fee out when somebody else paid it", ({ expect }) => {
    const deltas = deltasOf({
      keys: ["11111111111111111111111111111112", WALLET, "11111111111111111111111111111113"],
      pre: [1, 1_000_000_000, RENT],
      post: [1, 1_100_000_000, RENT],
      tokens: [{ index: 2, mint: MINT, before: 9n, after: 0n }],
    });
    expect(deltas).toMatchObject({ feeLamports: 0n, tradeLamports: 100_000_000n, quantity: -9n });
  });

  test("ignore the balances of strangers", ({ expect }) => {
    const raw = createTransaction({
      pre: [1_000_000_000, RENT, RENT],
      post: [999_995_000, RENT, RENT],
      tokens: [{ index: 1, mint: MINT, before: 5n, after: 5n }],
    });
    const transaction = transactionAnswer.parse(raw);
    const stranger = {
      accountIndex: 2,
      mint: MINT,
      owner: "11111111111111111111111111111113",
      uiTokenAmount: { amount: 10n ** 12n },
    };
    transaction?.meta.postTokenBalances?.push(stranger);
    if (transaction === null) throw new Error("expected a transaction");
    expect(deriveChainDeltas(transaction, WALLET, MINT).quantity).toBe(0n);
  });
});
