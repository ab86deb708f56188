import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import { VersionedTransaction } from "@solana/web3.js";
import { describe, test } from "vitest";
import {
  AFTER,
  BEFORE,
  prepare,
  preparedOf,
  RENT,
  SIGNATURE,
  type World,
} from "./fake-swap-world.ts";
import {
  ACCOUNTS,
  BOUGHT_MINT,
  createBuild,
  createBuildBody,
  STRANGER,
  TABLE,
  TAKER,
} from "./jupiter-fixture.ts";
import { buildAnswer } from "./jupiter-answers.ts";
import { TOKEN_PROGRAM, WSOL_MINT } from "./programs.ts";

describe("a prepared attempt", () => {
  test("is the signed bytes with everything that must be journaled", async ({ expect }) => {
    const { outcome, requests, net } = await prepare();
    const attempt = preparedOf(outcome);
    expect(attempt).toMatchObject({
      identity: SIGNATURE,
      exclusionGroup: `sig:${SIGNATURE}`,
      bound: { kind: "blockHeight", lastValidBlockHeight: 3_150, blockhash: STRANGER },
      quantityOutMin: 41_580_000n,
      witness: { lamports: 1_000_000_000n, quantity: 0n },
      // The answer's 40,000 micro-lamports for 120,000 units, the signature, spend and rent.
      costCapLamports: 100_000_000n + 5_000n + 4_800n + BigInt(RENT),
    });
    const transaction = VersionedTransaction.deserialize(Buffer.from(attempt.payload, "base64"));
    expect(encodeBase58(transaction.signatures[0] ?? new Uint8Array())).toBe(SIGNATURE);
    const message = Buffer.from(transaction.message.serialize()).toString("base64");
    expect(requests[0]?.message).toBe(message);
    expect(net.calls.map(({ method }) => method)).not.toContain("sendTransaction");
  });

  test("counts rent into its cap although the account is there: it may be gone by then", async ({
    expect,
  }) => {
    const before = [{ ...BEFORE, token: 0n }];
    const after = { ...AFTER, wallet: AFTER.wallet + RENT };
    const { outcome } = await prepare({ before, after });
    const { costCapLamports, route } = preparedOf(outcome);
    expect(route).toMatchObject({ rentLamports: "0" });
    expect(costCapLamports).toBe(100_000_000n + 5_000n + 4_800n + BigInt(RENT));
  });

  test("asks the signer for exactly the order's terms", async ({ expect }) => {
    const { requests } = await prepare();
    expect(requests[0]).toMatchObject({
      alg: "ed25519",
      walletId: "w1",
      userId: 7,
      wrapped: "wrapped",
      intent: {
        side: "buy",
        wallet: TAKER,
        mint: BOUGHT_MINT,
        tokenProgram: TOKEN_PROGRAM,
        quantityIn: "100000000",
        quantityOutMin: "41580000",
        slippageBpsMax: 100,
        feeLamportsMax: "1005000",
        lookupTables: [{ address: TABLE, addresses: [STRANGER, BOUGHT_MINT] }],
      },
    });
  });

  test("spells out every checked account, even one that a table holds", async ({ expect }) => {
    const stranger = { pubkey: STRANGER, isSigner: false, isWritable: true };
    const body = createBuildBody() as { swapInstruction: { accounts: object[] } };
    const { accounts } = body.swapInstruction;
    for (const pubkey of [BOUGHT_MINT, WSOL_MINT, ACCOUNTS.tokenAccount, ACCOUNTS.wsolAccount]) {
      accounts.push({ pubkey, isSigner: false, isWritable: false });
    }
    accounts.push(stranger);
    const held = [WSOL_MINT, STRANGER, BOUGHT_MINT, ACCOUNTS.tokenAccount, ACCOUNTS.wsolAccount];
    const answer = buildAnswer.parse({
      ...body,
      addressesByLookupTableAddress: { [TABLE]: held },
    });
    const { outcome } = await prepare({ answer, table: held });
    const bytes = Buffer.from(preparedOf(outcome).payload, "base64");
    const { message } = VersionedTransaction.deserialize(bytes);
    const spelledOut = message.staticAccountKeys.map((key) => key.toBase58());
    expect(spelledOut).toEqual(expect.arrayContaining(held.filter((key) => key !== STRANGER)));
    expect(spelledOut).not.toContain(STRANGER);
    expect(message.addressTableLookups[0]?.writableIndexes).toEqual([1]);
    expect(message.addressTableLookups[0]?.readonlyIndexes).toEqual([]);
  });
});

