import {
  AddressLookupTableAccount,
  SystemProgram,
  type PublicKey,
  type TransactionInstruction,
} from "@solana/web3.js";
import { describe, test } from "vitest";
import type { SwapIntent } from "../ports/signer.ts";
import { checkSwap } from "./check-swap.ts";
import {
  caseOf,
  compileList,
  intentOf,
  lookupTable,
  named,
  partsOf,
  TIP_TARGETS,
  type SwapCase,
} from "./fixtures/swap-message.ts";

const [JITO, OTHER_JITO, HELIUS, JUPITER] = TIP_TARGETS;
const buy = caseOf();
const sell = caseOf({ side: "sell", quantityIn: 1_000_000n, quotedOut: 400_000_000n });

function transfer(to: PublicKey, lamports: bigint, from = buy.wallet): TransactionInstruction {
  return SystemProgram.transfer({ fromPubkey: from, toPubkey: to, lamports });
}

function reasonsOf(
  swap: SwapCase,
  extra: TransactionInstruction[],
  tipLamportsMax: string,
  place = Number.POSITIVE_INFINITY,
): string[] {
  const list = Object.values(partsOf(swap)).filter((part) => part !== undefined);
  list.splice(Math.min(place, list.length), 0, ...extra);
  const intent: SwapIntent = { ...intentOf(swap), tipLamportsMax };
  return checkSwap(intent, compileList(swap, list));
}

describe("tips inside a swap", () => {
  for (const swap of [buy, sell]) {
    test(`are signed within the intent's cap, one for each service: ${swap.side}`, ({ expect }) => {
      const tips = [
        transfer(JITO, 10_000n),
        transfer(HELIUS, 5_000n),
        transfer(JUPITER, 1_000_000n),
      ];
      expect(reasonsOf(swap, tips, "1015000")).toEqual([]);
      expect(reasonsOf(swap, tips, "1014999")).toEqual([
        "expected tips of at most 1014999, was 1015000 lamports",
      ]);
    });

    test(`are refused where none was meant: ${swap.side}`, ({ expect }) => {
      expect(reasonsOf(swap, [transfer(JITO, 1_000n)], "0")).toHaveLength(1);
    });

    test(`go to listed accounts only: ${swap.side}`, ({ expect }) => {
      const reasons = reasonsOf(swap, [transfer(named("a stranger"), 1_000n)], "1000000");
      expect(reasons.join()).toMatch(/instruction \d+: (a sell transfers|SOL goes to)/);
    });
  }

  test("are refused twice for one service, whichever of its accounts", ({ expect }) => {
    const tips = [transfer(JITO, 1_000n), transfer(OTHER_JITO, 1_000n)];
    expect(reasonsOf(buy, tips, "2000").join()).toContain("a second tipJito");
  });

  test("stand behind the swap and the closing", ({ expect }) => {
    const reasons = reasonsOf(sell, [transfer(JITO, 1_000n)], "1000", 0);
    expect(reasons).toEqual(["expected swap before tipJito", "expected close before tipJito"]);
  });

  test("never exceed the signer's own ceiling, whatever the intent allows", ({ expect }) => {
    const reasons = reasonsOf(buy, [transfer(JITO, 1_000n)], "100000001");
    expect(reasons.join()).toContain("tips of at most 100000000");
  });

  test("are refused through a lookup table, whose contents nobody signs", ({ expect }) => {
    const list = [...Object.values(partsOf(buy)), transfer(JITO, 1_000n)];
    const intent = { ...intentOf(buy), tipLamportsMax: "1000" };
    const at = intent.lookupTables[0]?.addresses.length ?? 0;
    const table = lookupTable();
    const addresses = [...table.state.addresses, JITO];
    const longer = new AddressLookupTableAccount({
      key: table.key,
      state: { ...table.state, addresses },
    });
    const texts = addresses.map((key) => key.toBase58());
    const lookupTables = [{ address: table.key.toBase58(), addresses: texts }];
    const bytes = compileList(buy, list, buy.wallet, [longer]);
    expect(at).toBe(addresses.length - 1);
    expect(checkSwap({ ...intent, lookupTables }, bytes).join()).toContain("spelled out");
  });
});
