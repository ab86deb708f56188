import { cleanField, cleanText } from "@raptor/shared/values/safe-text.ts";
import { duration, exactSol, percentOfBps, price, sol, timeOfDay, tokens, usd } from "./numbers.ts";
import { sellRow } from "./positions.ts";
import { isLivePrice } from "./price-source.ts";
import { RichText } from "./rich-text.ts";
import { resumeButton, screenOf, type Screen, type ScreenButton } from "./screen.ts";

export interface PriceMark {
  /** Its pool's own reserves, or the service that is asked now and then. */
  source: "pool" | "poll";
  ageMs: number;
  /** Nobody tells a newer one. */
  isStale: boolean;
}

export interface TokenModel {
  mint: string;
  symbol: string;
  name: string;
  decimals: number;
  priceE9: bigint | null;
  /** Where the price comes from, and how old it is; null where there is none. */
  priceMark: PriceMark | null;
  usdPrice: number | null;
  marketCapUsd: number | null;
  liquidityUsd: number | null;
  ageMs: number | null;
  marks: { label: string; good: boolean | null }[];
  /** Why this token is never bought; replaces the buy buttons. */
  refusals: string[];
  /** Why nothing is bought at the moment; replaces the buy buttons too. */
  closed: { reason: string; canResume: boolean } | null;
  walletLamports: bigint | null;
  reserveLamports: bigint;
  /** Rent that the next buy sets aside for its exit; null when that is paid already. */
  nonceRentLamports: bigint | null;
  /** What 0.5 SOL would bring back at once, bought and sold again; null when not known. */
  roundTrip: { inLamports: bigint; outLamports: bigint } | null;
  held: { quantity: bigint; valueLamports: bigint | null } | null;
  /** The open position, for its sell buttons. */
  positionId: string | null;
  presetsLamports: readonly bigint[];
  slippageBpsMax: number;
  guardOverride: boolean;
  nowMs: number;
}

export function tokenScreen(model: TokenModel): Screen {
  const rich = new RichText()
    .bold(cleanField(model.name))
    .plain(` (${cleanField(model.symbol)}) · Solana`)
    .plain(model.ageMs === null ? "" : ` · ${duration(model.ageMs)} old`)
    .line()
    .code(model.mint)
    .line()
    .line();
  rich.plain("Price: ");
  if (model.priceE9 === null) rich.plain("not known");
  else rich.bold(`${price(model.priceE9)} SOL`);
  if (model.usdPrice !== null) rich.plain(` (${usd(model.usdPrice)})`);
  if (model.priceE9 !== null && model.priceMark !== null) describePrice(rich, model.priceMark);
  const figures: string[] = [];
  if (model.marketCapUsd !== null) figures.push(`MC ${usd(model.marketCapUsd)}`);
  if (model.liquidityUsd !== null) figures.push(`Liquidity ${usd(model.liquidityUsd)}`);
  if (figures.length > 0) rich.line(figures.join(" · "));
  rich.line(`Safety: ${model.marks.map(markOf).join("  ")}`);
  if (model.roundTrip !== null) {
    const { inLamports, outLamports } = model.roundTrip;
    rich.line(`Round trip: ${sol(inLamports)} SOL in, ${sol(outLamports)} back now`);
  }
  if (model.held !== null) {
    rich.line(`You hold: ${tokens(model.held.quantity, model.decimals)}`);
    if (model.held.valueLamports !== null) {
      rich.plain(`, worth about ${sol(model.held.valueLamports)} SOL`);
    }
  }
  if (model.walletLamports !== null) {
    const free = model.walletLamports - model.reserveLamports;
    const after = `${sol(free < 0n ? 0n : free)} SOL after the reserve`;
    rich.line(`Wallet: ${after} (${sol(model.reserveLamports)} for fees and rent)`);
  }
  if (model.nonceRentLamports !== null && model.refusals.length === 0) {
    rich.line(
      `The first buy also holds ${exactSol(model.nonceRentLamports)} SOL back for safe exits;`,
    );
    rich.plain(" /wallet gives it back.");
  }
  for (const refusal of model.refusals) rich.line(`⛔ ${cleanText(refusal)}`);
  rich.line();
  if (model.refusals.length > 0) rich.line("Buying is switched off for this token.");
  else if (model.closed !== null) rich.line(`⏸ ${cleanText(model.closed.reason)}`);
  else {
    const slippage = percentOfBps(model.slippageBpsMax);
    rich.line(`Buy buttons work once, for a minute, with at most ${slippage} % slippage.`);
  }
  rich.line(`As of ${timeOfDay(model.nowMs)}`);
  return screenOf(rich, rowsOf(model));
}

function describePrice(rich: RichText, mark: PriceMark): void {
  const { source, ageMs, isStale } = mark;
  const from = source === "pool" ? "its pool" : "the price service";
  if (isLivePrice(mark)) rich.plain(", live from its pool");
  else rich.plain(`, from ${from}, ${duration(ageMs)} ago`);
  if (!isStale) return;
  rich.line("⚠️ This price is old: no source tells a newer one. A buy asks for its own and is");
  rich.plain(" refused when that is much worse.");
}

function rowsOf(model: TokenModel): ScreenButton[][] {
  const rows: ScreenButton[][] = [];
  if (model.refusals.length === 0 && model.closed?.canResume === true) {
    rows.push([resumeButton(model.nowMs)]);
  } else if (model.refusals.length === 0 && model.closed === null) {
    const buttons = model.presetsLamports.map((lamports) => buyButton(model, lamports));
    rows.push(buttons.slice(0, 2), buttons.slice(2, 4), [
      { text: "Buy X SOL", nav: "customBuy" },
      { text: "Limit buy", nav: "limitBuy" },
    ]);
  }
  if (model.positionId !== null) {
    rows.push(sellRow({ positionId: model.positionId }));
  }
  rows.push([
    { text: "Refresh", nav: "refresh" },
    { text: "Explorer", url: `https://solscan.io/token/${model.mint}` },
    { text: "Home", nav: "home" },
  ]);
  return rows;
}

function buyButton(model: TokenModel, lamports: bigint): ScreenButton {
  return {
    text: `Buy ${exactSol(lamports)} SOL`,
    style: "success",
    lifetime: "trade",
    action: {
      kind: "buy",
      mint: model.mint,
      notionalLamports: lamports.toString(),
      slippageBpsMax: model.slippageBpsMax,
      guardOverride: model.guardOverride,
    },
  };
}

function markOf(mark: { label: string; good: boolean | null }): string {
  const sign = mark.good === null ? "❔" : mark.good ? "✅" : "⚠️";
  return `${sign}\u00a0${mark.label}`;
}

export function promptScreen(symbol: string): Screen {
  const rich = new RichText()
    .bold(`Buy ${cleanField(symbol)}`)
    .line("How much SOL? Reply with a number, for example 0.35.")
    .line("Nothing is bought until you answer. /cancel ends it, and so does one minute.");
  return { ...screenOf(rich), forceReply: true };
}
