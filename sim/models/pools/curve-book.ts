import type { MarketToken } from "../market.ts";
import type { ModelTransfer } from "../program-model.ts";
import {
  deriveTokenAccount,
  NATIVE_MINT,
  TOKEN_PROGRAM,
  tokenProgramId,
} from "../token-accounts.ts";
import {
  creatorVault,
  type Curve,
  CURVE_START,
  curveAddress,
  encodeCurve,
  encodeGlobal,
  parseCurve,
  parseGlobal,
  patchCurve,
  PUMP_FEE_CONFIG,
  PUMP_GLOBAL,
  PUMP_PROGRAM,
  worldRecipients,
  wrappedAccount,
} from "./pump-accounts.ts";
import { tellCurveTrade } from "./pump-events.ts";
import { encodeFeeConfig, parseFeeConfig, PUMP_FEES_PROGRAM } from "./pump-fees.ts";
import { buyForBudget, curveAfter, curveRates, type CurveTrade, sellTokens } from "./pump-math.ts";
import { ZERO_KEY } from "./state-bytes.ts";
import type { PoolAccess, PoolChain, RoutedLegs, RoutedParty, VenueBook } from "./venue-book.ts";
import { rentLamports } from "./volume-account.ts";

/** Tokens that the formula counts and nobody can buy. */
const UNSOLD = CURVE_START.virtualToken - CURVE_START.realToken;
/** What stays for sale at any price that a script sets. */
const KEPT_FOR_SALE = CURVE_START.realToken / 100n;
/** Lies in the curve's account for the pool that it moves to. */
export const FOR_MIGRATION = CURVE_START.supply - CURVE_START.realToken;
/** Tokens that the formula counts and that lie nowhere. */
const NOWHERE = CURVE_START.virtualToken - CURVE_START.supply;
const CURVE_RENT = rentLamports(166);
const RENT_OF_NOTHING = 890_880n;

/** Settings that all curves of a world share, and whoever earns their fees. */
export function installCurveSettings(chain: PoolChain, seed: number): void {
  chain.setAccount(PUMP_GLOBAL, { owner: PUMP_PROGRAM, data: encodeGlobal(seed) });
  const fees = { owner: PUMP_FEES_PROGRAM, data: encodeFeeConfig("curve") };
  chain.setAccount(PUMP_FEE_CONFIG, fees);
  for (const label of ["pump-fees", "pump-buyback"]) {
    for (const recipient of worldRecipients(seed, label)) {
      chain.setLamports(recipient, RENT_OF_NOTHING);
    }
  }
}

export function createCurveBook(seed: number, nowSeconds: () => bigint): VenueBook {
  return {
    program: PUMP_PROGRAM,
    label: "Pump.fun",
    adopt(token) {
      token.pool = curveAddress(token.mint);
      token.crowdQuantity += NOWHERE;
      token.bounds = {
        quantityMin: UNSOLD + 1n,
        quantityKept: UNSOLD + KEPT_FOR_SALE,
        quantityMax: CURVE_START.virtualToken,
        lamportsMin: 1n,
      };
    },
    install(chain, token) {
      const curve = token.pool;
      const data = encodeCurve({ ...curveOf(token), creator: creatorOf(token) });
      chain.accounts.setAccount(curve, { owner: PUMP_PROGRAM, data, lamports: CURVE_RENT });
      chain.createTokenAccount(curve, token.mint);
      chain.setLamports(creatorVault(creatorOf(token)), RENT_OF_NOTHING);
      this.place(chain, token);
    },
    place(chain, token) {
      const bytes = chain.accounts.current(token.pool)?.data ?? new Uint8Array();
      const before = parseCurve(bytes);
      if (before.complete) return;
      const curve = { ...before, ...curveOf(token) };
      const data = patchCurve(bytes, { ...curve, creator: before.creator });
      chain.accounts.setAccount(token.pool, {
        owner: PUMP_PROGRAM,
        data,
        lamports: CURVE_RENT + curve.realQuote,
      });
      chain.setTokenQuantity(tokensOf(token), curve.realToken + FOR_MIGRATION);
    },
    read(access, token) {
      const curve = parseCurve(access.dataOf(token.pool) ?? new Uint8Array());
      return { lamports: curve.virtualQuote, quantity: curve.virtualToken };
    },
    accountsOf: (token) => ({
      solVault: token.pool,
      tokenVault: tokensOf(token),
      authority: token.pool,
    }),
    swap: (access, token, side, quantityIn) =>
      routeCurve({ access, token, seed, nowSeconds }, side, quantityIn),
  };
}

