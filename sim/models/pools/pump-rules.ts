import type { ModelInstruction } from "../program-model.ts";
import { SYSTEM_PROGRAM } from "../durable-nonce.ts";
import { deriveTokenAccount, NATIVE_MINT, TOKEN_PROGRAM } from "../token-accounts.ts";
import { type AccountRule, ANCHOR_ERRORS } from "./account-checks.ts";
import {
  creatorVault,
  curveAddress,
  PUMP_EVENT_AUTHORITY,
  PUMP_FEE_CONFIG,
  PUMP_GLOBAL,
  PUMP_GLOBAL_VOLUME,
  PUMP_PROGRAM,
  sharingConfig,
  volumeAccumulator,
  wrappedAccount,
} from "./pump-accounts.ts";
import { PUMP_FEES_PROGRAM } from "./pump-fees.ts";

export type CurveInstructionName = "buy_v2" | "buy_exact_quote_in_v2" | "sell_v2";

export const ASSOCIATED_TOKEN_PROGRAM = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL";
const { constraintAssociated, constraintAddress, invalidProgramId } = ANCHOR_ERRORS;

/** The account list of a trade on a curve, in its order; a sell is the same without the volume. */
export function curveRules(
  name: CurveInstructionName,
  trade: {
    mint: string;
    user: string;
    tokenProgram: string;
    creator: string;
    instruction: ModelInstruction;
  },
): AccountRule[] {
  const { mint, user, tokenProgram, instruction } = trade;
  const curve = curveAddress(mint);
  const vault = creatorVault(trade.creator);
  const volume = volumeAccumulator(user, PUMP_PROGRAM);
  const at = (index: number) => instruction.accounts[index]?.pubkey ?? "";
  const globalVolume: AccountRule[] =
    name === "sell_v2" ? [] : [{ name: "global_volume_accumulator", address: PUMP_GLOBAL_VOLUME }];
  return [
    { name: "global", address: PUMP_GLOBAL },
    { name: "base_mint" },
    { name: "quote_mint" },
    program("base_token_program", tokenProgram),
    program("quote_token_program", TOKEN_PROGRAM),
    program("associated_token_program", ASSOCIATED_TOKEN_PROGRAM),
    { name: "fee_recipient", isWritable: true },
    quoteAccount("associated_quote_fee_recipient", at(6)),
    { name: "buyback_fee_recipient", isWritable: true },
    quoteAccount("associated_quote_buyback_fee_recipient", at(8)),
    { name: "bonding_curve", address: curve, isWritable: true },
    account("associated_base_bonding_curve", deriveTokenAccount(curve, mint, tokenProgram)),
    quoteAccount("associated_quote_bonding_curve", curve),
    { name: "user", isWritable: true, isSigner: true },
    { name: "associated_base_user", isWritable: true },
    { name: "associated_quote_user", isWritable: true },
    { name: "creator_vault", address: vault, isWritable: true },
    quoteAccount("associated_creator_vault", vault),
    { name: "sharing_config", address: sharingConfig(mint) },
    ...globalVolume,
    { name: "user_volume_accumulator", address: volume, isWritable: true },
    quoteAccount("associated_user_volume_accumulator", volume),
    { name: "fee_config", address: PUMP_FEE_CONFIG },
    { name: "fee_program", address: PUMP_FEES_PROGRAM, code: constraintAddress },
    program("system_program", SYSTEM_PROGRAM),
    { name: "event_authority", address: PUMP_EVENT_AUTHORITY },
    { name: "program", address: PUMP_PROGRAM, code: constraintAddress },
  ];
}

function program(name: string, address: string): AccountRule {
  return { name, address, code: invalidProgramId };
}

function account(name: string, address: string): AccountRule {
  return { name, address, code: constraintAssociated, isWritable: true };
}

/** Named and writable although a curve in SOL never touches it; it need not exist. */
function quoteAccount(name: string, owner: string): AccountRule {
  const isKey = owner !== "" && owner !== NATIVE_MINT;
  return account(name, isKey ? wrappedAccount(owner) : "");
}
