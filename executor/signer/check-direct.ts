import type { AccountKey } from "./account-key.ts";
import { refused, type StepOrReason } from "./check-setup.ts";
import type { Account, Instruction } from "./message.ts";
import {
  PUMP_PROGRAM,
  PUMP_SWAP_PROGRAM,
  RAYDIUM_CPMM_PROGRAM,
  RAYDIUM_V4_PROGRAM,
  TOKEN_PROGRAM,
  WSOL_MINT,
} from "./programs.ts";
import type { SwapTerms } from "./swap-terms.ts";

/** What an account of the instruction must be for this wallet and this token. */
type Role =
  | "wallet"
  | "token"
  | "wsol"
  | "mint"
  | "wsolMint"
  | "tokenProgram"
  | "wsolProgram"
  | "program";

interface DirectLayout {
  name: string;
  side: "buy" | "sell";
  programId: AccountKey;
  /** The input and, right behind it, the least output: both u64, little endian. */
  amountsAt: number;
  dataBytes: number;
  accountsMin: number;
  accountsMax: number;
  roles: Readonly<Record<number, Role>>;
  /** The program takes and pays SOL itself; nothing is wrapped. */
  isNative: boolean;
}

const CURVE_ROLES: Readonly<Record<number, Role>> = {
  1: "mint",
  2: "wsolMint",
  3: "tokenProgram",
  4: "wsolProgram",
  13: "wallet",
  14: "token",
  15: "wsol",
};

const POOL_ROLES: Readonly<Record<number, Role>> = {
  1: "wallet",
  3: "mint",
  4: "wsolMint",
  5: "token",
  6: "wsol",
  11: "tokenProgram",
  12: "wsolProgram",
  16: "program",
};

const CPMM_BUY: Readonly<Record<number, Role>> = {
  0: "wallet",
  4: "wsol",
  5: "token",
  8: "wsolProgram",
  9: "tokenProgram",
  10: "wsolMint",
  11: "mint",
};

const CPMM_SELL: Readonly<Record<number, Role>> = {
  0: "wallet",
  4: "token",
  5: "wsol",
  8: "tokenProgram",
  9: "wsolProgram",
  10: "mint",
  11: "wsolMint",
};

const V4_BUY: Readonly<Record<number, Role>> = {
  0: "wsolProgram",
  15: "wsol",
  16: "token",
  17: "wallet",
};
const V4_SELL: Readonly<Record<number, Role>> = { ...V4_BUY, 15: "token", 16: "wsol" };

/**
 * Exact input, least output, and nothing behind them that could mean something else. Each program
 * itself refuses to take more or to give less, and it checks its own accounts; so what remains to
 * be seen here is whose money goes in and where the output arrives.
 */
const LAYOUTS: readonly (DirectLayout & { selector: string })[] = [
  {
    selector: "c2ab1c46684d5b2f",
    name: "buy_exact_quote_in_v2",
    side: "buy",
    programId: PUMP_PROGRAM,
    amountsAt: 8,
    dataBytes: 24,
    accountsMin: 27,
    accountsMax: 27,
    roles: { ...CURVE_ROLES, 26: "program" },
    isNative: true,
  },
  {
    selector: "5df6823ce7e940b2",
    name: "sell_v2",
    side: "sell",
    programId: PUMP_PROGRAM,
    amountsAt: 8,
    dataBytes: 24,
    accountsMin: 26,
    accountsMax: 26,
    roles: { ...CURVE_ROLES, 25: "program" },
    isNative: true,
  },
  {
    selector: "c62e1552b4d9e870",
    name: "buy_exact_quote_in",
    side: "buy",
    programId: PUMP_SWAP_PROGRAM,
    amountsAt: 8,
    // One byte more says whether the volume is tracked; it moves no money.
    dataBytes: 25,
    accountsMin: 23,
    accountsMax: 27,
    roles: POOL_ROLES,
    isNative: false,
  },
  {
    selector: "33e685a4017f83ad",
    name: "sell",
    side: "sell",
    programId: PUMP_SWAP_PROGRAM,
    amountsAt: 8,
    dataBytes: 24,
    accountsMin: 21,
    accountsMax: 26,
    roles: POOL_ROLES,
    isNative: false,
  },
  ...(["buy", "sell"] as const).map((side) => ({
    selector: "8fbe5adac41e33de",
    name: "swap_base_input",
    side,
    programId: RAYDIUM_CPMM_PROGRAM,
    amountsAt: 8,
    dataBytes: 24,
    accountsMin: 13,
    accountsMax: 13,
    roles: side === "buy" ? CPMM_BUY : CPMM_SELL,
    isNative: false,
  })),
  ...(["buy", "sell"] as const).map((side) => ({
    selector: "09",
    name: "swap_base_in",
    side,
    programId: RAYDIUM_V4_PROGRAM,
    amountsAt: 1,
    dataBytes: 17,
    accountsMin: 18,
    accountsMax: 18,
    roles: side === "buy" ? V4_BUY : V4_SELL,
    isNative: false,
  })),
];

