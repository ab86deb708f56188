import { type MarketToken, priceE9Of, usdOfLamports, usdPriceOf } from "../../models/market.ts";
import { NATIVE_MINT, TOKEN_PROGRAM, tokenProgramId } from "../../models/token-accounts.ts";
import { json, type SimResponse } from "../http.ts";
import type { Desk } from "./desk.ts";
import { BadRequest } from "./parameters.ts";

const PRICED_MINTS_MAX = 50;
const SEARCHED_MINTS_MAX = 100;
const FOUND_BY_NAME_MAX = 20;
/** Older than every token of this world; the real service also answers a fixed date. */
const NATIVE_CREATED_AT = "2024-06-05T08:55:25.527Z";

/** GET /price/v3: dollars by mint; a mint without a price is left out. */
export function answerPrice(desk: Desk, query: URLSearchParams): SimResponse {
  const ids = (query.get("ids") ?? "").split(",").filter((id) => id !== "");
  if (ids.length === 0) throw new BadRequest("ids is required");
  if (ids.length > PRICED_MINTS_MAX) throw new BadRequest("Too many ids, the limit is 50");
  const entries = ids.flatMap((id): [string, unknown][] => {
    if (id === NATIVE_MINT) return [[id, priceNative(desk)]];
    const token = desk.market.find(id);
    return token === undefined ? [] : [[id, priceToken(desk, token)]];
  });
  return json(200, Object.fromEntries(entries));
}

/** GET /tokens/v2/search: exact mints when there is a comma or a hit, else names and symbols. */
export function answerSearch(desk: Desk, query: URLSearchParams): SimResponse {
  const text = query.get("query")?.trim() ?? "";
  if (text === "") throw new BadRequest("query is required");
  const mints = text.split(",").map((part) => part.trim());
  if (mints.length > SEARCHED_MINTS_MAX) throw new BadRequest("Too many mints, the limit is 100");
  const found = mints.flatMap((mint): Record<string, unknown>[] => {
    if (mint === NATIVE_MINT) return [describeNative(desk)];
    const token = desk.market.find(mint);
    return token === undefined ? [] : [describeToken(desk, token)];
  });
  if (mints.length > 1 || found.length > 0) return json(200, found);
  const needle = text.toLowerCase();
  const named = desk.market.tokens
    .filter(({ spec }) => `${spec.symbol} ${spec.name}`.toLowerCase().includes(needle))
    .slice(0, FOUND_BY_NAME_MAX);
  const native = ["sol", "wrapped sol"].includes(needle) ? [describeNative(desk)] : [];
  return json(200, [...native, ...named.map((token) => describeToken(desk, token))]);
}

function priceNative(desk: Desk): Record<string, unknown> {
  return {
    createdAt: NATIVE_CREATED_AT,
    liquidity: nativeLiquidityUsd(desk),
    usdPrice: Number(desk.market.solUsdE6) / 1_000_000,
    blockId: desk.chain.slot(),
    decimals: 9,
    priceChange24h: 0,
  };
}

function priceToken(desk: Desk, token: MarketToken): Record<string, unknown> {
  return {
    createdAt: new Date(token.createdAtMs).toISOString(),
    liquidity: liquidityUsd(desk, token),
    usdPrice: usdPriceOf(desk.market, token),
    blockId: desk.chain.slot(),
    decimals: token.spec.decimals,
    priceChange24h: changePercent(token),
  };
}

function describeNative(desk: Desk): Record<string, unknown> {
  return {
    id: NATIVE_MINT,
    name: "Wrapped SOL",
    symbol: "SOL",
    icon: null,
    decimals: 9,
    tokenProgram: TOKEN_PROGRAM,
    createdAt: NATIVE_CREATED_AT,
    usdPrice: Number(desk.market.solUsdE6) / 1_000_000,
    liquidity: nativeLiquidityUsd(desk),
    isVerified: true,
    organicScore: 99,
    organicScoreLabel: "high",
    tags: ["verified"],
    audit: { mintAuthorityDisabled: true, freezeAuthorityDisabled: true },
    updatedAt: new Date(desk.clock.nowMs()).toISOString(),
  };
}

function describeToken(desk: Desk, token: MarketToken): Record<string, unknown> {
  const { spec } = token;
  const dev = spec.dev.publicKey.toBase58();
  const usdPrice = usdPriceOf(desk.market, token);
  const supply = Number(spec.supply / 10n ** BigInt(spec.decimals));
  const createdAt = new Date(token.createdAtMs).toISOString();
  return {
    id: token.mint,
    name: spec.name,
    symbol: spec.symbol,
    icon: null,
    decimals: spec.decimals,
    tokenProgram: tokenProgramId(spec.tokenProgram),
    createdAt,
    dev,
    ...(spec.kind === "mint-authority" ? { mintAuthority: dev } : {}),
    ...(spec.kind === "freeze-authority" ? { freezeAuthority: dev } : {}),
    circSupply: supply,
    totalSupply: supply,
    launchpad: isLaunched(token) ? "pump.fun" : null,
    graduatedPool: isLaunched(token) && token.venue !== "pump" ? token.pool : null,
    holderCount: spec.holderCount,
    fdv: usdPrice * supply,
    mcap: usdPrice * supply,
    usdPrice,
    priceBlockId: desk.chain.slot(),
    liquidity: liquidityUsd(desk, token),
    ...describeActivity(token),
    firstPool: { id: token.pool, createdAt },
    audit: describeAudit(desk, token),
    organicScore: spec.organicScore,
    organicScoreLabel:
      spec.organicScore >= 70 ? "high" : spec.organicScore >= 20 ? "medium" : "low",
    isVerified: spec.kind === "normal" && spec.organicScore >= 70,
    tags: [],
    updatedAt: new Date(desk.clock.nowMs()).toISOString(),
  };
}

function isLaunched({ venue }: MarketToken): boolean {
  return venue === "pump" || venue === "pumpswap";
}

/** The flag of suspicion is present or absent; its value says nothing. */
function describeAudit(desk: Desk, token: MarketToken): Record<string, unknown> {
  const { kind } = token.spec;
  return {
    ...(kind === "suspicious" ? { isSus: true } : {}),
    mintAuthorityDisabled: kind !== "mint-authority",
    freezeAuthorityDisabled: kind !== "freeze-authority",
    topHoldersPercentage: desk.onChain.pools.get(token.mint)?.topHoldersPercentage() ?? 0,
    devMints: kind === "rug" || kind === "suspicious" ? 14 : 1,
  };
}

/** One figure for every window: this world keeps no tape of the crowd's trades. */
function describeActivity(token: MarketToken): Record<string, unknown> {
  const traders = Math.ceil(token.spec.holderCount / 10);
  const stats = {
    priceChange: changePercent(token),
    numBuys: traders * 2,
    numSells: traders,
    numTraders: traders,
    numOrganicBuyers: Math.floor((traders * token.spec.organicScore) / 100),
  };
  return { stats5m: stats, stats1h: stats, stats6h: stats, stats24h: stats };
}

function changePercent(token: MarketToken): number {
  const changeE4 = ((priceE9Of(token) - token.priceAtStartE9) * 1_000_000n) / token.priceAtStartE9;
  return Number(changeE4) / 10_000;
}

/** Both sides of a constant-product pool are worth the same. */
function liquidityUsd(desk: Desk, token: MarketToken): number {
  return usdOfLamports(desk.market, token.lamports * 2n);
}

function nativeLiquidityUsd(desk: Desk): number {
  const lamports = desk.market.tokens.reduce((sum, token) => sum + token.lamports, 0n);
  return usdOfLamports(desk.market, lamports);
}
