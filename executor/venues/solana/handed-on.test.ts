import { describe, test } from "vitest";
import { checkHandedOn, deriveGuard, handsSignatureOn } from "./handed-on.ts";
import { createBuild, STRANGER, TAKER } from "./jupiter-fixture.ts";
import { SYSTEM_PROGRAM, TOKEN_PROGRAM } from "./programs.ts";

function route(...legs: string[]) {
  const { swapInstruction } = createBuild();
  const metas = legs.map((pubkey) => ({ pubkey, isSigner: false, isWritable: false }));
  return { ...swapInstruction, accounts: [...swapInstruction.accounts, ...metas] };
}

test("a signature is handed on when the wallet stands there again, signing or not", ({
  expect,
}) => {
  expect(handsSignatureOn(route(), TAKER)).toBe(false);
  expect(handsSignatureOn(route(STRANGER), TAKER)).toBe(false);
  expect(handsSignatureOn(route(STRANGER, TAKER), TAKER)).toBe(true);
});

test("only programs that honest venues ask for are named before the signer is asked", ({
  expect,
}) => {
  expect(checkHandedOn(route(TAKER, TOKEN_PROGRAM, STRANGER))).toBeUndefined();
  expect(checkHandedOn(route(TAKER, SYSTEM_PROGRAM))).toMatch(/its SOL/);
});

describe("what must be held at the end", () => {
  const quantities = { in: 300n, outMin: 70n };

  test("of a buy is what was there and the least output", ({ expect }) => {
    expect(deriveGuard("buy", 1_000n, quantities, 6)).toEqual({
      tokenQuantityMin: 1_070n,
      decimals: 6,
    });
  });

  test("of a sell is what was there without the input, and never less than nothing", ({
    expect,
  }) => {
    expect(deriveGuard("sell", 1_000n, quantities, 9)).toEqual({
      tokenQuantityMin: 700n,
      decimals: 9,
    });
    expect(deriveGuard("sell", 299n, quantities, 9).tokenQuantityMin).toBe(0n);
  });
});
