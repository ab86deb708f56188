import { SYSTEM_PROGRAM } from "../durable-nonce.ts";
import type { ModelInstruction } from "../program-model.ts";
import { deriveTokenAccount, NATIVE_MINT, TOKEN_PROGRAM } from "../token-accounts.ts";
import { type AccountRule, ANCHOR_ERRORS, ProgramFailure } from "./account-checks.ts";
import {
  AMM_CONFIG,
  AMM_EVENT_AUTHORITY,
  AMM_FEE_CONFIG,
  AMM_GLOBAL_VOLUME,
  AMM_PROGRAM,
  type AmmConfig,
  type AmmPool,
  coinCreatorVault,
  poolV2Address,
} from "./amm-accounts.ts";
import { volumeAccumulator, wrappedAccount } from "./pump-accounts.ts";
import { PUMP_FEES_PROGRAM } from "./pump-fees.ts";
import { ASSOCIATED_TOKEN_PROGRAM } from "./pump-rules.ts";
import { ZERO_KEY } from "./state-bytes.ts";

export type AmmInstructionName = "buy" | "buy_exact_quote_in" | "sell";

export const AMM_ERRORS = {
  zeroBase: 6001,
  zeroQuote: 6002,
  exceededSlippage: 6004,
  invalidProtocolRecipient: 6013,
  moreThanReserves: 6016,
  disabledBuy: 6020,
  disabledSell: 6021,
  notEnoughForFees: 6039,
  belowMinBaseOut: 6040,
  buybackNotAuthorized: 6053,
  buybackMissing: 6058,
  invalidPoolV2: 6062,
  insufficientRealQuote: 6063,
} as const;

const { constraintAssociated, constraintAddress, constraintHasOne, invalidProgramId } =
  ANCHOR_ERRORS;

/** The account list of a trade, in its order; the optional ones behind it are `checkTail`'s. */
export function ammRules(
  name: AmmInstructionName,
  trade: { pool: AmmPool; user: string; tokenProgram: string; recipient: string },
): AccountRule[] {
  const { pool, user, tokenProgram, recipient } = trade;
  const vault = coinCreatorVault(pool.coinCreator);
  const volume = volumeAccumulator(user, AMM_PROGRAM);
  const volumes: AccountRule[] =
    name === "sell"
      ? []
      : [
          { name: "global_volume_accumulator", address: AMM_GLOBAL_VOLUME },
          { name: "user_volume_accumulator", address: volume, isWritable: true },
        ];
  return [
    { name: "pool", isWritable: true },
    { name: "user", isWritable: true, isSigner: true },
    { name: "global_config", address: AMM_CONFIG },
    { name: "base_mint", address: pool.baseMint, code: constraintHasOne },
    { name: "quote_mint", address: pool.quoteMint, code: constraintHasOne },
    { name: "user_base_token_account", isWritable: true },
    { name: "user_quote_token_account", isWritable: true },
    vaultRule("pool_base_token_account", pool.baseVault),
    vaultRule("pool_quote_token_account", pool.quoteVault),
    { name: "protocol_fee_recipient" },
    associated("protocol_fee_recipient_token_account", recipient),
    { name: "base_token_program", address: tokenProgram, code: invalidProgramId },
    { name: "quote_token_program", address: TOKEN_PROGRAM, code: invalidProgramId },
    { name: "system_program", address: SYSTEM_PROGRAM, code: invalidProgramId },
    {
      name: "associated_token_program",
      address: ASSOCIATED_TOKEN_PROGRAM,
      code: invalidProgramId,
    },
    { name: "event_authority", address: AMM_EVENT_AUTHORITY },
    { name: "program", address: AMM_PROGRAM, code: constraintAddress },
    associated("coin_creator_vault_ata", vault),
    { name: "coin_creator_vault_authority", address: vault },
    ...volumes,
    { name: "fee_config", address: AMM_FEE_CONFIG },
    { name: "fee_program", address: PUMP_FEES_PROGRAM, code: constraintAddress },
  ];
}

/** The accounts behind the list; the last two take the buy-back's part of the fee. */
export function checkTail(
  instruction: ModelInstruction,
  listed: number,
  pool: AmmPool,
  config: AmmConfig,
): { account: string } {
  const tail = instruction.accounts.slice(listed).map(({ pubkey }) => pubkey);
  if (pool.coinCreator !== ZERO_KEY && tail.shift() !== poolV2Address(pool.baseMint)) {
    const message = "pool_v2 remaining account is missing or invalid";
    throw new ProgramFailure(AMM_ERRORS.invalidPoolV2, message);
  }
  const [recipient, account] = tail;
  if (recipient === undefined || account === undefined) {
    throw new ProgramFailure(AMM_ERRORS.buybackMissing, "Buyback fee recipient missing");
  }
  const isRight = config.buybackRecipients.includes(recipient);
  if (!isRight || account !== wrappedAccount(recipient)) {
    const message = "Buyback fee recipient not authorized";
    throw new ProgramFailure(AMM_ERRORS.buybackNotAuthorized, message);
  }
  return { account };
}

function vaultRule(name: string, address: string): AccountRule {
  return { name, address, code: constraintHasOne, isWritable: true };
}

function associated(name: string, owner: string): AccountRule {
  const address = owner === "" ? "" : deriveTokenAccount(owner, NATIVE_MINT, TOKEN_PROGRAM);
  return { name, address, code: constraintAssociated, isWritable: true };
}
