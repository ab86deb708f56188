import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { LAMPORTS_PER_SOL, PRICE_SCALE } from "@raptor/shared/values/money.ts";
import { cleanField } from "@raptor/shared/values/safe-text.ts";
import type { InstrumentReport } from "../../ports/venue.ts";
import { instrumentOf } from "./instrument-name.ts";
import type { TokenAnswer } from "./jupiter-answers.ts";
import type { Jupiter } from "./jupiter.ts";
import { type MintAccount, parseMintAccount } from "./mint-account.ts";
import { TOKEN_2022_PROGRAM, WSOL_MINT } from "./programs.ts";
import { accountAnswer } from "./rpc-answers.ts";
import type { Rpc } from "./rpc.ts";

export interface InstrumentReaderDeps {
  rpc: Rpc;
  jupiter: Jupiter;
  clock: Clock;
  transferFeeBpsMax: number;
}

/** Above this share in few hands a single holder can end the price. */
const TOP_HOLDERS_BPS_GOOD = 3_000;
const LIQUIDITY_USD_GOOD = 10_000;
const AGE_MS_GOOD = 24 * 3_600_000;
/** Names and symbols are written by strangers; what is stored of them is harmless and short. */
const SYMBOL_CHARS_MAX = 16;

/** The mint account as the chain holds it. @throws RAPTOR_VENUE__NO_ROUTE when it is no token. */
export async function fetchMint(rpc: Rpc, mint: string): Promise<MintAccount> {
  const answer = await rpc.askNewest(
    "getAccountInfo",
    [mint, { encoding: "base64", commitment: "confirmed" }],
    accountAnswer,
    ({ context }) => context.slot,
  );
  const account = answer.value;
  const parsed =
    account === null
      ? undefined
      : parseMintAccount(account.owner, Buffer.from(account.data[0], "base64"));
  if (parsed !== undefined) return parsed;
  const reason = "this address is not a token";
  throw new RaptorError("RAPTOR_VENUE__NO_ROUTE", { mint, reason });
}

/**
 * What is known of a token, from the list and from the chain; the chain decides about safety.
 * @throws RAPTOR_VENUE__NO_ROUTE, __UNAVAILABLE, __BAD_ANSWER, __RATE_LIMITED.
 */
export async function fetchInstrumentReport(
  deps: InstrumentReaderDeps,
  mint: string,
): Promise<InstrumentReport> {
  if (mint === WSOL_MINT) {
    const reason = "SOL is what orders are paid in";
    throw new RaptorError("RAPTOR_VENUE__NO_ROUTE", { mint, reason });
  }
  const [onChain, listed, prices] = await Promise.all([
    fetchMint(deps.rpc, mint),
    deps.jupiter.fetchToken(mint),
    deps.jupiter.fetchUsdPricesE30([mint, WSOL_MINT]),
  ]);
  const usdE30 = prices.get(mint);
  const solE30 = prices.get(WSOL_MINT);
  const topHolders = listed?.audit?.topHoldersPercentage;
  const ageMs = ageOf(listed, deps.clock.nowMs());
  const figures = {
    priceE9:
      usdE30 === undefined || solE30 === undefined
        ? null
        : (usdE30 * LAMPORTS_PER_SOL * PRICE_SCALE) / solE30,
    usdPrice: usdE30 === undefined ? (listed?.usdPrice ?? null) : Number(usdE30) / 1e30,
    solUsd: solE30 === undefined ? null : Number(solE30) / 1e30,
    marketCapUsd: listed?.mcap ?? null,
    liquidityUsd: listed?.liquidity ?? null,
    ageMs,
    holders: listed?.holderCount ?? null,
    topHoldersBps: typeof topHolders === "number" ? Math.round(topHolders * 100) : null,
  };
  const refusals = listRefusals(onChain, listed, deps.transferFeeBpsMax);
  return {
    instrument: instrumentOf(mint),
    mint,
    symbol: cleanField(listed?.symbol ?? mint.slice(0, 4), SYMBOL_CHARS_MAX),
    name: cleanField(listed?.name ?? "unlisted token"),
    decimals: onChain.decimals,
    supply: onChain.supply,
    tokenProgram: onChain.tokenProgram,
    ...figures,
    refusals,
    marks: [
      { label: "mint", good: onChain.mintAuthority === null },
      { label: "freeze", good: onChain.freezeAuthority === null },
      ...(onChain.tokenProgram === TOKEN_2022_PROGRAM
        ? [{ label: "extensions", good: onChain.extensionRefusals.length === 0 }]
        : []),
      ...(onChain.transferFeeBps > 0
        ? [{ label: `transfer fee ${onChain.transferFeeBps / 100} %`, good: false }]
        : []),
      { label: "holders", good: compare(figures.topHoldersBps, TOP_HOLDERS_BPS_GOOD, -1) },
      { label: "liquidity", good: compare(figures.liquidityUsd, LIQUIDITY_USD_GOOD, 1) },
      { label: "age", good: compare(ageMs, AGE_MS_GOOD, 1) },
    ],
  };
}

/** Whole sentences: a person reads them on a phone. */
function listRefusals(
  mint: MintAccount,
  listed: TokenAnswer | undefined,
  transferFeeBpsMax: number,
): string[] {
  const reasons: string[] = [];
  if (mint.freezeAuthority !== null) {
    reasons.push("Somebody can freeze this token in your wallet, and then it cannot be sold.");
  }
  if (mint.mintAuthority !== null) {
    reasons.push("Somebody can still create more of this token and make yours worthless.");
  }
  if (mint.transferFeeBps > transferFeeBpsMax) {
    const fee = mint.transferFeeBps / 100;
    const limit = transferFeeBpsMax / 100;
    reasons.push(`Every transfer costs ${fee} % of the tokens; the limit is ${limit} %.`);
  }
  for (const reason of mint.extensionRefusals) {
    reasons.push(`Unsafe token: ${reason}.`);
  }
  // The flag's presence counts, not its value.
  if (listed?.audit !== null && listed?.audit !== undefined && "isSus" in listed.audit) {
    reasons.push("Jupiter marks this token as suspicious.");
  }
  if (listed !== undefined && listed.decimals !== mint.decimals) {
    reasons.push("The token list and the chain disagree about this token.");
  }
  return reasons;
}

function ageOf(listed: TokenAnswer | undefined, nowMs: number): number | null {
  const created = listed?.firstPool?.createdAt ?? listed?.createdAt;
  if (created === null || created === undefined) return null;
  const createdMs = Date.parse(created);
  return Number.isFinite(createdMs) ? Math.max(0, nowMs - createdMs) : null;
}

/** Null when the figure is not known. */
function compare(value: number | null, limit: number, sign: 1 | -1): boolean | null {
  return value === null ? null : (value - limit) * sign >= 0;
}
