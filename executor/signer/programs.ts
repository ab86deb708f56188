import { assert } from "@raptor/shared/errors/raptor-error.ts";
import { parseAccountKey, type AccountKey } from "./account-key.ts";

export const SYSTEM_PROGRAM = known("11111111111111111111111111111111");
export const COMPUTE_BUDGET_PROGRAM = known("ComputeBudget111111111111111111111111111111");
export const TOKEN_PROGRAM = known("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
export const TOKEN_2022_PROGRAM = known("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
export const ATA_PROGRAM = known("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
export const WSOL_MINT = known("So11111111111111111111111111111111111111112");
export const JUPITER_PROGRAM = known("JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4");
/** The program's derived address of the seed `__event_authority`. */
export const JUPITER_EVENT_AUTHORITY = known("D8cy77BBepLMngZx6ZukaTff5hCt1HrWyKk3Hnd9oitf");

function known(text: string): AccountKey {
  const key = parseAccountKey(text);
  assert(key !== undefined, "a well-known address is valid");
  return key;
}
