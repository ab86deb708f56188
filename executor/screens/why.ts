import { cleanField, cleanText } from "@raptor/shared/values/safe-text.ts";
import { duration, sol, timeOfDay } from "./numbers.ts";
import { RichText } from "./rich-text.ts";
import { pageArg, screenOf, type Screen, type ScreenButton } from "./screen.ts";

/** With a sentence of at most 300 characters each this stays far below Telegram's limit. */
export const STEPS_PER_PAGE = 8;
/** One button each; more would not be looked through on a phone. */
export const TRADES_LISTED = 8;
const LABEL_CHARS_MAX = 12;

export interface StepModel {
  tsMs: number;
  sinceMs: number;
  meaning: string;
}

/** One page of what happened, step by step, with the time from each step to the next. */
export function whyScreen(model: {
  id: string;
  steps: readonly StepModel[];
  page: number;
  nowMs: number;
}): Screen {
  const { steps, nowMs } = model;
  const pageCount = Math.max(1, Math.ceil(steps.length / STEPS_PER_PAGE));
  const page = Math.min(model.page, pageCount - 1);
  const rich = new RichText().bold("Why?").plain(` · ${dateOf(steps[0]?.tsMs ?? nowMs)}`);
  if (pageCount > 1) rich.plain(` · page ${page + 1} of ${pageCount}`);
  rich.line().code(cleanField(model.id, 128));
  for (const step of steps.slice(page * STEPS_PER_PAGE, (page + 1) * STEPS_PER_PAGE)) {
    rich.line().line().bold(timeOfDay(step.tsMs));
    if (step.sinceMs > 0) rich.plain(` +${sinceText(step.sinceMs)}`);
    rich.line(cleanText(step.meaning));
  }
  const rows: ScreenButton[][] = [];
  if (pageCount > 1) {
    const arrows: ScreenButton[] = [];
    if (page > 0) arrows.push({ text: "◀", nav: "why", arg: pageArg(page - 1) });
    if (page < pageCount - 1) arrows.push({ text: "▶", nav: "why", arg: pageArg(page + 1) });
    rows.push(arrows);
  }
  rows.push(BACK_ROW);
  return screenOf(rich, rows);
}

const BACK_ROW: ScreenButton[] = [
  { text: "Last trades", nav: "whyTrade" },
  { text: "Home", nav: "home" },
];

export interface TradeModel {
  symbol: string;
  side: "buy" | "sell";
  notionalLamports: string;
  tsMs: number;
}

/** The last trades as buttons; each leads to its story. */
export function tradesScreen(trades: readonly TradeModel[], nowMs: number): Screen {
  const rich = new RichText()
    .bold("Your last trades")
    .plain(` · ${timeOfDay(nowMs)}`)
    .line();
  if (trades.length === 0) rich.line("Nothing was bought or sold yet.");
  else rich.line("Press one to see what happened, step by step.");
  const rows = trades.map((trade, at): ScreenButton[] => {
    const word = trade.side === "buy" ? "Bought" : "Sold";
    const symbol = cleanField(trade.symbol, LABEL_CHARS_MAX);
    const when = `${dateOf(trade.tsMs)} ${timeOfDay(trade.tsMs)}`;
    rich.line(`${at + 1}. ${when}: ${word} ${symbol}, ${sol(trade.notionalLamports)} SOL`);
    const text = `${at + 1}. ${word} ${symbol}`;
    return [{ text, nav: "whyTrade", arg: at.toString(36) }];
  });
  rich.line().line("For anything else send /why with the id of an order, position or transaction.");
  return screenOf(rich, [...rows, [{ text: "Home", nav: "home" }]]);
}

function sinceText(ms: number): string {
  return ms < 10_000 ? `${(ms / 1_000).toFixed(ms < 1_000 ? 3 : 1)} s` : duration(ms);
}

/** The day in UTC: a story may be older than today. */
function dateOf(ms: number): string {
  // sim-ok: formats a recorded time and does not read the clock.
  return new Date(ms).toISOString().slice(0, 10);
}