export function creatorOf(token: MarketToken): string {
  return token.spec.dev.publicKey.toBase58();
}

function tokensOf(token: MarketToken): string {
  return deriveTokenAccount(token.pool, token.mint, tokenProgramId(token.spec.tokenProgram));
}

/** The crowd buys the last token: the curve is full and nobody trades until it has moved. */
export function completeCurve(chain: PoolChain, token: MarketToken, book: VenueBook): void {
  const product = token.lamports * token.quantity;
  token.crowdQuantity += token.quantity - UNSOLD;
  token.quantity = UNSOLD;
  token.lamports = product / UNSOLD;
  book.place(chain, token);
  const account = chain.accounts.current(token.pool);
  if (account === undefined) throw new Error("expected the curve's account");
  const curve = { ...parseCurve(account.data), complete: true };
  chain.accounts.setAccount(token.pool, { ...account, data: patchCurve(account.data, curve) });
}

export function isCurveComplete(access: PoolAccess, token: MarketToken): boolean {
  return parseCurve(access.dataOf(curveAddress(token.mint)) ?? new Uint8Array()).complete;
}

/** The lamports are what all tokens outside could be sold back for. */
function curveOf({ lamports, quantity }: MarketToken): Curve {
  const floor = (lamports * quantity) / CURVE_START.virtualToken + 1n;
  return {
    virtualToken: quantity,
    virtualQuote: lamports,
    realToken: quantity - UNSOLD,
    realQuote: lamports > floor ? lamports - floor : 0n,
    supply: CURVE_START.supply,
    complete: false,
    creator: ZERO_KEY,
    quoteMint: ZERO_KEY,
    creatorFeeBps: 0n,
  };
}

interface Routed {
  access: PoolAccess;
  token: MarketToken;
  seed: number;
  nowSeconds: () => bigint;
}

function routeCurve(
  routed: Routed,
  side: "buy" | "sell",
  quantityIn: bigint,
): ReturnType<VenueBook["swap"]> {
  const { access, token } = routed;
  const curve = parseCurve(access.dataOf(token.pool) ?? new Uint8Array());
  if (curve.complete || curve.virtualToken === 0n || quantityIn <= 0n) return undefined;
  const global = parseGlobal(access.dataOf(PUMP_GLOBAL) ?? new Uint8Array());
  const config = parseFeeConfig(access.dataOf(PUMP_FEE_CONFIG) ?? new Uint8Array());
  const rates = curveRates(curve, global, config);
  const trade =
    side === "buy" ? buyForBudget(curve, rates, quantityIn) : sellTokens(curve, rates, quantityIn);
  if (trade === undefined || trade.tokens === 0n) return undefined;
  const fees = trade.protocolFee + trade.creatorFee;
  const received = side === "buy" ? trade.tokens : trade.net - fees;
  if (received <= 0n || (side === "sell" && trade.net > curve.realQuote)) return undefined;
  return {
    side,
    quantityIn: side === "buy" ? trade.net + fees : quantityIn,
    quantityOut: received,
    netIn: side === "buy" ? trade.net : quantityIn,
    netOut: side === "buy" ? trade.tokens : trade.net,
    before: { lamports: curve.virtualQuote, quantity: curve.virtualToken },
    legs: (party) => routedLegs(routed, { curve, global, rates, trade, side }, party),
  };
}

