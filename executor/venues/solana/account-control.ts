import type { AccountAnswer } from "./rpc-answers.ts";
import { SYSTEM_PROGRAM, TOKEN_PROGRAM, WSOL_MINT } from "./programs.ts";
import type { SwapAccounts } from "./swap-instructions.ts";
import { parseTokenAccount } from "./token-account.ts";

/** Who has power over one account of the wallet; a swap changes quantities and nothing of this. */
export interface AccountControl {
  program: string;
  /** Null when the length does not matter. */
  bytes: number | null;
  /** Null for an account that holds no tokens. */
  token: {
    mint: string;
    owner: string;
    delegate: string | null;
    delegatedQuantity: bigint;
    closeAuthority: string | null;
    isFrozen: boolean;
  } | null;
}

/** Null for an account that does not exist. */
export interface SwapControls {
  wallet: AccountControl | null;
  token: AccountControl | null;
  wsol: AccountControl | null;
}

export function readControl(account: AccountAnswer | null | undefined): AccountControl | null {
  if (account === null || account === undefined) return null;
  const data = Buffer.from(account.data[0], "base64");
  const parsed = parseTokenAccount(data);
  const control = { program: account.owner, bytes: data.length };
  if (parsed === undefined) return { ...control, token: null };
  const { quantity: _changes, ...token } = parsed;
  return { ...control, token };
}

/**
 * Why somebody else than before would have power over the wallet's accounts; empty when nobody
 * has. An account that the swap creates must be as a new one of the wallet is.
 */
export function checkControls(
  accounts: SwapAccounts,
  before: SwapControls,
  after: SwapControls,
): string[] {
  const { wallet, mint, tokenProgram } = accounts;
  const { wallet: own } = after;
  const reasons: string[] = [];
  if (own === null || own.program !== SYSTEM_PROGRAM || own.bytes !== 0) {
    reasons.push("the wallet itself would belong to a program");
  }
  const newToken = newAccount(wallet, mint, tokenProgram);
  reasons.push(...checkControl("token account", before.token ?? newToken, after.token));
  // Its closing to the wallet is the end of every swap.
  if (after.wsol !== null) {
    const newWsol = newAccount(wallet, WSOL_MINT, TOKEN_PROGRAM);
    reasons.push(...checkControl("wrapped account", before.wsol ?? newWsol, after.wsol));
  }
  return reasons;
}

function newAccount(owner: string, mint: string, program: string): AccountControl {
  const nobody = { delegate: null, delegatedQuantity: 0n, closeAuthority: null };
  // The extensions of a new account depend on its mint, so its length is not compared.
  return { program, bytes: null, token: { mint, owner, isFrozen: false, ...nobody } };
}

function checkControl(
  name: string,
  before: AccountControl,
  after: AccountControl | null,
): string[] {
  if (after === null) return [`the ${name} would be closed`];
  if (before.token === null || after.token === null) return [`the ${name} would hold no tokens`];
  const is = { program: after.program, ...after.token };
  const was = { program: before.program, ...before.token };
  const changed = (Object.keys(was) as (keyof typeof was)[]).filter((key) => was[key] !== is[key]);
  const reasons = changed.map((key) => `the ${name} would have another ${WORDS[key]}`);
  if (before.bytes !== null && before.bytes !== after.bytes) {
    reasons.push(`the ${name} would have other extensions`);
  }
  return reasons;
}

const WORDS = {
  program: "program",
  mint: "mint",
  owner: "owner",
  delegate: "delegate",
  delegatedQuantity: "allowance",
  closeAuthority: "authority to close it",
  isFrozen: "state: frozen or not",
} as const;
