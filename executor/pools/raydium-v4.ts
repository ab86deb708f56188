import { ByteReader } from "./byte-reader.ts";
import type { PoolCommon, PoolInstruction, PoolOrder, PoolQuote, PoolRef } from "./direct-pool.ts";
import type { PoolSide } from "./direct-pool.ts";
import { readOnly, signing, writable, writeU64 } from "./instruction-data.ts";
import { impactBps } from "./price-impact.ts";
import { createdAddress, keyBytes, programAddress, tokenAccountOf } from "./program-address.ts";
import { RAYDIUM_V4_PROGRAM, TOKEN_PROGRAM, WSOL_MINT } from "./programs.ts";
import { rememberBytes } from "./remembered.ts";
import { mintSupplyOf, tokenBalanceOf } from "./token-bytes.ts";
import { unusable, type PoolUnusable } from "./unusable.ts";

/** The pool's account; its two tokens are called coin and pc, as on the order book behind it. */
export interface V4State {
  readonly status: bigint;
  readonly swapFee: { readonly numerator: bigint; readonly denominator: bigint };
  /** Share of the fee that the protocol takes. */
  readonly protocolShare: { readonly numerator: bigint; readonly denominator: bigint };
  /** In the vaults and no part of the reserves, coin and pc. */
  readonly owed: readonly [bigint, bigint];
  readonly vaults: readonly [string, string];
  readonly mints: readonly [string, string];
  readonly openOrders: string;
  readonly market: string;
  readonly marketProgram: string;
  readonly targetOrders: string;
}

/** The order book that the pool once traded on; its accounts are named in every swap. */
interface V4Market {
  readonly bids: string;
  readonly asks: string;
  readonly eventQueue: string;
  readonly vaults: readonly [string, string];
  readonly nonce: Uint8Array;
}

export interface V4Pool extends PoolCommon {
  readonly kind: "raydium-v4";
  readonly state: V4State;
  readonly market: V4Market;
  readonly vaultSigner: string;
  /** Which of the two tokens is SOL. */
  readonly solAt: 0 | 1;
}

const AUTHORITY = programAddress(RAYDIUM_V4_PROGRAM, ["amm authority"]);
const STATE_BYTES_MIN = 624;
const MARKET_BYTES_MIN = 349;
/** Open for swaps: created, and swaps without an order book. */
const OPEN_STATUSES: readonly bigint[] = [1n, 6n];
/** Waits for its opening time, which the first swap after it notices. */
const STATUS_WAITING = 7n;
const SWAP_BASE_IN = 9;
const QUANTITY_IN_AT = 1;
const QUANTITY_OUT_MIN_AT = 9;
const DATA_BYTES = 17;

const marketOf = rememberBytes(decodeV4Market);

export function decodeV4State(bytes: Uint8Array): V4State | undefined {
  if (bytes.length < STATE_BYTES_MIN) return undefined;
  const reader = new ByteReader(bytes);
  const status = reader.u64();
  reader.skip(15 * 8 + 4 * 8);
  const protocolShare = { numerator: reader.u64(), denominator: reader.u64() };
  const swapFee = { numerator: reader.u64(), denominator: reader.u64() };
  const owed = [reader.u64(), reader.u64()] as const;
  reader.skip(128);
  const vaults = [reader.key(), reader.key()] as const;
  const mints = [reader.key(), reader.key()] as const;
  reader.skip(32);
  const [openOrders, market, marketProgram] = [reader.key(), reader.key(), reader.key()];
  const targetOrders = reader.key();
  if (swapFee.denominator === 0n || protocolShare.denominator === 0n) return undefined;
  return {
    status,
    swapFee,
    protocolShare,
    owed,
    vaults,
    mints,
    openOrders,
    market,
    marketProgram,
    targetOrders,
  };
}

function decodeV4Market(bytes: Uint8Array): V4Market | undefined {
  if (bytes.length < MARKET_BYTES_MIN) return undefined;
  const nonce = bytes.slice(45, 53);
  const at = (offset: number) => new ByteReader(bytes, offset).key();
  const vaults = [at(117), at(165)] as const;
  return { bids: at(285), asks: at(317), eventQueue: at(253), vaults, nonce };
}

export function v4RefFromAccount(
  address: string,
  bytes: Uint8Array,
  tokenProgram: string,
): PoolRef | PoolUnusable {
  const state = decodeV4State(bytes);
  if (state === undefined) return unusable("corrupt", "This is no readable Raydium pool.");
  const solAt = state.mints.indexOf(WSOL_MINT);
  const mint = state.mints[solAt === 0 ? 1 : 0];
  if (solAt === -1) {
    return unusable("unsupported", "The pool trades against something other than SOL.");
  }
  const watch = [address, ...state.vaults, state.market, mint];
  return { kind: "raydium-v4", mint, address, tokenProgram, watch };
}

