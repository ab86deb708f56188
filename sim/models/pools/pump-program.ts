import type {
  ModelInstruction,
  ModelMeaning,
  ModelTransfer,
  ModelView,
  ProgramModel,
} from "../program-model.ts";
import { NATIVE_MINT, parseMintDecimals, TOKEN_PROGRAM } from "../token-accounts.ts";
import {
  addressOf,
  ANCHOR_ERRORS,
  checkAccounts,
  failureLogs,
  ProgramFailure,
  readState,
  readTokens,
} from "./account-checks.ts";
import { AMM_PROGRAM } from "./amm-accounts.ts";
import { MIGRATE_TAG, meanMigration } from "./pump-migration.ts";
import { buyVolume } from "./volume-account.ts";
import { curveRules, type CurveInstructionName } from "./pump-rules.ts";
import { tellCurveTrade } from "./pump-events.ts";
import {
  type Curve,
  CURVE_TAG,
  curveAddress,
  GLOBAL_TAG,
  parseCurve,
  parseGlobal,
  patchCurve,
  PUMP_FEE_CONFIG,
  PUMP_GLOBAL,
  PUMP_PROGRAM,
  type PumpGlobal,
} from "./pump-accounts.ts";
import { FEE_CONFIG_TAG, type FeeRates, parseFeeConfig, PUMP_FEES_PROGRAM } from "./pump-fees.ts";
import { curveAfter, curveRates, type CurveTrade } from "./pump-math.ts";
import { computeTrade, PUMP_ERRORS } from "./pump-trade.ts";
import { anchorTag } from "./state-bytes.ts";

const NAMES: readonly CurveInstructionName[] = ["buy_v2", "buy_exact_quote_in_v2", "sell_v2"];
const ARGUMENT_BYTES = 16;
const RENT_OF_NOTHING = 890_880n;

interface CurveCall {
  name: CurveInstructionName;
  accounts: ReadonlyMap<string, string>;
  curve: Curve;
  global: PumpGlobal;
  trade: CurveTrade;
  rates: FeeRates;
}

