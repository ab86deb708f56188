import type {
  ModelInstruction,
  ModelMeaning,
  ModelTransfer,
  ModelView,
  ProgramModel,
} from "../program-model.ts";
import { NATIVE_MINT, TOKEN_PROGRAM } from "../token-accounts.ts";
import {
  addressOf,
  ANCHOR_ERRORS,
  checkAccounts,
  failureLogs,
  ProgramFailure,
  readState,
  readTokens,
} from "./account-checks.ts";
import {
  AMM_CONFIG,
  AMM_CONFIG_TAG,
  AMM_FEE_CONFIG,
  AMM_PROGRAM,
  type AmmConfig,
  type AmmPool,
  ammPoolAddress,
  parseAmmConfig,
  parseAmmPool,
  POOL_TAG,
} from "./amm-accounts.ts";
import { tellAmmTrade } from "./amm-events.ts";
import { ammRates, type AmmTrade, receivedOf } from "./amm-math.ts";
import { AMM_ERRORS, type AmmInstructionName, ammRules, checkTail } from "./amm-rules.ts";
import { computeAmmTrade } from "./amm-trade.ts";
import { mintDecimals, mintSupply } from "./mint-state.ts";
import { FEE_CONFIG_TAG, type FeeRates, parseFeeConfig, PUMP_FEES_PROGRAM } from "./pump-fees.ts";
import { anchorTag } from "./state-bytes.ts";
import { buyVolume } from "./volume-account.ts";

const NAMES: readonly AmmInstructionName[] = ["buy", "buy_exact_quote_in", "sell"];
const DISABLED_BUY = 1 << 3;
const DISABLED_SELL = 1 << 4;
const RECIPIENT_AT = 9;
const LOG_NAMES: Readonly<Record<AmmInstructionName, string>> = {
  buy: "Buy",
  buy_exact_quote_in: "BuyExactQuoteIn",
  sell: "Sell",
};

interface AmmCall {
  name: AmmInstructionName;
  first: bigint;
  second: bigint;
  accounts: ReadonlyMap<string, string>;
  buybackAccount: string;
  pool: AmmPool;
  config: AmmConfig;
  tokenProgram: string;
  rates: FeeRates;
  trade: AmmTrade;
}

