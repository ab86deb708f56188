import type { ModelInstruction, ModelMeaning, ModelView, ProgramModel } from "../program-model.ts";
import { parseTokenHolding, TOKEN_PROGRAM, type TokenHolding } from "../token-accounts.ts";
import { ProgramFailure } from "./account-checks.ts";
import { StateWriter } from "./state-bytes.ts";
import { parseV4Pool, V4_AUTHORITY, V4_PROGRAM, type V4PoolState } from "./v4-accounts.ts";

/** The program is older than the framework and numbers its errors from zero. */
export const V4_ERRORS = {
  invalidProgramAddress: 1,
  expectedAccount: 3,
  invalidCoinVault: 4,
  invalidPcVault: 5,
  invalidSignAccount: 21,
  invalidStatus: 22,
  invalidInstruction: 23,
  wrongAccountsNumber: 24,
  invalidAmmOwner: 27,
  invalidInput: 29,
  exceededSlippage: 30,
  invalidTokenProgram: 38,
  insufficientFunds: 40,
  invalidUserToken: 42,
} as const;

const SWAP_BASE_IN = 9;
const ACCOUNTS = 18;
const OPEN_STATUSES: readonly bigint[] = [1n, 6n, 7n];
const FEE_NUMERATOR = 25n;
const FEE_DENOMINATOR = 10_000n;
const LOG_SWAP_BASE_IN = 3;

interface V4Call {
  quantityIn: bigint;
  quantityOutMin: bigint;
  pool: V4PoolState;
  poolKey: string;
  source: { pubkey: string; holding: TokenHolding };
  target: { pubkey: string };
  owner: string;
  inAt: 0 | 1;
  reserves: readonly [bigint, bigint];
  out: bigint;
}

/** Raydium's AMM v4 program over the accounts of its pools, without the order book. */
export function createV4Program(onTraded: (pool: string) => void): ProgramModel {
  return {
    programId: V4_PROGRAM,
    authorities: () => new Set([V4_AUTHORITY]),
    interpret(instruction, view, signers) {
      try {
        return meanSwap(readCall(instruction, view, signers), onTraded);
      } catch (error) {
        if (!(error instanceof ProgramFailure)) throw error;
        return { kind: "error", code: error.code, logs: [`Program log: Error: ${error.message}`] };
      }
    },
  };
}

function readCall(
  instruction: ModelInstruction,
  view: ModelView,
  signers: readonly string[],
): V4Call {
  const data = Buffer.from(instruction.data);
  if (data[0] !== SWAP_BASE_IN || data.length < 17) fail("invalidInstruction");
  // The target orders may be left out; whoever does gives one account less.
  const count = instruction.accounts.length;
  if (count !== ACCOUNTS && count !== ACCOUNTS - 1) fail("wrongAccountsNumber");
  const shift = ACCOUNTS - count;
  const at = (index: number) => instruction.accounts[index]?.pubkey ?? "";
  const owner = at(17 - shift);
  const isSigner = instruction.accounts[17 - shift]?.isSigner === true;
  const poolKey = at(1);
  const bytes = view.dataOf(poolKey);
  if (view.ownerOf(poolKey) !== V4_PROGRAM) fail("invalidAmmOwner");
  if (bytes === undefined || bytes.length !== 752) fail("expectedAccount");
  const pool = parseV4Pool(bytes);
  if (!isSigner || !signers.includes(owner)) fail("invalidSignAccount");
  if (at(0) !== TOKEN_PROGRAM) fail("invalidTokenProgram");
  if (at(2) !== V4_AUTHORITY) fail("invalidProgramAddress");
  if (at(5 - shift) !== pool.vaults[0]) fail("invalidCoinVault");
  if (at(6 - shift) !== pool.vaults[1]) fail("invalidPcVault");
  const [sourceKey, targetKey] = [at(15 - shift), at(16 - shift)];
  if ([sourceKey, targetKey].some((key) => pool.vaults.includes(key))) fail("invalidUserToken");
  const source = readHolding(view, sourceKey);
  const target = readHolding(view, targetKey);
  if (!OPEN_STATUSES.includes(pool.status)) fail("invalidStatus");
  const inAt = source.mint === pool.mints[0] ? 0 : 1;
  const outAt = inAt === 0 ? 1 : 0;
  if (source.mint !== pool.mints[inAt] || target.mint !== pool.mints[outAt]) {
    fail("invalidUserToken");
  }
  const quantityIn = data.readBigUInt64LE(1);
  if (source.quantity < quantityIn) fail("insufficientFunds");
  const reserves = [reserveOf(view, pool, 0), reserveOf(view, pool, 1)] as const;
  const out = swapV4(quantityIn, reserves[inAt], reserves[outAt]);
  const quantityOutMin = data.readBigUInt64LE(9);
  if (out < quantityOutMin) fail("exceededSlippage");
  if (out === 0n || quantityIn === 0n) fail("invalidInput");
  if (out >= reserves[outAt]) fail("insufficientFunds");
  return {
    quantityIn,
    quantityOutMin,
    pool,
    poolKey,
    source: { pubkey: sourceKey, holding: source },
    target: { pubkey: targetKey },
    owner,
    inAt,
    reserves,
    out,
  };
}

