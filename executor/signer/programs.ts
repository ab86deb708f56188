import { assert } from "@raptor/shared/errors/raptor-error.ts";
import { parseAccountKey, type AccountKey } from "./account-key.ts";

export const SYSTEM_PROGRAM = known("11111111111111111111111111111111");
export const COMPUTE_BUDGET_PROGRAM = known("ComputeBudget111111111111111111111111111111");
export const TOKEN_PROGRAM = known("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
export const TOKEN_2022_PROGRAM = known("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
export const ATA_PROGRAM = known("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
export const WSOL_MINT = known("So11111111111111111111111111111111111111112");
export const JUPITER_PROGRAM = known("JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4");
/** Pools that are traded without an aggregator. */
export const PUMP_PROGRAM = known("6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P");
export const PUMP_SWAP_PROGRAM = known("pAMMBay6oceH9fJKBRHGP5D4bD4sWpmSwMn52FMfXEA");
export const RAYDIUM_CPMM_PROGRAM = known("CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C");
export const RAYDIUM_V4_PROGRAM = known("675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8");
export const RECENT_BLOCKHASHES_SYSVAR = known("SysvarRecentB1ockHashes11111111111111111111");
export const RENT_SYSVAR = known("SysvarRent111111111111111111111111111111111");
/** The program's derived address of the seed `__event_authority`. */
export const JUPITER_EVENT_AUTHORITY = known("D8cy77BBepLMngZx6ZukaTff5hCt1HrWyKk3Hnd9oitf");

/**
 * Programs to which a signature of the wallet is enough to move its money or its authority without
 * one of the token accounts that the intent names. None of them may stand beside a handed-on
 * signature: the runtime lets a program call only what stands among its own accounts.
 */
export const SIGNATURE_PROGRAMS: ReadonlyMap<AccountKey, string> = new Map([
  // Transfers all SOL, or assigns the whole wallet to another program; also durable nonces.
  [SYSTEM_PROGRAM, "the system program"],
  // Creates accounts at the wallet's expense, and moves tokens out of nested accounts.
  [ATA_PROGRAM, "the associated token program"],
  // Withdraw or re-authorize what stands under the wallet's authority there.
  [known("Stake11111111111111111111111111111111111111"), "the stake program"],
  [known("Vote111111111111111111111111111111111111111"), "the vote program"],
  [known("Config1111111111111111111111111111111111111"), "the config program"],
  // Replace or close programs, and pay out their buffers.
  [known("NativeLoader1111111111111111111111111111111"), "the native loader"],
  [known("BPFLoader1111111111111111111111111111111111"), "the first loader"],
  [known("BPFLoader2111111111111111111111111111111111"), "the second loader"],
  [known("BPFLoaderUpgradeab1e11111111111111111111111"), "the upgradeable loader"],
  [known("LoaderV411111111111111111111111111111111111"), "the fourth loader"],
  // Closes tables and pays out what they hold.
  [known("AddressLookupTab1e1111111111111111111111111"), "the lookup table program"],
  // Prove confidential transfers, whose quantities no check of a balance sees.
  [known("ZkTokenProof1111111111111111111111111111111"), "the first proof program"],
  [known("ZkE1Gama1Proof11111111111111111111111111111"), "the second proof program"],
]);

function known(text: string): AccountKey {
  const key = parseAccountKey(text);
  assert(key !== undefined, "a well-known address is valid");
  return key;
}