/** The bonding curve's program: everything it knows lies in the chain's accounts. */
export function createPumpProgram(options: {
  /** Mints whose curves the world made: the curve consents to move its tokens. */
  mints(): Iterable<string>;
  nowSeconds(): bigint;
  onTraded?(mint: string): void;
  /** A full curve became its pool. */
  onMoved?(mint: string): void;
}): ProgramModel {
  return {
    programId: PUMP_PROGRAM,
    calls: [AMM_PROGRAM],
    authorities: () => new Set([...options.mints()].map(curveAddress)),
    interpret(instruction, view, signers) {
      try {
        if (MIGRATE_TAG.equals(instruction.data.subarray(0, 8))) {
          return meanMigration(instruction, view, signers, options);
        }
        const call = readCall(instruction, view, signers);
        return meanTrade(call, view, options);
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
): CurveCall {
  const data = Buffer.from(instruction.data);
  const name = NAMES.find((known) => data.subarray(0, 8).equals(anchorTag("global", known)));
  if (name === undefined) {
    const message = "Fallback functions are not supported";
    throw new ProgramFailure(ANCHOR_ERRORS.instructionFallbackNotFound, message);
  }
  if (data.length < 8 + ARGUMENT_BYTES) {
    const message = "The program could not deserialize the given instruction";
    throw new ProgramFailure(ANCHOR_ERRORS.instructionDidNotDeserialize, message);
  }
  const mint = instruction.accounts[1]?.pubkey ?? "";
  const user = instruction.accounts[13]?.pubkey ?? "";
  const curveKey = view.dataOf(curveAddress(mint)) === undefined ? undefined : curveAddress(mint);
  if (curveKey === undefined) {
    const message = "The program expected the curve to be already initialized";
    throw new ProgramFailure(ANCHOR_ERRORS.accountNotInitialized, message);
  }
  const curve = parseCurve(readState(view, curveKey, PUMP_PROGRAM, CURVE_TAG));
  const tokenProgram = view.ownerOf(mint) ?? "";
  const rules = curveRules(name, { mint, user, tokenProgram, creator: curve.creator, instruction });
  const accounts = checkAccounts(instruction, rules, signers);
  const global = parseGlobal(readState(view, PUMP_GLOBAL, PUMP_PROGRAM, GLOBAL_TAG));
  const config = readState(view, PUMP_FEE_CONFIG, PUMP_FEES_PROGRAM, FEE_CONFIG_TAG);
  const first = data.readBigUInt64LE(8);
  const second = data.readBigUInt64LE(16);
  checkState(accounts, curve, global);
  const rates = curveRates(curve, global, parseFeeConfig(config));
  const held = readTokens(view, addressOf(accounts, "associated_base_user"), {
    mint,
    tokenProgram,
    owner: user,
  }).quantity;
  const trade = computeTrade(name, { curve, rates, first, second, held });
  return { name, accounts, curve, global, trade, rates };
}

function checkState(accounts: ReadonlyMap<string, string>, curve: Curve, global: PumpGlobal): void {
  if (addressOf(accounts, "quote_mint") !== NATIVE_MINT) {
    throw new ProgramFailure(PUMP_ERRORS.unsupportedQuoteMint, "Unsupported quote mint");
  }
  if (curve.complete) {
    const message = "The bonding curve has completed and liquidity migrated to raydium";
    throw new ProgramFailure(PUMP_ERRORS.bondingCurveComplete, message);
  }
  if (!global.feeRecipients.includes(addressOf(accounts, "fee_recipient"))) {
    const message = "The given account is not authorized to execute this instruction";
    throw new ProgramFailure(PUMP_ERRORS.notAuthorized, message);
  }
  if (!global.buybackRecipients.includes(addressOf(accounts, "buyback_fee_recipient"))) {
    const message = "Buyback fee recipient not authorized";
    throw new ProgramFailure(PUMP_ERRORS.buybackNotAuthorized, message);
  }
}

function meanTrade(
  call: CurveCall,
  view: ModelView,
  options: { nowSeconds(): bigint; onTraded?(mint: string): void },
): ModelMeaning {
  const { accounts, curve, trade, name } = call;
  const mint = addressOf(accounts, "base_mint");
  const curveKey = addressOf(accounts, "bonding_curve");
  const user = addressOf(accounts, "user");
  const side = name === "sell_v2" ? "sell" : "buy";
  const after = curveAfter(curve, side, trade);
  const bytes = view.dataOf(curveKey) ?? new Uint8Array();
  const volume =
    side === "buy"
      ? buyVolume(view, user, addressOf(accounts, "user_volume_accumulator"))
      : NOTHING;
  return {
    kind: "transfers",
    transfers: [...(side === "buy" ? payIn(call, view) : payOut(call, view)), ...volume.transfers],
    writes: [
      { pubkey: curveKey, owner: PUMP_PROGRAM, data: patchCurve(bytes, after) },
      ...volume.writes,
    ],
    events: tellCurveTrade({ ...call, mint, user, side, after, nowSeconds: options.nowSeconds() }),
    logs: [`Program log: Instruction: ${LOG_NAMES[name]}`],
    commit: () => options.onTraded?.(mint),
  };
}

const NOTHING: ReturnType<typeof buyVolume> = { transfers: [], writes: [] };
const LOG_NAMES: Readonly<Record<CurveInstructionName, string>> = {
  buy_v2: "BuyV2",
  buy_exact_quote_in_v2: "BuyExactQuoteInV2",
  sell_v2: "SellV2",
};

/** Who earns what of the fees; the buy-back takes its part of the protocol's. */
function feeShares(call: CurveCall, view: ModelView): { to: string; lamports: bigint }[] {
  const { accounts, trade, global } = call;
  const buyback = (trade.protocolFee * global.buybackBps) / 10_000n;
  const vault = addressOf(accounts, "creator_vault");
  // Somebody's first earnings also pay for the account that takes them.
  const missing = view.lamportsOf(vault) === 0n ? RENT_OF_NOTHING : 0n;
  return [
    { to: addressOf(accounts, "fee_recipient"), lamports: trade.protocolFee - buyback },
    { to: addressOf(accounts, "buyback_fee_recipient"), lamports: buyback },
    { to: vault, lamports: trade.creatorFee === 0n ? 0n : trade.creatorFee + missing },
  ].filter(({ lamports }) => lamports > 0n);
}

function payIn(call: CurveCall, view: ModelView): ModelTransfer[] {
  const from = addressOf(call.accounts, "user");
  const curveKey = addressOf(call.accounts, "bonding_curve");
  return [
    { kind: "sol", from, to: curveKey, lamports: call.trade.net },
    ...feeShares(call, view).map((share) => ({ kind: "sol" as const, from, ...share })),
    moveTokens(call, view, {
      from: addressOf(call.accounts, "associated_base_bonding_curve"),
      to: addressOf(call.accounts, "associated_base_user"),
      authority: curveKey,
    }),
  ];
}

function payOut(call: CurveCall, view: ModelView): ModelTransfer[] {
  const { accounts, trade } = call;
  const from = addressOf(accounts, "bonding_curve");
  const user = addressOf(accounts, "user");
  const lamports = trade.net - trade.protocolFee - trade.creatorFee;
  return [
    moveTokens(call, view, {
      from: addressOf(accounts, "associated_base_user"),
      to: addressOf(accounts, "associated_base_bonding_curve"),
      authority: user,
    }),
    { kind: "payout" as const, from, to: user, lamports },
    ...feeShares(call, view).map((share) => ({ kind: "payout" as const, from, ...share })),
  ].filter((transfer) => transfer.kind !== "payout" || transfer.lamports > 0n);
}

function moveTokens(
  call: CurveCall,
  view: ModelView,
  way: { from: string; to: string; authority: string },
): ModelTransfer {
  const mint = addressOf(call.accounts, "base_mint");
  const tokenProgram = view.ownerOf(mint) ?? TOKEN_PROGRAM;
  const data = view.dataOf(mint) ?? new Uint8Array();
  const decimals =
    parseMintDecimals({ owner: tokenProgram, data, lamports: 1n, executable: false }) ?? 6;
  return { kind: "token", mint, tokenProgram, quantity: call.trade.tokens, decimals, ...way };
}