describe("the priority fee", () => {
  const unpriced = { computeBudgetInstructions: [] };
  async function feeOf(change: Partial<World>): Promise<bigint> {
    const { outcome } = await prepare(change);
    return preparedOf(outcome).costCapLamports - 100_000_000n - BigInt(RENT) - 5_000n;
  }

  test("never exceeds its cap", async ({ expect }) => {
    const data = Buffer.concat([Buffer.of(3), Buffer.alloc(8, 0xff)]).toString("base64");
    const [price] = createBuild().computeBudgetInstructions;
    if (price === undefined) throw new Error("expected a price");
    const answer = createBuild({ computeBudgetInstructions: [{ ...price, data }] });
    const fee = await feeOf({ answer, priorityFeeLamportsMax: 7_000n });
    expect(fee).toBeLessThanOrEqual(7_000n);
    expect(fee).toBeGreaterThan(6_990n);
  });

  test("comes from a node or, when no source works, from a floor", async ({ expect }) => {
    const answer = createBuild(unpriced);
    expect(await feeOf({ answer, estimate: { result: { priorityFeeEstimate: 50_000.7 } } })).toBe(
      6_000n,
    );
    for (const estimate of [
      { failure: "timeout" },
      { status: 500, body: "" },
      { result: { priorityFeeEstimate: null } },
    ] as const) {
      expect(await feeOf({ answer, estimate })).toBe(1_200n);
    }
  });
});

describe("a swap is refused with an alert", () => {
  const attacks: [string, Partial<World>][] = [
    ["costs more SOL than the order", { after: { ...AFTER, wallet: AFTER.wallet - 10_000_000 } }],
    ["brings less than the least output", { after: { ...AFTER, token: 41_579_999n } }],
    ["uses a table that differs from the chain's", { table: [TAKER, BOUGHT_MINT] }],
    ["does not pass the signer", { signing: { outcome: "refused", reasons: ["no"] } }],
    ["pays a tip", { answer: createBuild({ tipInstruction: createBuild().swapInstruction }) }],
  ];
  test.for(attacks)("when it %s", async ([, change], { expect }) => {
    const { outcome, log } = await prepare(change);
    expect(outcome).toMatchObject({ outcome: "refused", alert: true });
    expect(log.lines.at(-1)?.level).toBe("error");
  });

  test("and the signer is not even asked when a check fails before", async ({ expect }) => {
    const { requests } = await prepare({ table: [TAKER, BOUGHT_MINT] });
    expect(requests).toEqual([]);
  });
});

describe("a swap is refused without an alert", () => {
  const troubles: [string, Partial<World>, RegExp][] = [
    ["the wallet is too poor", { before: [{ wallet: 5, token: null }] }, /wallet holds 5 lamports/],
    [
      "the price moved",
      { simulationError: { InstructionError: [6, { Custom: 6_001 }] } },
      /slippage/,
    ],
    [
      "nothing would be left to keep the wallet open",
      { simulationError: { InsufficientFundsForRent: { account_index: 0 } } },
      /too little SOL/,
    ],
    ["the chain says something new", { simulationError: "Surprise" }, /Surprise/],
  ];
  test.for(troubles)("when %s", async ([, change, reason], { expect }) => {
    const { outcome, requests } = await prepare(change);
    expect(outcome).toMatchObject({ outcome: "refused", alert: false });
    expect(outcome.outcome === "refused" && outcome.reason).toMatch(reason);
    expect(requests).toEqual([]);
  });

  test("when the route does not fit into a packet", async ({ expect }) => {
    const { swapInstruction } = createBuild();
    const data = Buffer.alloc(1_100).toString("base64");
    const { outcome } = await prepare({
      answer: createBuild({ swapInstruction: { ...swapInstruction, data } }),
    });
    expect(outcome).toMatchObject({ outcome: "refused", alert: false });
    expect(outcome.outcome === "refused" && outcome.reason).toContain("does not fit");
  });
});

test("no prepared transaction is longer than a packet", async ({ expect }) => {
  const { swapInstruction } = createBuild();
  const refusals = new Set<string>();
  for (let size = 520; size < 760; size += 10) {
    const data = Buffer.alloc(size).toString("base64");
    const answer = createBuild({ swapInstruction: { ...swapInstruction, data } });
    const { outcome } = await prepare({ answer });
    if (outcome.outcome === "refused") refusals.add(outcome.reason.replaceAll(/\d+/g, "N"));
    else expect(Buffer.from(outcome.attempt.payload, "base64").length).toBeLessThanOrEqual(1_232);
  }
  expect([...refusals][0]).toContain("one transaction: N bytes");
});

test("another order that lands between reading and simulating is no attack", async ({ expect }) => {
  const spent = 50_000_000;
  const { outcome } = await prepare({
    before: [BEFORE, { ...BEFORE, wallet: BEFORE.wallet - spent }],
    after: { ...AFTER, wallet: AFTER.wallet - spent },
  });
  expect(outcome.outcome).toBe("prepared");
});