/** PumpSwap's program over the accounts of its pools. */
export function createAmmProgram(options: {
  /** Mints whose pools the world made: the pool consents to move what its vaults hold. */
  mints(): Iterable<string>;
  nowSeconds(): bigint;
  onTraded?(mint: string): void;
}): ProgramModel {
  return {
    programId: AMM_PROGRAM,
    authorities: () => new Set([...options.mints()].map(ammPoolAddress)),
    interpret(instruction, view, signers) {
      try {
        return meanTrade(readCall(instruction, view, signers), view, options);
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
): AmmCall {
  const data = Buffer.from(instruction.data);
  const name = NAMES.find((known) => data.subarray(0, 8).equals(anchorTag("global", known)));
  if (name === undefined) {
    const message = "Fallback functions are not supported";
    throw new ProgramFailure(ANCHOR_ERRORS.instructionFallbackNotFound, message);
  }
  if (data.length < (name === "sell" ? 24 : 25)) {
    const message = "The program could not deserialize the given instruction";
    throw new ProgramFailure(ANCHOR_ERRORS.instructionDidNotDeserialize, message);
  }
  const at = (index: number) => instruction.accounts[index]?.pubkey ?? "";
  const pool = parseAmmPool(readState(view, at(0), AMM_PROGRAM, POOL_TAG));
  const tokenProgram = view.ownerOf(pool.baseMint) ?? "";
  const rules = ammRules(name, { pool, user: at(1), tokenProgram, recipient: at(RECIPIENT_AT) });
  const accounts = checkAccounts(instruction, rules, signers);
  const config = parseAmmConfig(readState(view, AMM_CONFIG, AMM_PROGRAM, AMM_CONFIG_TAG));
  checkAllowed(name, config, addressOf(accounts, "protocol_fee_recipient"));
  const buybackAccount = checkTail(instruction, rules.length, pool, config).account;
  const call = { name, accounts, buybackAccount, pool, config, tokenProgram };
  const first = data.readBigUInt64LE(8);
  const second = data.readBigUInt64LE(16);
  return { ...call, first, second, ...priceCall(call, view, first, second) };
}

function checkAllowed(name: AmmInstructionName, config: AmmConfig, recipient: string): void {
  if (name === "sell" && (config.disableFlags & DISABLED_SELL) !== 0) {
    throw new ProgramFailure(AMM_ERRORS.disabledSell, "Sells are disabled");
  }
  if (name !== "sell" && (config.disableFlags & DISABLED_BUY) !== 0) {
    throw new ProgramFailure(AMM_ERRORS.disabledBuy, "Buys are disabled");
  }
  if (!config.protocolRecipients.includes(recipient)) {
    throw new ProgramFailure(AMM_ERRORS.invalidProtocolRecipient, "Invalid fee recipient");
  }
}

function priceCall(
  call: Omit<AmmCall, "first" | "second" | "rates" | "trade">,
  view: ModelView,
  first: bigint,
  second: bigint,
): { rates: FeeRates; trade: AmmTrade } {
  const { accounts, pool, config, tokenProgram, name } = call;
  const user = addressOf(accounts, "user");
  const base = { mint: pool.baseMint, tokenProgram };
  const quote = { mint: NATIVE_MINT, tokenProgram: TOKEN_PROGRAM };
  readTokens(view, addressOf(accounts, "user_base_token_account"), { ...base, owner: user });
  readTokens(view, addressOf(accounts, "user_quote_token_account"), { ...quote, owner: user });
  for (const name of ["protocol_fee_recipient_token_account", "coin_creator_vault_ata"]) {
    readTokens(view, addressOf(accounts, name), quote);
  }
  const realQuote = readTokens(view, pool.quoteVault, quote).quantity;
  const reserves = {
    base: readTokens(view, pool.baseVault, base).quantity,
    quote: realQuote + pool.virtualQuote,
  };
  const feeBytes = readState(view, AMM_FEE_CONFIG, PUMP_FEES_PROGRAM, FEE_CONFIG_TAG);
  const rates = ammRates({
    pool,
    config,
    fees: parseFeeConfig(feeBytes),
    reserves,
    supply: mintSupply(view, pool.baseMint),
  });
  return { rates, trade: computeAmmTrade(name, { reserves, rates, first, second, realQuote }) };
}

function meanTrade(
  call: AmmCall,
  view: ModelView,
  options: { nowSeconds(): bigint; onTraded?(mint: string): void },
): ModelMeaning {
  const { accounts, name, pool } = call;
  const user = addressOf(accounts, "user");
  const volume =
    name === "sell"
      ? { transfers: [], writes: [] }
      : buyVolume(view, user, addressOf(accounts, "user_volume_accumulator"), AMM_PROGRAM);
  return {
    kind: "transfers",
    transfers: [...meanMoves(call, view), ...volume.transfers],
    writes: volume.writes,
    events: [tellAmmTrade({ ...call, view, nowSeconds: options.nowSeconds() })],
    logs: [`Program log: Instruction: ${LOG_NAMES[name]}`],
    commit: () => options.onTraded?.(pool.baseMint),
  };
}

function meanMoves(call: AmmCall, view: ModelView): ModelTransfer[] {
  const { accounts, pool, trade, name, config } = call;
  const isSell = name === "sell";
  const user = addressOf(accounts, "user");
  const poolKey = addressOf(accounts, "pool");
  const userBase = addressOf(accounts, "user_base_token_account");
  const userQuote = addressOf(accounts, "user_quote_token_account");
  const buyback = (trade.protocolFee * config.buybackBps) / 10_000n;
  // A seller's fees come out of what the pool pays, a buyer's on top of what he pays in.
  const payer = isSell ? { from: pool.quoteVault, authority: poolKey } : undefined;
  const quote = {
    kind: "token" as const,
    mint: NATIVE_MINT,
    tokenProgram: TOKEN_PROGRAM,
    decimals: 9,
    ...(payer ?? { from: userQuote, authority: user }),
  };
  const moves: ModelTransfer[] = [
    {
      kind: "token",
      mint: pool.baseMint,
      tokenProgram: call.tokenProgram,
      decimals: mintDecimals(view, pool.baseMint),
      quantity: trade.base,
      from: isSell ? userBase : pool.baseVault,
      to: isSell ? pool.baseVault : userBase,
      authority: isSell ? user : poolKey,
    },
    isSell
      ? { ...quote, to: userQuote, quantity: receivedOf(trade) }
      : { ...quote, to: pool.quoteVault, quantity: trade.quote + trade.lpFee },
    {
      ...quote,
      to: addressOf(accounts, "protocol_fee_recipient_token_account"),
      quantity: trade.protocolFee - buyback,
    },
    { ...quote, to: call.buybackAccount, quantity: buyback },
    { ...quote, to: addressOf(accounts, "coin_creator_vault_ata"), quantity: trade.creatorFee },
  ];
  return moves.filter((move) => move.kind === "token" && move.quantity > 0n);
}
