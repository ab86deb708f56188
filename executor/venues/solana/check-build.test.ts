import { describe, test } from "vitest";
import { checkBuild, minimumOut } from "./check-build.ts";
import type { JupiterInstruction } from "./jupiter-answers.ts";
import { ACCOUNTS, createBuild, STRANGER, TAKER } from "./jupiter-fixture.ts";
import { createKnownSetups } from "./swap-instructions.ts";
import { SYSTEM_PROGRAM, TOKEN_PROGRAM } from "./programs.ts";

const THEFT: JupiterInstruction = {
  programId: SYSTEM_PROGRAM,
  accounts: [
    { pubkey: TAKER, isSigner: true, isWritable: true },
    { pubkey: STRANGER, isSigner: false, isWritable: true },
  ],
  data: Buffer.of(2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0).toString("base64"),
};

function check(change: Parameters<typeof createBuild>[0]): string[] {
  return checkBuild("buy", createBuild(change), ACCOUNTS);
}

describe("the check of a route answer", () => {
  test("passes an honest answer", ({ expect }) => {
    expect(check({})).toEqual([]);
  });

  test("refuses every addition that moves money", ({ expect }) => {
    const honest = createBuild();
    expect(check({ otherInstructions: [THEFT] })).toHaveLength(1);
    expect(check({ tipInstruction: THEFT })).toHaveLength(1);
    expect(check({ setupInstructions: [...honest.setupInstructions, THEFT] })).toHaveLength(1);
    expect(check({ cleanupInstruction: THEFT })).toHaveLength(1);
    expect(check({ computeBudgetInstructions: [THEFT] })).toHaveLength(1);
  });

  test("refuses a set-up that differs in one byte or one account", ({ expect }) => {
    const { setupInstructions } = createBuild();
    for (const [at, instruction] of setupInstructions.entries()) {
      const data = Buffer.from(instruction.data, "base64");
      data.writeUInt8((data.at(-1) ?? 0) ^ 1, data.length - 1);
      const changed = [...setupInstructions];
      changed[at] = { ...instruction, data: data.toString("base64") };
      expect(check({ setupInstructions: changed })).toHaveLength(1);
      const accounts = instruction.accounts.map((meta) => ({ ...meta }));
      const last = accounts.at(-1);
      if (last !== undefined) last.pubkey = STRANGER;
      changed[at] = { ...instruction, accounts };
      expect(check({ setupInstructions: changed })).toHaveLength(1);
    }
  });

  test("refuses an unwrapping to somebody else", ({ expect }) => {
    const [own] = createKnownSetups("buy", ACCOUNTS, 1n).cleanup;
    if (own === undefined) throw new Error("expected a clean-up");
    const accounts = own.accounts.map((meta, at) =>
      at === 1 ? { ...meta, pubkey: STRANGER } : meta,
    );
    expect(check({ cleanupInstruction: { ...own, accounts } })).toHaveLength(1);
  });

  test("refuses another program, another signer, and a lower least output", ({ expect }) => {
    const { swapInstruction } = createBuild();
    expect(check({ swapInstruction: { ...swapInstruction, programId: TOKEN_PROGRAM } })).toEqual([
      `the swap calls program ${TOKEN_PROGRAM}`,
    ]);
    const signer = { pubkey: STRANGER, isSigner: true, isWritable: false };
    const accounts = [...swapInstruction.accounts, signer];
    expect(check({ swapInstruction: { ...swapInstruction, accounts } })).toHaveLength(1);
    expect(check({ otherAmountThreshold: 41_000_000n })).toHaveLength(1);
  });

  test("does not take a buy's set-up for a sell", ({ expect }) => {
    expect(checkBuild("sell", createBuild(), ACCOUNTS)).toHaveLength(1);
  });
});

test("the least output is rounded down", ({ expect }) => {
  expect(minimumOut(42_000_000n, 100)).toBe(41_580_000n);
  expect(minimumOut(99n, 100)).toBe(98n);
  expect(minimumOut(99n, 10_000)).toBe(0n);
});
