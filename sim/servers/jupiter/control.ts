import { type MarketToken, PRICE_SCALE, priceE9Of } from "../../models/market.ts";
import { NATIVE_MINT } from "../../models/token-accounts.ts";
import { json, type SimRequest, type SimResponse } from "../http.ts";
import type { Desk, MovableClock } from "./desk.ts";
import { MALICE_KINDS } from "./malice.ts";
import { BadRequest } from "./parameters.ts";

const PRICE_DECIMALS = 18;

/** `/world/...`: what a script, a test or a person at the chat page may do to this market. */
export function answerControl(desk: Desk, clock: MovableClock, request: SimRequest): SimResponse {
  const route = `${request.method} ${request.path}`;
  if (route === "GET /world/market") return json(200, describeMarket(desk));
  if (route === "GET /world/malice") return json(200, { malice: desk.malice.list() });
  if (route === "DELETE /world/malice") {
    desk.malice.clear();
    return json(200, { malice: [] });
  }
  const body = request.method === "POST" ? readBody(request) : undefined;
  if (body === undefined) return json(404, { error: "Not found" });
  if (request.path === "/world/prices") return setPrice(desk, body);
  if (request.path === "/world/malice") return addMalice(desk, body);
  if (request.path === "/world/pools") return changePool(desk, body);
  if (request.path === "/world/market") {
    if (typeof body["moving"] !== "boolean") throw new BadRequest("expected {moving: boolean}");
    desk.market.moving = body["moving"];
    return json(200, { moving: desk.market.moving });
  }
  if (request.path === "/world/clock") {
    const shiftMs = body["shiftMs"];
    if (typeof shiftMs !== "number" || !Number.isFinite(shiftMs)) {
      throw new BadRequest("expected {shiftMs: number}");
    }
    clock.shift(shiftMs);
    return json(200, { nowMs: clock.nowMs() });
  }
  return json(404, { error: "Not found" });
}

function setPrice(desk: Desk, body: Record<string, unknown>): SimResponse {
  const token = desk.market.find(String(body["mint"]));
  if (token === undefined) throw new BadRequest("expected the mint of a listed token");
  const price = readDecimal(body["price"]);
  const factor = readDecimal(body["factor"]);
  const scale = 10n ** BigInt(PRICE_DECIMALS);
  if (price !== undefined && price > 0n) {
    // SOL per token with 18 decimals is the same integer as lamports per token times 1e9.
    desk.market.setPrice(token.mint, price);
  } else if (factor !== undefined && factor > 0n) {
    desk.market.setPrice(token.mint, (priceE9Of(token) * factor) / scale);
  } else {
    throw new BadRequest("expected {mint, price: SOL per token} or {mint, factor}, above zero");
  }
  return json(200, describeToken(token));
}

/** What happens to pools: a curve fills up and moves, somebody pulls the liquidity. */
function changePool(desk: Desk, body: Record<string, unknown>): SimResponse {
  const { action } = body;
  const token = desk.market.find(String(body["mint"]));
  const isKnown = action === "complete" || action === "migrate" || action === "rug";
  if (token === undefined || !isKnown) {
    throw new BadRequest("expected {mint, action: complete|migrate|rug}");
  }
  try {
    if (action === "rug") desk.market.rug(token.mint);
    else desk.onChain.venues[action](token.mint);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new BadRequest(error.message, { cause: error });
  }
  return json(200, describeToken(token));
}

function addMalice(desk: Desk, body: Record<string, unknown>): SimResponse {
  const kind = MALICE_KINDS.find((known) => known === body["kind"]);
  const count = body["count"] ?? 1;
  if (kind === undefined || typeof count !== "number" || !Number.isInteger(count)) {
    throw new BadRequest(`expected {kind: ${MALICE_KINDS.join("|")}, count?: integer}`);
  }
  desk.malice.add(kind, count);
  return json(200, { malice: desk.malice.list() });
}

function describeMarket(desk: Desk): Record<string, unknown> {
  return {
    seed: desk.market.seed,
    moving: desk.market.moving,
    quoteMint: NATIVE_MINT,
    solUsd: Number(desk.market.solUsdE6) / 1_000_000,
    maker: desk.onChain.maker.publicKey.toBase58(),
    lookupTable: desk.onChain.lookupTable.address,
    tokens: desk.market.tokens.map((token) => ({
      ...describeToken(token),
      solVault: desk.onChain.pools.get(token.mint)?.solVault,
      tokenVault: desk.onChain.pools.get(token.mint)?.tokenVault,
    })),
  };
}

function describeToken(token: MarketToken): Record<string, unknown> {
  const { spec } = token;
  const priceE9 = priceE9Of(token);
  return {
    mint: token.mint,
    symbol: spec.symbol,
    name: spec.name,
    kind: spec.kind,
    decimals: spec.decimals,
    tokenProgram: spec.tokenProgram,
    transferFeeBps: spec.transferFeeBps,
    /** SOL per whole token. */
    price: Number(priceE9) / Number(PRICE_SCALE) / 1e9,
    priceE9: String(priceE9),
    lamports: String(token.lamports),
    quantity: String(token.quantity),
    rugged: token.rugged,
    venue: token.venue ?? null,
    isTrading: token.isTrading,
    createdAtMs: token.createdAtMs,
    pool: token.pool,
  };
}

function readBody(request: SimRequest): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(request.body.toString("utf8"));
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch (error) {
    throw new BadRequest("expected a JSON object", { cause: error });
  }
  throw new BadRequest("expected a JSON object");
}

/** A decimal as an integer with 18 decimals, exact for text and for every plain number. */
function readDecimal(value: unknown): bigint | undefined {
  if (typeof value !== "number" && typeof value !== "string") return undefined;
  const text = typeof value === "number" ? plainText(value) : value;
  const match = /^(\d{1,18})(?:\.(\d{1,18})\d*)?$/.exec(text);
  if (match === null) return undefined;
  const [, whole = "0", fraction = ""] = match;
  return BigInt(whole + fraction.padEnd(PRICE_DECIMALS, "0"));
}

/** Small prices print in exponent form by default. */
function plainText(value: number): string {
  return Math.abs(value) < 1e-3 ? value.toFixed(PRICE_DECIMALS) : String(value);
}
