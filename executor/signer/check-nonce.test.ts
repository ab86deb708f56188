import { PublicKey, SystemProgram } from "@solana/web3.js";
import { describe, test } from "vitest";
import { parseAccountKey, showAccountKey } from "./account-key.ts";
import { checkNonceSetup } from "./check-nonce-setup.ts";
import { checkSwap } from "./check-swap.ts";
import {
  compileNonces,
  createNonce,
  creationOf,
  fillingOf,
  instructionsOf,
  OWNER,
  reclaimOf,
  RENT,
  voidOf,
} from "./fixtures/nonce-message.ts";
import {
  advance,
  caseOf,
  compile,
  intentOf,
  named,
  nonceOf,
  partsOf,
  TOKEN_2022,
  type Parts,
  type SwapCase,
} from "./fixtures/swap-message.ts";
import { nonceAccountOf } from "./nonce-account.ts";

const STRANGER = named("a stranger");
const swap = caseOf({ nonce: 3 });
const { wallet } = swap;

function reasonsFor(one: SwapCase, change: Partial<Parts> = {}): string {
  return checkSwap(intentOf(one), compile(one, { ...partsOf(one), ...change })).join("; ");
}

test("the nonce account's address is the one that web3.js derives", async ({ expect }) => {
  const key = parseAccountKey(wallet.toBase58());
  if (key === undefined) throw new Error("expected an address");
  for (const index of [0, 7, 63]) {
    const seed = `raptor-nonce-${index}`;
    const expected = await PublicKey.createWithSeed(wallet, seed, SystemProgram.programId);
    expect(showAccountKey(nonceAccountOf(key, index))).toBe(expected.toBase58());
  }
});

describe("a swap that lives by a nonce", () => {
  for (const side of ["buy", "sell"] as const) {
    for (const change of [{}, { shared: false, handsOn: true, tokenProgram: TOKEN_2022 }]) {
      test(`is accepted: ${side}, ${JSON.stringify(change)}`, ({ expect }) => {
        expect(reasonsFor(caseOf({ ...change, side, nonce: 0 }))).toBe("");
      });
    }
  }

  const DOES_NOT_BEGIN = "the message does not begin with the intended nonce's advance";
  const foreign: [string, Parts["advance"]][] = [
    ["another account of the wallet", advance(wallet, nonceOf(wallet, 4))],
    ["a stranger's nonce account", advance(wallet, nonceOf(STRANGER, 3))],
    ["no advance", undefined],
    [
      "a withdrawal in its place",
      SystemProgram.nonceWithdraw({
        noncePubkey: nonceOf(wallet, 3),
        authorizedPubkey: wallet,
        toPubkey: wallet,
        lamports: RENT,
      }),
    ],
  ];
  for (const [name, first] of foreign) {
    test(`is refused with ${name}`, ({ expect }) => {
      expect(reasonsFor(swap, { advance: first })).toBe(DOES_NOT_BEGIN);
    });
  }

  test("is refused with the advance anywhere but first, where it sets no lifetime", ({
    expect,
  }) => {
    const { advance: first, limit, ...rest } = partsOf(swap);
    expect(checkSwap(intentOf(swap), compile(swap, { limit, advance: first, ...rest }))).toEqual([
      DOES_NOT_BEGIN,
    ]);
  });

  test("is refused with a second advance", ({ expect }) => {
    const second = advance(wallet, nonceOf(wallet, 3));
    expect(reasonsFor(swap, { sync: second })).toContain("not a transfer");
  });

  test("is refused on another value, which would let it land beside its siblings", ({ expect }) => {
    const intent = intentOf(swap);
    const value = named("a recent blockhash").toBase58();
    const bytes = compile(swap, partsOf(swap));
    expect(checkSwap({ ...intent, nonce: { index: 3, value } }, bytes)).toEqual([
      "the message does not stand on the nonce's value",
    ]);
  });

  test("is refused when the intent says nothing of a nonce", ({ expect }) => {
    const bytes = compile(swap, partsOf(swap));
    expect(checkSwap({ ...intentOf(swap), nonce: null }, bytes).join()).toContain("not a transfer");
  });

  test("is refused for an index out of range", ({ expect }) => {
    const bytes = compile(swap, partsOf(swap));
    for (const index of [-1, 64, 0.5, Number.NaN]) {
      const { nonce } = intentOf(swap);
      const intent = { ...intentOf(swap), nonce: { value: nonce?.value ?? "", index } };
      expect(checkSwap(intent, bytes).join()).toContain("a nonce index from 0 to 63");
    }
  });
});

