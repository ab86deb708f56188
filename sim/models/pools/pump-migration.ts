import { SYSTEM_PROGRAM } from "../durable-nonce.ts";
import type { ModelEvent, ModelInstruction, ModelMeaning, ModelView } from "../program-model.ts";
import {
  deriveTokenAccount,
  NATIVE_MINT,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from "../token-accounts.ts";
import {
  type AccountRule,
  addressOf,
  ANCHOR_ERRORS,
  checkAccounts,
  ProgramFailure,
  readState,
  readTokens,
} from "./account-checks.ts";
import {
  AMM_CONFIG,
  AMM_EVENT_AUTHORITY,
  AMM_PROGRAM,
  type AmmPool,
  canonicalPool,
  encodeAmmPool,
} from "./amm-accounts.ts";
import { mintDecimals } from "./mint-state.ts";
import {
  type Curve,
  CURVE_TAG,
  curveAddress,
  GLOBAL_TAG,
  parseCurve,
  parseGlobal,
  patchCurve,
  poolAuthority,
  PUMP_EVENT_AUTHORITY,
  PUMP_GLOBAL,
  PUMP_PROGRAM,
  wrappedAccount,
} from "./pump-accounts.ts";
import { ASSOCIATED_TOKEN_PROGRAM } from "./pump-rules.ts";
import { anchorTag, StateWriter } from "./state-bytes.ts";
import { rentLamports } from "./volume-account.ts";

export const MIGRATE_TAG = anchorTag("global", "migrate_v2");
export const MIGRATION_ERRORS = { notComplete: 6006, alreadyMigrated: 6081 } as const;
const POOL_BYTES = 300;
const RENT_SYSVAR = "SysvarRent111111111111111111111111111111111";

/** The account list of a curve's move, in its order. */
export function migrationRules(mint: string, tokenProgram: string): AccountRule[] {
  const { address, pool } = canonicalPool(mint, tokenProgram, mint);
  const curve = curveAddress(mint);
  const authority = poolAuthority(mint);
  const isWritable = true;
  const at = (owner: string) => deriveTokenAccount(owner, mint, tokenProgram);
  const liquidity = deriveTokenAccount(authority, pool.lpMint, TOKEN_2022_PROGRAM);
  return [
    { name: "global", address: PUMP_GLOBAL },
    { name: "withdraw_authority", isWritable },
    { name: "base_mint", address: mint },
    { name: "quote_mint", address: NATIVE_MINT },
    { name: "bonding_curve", address: curve, isWritable },
    { name: "associated_base_bonding_curve", address: at(curve), isWritable },
    { name: "associated_quote_bonding_curve", address: wrappedAccount(curve), isWritable },
    { name: "user", isWritable, isSigner: true },
    { name: "system_program", address: SYSTEM_PROGRAM },
    { name: "pump_amm", address: AMM_PROGRAM },
    { name: "pool", address, isWritable },
    { name: "pool_authority", address: authority, isWritable },
    { name: "pool_authority_mint_account", address: at(authority), isWritable },
    { name: "pool_authority_quote_account", address: wrappedAccount(authority), isWritable },
    { name: "amm_global_config", address: AMM_CONFIG },
    { name: "lp_mint", address: pool.lpMint, isWritable },
    { name: "user_pool_token_account", address: liquidity, isWritable },
    { name: "pool_base_token_account", address: pool.baseVault, isWritable },
    { name: "pool_quote_token_account", address: pool.quoteVault, isWritable },
    { name: "base_token_program", address: tokenProgram },
    { name: "quote_token_program", address: TOKEN_PROGRAM },
    { name: "token_2022_program", address: TOKEN_2022_PROGRAM },
    { name: "associated_token_program", address: ASSOCIATED_TOKEN_PROGRAM },
    { name: "pump_amm_event_authority", address: AMM_EVENT_AUTHORITY },
    { name: "rent", address: RENT_SYSVAR },
    { name: "event_authority", address: PUMP_EVENT_AUTHORITY },
    { name: "program", address: PUMP_PROGRAM },
  ];
}

/**
 * Everything that a full curve holds, less the fee of the move, becomes its pool. Whoever calls it
 * lends the wrapped SOL and gets the curve's plain SOL for it; the fee stays with him.
 * @throws ProgramFailure with the code of the program
 */
export function meanMigration(
  instruction: ModelInstruction,
  view: ModelView,
  signers: readonly string[],
  options: { nowSeconds(): bigint; onMoved?(mint: string): void },
): ModelMeaning {
  const mint = instruction.accounts[2]?.pubkey ?? "";
  const tokenProgram = view.ownerOf(mint) ?? "";
  if (tokenProgram === "") {
    throw new ProgramFailure(ANCHOR_ERRORS.accountNotInitialized, "the token does not exist");
  }
  const accounts = checkAccounts(instruction, migrationRules(mint, tokenProgram), signers);
  const bytes = readState(view, curveAddress(mint), PUMP_PROGRAM, CURVE_TAG);
  const curve = parseCurve(bytes);
  if (!curve.complete) {
    const message = "The bonding curve has not completed";
    throw new ProgramFailure(MIGRATION_ERRORS.notComplete, message);
  }
  if (curve.virtualToken === 0n) {
    const message = "Bonding curve has already migrated";
    throw new ProgramFailure(MIGRATION_ERRORS.alreadyMigrated, message);
  }
  const { migrationFee } = parseGlobal(readState(view, PUMP_GLOBAL, PUMP_PROGRAM, GLOBAL_TAG));
  const kind = { mint, tokenProgram, owner: curveAddress(mint) };
  const tokens = readTokens(view, addressOf(accounts, "associated_base_bonding_curve"), kind);
  const move: Move = {
    accounts,
    mint,
    tokenProgram,
    curve,
    pool: canonicalPool(mint, tokenProgram, curve.creator).pool,
    tokens: tokens.quantity,
    lamports: curve.realQuote - migrationFee,
    migrationFee,
    decimals: mintDecimals(view, mint),
    nowSeconds: options.nowSeconds(),
  };
  const empty = { ...curve, virtualToken: 0n, virtualQuote: 0n, realToken: 0n, realQuote: 0n };
  const poolKey = addressOf(accounts, "pool");
  return {
    kind: "transfers",
    transfers: meanMoves(move, view.lamportsOf(poolKey)),
    writes: [
      { pubkey: curveAddress(mint), owner: PUMP_PROGRAM, data: patchCurve(bytes, empty) },
      { pubkey: poolKey, owner: AMM_PROGRAM, data: encodeAmmPool(move.pool) },
    ],
    events: tellMove(move),
    logs: ["Program log: Instruction: MigrateV2"],
    commit: () => options.onMoved?.(mint),
  };
}

interface Move {
  accounts: ReadonlyMap<string, string>;
  mint: string;
  tokenProgram: string;
  curve: Curve;
  pool: AmmPool;
  tokens: bigint;
  lamports: bigint;
  migrationFee: bigint;
  decimals: number;
  nowSeconds: bigint;
}

function meanMoves(move: Move, held: bigint) {
  const { accounts, mint, tokenProgram, pool, decimals } = move;
  const curve = addressOf(accounts, "bonding_curve");
  const user = addressOf(accounts, "user");
  const rent = rentLamports(POOL_BYTES) - held;
  const opening = { kind: "sol" as const, from: user, to: addressOf(accounts, "pool") };
  return [
    {
      kind: "token" as const,
      mint,
      tokenProgram,
      decimals,
      from: addressOf(accounts, "associated_base_bonding_curve"),
      to: pool.baseVault,
      authority: curve,
      quantity: move.tokens,
    },
    { kind: "payout" as const, from: curve, to: user, lamports: move.curve.realQuote },
    {
      kind: "token" as const,
      mint: NATIVE_MINT,
      tokenProgram: TOKEN_PROGRAM,
      decimals: 9,
      from: wrappedAccount(user),
      to: pool.quoteVault,
      authority: user,
      quantity: move.lamports,
    },
    ...(rent > 0n ? [{ ...opening, lamports: rent }] : []),
  ];
}

function tellMove(move: Move): ModelEvent[] {
  const { accounts, mint, tokens, lamports, nowSeconds } = move;
  const pool = addressOf(accounts, "pool");
  const user = addressOf(accounts, "user");
  const moved = new StateWriter()
    .raw(anchorTag("event", "CompletePumpAmmMigrationEvent"))
    .key(user, mint)
    .u64(tokens, lamports, move.migrationFee)
    .key(curveAddress(mint))
    .i64(nowSeconds)
    .key(pool, NATIVE_MINT)
    .bytes();
  const created = { programId: AMM_PROGRAM, eventAuthority: AMM_EVENT_AUTHORITY };
  return [
    { ...created, data: createdEvent(move, pool) },
    { programId: PUMP_PROGRAM, eventAuthority: PUMP_EVENT_AUTHORITY, data: moved },
  ];
}

function createdEvent(move: Move, address: string): Uint8Array {
  const { accounts, mint, pool, tokens, lamports } = move;
  return new StateWriter()
    .raw(anchorTag("event", "CreatePoolEvent"))
    .i64(move.nowSeconds)
    .u16(0)
    .key(pool.creator, mint, NATIVE_MINT)
    .u8(move.decimals)
    .u8(9)
    .u64(tokens, lamports, tokens, lamports, 100n, pool.lpSupply, pool.lpSupply)
    .u8(255)
    .key(address, pool.lpMint)
    .key(addressOf(accounts, "pool_authority_mint_account"))
    .key(addressOf(accounts, "pool_authority_quote_account"))
    .key(pool.coinCreator)
    .u8(false)
    .u64(pool.creatorFeeBps)
    .u8(false)
    .u8(false)
    .bytes();
}
