import type { ModelInstruction, ModelMeaning, ModelView, ProgramModel } from "../program-model.ts";
import {
  type AccountRule,
  addressOf,
  ANCHOR_ERRORS,
  checkAccounts,
  failureLogs,
  ProgramFailure,
  readState,
  readTokens,
} from "./account-checks.ts";
import {
  CPMM_AUTHORITY,
  CPMM_CONFIG,
  CPMM_CONFIG_TAG,
  CPMM_POOL_TAG,
  CPMM_PROGRAM,
  type CpmmPoolState,
  encodeCpmmPool,
  owedOf,
  parseCpmmConfig,
  parseCpmmPool,
} from "./cpmm-accounts.ts";
import { computeCpmmTrade, cpmmAfter, type CpmmTrade } from "./cpmm-math.ts";
import { anchorTag, StateWriter } from "./state-bytes.ts";

export const CPMM_ERRORS = {
  notApproved: 6000,
  exceededSlippage: 6005,
  zeroTradingTokens: 6006,
} as const;

const SWAP_TAG = anchorTag("global", "swap_base_input");
const SWAP_DISABLED = 1 << 2;
const ACCOUNTS = 13;

interface CpmmCall {
  quantityIn: bigint;
  quantityOutMin: bigint;
  accounts: ReadonlyMap<string, string>;
  pool: CpmmPoolState;
  inAt: 0 | 1;
  reserves: { in: bigint; out: bigint };
  trade: CpmmTrade;
}

/** Raydium's CPMM program over the accounts of its pools. */
export function createCpmmProgram(onTraded: (pool: string) => void): ProgramModel {
  return {
    programId: CPMM_PROGRAM,
    authorities: () => new Set([CPMM_AUTHORITY]),
    interpret(instruction, view, signers) {
      try {
        return meanSwap(readCall(instruction, view, signers), onTraded);
      } catch (error) {
        if (!(error instanceof ProgramFailure)) throw error;
        return { kind: "error", code: error.code, logs: failureLogs(error) };
      }
    },
  };
}

function readCall(
  instruction: ModelInstruction,
  view: ModelView,
  signers: readonly string[],
): CpmmCall {
  const data = Buffer.from(instruction.data);
  if (!data.subarray(0, 8).equals(SWAP_TAG)) {
    const message = "Fallback functions are not supported";
    throw new ProgramFailure(ANCHOR_ERRORS.instructionFallbackNotFound, message);
  }
  if (data.length < 24) {
    const message = "The program could not deserialize the given instruction";
    throw new ProgramFailure(ANCHOR_ERRORS.instructionDidNotDeserialize, message);
  }
  const at = (index: number) => instruction.accounts[index]?.pubkey ?? "";
  if (instruction.accounts.length < ACCOUNTS) {
    const message = "Not enough account keys given to the instruction";
    throw new ProgramFailure(ANCHOR_ERRORS.accountNotEnoughKeys, message);
  }
  const pool = parseCpmmPool(readState(view, at(3), CPMM_PROGRAM, CPMM_POOL_TAG));
  const inAt = at(6) === pool.vaults[0] ? 0 : 1;
  const accounts = checkAccounts(instruction, cpmmRules(pool, inAt), signers);
  const config = parseCpmmConfig(readState(view, CPMM_CONFIG, CPMM_PROGRAM, CPMM_CONFIG_TAG));
  if ((pool.status & SWAP_DISABLED) !== 0) {
    throw new ProgramFailure(CPMM_ERRORS.notApproved, "Not approved");
  }
  const quantityIn = data.readBigUInt64LE(8);
  if (quantityIn === 0n)
    throw new ProgramFailure(ANCHOR_ERRORS.requireGt, "A require was violated");
  const reserves = readReserves(pool, accounts, inAt, view);
  const trade = computeCpmmTrade(pool, config, inAt, quantityIn, reserves);
  if (trade === undefined) {
    throw new ProgramFailure(CPMM_ERRORS.zeroTradingTokens, "Results in zero trading tokens");
  }
  const quantityOutMin = data.readBigUInt64LE(16);
  if (trade.out <= 0n) throw new ProgramFailure(ANCHOR_ERRORS.requireGt, "A require was violated");
  if (trade.out < quantityOutMin) {
    const message = "Swap instruction exceeds desired slippage limit";
    throw new ProgramFailure(CPMM_ERRORS.exceededSlippage, message);
  }
  return { quantityIn, quantityOutMin, accounts, pool, inAt, reserves, trade };
}

