import {
  encodeRoute,
  JUPITER_EVENT_AUTHORITY,
  JUPITER_PROGRAM_ID,
  POOL_LABEL,
  POOL_PROGRAM_ID,
} from "./jupiter-layout.ts";
import type { LedgerMarket } from "./ledger-market.ts";
import { minimumOut } from "./pool-math.ts";
import { deriveTokenAccount, NATIVE_MINT, TOKEN_PROGRAM } from "./token-accounts.ts";

export interface JupiterAnswer {
  status: number;
  body: unknown;
}

const derived = new Map<string, string>();

/** The route service over a ledger: prices, the token list, and plain direct routes. */
export function answerLedgerJupiter(
  market: LedgerMarket,
  path: string,
  query: URLSearchParams,
): JupiterAnswer {
  if (path === "/price/v3") return answerPrices(market, query);
  if (path === "/tokens/v2/search") return answerSearch(market, query);
  if (path === "/swap/v2/build") return answerBuild(market, query);
  return refuse("Could not find any route");
}

function answerPrices(market: LedgerMarket, query: URLSearchParams): JupiterAnswer {
  const prices: Record<string, { usdPrice: number }> = {};
  for (const mint of (query.get("ids") ?? "").split(",")) {
    const usdPrice = market.usdPrice(mint);
    if (usdPrice !== undefined) prices[mint] = { usdPrice };
  }
  return { status: 200, body: prices };
}

function answerSearch(market: LedgerMarket, query: URLSearchParams): JupiterAnswer {
  const mint = query.get("query") ?? "";
  const token = market.find(mint);
  if (token === undefined) return { status: 200, body: [] };
  const { symbol, decimals } = token;
  const listed = { id: mint, name: `Token ${symbol}`, symbol, decimals };
  const figures = { usdPrice: market.usdPrice(mint), mcap: 1e7, liquidity: 1e6, holderCount: 900 };
  return { status: 200, body: [{ ...listed, tokenProgram: TOKEN_PROGRAM, ...figures }] };
}

function answerBuild(market: LedgerMarket, query: URLSearchParams): JupiterAnswer {
  const inputMint = query.get("inputMint") ?? "";
  const outputMint = query.get("outputMint") ?? "";
  const taker = query.get("taker") ?? "";
  const quantityIn = BigInt(query.get("amount") ?? "0");
  const slippageBps = Number(query.get("slippageBps") ?? "0");
  const out = market.quote(inputMint, outputMint, quantityIn);
  if (out === undefined) return refuse("Could not find any route");
  const route = { quantityIn, quotedOut: out, slippageBps };
  return {
    status: 200,
    body: {
      inputMint,
      outputMint,
      inAmount: String(quantityIn),
      outAmount: String(out),
      otherAmountThreshold: String(minimumOut(out, slippageBps)),
      swapMode: "ExactIn",
      slippageBps,
      priceImpactPct: "0.001",
      routePlan: [{ swapInfo: { label: POOL_LABEL, ...poolOf(market, inputMint, outputMint) } }],
      computeBudgetInstructions: [],
      setupInstructions: [],
      swapInstruction: {
        programId: JUPITER_PROGRAM_ID,
        accounts: accountsOf(taker, inputMint, outputMint),
        data: encodeRoute("route_v2", {
          ...route,
          platformFeeBps: 0,
          positiveSlippageBps: 0,
        }).toString("base64"),
      },
      cleanupInstruction: null,
      otherInstructions: [],
      tipInstruction: null,
      addressesByLookupTableAddress: null,
    },
  };
}

/** Only of pools of programs: whoever trades with them directly is told where they lie. */
function poolOf(market: LedgerMarket, ...mints: string[]): { ammKey?: string } {
  const mint = mints.find((one) => market.pools?.has(one));
  const ammKey = mint === undefined ? undefined : market.pools?.addressOf(mint);
  return ammKey === undefined ? {} : { ammKey };
}

/** In the order that the program's interface fixes; the pool stands behind the named ones. */
function accountsOf(taker: string, inputMint: string, outputMint: string): unknown[] {
  const read = (pubkey: string): unknown => ({ pubkey, isSigner: false, isWritable: false });
  const write = (pubkey: string): unknown => ({ pubkey, isSigner: false, isWritable: true });
  const token = inputMint === NATIVE_MINT ? outputMint : inputMint;
  return [
    { pubkey: taker, isSigner: true, isWritable: false },
    write(tokenAccountOf(taker, inputMint)),
    write(tokenAccountOf(taker, outputMint)),
    read(inputMint),
    read(outputMint),
    read(TOKEN_PROGRAM),
    read(TOKEN_PROGRAM),
    read(JUPITER_PROGRAM_ID),
    read(JUPITER_EVENT_AUTHORITY),
    read(JUPITER_PROGRAM_ID),
    read(POOL_PROGRAM_ID),
    write(tokenAccountOf(JUPITER_EVENT_AUTHORITY, token)),
  ];
}

export function tokenAccountOf(owner: string, mint: string): string {
  const key = `${owner}/${mint}`;
  const known = derived.get(key);
  if (known !== undefined) return known;
  const account = deriveTokenAccount(owner, mint, TOKEN_PROGRAM);
  if (derived.size > 10_000) derived.clear();
  derived.set(key, account);
  return account;
}

function refuse(error: string): JupiterAnswer {
  return { status: 400, body: { error } };
}
