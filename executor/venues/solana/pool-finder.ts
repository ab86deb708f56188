import { decodeBondingCurve } from "../../pools/bonding-curve.ts";
import {
  curveRef,
  migratedRef,
  type PoolKind,
  type PoolRef,
  refFromAccount,
} from "../../pools/direct-pool.ts";
import { PUMP_AMM_PROGRAM, PUMP_PROGRAM } from "../../pools/programs.ts";
import { isUnusable } from "../../pools/unusable.ts";
import { parseMintAccount } from "./mint-account.ts";
import { TOKEN_PROGRAM } from "./programs.ts";
import { type AccountAnswer, accountsAnswer } from "./rpc-answers.ts";
import type { Rpc } from "./rpc.ts";

export type PoolSearch =
  | { outcome: "found"; ref: PoolRef; decimals: number }
  /** In words: why there is no pool that we trade with directly. */
  | { outcome: "none"; reason: string };

/** Whose accounts are pools, and of which kind; an account of anybody else is none. */
const KINDS: Readonly<Record<string, PoolKind>> = {
  [PUMP_AMM_PROGRAM]: "pumpswap",
  CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C: "raydium-cpmm",
  "675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8": "raydium-v4",
};

/** Accounts that somebody called pools of a token; the newest are looked at. */
export const HINTS_MAX = 2;
/**
 * Of 100 accounts that a call takes, each needs its mint, its curve, the pool that this becomes and
 * the hints; and deriving more addresses than this at once would be felt by prices that come in.
 */
export const POOLS_PER_CALL = 10;

export interface PoolQuestion {
  mint: string;
  hints: readonly string[];
}

/**
 * Looks for tokens' pools with one question: a curve and the pool that it becomes stand at
 * addresses that follow from the mint. Hints count only when there is neither, and only as what
 * their own bytes say they are. The answers stand in the order of the questions.
 * @throws RAPTOR_VENUE__UNAVAILABLE and its like when no node answers.
 */
export async function findPools(
  rpc: Rpc,
  questions: readonly PoolQuestion[],
): Promise<PoolSearch[]> {
  const asked = questions.map(addressesOf);
  const config = { encoding: "base64", commitment: "processed" };
  const addresses = [...new Set(asked.flat())];
  const params = [addresses, config];
  const { value } = await rpc.ask("getMultipleAccounts", params, accountsAnswer);
  const accounts = new Map(addresses.map((address, at) => [address, value[at]]));
  return questions.map((question, at) =>
    readPool(question, asked[at]?.map((address) => accounts.get(address)) ?? []),
  );
}

function addressesOf({ mint, hints }: PoolQuestion): string[] {
  const curve = curveRef(mint, TOKEN_PROGRAM).address;
  // Which program owns the token changes the pool's vaults and not its address.
  const pool = migratedRef(mint, TOKEN_PROGRAM).address;
  return [mint, curve, pool, ...hints.slice(0, HINTS_MAX)];
}

function readPool({ mint, hints }: PoolQuestion, accounts: readonly Read[]): PoolSearch {
  const [mintAccount, curveAccount, poolAccount, ...hinted] = accounts;
  const token = readMint(mintAccount);
  if (token === undefined) return { outcome: "none", reason: "There is no such token." };
  const { tokenProgram, decimals } = token;
  const found = (ref: PoolRef): PoolSearch => ({ outcome: "found", ref, decimals });
  // A full curve without a pool is followed too: it tells when it is not full after all.
  if (isLive(curveAccount) || (isCurve(curveAccount) && !isPool(poolAccount))) {
    return found(curveRef(mint, tokenProgram));
  }
  if (isPool(poolAccount)) return found(migratedRef(mint, tokenProgram));
  const refs = hinted.map((account, at) => readHint(hints[at] ?? "", account, tokenProgram));
  const ref = refs.find((one) => one?.mint === mint);
  if (ref !== undefined) return found(ref);
  return { outcome: "none", reason: "No pool of this token is one that we know how to use." };
}

type Read = AccountAnswer | null | undefined;

function readMint(account: Read): { tokenProgram: string; decimals: number } | undefined {
  return account ? parseMintAccount(account.owner, bytesOf(account)) : undefined;
}

function isCurve(account: Read): account is AccountAnswer {
  return account?.owner === PUMP_PROGRAM;
}

function isLive(account: Read): boolean {
  return isCurve(account) && decodeBondingCurve(bytesOf(account))?.complete === false;
}

function isPool(account: Read): boolean {
  return account?.owner === PUMP_AMM_PROGRAM;
}

function readHint(address: string, account: Read, tokenProgram: string): PoolRef | undefined {
  if (!account) return undefined;
  const kind = KINDS[account.owner];
  if (kind === undefined) return undefined;
  const ref = refFromAccount(kind, address, bytesOf(account), tokenProgram);
  return isUnusable(ref) ? undefined : ref;
}

function bytesOf({ data }: AccountAnswer): Uint8Array {
  return Buffer.from(data[0], "base64");
}