interface Priced {
  curve: Curve;
  global: ReturnType<typeof parseGlobal>;
  rates: ReturnType<typeof curveRates>;
  trade: CurveTrade;
  side: "buy" | "sell";
}

/** A curve deals in plain SOL, so the router's till stands between it and wrapped SOL. */
function routedLegs(routed: Routed, priced: Priced, party: RoutedParty): RoutedLegs {
  const { token, access } = routed;
  const { curve, trade, side, global } = priced;
  const after = curveAfter(curve, side, trade);
  const fees = trade.protocolFee + trade.creatorFee;
  const bytes = access.dataOf(token.pool) ?? new Uint8Array();
  const named = { fee_recipient: global.feeRecipients[0] ?? "" };
  return {
    ...(side === "buy"
      ? buyLegs(priced, token, party, trade.net + fees)
      : sellLegs(priced, token, party, trade.net - fees)),
    writes: [{ pubkey: token.pool, owner: PUMP_PROGRAM, data: patchCurve(bytes, after) }],
    events: tellCurveTrade({
      ...priced,
      name: side,
      mint: token.mint,
      user: party.authority,
      after,
      accounts: new Map(Object.entries(named)),
      nowSeconds: routed.nowSeconds(),
    }),
  };
}

function feeShares({ trade, global, curve }: Priced): { to: string; lamports: bigint }[] {
  const buyback = (trade.protocolFee * global.buybackBps) / 10_000n;
  return [
    { to: global.feeRecipients[0] ?? "", lamports: trade.protocolFee - buyback },
    { to: global.buybackRecipients[0] ?? "", lamports: buyback },
    { to: creatorVault(curve.creator), lamports: trade.creatorFee },
  ].filter(({ lamports }) => lamports > 0n);
}

function buyLegs(priced: Priced, token: MarketToken, party: RoutedParty, paid: bigint) {
  const { owner, wrapped } = party.till;
  const sol = { kind: "sol" as const, from: owner };
  const transfers: ModelTransfer[] = [
    { ...wrappedMove(party.solAccount, wrapped, party.authority), quantity: paid },
    { ...sol, to: token.pool, lamports: priced.trade.net },
    ...feeShares(priced).map((share) => ({ ...sol, ...share })),
  ];
  const way = { from: tokensOf(token), to: party.tokenAccount, authority: token.pool };
  return { transfers, out: { ...tokenMove(token, way), quantity: priced.trade.tokens } };
}

function sellLegs(priced: Priced, token: MarketToken, party: RoutedParty, received: bigint) {
  const { owner, wrapped } = party.till;
  const sol = { kind: "payout" as const, from: token.pool };
  const way = { from: party.tokenAccount, to: tokensOf(token), authority: party.authority };
  const transfers: ModelTransfer[] = [
    { ...tokenMove(token, way), quantity: priced.trade.tokens },
    { ...sol, to: owner, lamports: received },
    ...feeShares(priced).map((share) => ({ ...sol, ...share })),
  ];
  return {
    transfers,
    out: { ...wrappedMove(wrapped, party.solAccount, owner), quantity: received },
  };
}

export function wrappedMove(from: string, to: string, authority: string) {
  const mint = { mint: NATIVE_MINT, tokenProgram: TOKEN_PROGRAM, decimals: 9 };
  return { kind: "token" as const, ...mint, from, to, authority };
}

export function tokenMove(
  { mint, spec }: MarketToken,
  way: { from: string; to: string; authority: string },
) {
  const tokenProgram = tokenProgramId(spec.tokenProgram);
  return { kind: "token" as const, mint, tokenProgram, decimals: spec.decimals, ...way };
}

export function tillOf(owner: string): RoutedParty["till"] {
  return { owner, wrapped: wrappedAccount(owner) };
}