/** A quarter of a percent of what goes in stays in the pool, rounded up. */
export function swapV4(quantityIn: bigint, reserveIn: bigint, reserveOut: bigint): bigint {
  const fee = (quantityIn * FEE_NUMERATOR + FEE_DENOMINATOR - 1n) / FEE_DENOMINATOR;
  const net = quantityIn - fee;
  return (reserveOut * net) / (reserveIn + net);
}

function reserveOf(view: ModelView, pool: V4PoolState, at: 0 | 1): bigint {
  return (view.tokenAmountOf(pool.vaults[at]) ?? 0n) - pool.owed[at];
}

function readHolding(view: ModelView, pubkey: string): TokenHolding {
  const owner = view.ownerOf(pubkey) ?? "";
  const data = view.dataOf(pubkey) ?? new Uint8Array();
  const holding = parseTokenHolding({ data, owner, lamports: 1n, executable: false });
  if (holding === undefined || owner !== TOKEN_PROGRAM) fail("invalidTokenProgram");
  return holding;
}

function fail(name: keyof typeof V4_ERRORS): never {
  throw new ProgramFailure(V4_ERRORS[name], name);
}

function meanSwap(call: V4Call, onTraded: (pool: string) => void): ModelMeaning {
  const { pool, inAt, source, target } = call;
  const outAt = inAt === 0 ? 1 : 0;
  const side = (at: 0 | 1) => ({
    kind: "token" as const,
    mint: pool.mints[at],
    tokenProgram: TOKEN_PROGRAM,
    decimals: pool.decimals[at],
  });
  return {
    kind: "transfers",
    transfers: [
      {
        ...side(inAt),
        from: source.pubkey,
        to: pool.vaults[inAt],
        authority: call.owner,
        quantity: call.quantityIn,
      },
      {
        ...side(outAt),
        from: pool.vaults[outAt],
        to: target.pubkey,
        authority: V4_AUTHORITY,
        quantity: call.out,
      },
    ],
    logs: [`Program log: ray_log: ${swapLog(call)}`],
    commit: () => onTraded(call.poolKey),
  };
}

function swapLog({ quantityIn, quantityOutMin, inAt, source, reserves, out }: V4Call): string {
  const direction = inAt === 1 ? 1n : 2n;
  const bytes = new StateWriter()
    .u8(LOG_SWAP_BASE_IN)
    .u64(quantityIn, quantityOutMin, direction, source.holding.quantity, ...reserves, out)
    .bytes();
  return Buffer.from(bytes).toString("base64");
}
