import { PublicKey, StakeProgram, SystemProgram, type AccountMeta } from "@solana/web3.js";
import { describe, test } from "vitest";
import { accountKeyOf } from "./account-key.ts";
import { checkLegs } from "./check-legs.ts";
import { checkSwap } from "./check-swap.ts";
import { parseSwapTerms } from "./swap-terms.ts";
import {
  ATA,
  caseOf,
  compile,
  compileList,
  instruction,
  intentOf,
  jupiterSwap,
  lookupTable,
  named,
  otherAccountOf,
  partsOf,
  QUANTITY_HELD_MIN,
  readonly,
  signer,
  TOKEN,
  TOKEN_2022,
  tokenAccountOf,
  writable,
  WSOL,
  type Parts,
  type SwapCase,
} from "./fixtures/swap-message.ts";

const STRANGER = named("a stranger");
const direct = caseOf({ shared: false });
const handing = caseOf({ shared: false, handsOn: true });
const selling = caseOf({ shared: false, handsOn: true, side: "sell" });
const { wallet, mint, tokenProgram } = handing;
const mintAccount = tokenAccountOf(wallet, mint, tokenProgram);

function reasonsFor(swap: SwapCase, change: Partial<Parts>): string {
  return checkSwap(intentOf(swap), compile(swap, { ...partsOf(swap), ...change })).join();
}

function withLeg(swap: SwapCase, ...metas: AccountMeta[]): string {
  const route = jupiterSwap(swap);
  const changed = instruction(route.programId, [...route.keys, ...metas], route.data);
  return reasonsFor(swap, { swap: changed });
}

/** A leg account that is not spelled out, but comes from a table that our nodes know. */
function withTableLeg(swap: SwapCase, key: PublicKey): string {
  const table = lookupTable();
  table.state.addresses = [...table.state.addresses, key];
  const route = jupiterSwap(swap);
  const changed = instruction(route.programId, [...route.keys, writable(key)], route.data);
  const parts = Object.values({ ...partsOf(swap), swap: changed });
  const bytes = compileList(swap, parts, swap.wallet, [table]);
  const addresses = table.state.addresses.map((entry) => entry.toBase58());
  const lookupTables = [{ address: table.key.toBase58(), addresses }];
  return checkSwap({ ...intentOf(swap), lookupTables }, bytes).join();
}

describe("a direct route that hands the wallet's signature on", () => {
  for (const side of ["buy", "sell"] as const) {
    for (const version of ["legacy", 0] as const) {
      for (const program of [TOKEN, TOKEN_2022]) {
        const name = `${side}, ${version}, ${program.toBase58().slice(0, 6)}`;
        test(`is accepted with its guards: ${name}`, ({ expect }) => {
          const swap = caseOf({ ...handing, side, version, tokenProgram: program });
          expect(reasonsFor(swap, {})).toBe("");
        });
      }
    }
  }

  test("may name source and destination among the venue's accounts again", ({ expect }) => {
    const wsol = tokenAccountOf(wallet, WSOL, TOKEN);
    expect(withLeg(handing, writable(wsol), writable(mintAccount))).toBe("");
  });

  test("is refused in a shared route, where no venue needs the signature", ({ expect }) => {
    expect(withLeg(caseOf(), signer(wallet))).toMatch(/handed on to a routed program/);
  });

  test("is refused in a named place", ({ expect }) => {
    const accounts = { 8: writable(wallet) };
    expect(reasonsFor(handing, { swap: jupiterSwap(handing, { accounts }) })).toMatch(/event/);
  });
});

describe("another token account of the wallet", () => {
  test("is refused in a leg, whether the signature is handed on or not", ({ expect }) => {
    for (const swap of [handing, selling, direct, caseOf()]) {
      expect(withLeg(swap, writable(otherAccountOf(swap)))).toMatch(/another token account/);
      expect(withLeg(swap, readonly(otherAccountOf(swap)))).toMatch(/another token account/);
    }
  });

  test("is refused when a lookup table brings it in", ({ expect }) => {
    expect(withTableLeg(handing, STRANGER)).toBe("");
    expect(withTableLeg(handing, otherAccountOf(handing))).toMatch(/another token account/);
  });

  test("cannot be left unsaid by a sell: its source exists", ({ expect }) => {
    const intent = intentOf(selling);
    const bytes = compile(selling, partsOf(selling));
    for (const walletTokenAccounts of [[], [otherAccountOf(selling).toBase58()]]) {
      const reasons = checkSwap({ ...intent, walletTokenAccounts }, bytes).join();
      expect(reasons).toMatch(/not all named/);
    }
  });

  test("that is no address makes the intent unusable", ({ expect }) => {
    const intent = { ...intentOf(handing), walletTokenAccounts: ["x"] };
    const bytes = compile(handing, partsOf(handing));
    expect(checkSwap(intent, bytes).join()).toMatch(/^the intent: expected walletTokenAccounts/);
  });
});

