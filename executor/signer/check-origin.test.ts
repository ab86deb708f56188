import { SystemProgram, type PublicKey } from "@solana/web3.js";
import { describe, test } from "vitest";
import { checkSwap } from "./check-swap.ts";
import {
  caseOf,
  compile,
  compileList,
  intentOf,
  jupiterSwap,
  lookupTable,
  named,
  partsOf,
  signer,
  TOKEN,
  TOKEN_2022,
  tokenAccountOf,
  WSOL,
} from "./fixtures/swap-message.ts";

const STRANGER = named("a stranger");
const buy = caseOf();
const { wallet, mint } = buy;
const mintAccount = tokenAccountOf(wallet, mint, buy.tokenProgram);
const wsolAccount = tokenAccountOf(wallet, WSOL, TOKEN);

describe("payer, signers and lookup tables", () => {
  test("another fee payer is refused", ({ expect }) => {
    const bytes = compileList(buy, Object.values(partsOf(buy)), STRANGER);
    expect(checkSwap(intentOf(buy), bytes)).toEqual(["the fee payer is not the wallet"]);
  });

  test("a second signer is refused, even a harmless-looking one", ({ expect }) => {
    const swap = jupiterSwap(buy, { accounts: { 14: signer(STRANGER) } });
    const bytes = compile(buy, { ...partsOf(buy), swap });
    expect(checkSwap(intentOf(buy), bytes)).toEqual(["expected one signature, was 2"]);
  });

  const hidden: [string, PublicKey][] = [
    ["destination", mintAccount],
    ["source", wsolAccount],
    ["destination mint", mint],
    ["source mint", WSOL],
  ];
  for (const [name, key] of hidden) {
    test(`a ${name} account that comes from a resolved table is refused`, ({ expect }) => {
      const table = lookupTable();
      table.state.addresses = [...table.state.addresses, key];
      const { limit, price, wrap, sync, swap, close } = partsOf(buy);
      const bytes = compileList(buy, [limit, price, wrap, sync, swap, close], wallet, [table]);
      const intent = intentOf(buy);
      const addresses = table.state.addresses.map((entry) => entry.toBase58());
      intent.lookupTables = [{ address: table.key.toBase58(), addresses }];
      const reasons = checkSwap(intent, bytes).join();
      expect(reasons).toMatch(`the ${name} account comes from a lookup table`);
    });
  }

  test("a system program that comes from a table is refused in an account creation", ({
    expect,
  }) => {
    const sell = caseOf({ side: "sell" });
    const table = lookupTable();
    table.state.addresses = [...table.state.addresses, SystemProgram.programId];
    const bytes = compileList(sell, Object.values(partsOf(sell)), wallet, [table]);
    const addresses = table.state.addresses.map((entry) => entry.toBase58());
    const lookupTables = [{ address: table.key.toBase58(), addresses }];
    expect(checkSwap({ ...intentOf(sell), lookupTables }, bytes).join()).toMatch(
      /not the wallet's/,
    );
  });

  test("a wallet that a table brings in again is refused", ({ expect }) => {
    const intent = intentOf(buy);
    const bytes = compile(buy, partsOf(buy));
    const addresses = (intent.lookupTables[0]?.addresses ?? []).map(() => buy.wallet.toBase58());
    const address = intent.lookupTables[0]?.address ?? "";
    expect(checkSwap({ ...intent, lookupTables: [{ address, addresses }] }, bytes)).toEqual([
      "the message names an account twice",
    ]);
  });

  test("a table that was not resolved, or not far enough, is refused", ({ expect }) => {
    const intent = intentOf(buy);
    const bytes = compile(buy, partsOf(buy));
    expect(checkSwap({ ...intent, lookupTables: [] }, bytes).join()).toMatch(/not resolved/);
    const [table] = intent.lookupTables;
    const short = { address: table?.address ?? "", addresses: table?.addresses.slice(0, 2) ?? [] };
    expect(checkSwap({ ...intent, lookupTables: [short] }, bytes).join()).toMatch(/does not have/);
    const twice = { ...intent, lookupTables: [...intent.lookupTables, ...intent.lookupTables] };
    expect(checkSwap(twice, bytes).join()).toMatch(/unusable tables/);
  });
});

describe("an intent that makes no sense", () => {
  const good = intentOf(buy);
  const changes = [
    { quantityIn: "0" },
    { quantityIn: "-1" },
    { quantityIn: "1e9" },
    { quantityIn: "18446744073709551616" },
    { quantityOutMin: "0" },
    { quantityOutMin: "" },
    { slippageBpsMax: 10_000 },
    { slippageBpsMax: Number.NaN },
    { slippageBpsMax: -1 },
    { feeLamportsMax: "0x10" },
    { wallet: "wallet" },
    { mint: WSOL.toBase58() },
    { tokenProgram: STRANGER.toBase58() },
  ];
  for (const change of changes) {
    test(`is refused: ${JSON.stringify(change)}`, ({ expect }) => {
      const bytes = compile(buy, partsOf(buy));
      expect(checkSwap({ ...good, ...change }, bytes).join()).toMatch(/^the intent: expected/);
    });
  }

  test("every stricter intent refuses the bytes of the looser one", ({ expect }) => {
    const bytes = compile(buy, partsOf(buy));
    const stricter = [
      { quantityOutMin: "900001" },
      { slippageBpsMax: 999 },
      { feeLamportsMax: "204999" },
      { quantityIn: "500000001" },
      { side: "sell" as const },
      { mint: named("other mint").toBase58() },
      { wallet: STRANGER.toBase58() },
      { tokenProgram: TOKEN_2022.toBase58() },
    ];
    for (const change of stricter) {
      expect(checkSwap({ ...good, ...change }, bytes).length).toBeGreaterThan(0);
    }
  });
});