export function decodeV4Pool(
  ref: PoolRef,
  accounts: ReadonlyMap<string, Uint8Array>,
): V4Pool | PoolUnusable {
  const found = ref.watch.map((address) => accounts.get(address));
  const [poolBytes, coinBytes, pcBytes, marketBytes, mintBytes] = found;
  if (poolBytes === undefined) return unusable("missing", "The Raydium pool is not known yet.");
  if (coinBytes === undefined || pcBytes === undefined || mintBytes === undefined) {
    return unusable("missing", "What the Raydium pool holds is not known yet.");
  }
  if (marketBytes === undefined) {
    return unusable("missing", "The order book behind the Raydium pool is not known yet.");
  }
  const state = decodeV4State(poolBytes);
  const market = marketOf(marketBytes);
  const held = [tokenBalanceOf(coinBytes), tokenBalanceOf(pcBytes)] as const;
  const supply = mintSupplyOf(mintBytes);
  const isReadable = held[0] !== undefined && held[1] !== undefined && supply !== undefined;
  if (state === undefined || market === undefined || !isReadable) {
    return unusable("corrupt", "The Raydium pool is unreadable.");
  }
  const refused = refuse(ref, state);
  if (refused !== undefined) return refused;
  const signer = createdAddress(state.marketProgram, [keyBytes(state.market), market.nonce]);
  if (signer === undefined) {
    return unusable("corrupt", "The order book behind the Raydium pool is unreadable.");
  }
  const reserves = [held[0] - state.owed[0], held[1] - state.owed[1]] as const;
  if (reserves[0] <= 0n || reserves[1] <= 0n) {
    return unusable("disabled", "The Raydium pool is empty.");
  }
  const solAt = state.mints[0] === WSOL_MINT ? 0 : 1;
  return {
    kind: "raydium-v4",
    ref,
    state,
    market,
    vaultSigner: signer,
    solAt,
    supply,
    baseReserve: solAt === 0 ? reserves[1] : reserves[0],
    quoteReserve: reserves[solAt],
    accountsKey: `${state.market} ${state.openOrders} ${state.targetOrders}`,
  };
}

function refuse(ref: PoolRef, state: V4State): PoolUnusable | undefined {
  if (!state.mints.includes(WSOL_MINT)) {
    return unusable("unsupported", "The pool trades against something other than SOL.");
  }
  if (ref.tokenProgram !== TOKEN_PROGRAM) {
    return unusable("unsupported", "These Raydium pools trade tokens of the older program only.");
  }
  const isOwn =
    state.mints.includes(ref.mint) &&
    ref.watch[1] === state.vaults[0] &&
    ref.watch[2] === state.vaults[1] &&
    ref.watch[3] === state.market;
  if (!isOwn) return unusable("corrupt", "The Raydium pool is not that of this token.");
  if (state.status === STATUS_WAITING) {
    return unusable("disabled", "The Raydium pool waits for its first trade.");
  }
  const isOpen = OPEN_STATUSES.includes(state.status);
  return isOpen ? undefined : unusable("disabled", "The Raydium pool accepts no trades.");
}

/** The fee is taken from what goes in, rounded up; the constant product gives the rest. */
export function quoteV4(pool: V4Pool, side: PoolSide, quantityIn: bigint): PoolQuote {
  const { swapFee, protocolShare } = pool.state;
  const isBuy = side === "buy";
  const [reserveIn, reserveOut] = isBuy
    ? [pool.quoteReserve, pool.baseReserve]
    : [pool.baseReserve, pool.quoteReserve];
  const fee = (quantityIn * swapFee.numerator + swapFee.denominator - 1n) / swapFee.denominator;
  const netIn = quantityIn - fee;
  const out = netIn <= 0n ? 0n : (netIn * reserveOut) / (reserveIn + netIn);
  // A sale's fee is tokens: it is worth what the same tokens brought in this trade.
  const feeLamports = isBuy || netIn <= 0n ? fee : (fee * out) / netIn;
  const protocol = (feeLamports * protocolShare.numerator) / protocolShare.denominator;
  return {
    quantityInUsed: quantityIn,
    quantityOut: out,
    feeLamports,
    feeParts: { lp: feeLamports - protocol, protocol, creator: 0n },
    priceImpactBps: impactBps({ netIn, quantityOut: out, reserveIn, reserveOut }),
  };
}

export function v4Instruction(pool: V4Pool, order: PoolOrder): PoolInstruction {
  const { ref } = pool;
  const { wallet, side } = order;
  const tokens = tokenAccountOf(wallet, ref.mint, TOKEN_PROGRAM);
  const wrapped = tokenAccountOf(wallet, WSOL_MINT, TOKEN_PROGRAM);
  const [source, target] = side === "buy" ? [wrapped, tokens] : [tokens, wrapped];
  const data = new Uint8Array(DATA_BYTES);
  data[0] = SWAP_BASE_IN;
  writeU64(data, QUANTITY_IN_AT, order.quantityIn);
  writeU64(data, QUANTITY_OUT_MIN_AT, order.quantityOutMin);
  return {
    programId: RAYDIUM_V4_PROGRAM,
    accounts: [...poolAccounts(pool), writable(source), writable(target), signing(wallet)],
    data,
    quantityInAt: QUANTITY_IN_AT,
    quantityOutMinAt: QUANTITY_OUT_MIN_AT,
    needs: [
      { address: tokens, mint: ref.mint, tokenProgram: TOKEN_PROGRAM, use: "token" },
      { address: wrapped, mint: WSOL_MINT, tokenProgram: TOKEN_PROGRAM, use: "wrapped-sol" },
    ],
  };
}

function poolAccounts({ ref, state, market, vaultSigner }: V4Pool): PoolInstruction["accounts"] {
  return [
    readOnly(TOKEN_PROGRAM),
    writable(ref.address),
    readOnly(AUTHORITY),
    writable(state.openOrders),
    writable(state.targetOrders),
    writable(state.vaults[0]),
    writable(state.vaults[1]),
    readOnly(state.marketProgram),
    writable(state.market),
    writable(market.bids),
    writable(market.asks),
    writable(market.eventQueue),
    writable(market.vaults[0]),
    writable(market.vaults[1]),
    readOnly(vaultSigner),
  ];
}
