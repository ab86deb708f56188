import type { MarketToken } from "../market.ts";
import { NATIVE_MINT, TOKEN_PROGRAM, tokenProgramId } from "../token-accounts.ts";
import {
  CPMM_AUTHORITY,
  CPMM_CONFIG,
  CPMM_PROGRAM,
  cpmmMints,
  cpmmObservation,
  cpmmPoolAddress,
  type CpmmPoolState,
  cpmmVault,
  encodeCpmmConfig,
  encodeCpmmPool,
  owedOf,
  parseCpmmConfig,
  parseCpmmPool,
} from "./cpmm-accounts.ts";
import { computeCpmmTrade, cpmmAfter } from "./cpmm-math.ts";
import { creatorOf, tokenMove, wrappedMove } from "./curve-book.ts";
import { createVault } from "./vault-account.ts";
import type { PoolAccess, PoolChain, RoutedLegs, RoutedParty, VenueBook } from "./venue-book.ts";

const OBSERVATION_BYTES = 4_075;
/** In some pools the creator earns, in either token or always in the first. */
const CREATOR_FEE_KINDS = 4;

export function installCpmmSettings(chain: PoolChain): void {
  chain.setAccount(CPMM_CONFIG, { owner: CPMM_PROGRAM, data: encodeCpmmConfig() });
}

/** `numberOf` counts a venue's tokens, so that each pool has another kind of creator's fee. */
export function createCpmmBook(numberOf: (token: MarketToken) => number): VenueBook {
  return {
    program: CPMM_PROGRAM,
    label: "Raydium CP",
    adopt(token) {
      token.pool = cpmmPoolAddress(token.mint);
      const at = cpmmMints(token.mint)[0] === token.mint ? 0 : 1;
      token.crowdQuantity -= owedOf(startOf(token, numberOf(token)), at);
    },
    install(chain, token) {
      const pool = startOf(token, numberOf(token));
      chain.setAccount(token.pool, { owner: CPMM_PROGRAM, data: encodeCpmmPool(pool) });
      const observation = { owner: CPMM_PROGRAM, data: new Uint8Array(OBSERVATION_BYTES) };
      chain.setAccount(pool.observation, observation);
      for (const at of [0, 1] as const) {
        const kind = { mint: pool.mints[at], tokenProgram: pool.programs[at] };
        createVault(chain, pool.vaults[at], { ...kind, owner: CPMM_AUTHORITY });
      }
      this.place(chain, token);
    },
    place(chain, token) {
      const pool = parseCpmmPool(chain.accounts.current(token.pool)?.data ?? new Uint8Array());
      for (const at of [0, 1] as const) {
        const reserve = pool.mints[at] === NATIVE_MINT ? token.lamports : token.quantity;
        chain.setTokenQuantity(pool.vaults[at], reserve + owedOf(pool, at));
      }
    },
    read(access, token) {
      const pool = parseCpmmPool(access.dataOf(token.pool) ?? new Uint8Array());
      const solAt = pool.mints[0] === NATIVE_MINT ? 0 : 1;
      return {
        lamports: reserveOf(access, pool, solAt),
        quantity: reserveOf(access, pool, solAt === 0 ? 1 : 0),
      };
    },
    accountsOf: (token) => ({
      solVault: cpmmVault(token.pool, NATIVE_MINT),
      tokenVault: cpmmVault(token.pool, token.mint),
      authority: CPMM_AUTHORITY,
    }),
    swap: routeCpmm,
  };
}