describe("a program that takes the bare signature", () => {
  const programs: [string, PublicKey][] = [
    ["the system program", SystemProgram.programId],
    ["the associated token program", ATA],
    ["the stake program", StakeProgram.programId],
    ...Object.entries({
      "the vote program": "Vote111111111111111111111111111111111111111",
      "the config program": "Config1111111111111111111111111111111111111",
      "the native loader": "NativeLoader1111111111111111111111111111111",
      "the first loader": "BPFLoader1111111111111111111111111111111111",
      "the second loader": "BPFLoader2111111111111111111111111111111111",
      "the upgradeable loader": "BPFLoaderUpgradeab1e11111111111111111111111",
      "the fourth loader": "LoaderV411111111111111111111111111111111111",
      "the lookup table program": "AddressLookupTab1e1111111111111111111111111",
      "the first proof program": "ZkTokenProof1111111111111111111111111111111",
      "the second proof program": "ZkE1Gama1Proof11111111111111111111111111111",
    }).map(([name, text]): [string, PublicKey] => [name, new PublicKey(text)]),
  ];
  for (const [name, key] of programs) {
    test(`is refused beside a handed-on signature: ${name}`, ({ expect }) => {
      const reason = `handed on together with ${name}`;
      expect(withLeg(handing, readonly(key))).toMatch(reason);
      expect(withLeg(selling, readonly(key))).toMatch(reason);
      expect(withLeg(direct, readonly(key))).toBe("");
    });
  }

  test("is refused through a lookup table as well", ({ expect }) => {
    const reason = /handed on together with the stake program/;
    expect(withTableLeg(handing, StakeProgram.programId)).toMatch(reason);
  });
});

describe("a handed-on signature without its guards", () => {
  for (const part of ["revoke", "clearClose", "hold"] as const) {
    test(`is refused without ${part}`, ({ expect }) => {
      expect(reasonsFor(handing, { [part]: undefined })).toBe(`the message has no ${part}`);
    });

    test(`is refused with ${part} in front of the swap`, ({ expect }) => {
      const { [part]: guard, ...rest } = partsOf(handing);
      const bytes = compileList(handing, [guard, ...Object.values(rest)]);
      expect(checkSwap(intentOf(handing), bytes)).toContain(`expected swap before ${part}`);
    });

    test(`is refused when ${part} is about other accounts`, ({ expect }) => {
      const { [part]: guard } = partsOf(handing);
      if (guard === undefined) throw new Error("expected a guard");
      for (let at = 0; at < guard.keys.length; at++) {
        const keys = guard.keys.with(at, writable(STRANGER));
        const changed = instruction(guard.programId, keys, guard.data);
        expect(reasonsFor(handing, { [part]: changed })).toMatch(/neither a synchronisation/);
      }
      const stranger = instruction(TOKEN_2022, guard.keys, guard.data);
      expect(reasonsFor(handing, { [part]: stranger })).toMatch(/other token program/);
    });

    test(`is refused when ${part} stands there twice`, ({ expect }) => {
      const parts = partsOf(handing);
      const bytes = compileList(handing, [...Object.values(parts), parts[part]]);
      expect(checkSwap(intentOf(handing), bytes).join()).toMatch(`a second ${part}`);
    });

    test(`${part} is refused where nothing is handed on`, ({ expect }) => {
      const guard = partsOf(handing)[part];
      expect(reasonsFor(direct, { [part]: guard })).toMatch(/no signature is handed on/);
    });
  }

  test("is refused when the holding is looked at while an allowance stands", ({ expect }) => {
    const { revoke, clearClose, hold, ...rest } = partsOf(handing);
    const bytes = compileList(handing, [...Object.values(rest), hold, clearClose, revoke]);
    expect(checkSwap(intentOf(handing), bytes)).toEqual(["expected revoke before hold"]);
  });

  test("is refused when a guard says something else", ({ expect }) => {
    const says = (part: "clearClose" | "hold", change: (data: Buffer) => Buffer): string => {
      const guard = partsOf(handing)[part];
      if (guard === undefined) throw new Error("expected a guard");
      const data = change(Buffer.from(guard.data));
      return reasonsFor(handing, { [part]: instruction(guard.programId, guard.keys, data) });
    };
    const quantity = (value: bigint) => (data: Buffer) => {
      data.writeBigUInt64LE(value, 1);
      return data;
    };
    for (const value of [0n, QUANTITY_HELD_MIN - 1n, QUANTITY_HELD_MIN + 1n]) {
      expect(says("hold", quantity(value))).toMatch(/nor a guard/);
    }
    expect(says("hold", (data) => data.subarray(0, 9))).toMatch(/nor a guard/);
    const owner = Buffer.concat([Buffer.of(6, 2, 1), STRANGER.toBuffer()]);
    const closer = Buffer.concat([Buffer.of(6, 3, 1), STRANGER.toBuffer()]);
    for (const data of [owner, closer, Buffer.of(6, 3), Buffer.of(6, 2, 0)]) {
      expect(says("clearClose", () => data)).toMatch(/nor a guard/);
    }
  });
});

describe("the places of the wallet", () => {
  const places = (at: number[], layout: { authority: number; legs: number; maySign: boolean }) => {
    const keys = Array.from({ length: 14 }, (_, n) => named(`account ${n}`));
    const accounts = keys.map((key, n) => ({
      key: accountKeyOf((at.includes(n) ? wallet : key).toBytes()),
      isStatic: true,
    }));
    return checkLegs(accounts, layout, parseSwapTerms(intentOf(handing)));
  };
  const own = { authority: 0, legs: 10, maySign: true };
  const shared = { authority: 1, legs: 12, maySign: false };

  test("are the authority's and, in a direct route, those of the legs", ({ expect }) => {
    expect(places([0], own)).toEqual({ handsOn: false });
    expect(places([0, 10], own)).toEqual({ handsOn: true });
    expect(places([0, 10, 13], own)).toEqual({ handsOn: true });
    expect(places([1], shared)).toEqual({ handsOn: false });
  });

  test("are no others, whatever the named accounts are", ({ expect }) => {
    for (const at of [1, 5, 9]) expect(places([0, at], own)).toMatch(/handed on/);
    expect(places([0, 5, 11], own)).toMatch(/handed on/);
    for (const at of [0, 2, 11, 12]) expect(places([1, at], shared)).toMatch(/handed on/);
  });
});
