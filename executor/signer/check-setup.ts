import { areExactly, type Instruction } from "./message.ts";
import { SYSTEM_PROGRAM, TOKEN_PROGRAM, WSOL_MINT } from "./programs.ts";
import type { SwapTerms } from "./swap-terms.ts";
import type { TipKind } from "./tip-accounts.ts";

/** What one allowed instruction does; each may occur once. */
export type Step =
  | { kind: "unitLimit"; units: bigint }
  | { kind: "unitPrice"; microLamports: bigint }
  | { kind: "createWsol" }
  | { kind: "createMint" }
  | { kind: "wrap" }
  | { kind: "sync" }
  /** `isNative`: its program moves SOL itself, so that nothing is wrapped around it. */
  | { kind: "swap"; handsOn: boolean; isNative: boolean }
  | { kind: "close" }
  | { kind: TipKind; lamports: bigint }
  | { kind: GuardKind };

/** What must follow a swap that hands the wallet's signature on. */
export type GuardKind = "revoke" | "clearClose" | "hold";

export type StepOrReason = Step | { kind: "refused"; reason: string };

const SET_UNIT_LIMIT = 2;
const SET_UNIT_PRICE = 3;
const ATA_CREATE_IDEMPOTENT = 1;
const SYSTEM_TRANSFER = 2;
const TOKEN_REVOKE = 5;
const TOKEN_CLOSE_ACCOUNT = 9;
const TOKEN_TRANSFER_CHECKED = 12;
const TOKEN_SYNC_NATIVE = 17;
/** Set authority, of the kind that may close, to nobody. */
const TOKEN_CLEAR_CLOSE = Buffer.of(6, 3, 0);

export function refused(reason: string): StepOrReason {
  return { kind: "refused", reason };
}

/** The two requests that set the network fee; heap and data-size requests are refused. */
export function checkComputeBudget({ accounts, data }: Instruction): StepOrReason {
  if (accounts.length > 0) return refused("a compute budget request names accounts");
  if (data[0] === SET_UNIT_LIMIT && data.length === 5) {
    return { kind: "unitLimit", units: BigInt(data.readUInt32LE(1)) };
  }
  if (data[0] === SET_UNIT_PRICE && data.length === 9) {
    return { kind: "unitPrice", microLamports: data.readBigUInt64LE(1) };
  }
  return refused("a compute budget request is neither a unit limit nor a unit price");
}

/**
 * Creation of one of the wallet's own two token accounts, paid by the wallet. The rent stays the
 * wallet's: it comes back when the account is closed. A sell only ever needs the wrapped one.
 */
export function checkAccountCreation(instruction: Instruction, terms: SwapTerms): StepOrReason {
  const { accounts, data } = instruction;
  if (data.length !== 1 || data[0] !== ATA_CREATE_IDEMPOTENT) {
    return refused("an account creation is not the idempotent one");
  }
  const { wallet, mint, tokenProgram, wsolAccount, mintAccount } = terms;
  const wsol = [wallet, wsolAccount, wallet, WSOL_MINT, SYSTEM_PROGRAM, TOKEN_PROGRAM];
  if (areExactly(accounts, wsol)) return { kind: "createWsol" };
  const token = [wallet, mintAccount, wallet, mint, SYSTEM_PROGRAM, tokenProgram];
  if (terms.side === "buy" && areExactly(accounts, token)) return { kind: "createMint" };
  return refused("an account is created that is not the wallet's own for this trade");
}

/** The one SOL transfer of a buy: exactly the input, to the wallet's own wrapped account. */
export function checkSystemTransfer(
  { accounts, data }: Instruction,
  terms: SwapTerms,
): StepOrReason {
  if (data.length !== 12 || data.readUInt32LE(0) !== SYSTEM_TRANSFER) {
    return refused("a system instruction is not a transfer");
  }
  if (terms.side !== "buy") return refused("a sell transfers SOL");
  if (!areExactly(accounts, [terms.wallet, terms.wsolAccount])) {
    return refused("SOL goes to another account than the wallet's own wrapped one");
  }
  const lamports = data.readBigUInt64LE(4);
  if (lamports !== terms.quantityIn) {
    return refused(`expected ${terms.quantityIn} lamports to be wrapped, was ${lamports}`);
  }
  return { kind: "wrap" };
}

/**
 * Of the classic token program the synchronisation and closing of the wrapped account, and of the
 * token's own program the guards; no transfer to others, approval, or change of authority.
 */
export function checkTokenInstruction(instruction: Instruction, terms: SwapTerms): StepOrReason {
  if (instruction.programId === terms.tokenProgram) {
    const guard = checkGuard(instruction, terms);
    if (guard !== undefined) return guard;
  }
  if (instruction.programId !== TOKEN_PROGRAM) {
    return refused("an instruction of the other token program is not a guard of this trade");
  }
  const { accounts, data } = instruction;
  if (data.length === 1 && data[0] === TOKEN_SYNC_NATIVE) {
    if (terms.side === "buy" && areExactly(accounts, [terms.wsolAccount])) return { kind: "sync" };
    return refused("a wrapped account is synchronised that this trade did not fund");
  }
  if (data.length === 1 && data[0] === TOKEN_CLOSE_ACCOUNT) {
    if (areExactly(accounts, [terms.wsolAccount, terms.wallet, terms.wallet])) {
      return { kind: "close" };
    }
    return refused("an account is closed other than the wrapped one to the wallet");
  }
  return refused("a token instruction is neither a synchronisation nor a closing nor a guard");
}

/**
 * The guards let the whole transaction fail unless the wallet still owns its token account, nobody
 * else may close it, and it holds enough; and they leave nobody allowed to spend from it. A
 * transfer to the same account moves nothing, but fails when there is less than it says.
 */
function checkGuard(
  { accounts, data }: Instruction,
  terms: SwapTerms,
): { kind: GuardKind } | undefined {
  const { wallet, mint, mintAccount } = terms;
  if (areExactly(accounts, [mintAccount, wallet])) {
    if (data.length === 1 && data[0] === TOKEN_REVOKE) return { kind: "revoke" };
    if (data.equals(TOKEN_CLEAR_CLOSE)) return { kind: "clearClose" };
  }
  if (!areExactly(accounts, [mintAccount, mint, mintAccount, wallet])) return undefined;
  const isHold =
    data.length === 10 &&
    data[0] === TOKEN_TRANSFER_CHECKED &&
    data.readBigUInt64LE(1) === terms.tokenQuantityMin;
  return isHold ? { kind: "hold" } : undefined;
}