function startOf(token: MarketToken, number: number): CpmmPoolState {
  const { mint, pool, spec } = token;
  const mints = cpmmMints(mint);
  const programOf = (key: string) =>
    key === NATIVE_MINT ? TOKEN_PROGRAM : tokenProgramId(spec.tokenProgram);
  const decimalsOf = (key: string) => (key === NATIVE_MINT ? 9 : spec.decimals);
  const kind = number % CREATOR_FEE_KINDS;
  return {
    creator: creatorOf(token),
    vaults: [cpmmVault(pool, mints[0]), cpmmVault(pool, mints[1])],
    mints,
    programs: [programOf(mints[0]), programOf(mints[1])],
    decimals: [decimalsOf(mints[0]), decimalsOf(mints[1])],
    observation: cpmmObservation(pool),
    status: 0,
    // Fees that nobody has collected yet: whoever takes the vaults for the reserves is wrong.
    protocolFees: [7_654_321n, 1_234_567n],
    fundFees: [2_345_678n, 345_678n],
    creatorFeeOn: kind === 0 ? 0 : kind - 1,
    isCreatorFeeEnabled: kind > 0,
    creatorFees: [0n, 0n],
  };
}

function reserveOf(access: PoolAccess, pool: CpmmPoolState, at: 0 | 1): bigint {
  return (access.tokenAmountOf(pool.vaults[at]) ?? 0n) - owedOf(pool, at);
}

function routeCpmm(
  access: PoolAccess,
  token: MarketToken,
  side: "buy" | "sell",
  quantityIn: bigint,
): ReturnType<VenueBook["swap"]> {
  const data = access.dataOf(token.pool);
  if (data === undefined || quantityIn <= 0n) return undefined;
  const pool = parseCpmmPool(data);
  const config = parseCpmmConfig(access.dataOf(CPMM_CONFIG) ?? new Uint8Array());
  const solAt = pool.mints[0] === NATIVE_MINT ? 0 : 1;
  const inAt = (side === "buy") === (solAt === 0) ? 0 : 1;
  const outAt = inAt === 0 ? 1 : 0;
  const reserves = { in: reserveOf(access, pool, inAt), out: reserveOf(access, pool, outAt) };
  if (reserves.in <= 0n || reserves.out <= 0n) return undefined;
  const trade = computeCpmmTrade(pool, config, inAt, quantityIn, reserves);
  if (trade === undefined || trade.out <= 0n) return undefined;
  const vaults = { in: pool.vaults[inAt], out: pool.vaults[outAt] };
  const after = encodeCpmmPool(cpmmAfter(pool, inAt, trade));
  return {
    side,
    quantityIn,
    quantityOut: trade.out,
    netIn: trade.netIn,
    netOut: trade.grossOut,
    before: {
      lamports: side === "buy" ? reserves.in : reserves.out,
      quantity: side === "buy" ? reserves.out : reserves.in,
    },
    legs: (party) => ({
      ...swapVaults(token, side, party, {
        authority: CPMM_AUTHORITY,
        vaults,
        quantityIn,
        quantityOut: trade.out,
      }),
      writes: [{ pubkey: token.pool, owner: CPMM_PROGRAM, data: after }],
      events: [],
    }),
  };
}

/** The plain kind of swap: everything into one vault, the output from the other. */
export function swapVaults(
  token: MarketToken,
  side: "buy" | "sell",
  party: RoutedParty,
  swap: {
    authority: string;
    vaults: { in: string; out: string };
    quantityIn: bigint;
    quantityOut: bigint;
  },
): Pick<RoutedLegs, "transfers" | "out"> {
  const { authority, vaults } = swap;
  const quantity = swap.quantityIn;
  if (side === "buy") {
    const paid = wrappedMove(party.solAccount, vaults.in, party.authority);
    const way = { from: vaults.out, to: party.tokenAccount, authority };
    const out = { ...tokenMove(token, way), quantity: swap.quantityOut };
    return { transfers: [{ ...paid, quantity }], out };
  }
  const way = { from: party.tokenAccount, to: vaults.in, authority: party.authority };
  const out = wrappedMove(vaults.out, party.solAccount, authority);
  return {
    transfers: [{ ...tokenMove(token, way), quantity }],
    out: { ...out, quantity: swap.quantityOut },
  };
}
