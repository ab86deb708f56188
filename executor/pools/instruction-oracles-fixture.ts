import { PUMP_AMM_SDK } from "@pump-fun/pump-swap-sdk";
import { PUMP_SDK, getPumpAmmProgram, getPumpProgram } from "@pump-fun/pump-sdk";
import { Connection, PublicKey, type TransactionInstruction } from "@solana/web3.js";
import {
  poolInstruction,
  type PoolOrder,
  type PoolSide,
  type RawInstruction,
} from "./direct-pool.ts";
import { curveState, swapState, type CurveCase, type SwapCase } from "./pool-cases-fixture.ts";
import { tokenAccountOf } from "./program-address.ts";
import { PUMP_AMM_PROGRAM, TOKEN_PROGRAM, WSOL_MINT } from "./programs.ts";
import { decodedCase, info, mintAccount, theirNumber } from "./quote-oracles-fixture.ts";
import { SWAP_FEE_CONFIG, SWAP_GLOBAL_CONFIG } from "./swap-pool.ts";

/** Instructions of ours beside those of the makers' builders, for one generated state. */
export interface InstructionPair {
  ours: RawInstruction;
  theirs: RawInstruction;
}

const offline = new Connection("http://offline.invalid");
const pump = getPumpProgram(offline);
const amm = getPumpAmmProgram(offline);

function orderOf(one: CurveCase | SwapCase, side: PoolSide): PoolOrder {
  return { wallet: one.wallet, side, quantityIn: one.amount, quantityOutMin: one.least };
}

function inOurTerms(instruction: TransactionInstruction): RawInstruction {
  return {
    programId: instruction.programId.toBase58(),
    accounts: instruction.keys.map(({ pubkey, isSigner, isWritable }) => ({
      pubkey: pubkey.toBase58(),
      isSigner,
      isWritable,
    })),
    data: Uint8Array.from(instruction.data),
  };
}

function trimmed({ programId, accounts, data }: RawInstruction): RawInstruction {
  return { programId, accounts, data };
}

/**
 * A sell is the builder's as it is. For an exact-in buy there is a description and no builder, so
 * its accounts are those of the builder for the exact-out one, whose list is the same (a test
 * holds the two descriptions together), and its data comes from the description's encoder.
 */
export async function pairForCurve(one: CurveCase, side: PoolSide): Promise<InstructionPair> {
  const state = curveState(one);
  const pool = decodedCase(state, "pump");
  const shared = {
    user: new PublicKey(one.wallet),
    mint: new PublicKey(one.mint),
    creator: new PublicKey(one.creator),
    amount: theirNumber(one.amount),
    quoteAmount: theirNumber(one.least),
    feeRecipient: new PublicKey(pool.feeRecipient),
    buybackFeeRecipient: new PublicKey(pool.buybackRecipient),
    tokenProgram: new PublicKey(one.tokenProgram),
  };
  const theirs = inOurTerms(
    side === "sell"
      ? await PUMP_SDK.getSellV2InstructionRaw(shared)
      : await PUMP_SDK.getBuyV2InstructionRaw(shared),
  );
  const exactIn = pump.coder.instruction.encode("buyExactQuoteInV2", {
    spendableQuoteIn: shared.amount,
    minTokensOut: shared.quoteAmount,
  });
  return {
    ours: trimmed(poolInstruction(pool, orderOf(one, side))),
    theirs: side === "sell" ? theirs : { ...theirs, data: Uint8Array.from(exactIn) },
  };
}

export async function pairForSwap(one: SwapCase, side: PoolSide): Promise<InstructionPair> {
  const state = swapState(one);
  const pool = decodedCase(state, "pumpswap");
  const account = PUMP_AMM_SDK.decodePool(info(state, one.poolKey));
  const config = PUMP_AMM_SDK.decodeGlobalConfig(info(state, SWAP_GLOBAL_CONFIG));
  const recipient = new PublicKey(pool.protocolRecipient);
  const tokenProgram = new PublicKey(one.tokenProgram);
  const wrapped = { ...info(state, one.poolKey), owner: new PublicKey(TOKEN_PROGRAM) };
  const theirState = {
    // The builder draws lots among recipients; here every lot is the one that ours chose.
    globalConfig: {
      ...config,
      protocolFeeRecipients: [recipient],
      reservedFeeRecipient: recipient,
      reservedFeeRecipients: [],
      buybackFeeRecipients: [new PublicKey(pool.buybackRecipient)],
    },
    feeConfig: PUMP_AMM_SDK.decodeFeeConfig(info(state, SWAP_FEE_CONFIG)),
    poolKey: new PublicKey(one.poolKey),
    poolAccountInfo: info(state, one.poolKey),
    pool: account,
    poolBaseAmount: theirNumber(one.base),
    poolQuoteAmount: theirNumber(one.quote),
    baseTokenProgram: tokenProgram,
    quoteTokenProgram: new PublicKey(TOKEN_PROGRAM),
    baseMint: account.baseMint,
    baseMintAccount: mintAccount(one.supply),
    user: new PublicKey(one.wallet),
    userBaseTokenAccount: new PublicKey(tokenAccountOf(one.wallet, one.mint, one.tokenProgram)),
    userQuoteTokenAccount: new PublicKey(tokenAccountOf(one.wallet, WSOL_MINT, TOKEN_PROGRAM)),
    userBaseAccountInfo: { ...wrapped, owner: tokenProgram },
    userQuoteAccountInfo: wrapped,
  };
  const args = [theirState, theirNumber(one.amount), theirNumber(one.least)] as const;
  const built =
    side === "sell"
      ? await PUMP_AMM_SDK.sellInstructions(...args)
      : await PUMP_AMM_SDK.buyInstructions(...args);
  const own = built.map(inOurTerms).filter(({ programId }) => programId === PUMP_AMM_PROGRAM);
  const [trade, ...others] = own;
  if (trade === undefined || others.length > 0) {
    throw new TypeError("expected the builder to build one instruction of the program");
  }
  const exactIn = amm.coder.instruction.encode("buyExactQuoteIn", {
    spendableQuoteIn: args[1],
    minBaseAmountOut: args[2],
    trackVolume: { 0: true },
  });
  const ours = poolInstruction(pool, orderOf(one, side));
  return {
    ours: trimmed(ours),
    theirs: side === "sell" ? trade : { ...trade, data: Uint8Array.from(exactIn) },
  };
}

/** Names and flags of an instruction's accounts in the descriptions, in order. */
export function describedAccounts(program: "pump" | "amm", name: string): unknown[] {
  const { instructions } = program === "pump" ? pump.idl : amm.idl;
  const found = instructions.find((one: { name: string }) => one.name === name);
  return found === undefined ? [] : [...found.accounts];
}