export function isDirectProgram(programId: AccountKey): boolean {
  return LAYOUTS.some((layout) => layout.programId === programId);
}

/** The one swap against a pool's own program: right amounts, and only the wallet's own accounts. */
export function checkDirect(instruction: Instruction, terms: SwapTerms): StepOrReason {
  const { programId, data, accounts } = instruction;
  const layout = LAYOUTS.find(
    (one) =>
      one.programId === programId &&
      one.side === terms.side &&
      data.subarray(0, one.amountsAt).toString("hex") === one.selector,
  );
  if (layout === undefined) {
    return refused(`the pool's program is asked for ${data.subarray(0, 8).toString("hex")}`);
  }
  const reason = checkAmounts(data, layout, terms) ?? checkAccounts(accounts, layout, terms);
  if (reason !== undefined) return refused(`${layout.name}: ${reason}`);
  return { kind: "swap", handsOn: false, isNative: layout.isNative };
}

function checkAmounts(data: Buffer, layout: DirectLayout, terms: SwapTerms): string | undefined {
  const { amountsAt, dataBytes } = layout;
  if (data.length !== dataBytes) return `expected ${dataBytes} bytes of data, was ${data.length}`;
  const quantityIn = data.readBigUInt64LE(amountsAt);
  const quantityOutMin = data.readBigUInt64LE(amountsAt + 8);
  if (quantityIn !== terms.quantityIn) {
    return `expected an input of ${terms.quantityIn}, was ${quantityIn}`;
  }
  // Not at least: the journal says with which minimum this leaves, and the bytes must agree.
  if (quantityOutMin !== terms.quantityOutMin) {
    return `expected a least output of ${terms.quantityOutMin}, was ${quantityOutMin}`;
  }
  return undefined;
}

function checkAccounts(
  accounts: readonly Account[],
  layout: DirectLayout,
  terms: SwapTerms,
): string | undefined {
  const { accountsMin, accountsMax, roles } = layout;
  if (accounts.length < accountsMin || accounts.length > accountsMax) {
    return `${accounts.length} accounts are named`;
  }
  const keyOf: Readonly<Record<Role, AccountKey>> = {
    wallet: terms.wallet,
    token: terms.mintAccount,
    wsol: terms.wsolAccount,
    mint: terms.mint,
    wsolMint: WSOL_MINT,
    tokenProgram: terms.tokenProgram,
    wsolProgram: TOKEN_PROGRAM,
    program: layout.programId,
  };
  const own = new Set([terms.wallet, terms.mintAccount, terms.wsolAccount]);
  for (const [at, account] of accounts.entries()) {
    if (!account.isStatic) return `account ${at} comes from a lookup table`;
    const role = roles[at];
    if (role !== undefined && account.key !== keyOf[role]) {
      return `account ${at} is not the intended ${role}`;
    }
    // Of the wallet's own, each stands in its place and nowhere else.
    if (role === undefined && own.has(account.key)) return `account ${at} is the wallet's own`;
    if (role === undefined && terms.walletTokenAccounts.has(account.key)) {
      return `account ${at} is another token account of the wallet`;
    }
  }
  return undefined;
}