describe("setting up nonce accounts", () => {
  const intent = creationOf(0, 1);
  const bytes = compileNonces(instructionsOf(intent), 0);

  test("is accepted for as many as are allowed in one message", ({ expect }) => {
    for (const held of ["0", "1", "890880", "1447680", "5000000"]) {
      const four = fillingOf(held, 3, 2, 1, 63);
      expect(checkNonceSetup(four, compileNonces(instructionsOf(four), 0))).toEqual([]);
    }
  });

  test("is refused for none, for one twice, and for more than fit", ({ expect }) => {
    for (const indexes of [[], [1, 1], [0, 1, 2, 3, 4]]) {
      expect(checkNonceSetup(creationOf(...indexes), bytes).join()).toContain(
        "one to 4 different nonce accounts",
      );
    }
  });

  test("is refused with more rent than the chain asks for", ({ expect }) => {
    const { instructions } = createNonce(0, { lamports: RENT + 1 });
    const reasons = checkNonceSetup(creationOf(0), compileNonces(instructions, 0));
    expect(reasons.join()).toContain("expected to create the wallet's nonce account 0");
  });

  test("is refused with another top-up than what is missing of the rent", ({ expect }) => {
    const meant = fillingOf("890880", 0);
    const list = instructionsOf(fillingOf("890879", 0));
    expect(checkNonceSetup(meant, compileNonces(list, 0)).join()).toContain("fill up the rent");
    const created = compileNonces(instructionsOf(creationOf(0)), 0);
    expect(checkNonceSetup(meant, created).join()).toContain("fill up the rent");
  });

  test("is refused with somebody else as the authority", ({ expect }) => {
    const { instructions } = createNonce(0, { authority: STRANGER });
    const reasons = checkNonceSetup(creationOf(0), compileNonces(instructions, 0));
    expect(reasons.join()).toContain("give nonce account 0 to the wallet alone");
  });

  test("is refused when an account stays without its authority", ({ expect }) => {
    const list = instructionsOf(creationOf(0)).slice(0, -1);
    expect(checkNonceSetup(creationOf(0), compileNonces(list, 0)).join()).toContain(
      "does not give",
    );
  });

  test("is refused at a fee above the intent's, or above what is ever sensible", ({ expect }) => {
    const low = { ...intent, feeLamportsMax: "5000" };
    expect(checkNonceSetup(low, bytes).join()).toContain("a network fee of at most 5000");
    const [, , ...rest] = instructionsOf(intent);
    const price = Buffer.alloc(9, 3);
    price.writeBigUInt64LE(40_000_000n, 1);
    const [, priced] = instructionsOf(intent);
    if (priced === undefined) throw new Error("expected a price");
    priced.data = price;
    const high = { ...intent, feeLamportsMax: "900000000" };
    expect(checkNonceSetup(high, compileNonces([priced, ...rest], 0)).join()).toContain(
      "a network fee of at most 5000000",
    );
  });
});

describe("reclaiming a nonce account", () => {
  function withdraw(change: { to?: PublicKey; lamports?: number; index?: number }) {
    const withdrawal = SystemProgram.nonceWithdraw({
      noncePubkey: nonceOf(OWNER, change.index ?? 2),
      authorizedPubkey: OWNER,
      toPubkey: change.to ?? OWNER,
      lamports: change.lamports ?? RENT,
    });
    return [withdrawal];
  }

  const refused: [string, Parameters<typeof withdraw>[0]][] = [
    ["a stranger", { to: STRANGER }],
    ["another nonce account", { to: nonceOf(OWNER, 5) }],
    ["the wallet, but of a part", { lamports: RENT - 1 }],
    ["the wallet, but out of another account", { index: 5 }],
  ];
  for (const [name, change] of refused) {
    test(`is refused when it pays ${name}`, ({ expect }) => {
      const reasons = checkNonceSetup(reclaimOf(2), compileNonces(withdraw(change), 0));
      expect(reasons.join()).toContain("pay the nonce account out to the wallet");
    });
  }
});

describe("using a nonce's value up", () => {
  const intent = voidOf(2);
  const list = (): ReturnType<typeof instructionsOf> => instructionsOf(intent);
  const reasonsOf = (instructions: ReturnType<typeof instructionsOf>, meant = intent): string =>
    checkNonceSetup(meant, compileNonces(instructions, 0)).join("; ");
  const DOES_NOT_BEGIN = "does not begin with the intended nonce's advance";

  test("is accepted with the advance in front and the budget behind it", ({ expect }) => {
    expect(reasonsOf(list())).toBe("");
  });

  test("is refused where the message does not live by that value", ({ expect }) => {
    const other = { ...intent, value: STRANGER.toBase58() };
    expect(reasonsOf(list(), other)).toContain("does not stand on the nonce's value");
    const [advanced, ...budget] = list();
    if (advanced === undefined) throw new Error("expected an advance");
    expect(reasonsOf([...budget, advanced])).toContain(DOES_NOT_BEGIN);
  });

  test("is refused for another account than the intent names", ({ expect }) => {
    expect(reasonsOf(list(), voidOf(3))).toContain(DOES_NOT_BEGIN);
    const noncePubkey = nonceOf(STRANGER, 2);
    const foreign = SystemProgram.nonceAdvance({ noncePubkey, authorizedPubkey: OWNER });
    expect(reasonsOf([foreign])).toContain(DOES_NOT_BEGIN);
  });

  test("is refused with anything else beside it", ({ expect }) => {
    const transfer = { fromPubkey: OWNER, toPubkey: STRANGER, lamports: 1 };
    const more = [
      SystemProgram.transfer(transfer),
      ...instructionsOf(reclaimOf(2)).slice(-1),
      ...list().slice(0, 1),
    ];
    for (const one of more) expect(reasonsOf([...list(), one])).toContain("nothing more was meant");
  });

  test("is refused at a fee above the intent's", ({ expect }) => {
    expect(reasonsOf(list(), { ...intent, feeLamportsMax: "24999" })).toContain(
      "a network fee of at most 24999",
    );
  });
});
