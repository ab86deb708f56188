import type { PositionView } from "@raptor/shared/wire/read.ts";
import { cleanField } from "@raptor/shared/values/safe-text.ts";
import { shortRule } from "./exit-words.ts";
import { duration, gainPercent, price } from "./numbers.ts";
import { signedSol, sol, timeOfDay, tokens } from "./numbers.ts";
import { isLivePrice } from "./price-source.ts";
import { RichText } from "./rich-text.ts";
import { pageArg, screenOf, type Screen, type ScreenButton } from "./screen.ts";

export const POSITIONS_PER_PAGE = 5;
/** What fits beside a percentage on a third of a phone. */
const LABEL_CHARS_MAX = 8;

/** At most five positions a page, each with its own sell buttons. */
export function positionsScreen(options: {
  positions: readonly PositionView[];
  page: number;
  nowMs: number;
}): Screen {
  const { positions, nowMs } = options;
  const pageCount = Math.max(1, Math.ceil(positions.length / POSITIONS_PER_PAGE));
  const page = Math.min(options.page, pageCount - 1);
  const shown = positions.slice(page * POSITIONS_PER_PAGE, (page + 1) * POSITIONS_PER_PAGE);
  const rich = new RichText().bold("Positions");
  if (pageCount > 1) rich.plain(` · page ${page + 1} of ${pageCount}`);
  rich.plain(` · ${timeOfDay(nowMs)}`);
  const rows: ScreenButton[][] = [];
  if (positions.length === 0) {
    rich.line().line("Nothing is open. Paste a token's mint or link to buy.");
  }
  for (const position of shown) {
    describe(rich, position);
    const sells = sellRow(position, cleanField(position.symbol, LABEL_CHARS_MAX));
    const arg = idEnd(position, positions);
    rows.push([
      ...sells,
      { text: "Exits", nav: "exits", arg },
      { text: "Why?", nav: "whyPosition", arg },
    ]);
  }
  if (positions.length > 1) rich.line().line(totalOf(positions));
  if (pageCount > 1) {
    const arrows: ScreenButton[] = [];
    if (page > 0) arrows.push({ text: "◀", nav: "positions", arg: pageArg(page - 1) });
    if (page < pageCount - 1) arrows.push({ text: "▶", nav: "positions", arg: pageArg(page + 1) });
    rows.push(arrows);
  }
  rows.push([
    { text: "Refresh", nav: "refresh" },
    { text: "Home", nav: "home" },
  ]);
  if (positions.length > 0) {
    rows.push([{ text: "Panic: sell everything", nav: "askPanic", style: "danger" }]);
  }
  return screenOf(rich, rows);
}

/** What a button has room for; ids end in random letters and digits. */
const ID_END_CHARS = { min: 2, max: 6 };

/** The end of a position's id, as long as it takes to tell it from the others. */
function idEnd({ positionId }: PositionView, positions: readonly PositionView[]): string {
  const { min, max } = ID_END_CHARS;
  const others = positions.filter((one) => one.positionId !== positionId);
  for (let chars = min; chars < max; chars++) {
    const end = positionId.slice(-chars);
    if (!others.some((one) => one.positionId.endsWith(end))) return end;
  }
  return positionId.slice(-max);
}

function describe(rich: RichText, position: PositionView): void {
  const cost = BigInt(position.costLamports);
  rich.line().line().bold(cleanField(position.symbol));
  rich.plain(` · ${tokens(position.quantity, position.decimals)}`);
  if (position.valueLamports === null || position.markPriceE9 === null) {
    rich.line(`Cost ${sol(cost)} SOL · price not known right now`);
  } else {
    const value = BigInt(position.valueLamports);
    rich.line(`${sol(value)} SOL now · PnL ${gainPercent(value, cost)}`);
    rich.plain(` (${signedSol(value - cost)} SOL)`);
    const mark = `${price(position.markPriceE9)} (${markWords(position)})`;
    rich.line(`Entry ${price(position.entryPriceE9)} → ${mark}`);
    if (position.markIsStale === true) rich.line(STALE);
  }
  const exits = position.exits.map(shortRule);
  rich.line(exits.length === 0 ? "⚠️ No exit is armed" : `Exits: ${exits.join(" · ")}`);
}

const STALE =
  "⚠️ This price is old: no source tells a newer one. Rules wait for it; Sell and Panic work.";

function markWords({ markAgeMs, markSource, markIsStale }: PositionView): string {
  const ageMs = markAgeMs ?? 0;
  const origin = { source: markSource ?? null, ageMs, isStale: markIsStale === true };
  return isLivePrice(origin) ? "live from its pool" : `${duration(ageMs)} ago`;
}

/** Over the positions whose price is known; says so when that is not all of them. */
function totalOf(positions: readonly PositionView[]): string {
  const known = positions.filter((position) => position.valueLamports !== null);
  const value = known.reduce((sum, position) => sum + BigInt(position.valueLamports ?? "0"), 0n);
  const cost = known.reduce((sum, position) => sum + BigInt(position.costLamports), 0n);
  if (known.length === 0) return "Total not known: no position has a price right now";
  const part =
    known.length === positions.length
      ? "Total"
      : `Total of the ${known.length} of ${positions.length} with a price`;
  return `${part}: ${sol(value)} SOL · PnL ${signedSol(value - cost)} SOL`;
}

/** `what` names the token where the message shows several. */
export function sellRow(position: { positionId: string }, what = "Sell"): ScreenButton[] {
  return [25, 50, 100].map((percent) => ({
    text: percent === 25 ? `${what} 25 %` : `${percent} %`,
    style: "danger" as const,
    lifetime: "menu" as const,
    action: { kind: "sell" as const, positionId: position.positionId, quantityBps: percent * 100 },
  }));
}
