import {
  AccountLayout,
  ACCOUNT_SIZE,
  AccountState,
  ExtensionType,
  getAccountLen,
} from "@solana/spl-token";
import { PublicKey } from "@solana/web3.js";
import { describe, test } from "vitest";
import { createClosingGuards } from "@raptor/executor/venues/solana/closing-guards.ts";
import { generateKeypair } from "../models/market-tokens.ts";
import { encodePlainMessage } from "../models/plain-message.ts";
import {
  deriveTokenAccount,
  encodeMint,
  type NewMint,
  parseTokenHolding,
  tokenProgramId,
} from "../models/token-accounts.ts";
import { Vm } from "../models/vm.ts";

/** The guards against the real token programs: what a hostile leg may have left behind. */
const WALLET = generateKeypair(3, "wallet").publicKey;
const THIEF = generateKeypair(3, "thief").publicKey;
const MINT = generateKeypair(3, "mint").publicKey.toBase58();
const DECIMALS = 6;
const HELD = 1_000n;
const IMMUTABLE_OWNER = 7;

interface LeftBehind {
  owner?: PublicKey;
  delegate?: PublicKey;
  closer?: PublicKey;
  quantity?: bigint;
}

function encodeAccount(left: LeftBehind, kind: NewMint["tokenProgram"]): Uint8Array {
  const { owner = WALLET, delegate, closer, quantity = HELD } = left;
  const extensions = kind === "token" ? [] : [ExtensionType.ImmutableOwner];
  const data = Buffer.alloc(kind === "token" ? ACCOUNT_SIZE : getAccountLen(extensions));
  AccountLayout.encode(
    {
      mint: new PublicKey(MINT),
      owner,
      amount: quantity,
      delegateOption: delegate === undefined ? 0 : 1,
      delegate: delegate ?? PublicKey.default,
      delegatedAmount: delegate === undefined ? 0n : 2n ** 64n - 1n,
      state: AccountState.Initialized,
      isNativeOption: 0,
      isNative: 0n,
      closeAuthorityOption: closer === undefined ? 0 : 1,
      closeAuthority: closer ?? PublicKey.default,
    },
    data,
  );
  if (kind === "token-2022") {
    data.writeUInt8(2, ACCOUNT_SIZE);
    data.writeUInt16LE(IMMUTABLE_OWNER, ACCOUNT_SIZE + 1);
  }
  return data;
}

/** Runs the guards over an account in this state. */
function guard(kind: NewMint["tokenProgram"], left: LeftBehind, least = HELD) {
  const vm = new Vm();
  const tokenProgram = tokenProgramId(kind);
  const tokenAccount = deriveTokenAccount(WALLET.toBase58(), MINT, tokenProgram);
  const wallet = WALLET.toBase58();
  const mint = { decimals: DECIMALS, tokenProgram: kind, supply: 0n, holder: wallet };
  const data = encodeMint(kind === "token" ? mint : { ...mint, transferFeeBps: 300 });
  const rest = { lamports: 10n ** 9n, executable: false };
  vm.setAccount(MINT, { ...rest, data, owner: tokenProgram });
  vm.setAccount(tokenAccount, { ...rest, data: encodeAccount(left, kind), owner: tokenProgram });
  vm.setAccount(wallet, {
    ...rest,
    data: new Uint8Array(),
    owner: PublicKey.default.toBase58(),
  });
  const guards = createClosingGuards(
    { wallet, mint: MINT, tokenProgram, tokenAccount },
    { tokenQuantityMin: least, decimals: DECIMALS },
  );
  const instructions = guards.map((one) => ({ ...one, data: Buffer.from(one.data, "base64") }));
  const result = vm.execute(encodePlainMessage(wallet, vm.blockhash(), instructions));
  const account = vm.account(tokenAccount);
  if (account === undefined) throw new Error("expected the account to stay");
  const { delegateOption, delegatedAmount, closeAuthorityOption } = AccountLayout.decode(
    account.data,
  );
  const quantity = parseTokenHolding(account)?.quantity;
  return { err: result.err, delegateOption, delegatedAmount, closeAuthorityOption, quantity };
}

describe.each(["token", "token-2022"] as const)("after a swap of a %s account", (kind) => {
  test("that is as it should be, the guards pass and move nothing", ({ expect }) => {
    const free = { delegateOption: 0, delegatedAmount: 0n, closeAuthorityOption: 0 };
    expect(guard(kind, {})).toEqual({ err: null, quantity: HELD, ...free });
    expect(guard(kind, {}, 0n)).toMatchObject({ err: null, quantity: HELD });
    expect(guard(kind, { quantity: 0n }, 0n)).toMatchObject({ err: null, quantity: 0n });
  });

  test("an allowance for somebody else is gone", ({ expect }) => {
    const after = guard(kind, { delegate: THIEF });
    expect(after).toMatchObject({ err: null, delegateOption: 0, delegatedAmount: 0n });
  });

  test("a right to close that somebody else received stops everything", ({ expect }) => {
    expect(guard(kind, { closer: THIEF }).err).toEqual({ InstructionError: [1, { Custom: 4 }] });
  });

  test("one unit too few stops everything", ({ expect }) => {
    expect(guard(kind, { quantity: HELD - 1n }).err).toEqual({
      InstructionError: [2, { Custom: 1 }],
    });
  });

  test("an account that somebody else owns stops everything", ({ expect }) => {
    expect(guard(kind, { owner: THIEF }).err).toEqual({ InstructionError: [0, { Custom: 4 }] });
  });
});

test.for([HELD, 0n])(
  "a classic account of somebody who allowed the wallet to spend %d and to close stops everything",
  (quantity, { expect }) => {
    const left = { owner: THIEF, delegate: WALLET, closer: WALLET, quantity };
    // Taking back is allowed to the one who was allowed; after that only the owner may transfer.
    expect(guard("token", left, quantity).err).toEqual({ InstructionError: [2, { Custom: 4 }] });
  },
);