function cpmmRules(pool: CpmmPoolState, inAt: 0 | 1): AccountRule[] {
  const outAt = inAt === 0 ? 1 : 0;
  const { constraintRaw, constraintAddress, invalidProgramId } = ANCHOR_ERRORS;
  const isWritable = true;
  const vault = (name: string, at: 0 | 1): AccountRule => ({
    name,
    address: pool.vaults[at],
    code: constraintRaw,
    isWritable,
  });
  const program = (name: string, at: 0 | 1): AccountRule => ({
    name,
    address: pool.programs[at],
    code: invalidProgramId,
  });
  return [
    { name: "payer", isSigner: true },
    { name: "authority", address: CPMM_AUTHORITY },
    { name: "amm_config", address: CPMM_CONFIG, code: constraintAddress },
    { name: "pool_state", isWritable },
    { name: "input_token_account", isWritable },
    { name: "output_token_account", isWritable },
    vault("input_vault", inAt),
    vault("output_vault", outAt),
    program("input_token_program", inAt),
    program("output_token_program", outAt),
    { name: "input_token_mint", address: pool.mints[inAt], code: constraintAddress },
    { name: "output_token_mint", address: pool.mints[outAt], code: constraintAddress },
    {
      name: "observation_state",
      address: pool.observation,
      code: constraintAddress,
      isWritable,
    },
  ];
}

function readReserves(
  pool: CpmmPoolState,
  accounts: ReadonlyMap<string, string>,
  inAt: 0 | 1,
  view: ModelView,
): { in: bigint; out: bigint } {
  const outAt = inAt === 0 ? 1 : 0;
  const kind = (at: 0 | 1) => ({ mint: pool.mints[at], tokenProgram: pool.programs[at] });
  readTokens(view, addressOf(accounts, "input_token_account"), kind(inAt));
  readTokens(view, addressOf(accounts, "output_token_account"), kind(outAt));
  return {
    in: readTokens(view, pool.vaults[inAt], kind(inAt)).quantity - owedOf(pool, inAt),
    out: readTokens(view, pool.vaults[outAt], kind(outAt)).quantity - owedOf(pool, outAt),
  };
}

function meanSwap(call: CpmmCall, onTraded: (pool: string) => void): ModelMeaning {
  const { accounts, pool, inAt, quantityIn, trade } = call;
  const outAt = inAt === 0 ? 1 : 0;
  const poolKey = addressOf(accounts, "pool_state");
  const side = (at: 0 | 1) => ({
    kind: "token" as const,
    mint: pool.mints[at],
    tokenProgram: pool.programs[at],
    decimals: pool.decimals[at],
  });
  return {
    kind: "transfers",
    transfers: [
      {
        ...side(inAt),
        from: addressOf(accounts, "input_token_account"),
        to: pool.vaults[inAt],
        authority: addressOf(accounts, "payer"),
        quantity: quantityIn,
      },
      {
        ...side(outAt),
        from: pool.vaults[outAt],
        to: addressOf(accounts, "output_token_account"),
        authority: CPMM_AUTHORITY,
        quantity: trade.out,
      },
    ],
    writes: [
      {
        pubkey: poolKey,
        owner: CPMM_PROGRAM,
        data: encodeCpmmPool(cpmmAfter(pool, inAt, trade)),
      },
    ],
    events: [{ programId: CPMM_PROGRAM, eventAuthority: undefined, data: swapEvent(call) }],
    logs: ["Program log: Instruction: SwapBaseInput"],
    commit: () => onTraded(poolKey),
  };
}

function swapEvent({ accounts, pool, inAt, reserves, quantityIn, trade }: CpmmCall): Uint8Array {
  const outAt = inAt === 0 ? 1 : 0;
  return new StateWriter()
    .raw(anchorTag("event", "SwapEvent"))
    .key(addressOf(accounts, "pool_state"))
    .u64(reserves.in, reserves.out, quantityIn, trade.out, 0n, 0n)
    .u8(true)
    .key(pool.mints[inAt], pool.mints[outAt])
    .u64(trade.tradeFee, trade.creatorFee)
    .u8(trade.isCreatorFeeOnInput)
    .bytes();
}
