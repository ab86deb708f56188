import { describe, test } from "vitest";
import {
  checkControls,
  readControl,
  type AccountControl,
  type SwapControls,
} from "./account-control.ts";
import { ACCOUNTS, BOUGHT_MINT, STRANGER, TAKER } from "./jupiter-fixture.ts";
import { SYSTEM_PROGRAM, TOKEN_PROGRAM, WSOL_MINT } from "./programs.ts";

const wallet: AccountControl = { program: SYSTEM_PROGRAM, bytes: 0, token: null };

function own(mint: string, change: Partial<NonNullable<AccountControl["token"]>> = {}) {
  const nobody = { delegate: null, delegatedQuantity: 0n, closeAuthority: null, isFrozen: false };
  const token = { mint, owner: TAKER, ...nobody, ...change };
  return { program: TOKEN_PROGRAM, bytes: 165, token };
}

const TOKEN = own(BOUGHT_MINT);
const HELD: SwapControls = { wallet, token: TOKEN, wsol: null };

function reasons(before: Partial<SwapControls>, after: Partial<SwapControls>): string[] {
  return checkControls(ACCOUNTS, { ...HELD, ...before }, { ...HELD, ...after });
}

describe("power over the wallet's accounts", () => {
  test("stays when nothing but quantities changed, or a new account came", ({ expect }) => {
    expect(reasons({}, {})).toEqual([]);
    expect(reasons({ token: null }, {})).toEqual([]);
    expect(reasons({ token: null }, { token: { ...TOKEN, bytes: 182 } })).toEqual([]);
    expect(reasons({ wsol: own(WSOL_MINT) }, {})).toEqual([]);
    expect(reasons({ wsol: own(WSOL_MINT) }, { wsol: own(WSOL_MINT) })).toEqual([]);
  });

  const changes: [string, Partial<NonNullable<AccountControl["token"]>>, string][] = [
    ["an owner", { owner: STRANGER }, "owner"],
    ["a mint", { mint: STRANGER }, "mint"],
    ["a delegate", { delegate: STRANGER }, "delegate"],
    ["an allowance", { delegatedQuantity: 1n }, "allowance"],
    ["a closer", { closeAuthority: STRANGER }, "authority to close it"],
    ["frozen", { isFrozen: true }, "state: frozen or not"],
  ];
  for (const [name, change, word] of changes) {
    test(`is lost by ${name}, in an old and in a new account`, ({ expect }) => {
      const token = own(BOUGHT_MINT, change);
      const reason = [`the token account would have another ${word}`];
      expect(reasons({}, { token })).toEqual(reason);
      expect(reasons({ token: null }, { token })).toEqual(reason);
      expect(reasons({ token }, { token })).toEqual([]);
      const wsol = own(WSOL_MINT, change);
      expect(reasons({}, { wsol })).toEqual([`the wrapped account would have another ${word}`]);
    });
  }

  test("is lost when an account is closed, is no token account or changes kind", ({ expect }) => {
    expect(reasons({}, { token: null })).toEqual(["the token account would be closed"]);
    expect(reasons({}, { token: { ...TOKEN, token: null } }).join()).toMatch(/hold no tokens/);
    expect(reasons({}, { token: { ...TOKEN, program: STRANGER } }).join()).toMatch(/program/);
    expect(reasons({}, { token: { ...TOKEN, bytes: 182 } }).join()).toMatch(/other extensions/);
  });

  test("is lost when the wallet goes, has data or belongs to a program", ({ expect }) => {
    for (const change of [null, { ...wallet, bytes: 80 }, { ...wallet, program: STRANGER }]) {
      expect(reasons({}, { wallet: change })).toEqual([
        "the wallet itself would belong to a program",
      ]);
    }
  });
});

test("delegate, allowance and closer are read where both token programs keep them", ({
  expect,
}) => {
  const data = Buffer.alloc(165, 7);
  data.writeUInt8(1, 108);
  data.writeUInt32LE(1, 72);
  data.writeUInt32LE(0, 129);
  data.writeBigUInt64LE(55n, 121);
  const sevens = "US517G5965aydkZ46HS38QLi7UQiSojurfbQfKCELFx";
  const read = () =>
    readControl({ lamports: 1n, owner: TOKEN_PROGRAM, data: [data.toString("base64"), "base64"] });
  expect(read()?.token).toEqual({
    mint: sevens,
    owner: sevens,
    delegate: sevens,
    delegatedQuantity: 55n,
    closeAuthority: null,
    isFrozen: false,
  });
  data.writeUInt32LE(1, 129);
  data.writeUInt32LE(0, 72);
  expect(read()?.token).toMatchObject({
    delegate: null,
    closeAuthority: sevens,
  });
});
