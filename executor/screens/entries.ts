import type { ArmedEntryRow, TicketAction } from "@raptor/shared/domain/rows.ts";
import { cleanField, cleanText } from "@raptor/shared/values/safe-text.ts";
import { exactPrice, exactSol, price, timeLeft, timeOfDay } from "./numbers.ts";
import { RichText } from "./rich-text.ts";
import { screenOf, type Screen, type ScreenButton } from "./screen.ts";

const HOME_ROW: ScreenButton[] = [{ text: "Home", nav: "home" }];

/** Buys that wait for their price, each with a button that calls it off. */
export function entriesScreen(model: {
  entries: readonly ArmedEntryRow[];
  /** Why entries are stopped for this person now; null when they are not. */
  stopped: string | null;
  nowMs: number;
}): Screen {
  const { entries, stopped, nowMs } = model;
  const rich = new RichText().bold("Limit buys").line();
  if (entries.length === 0) {
    rich.line("None is waiting. Paste a token and press Limit buy to make one.");
  }
  for (const entry of entries) {
    const { symbol, notionalLamports, triggerPriceE9, deadlineMs } = entry;
    rich.line(
      `${cleanField(symbol)}: ${exactSol(notionalLamports)} SOL at ${exactPrice(triggerPriceE9)} SOL`,
    );
    rich.plain(` or below · ${timeLeft(deadlineMs - nowMs)} left`);
  }
  if (entries.length > 0) {
    rich.line("No SOL is set aside: limits and balance are judged when a price is reached.");
  }
  if (stopped !== null && entries.length > 0) rich.line(`⏸ They wait: ${cleanText(stopped)}`);
  rich.line(`As of ${timeOfDay(nowMs)}`);
  const rows = entries.map(({ entryId, symbol, triggerPriceE9 }): ScreenButton[] => [
    {
      text: `✖ ${cleanField(symbol, SYMBOL_CHARS_MAX)} at ${price(triggerPriceE9)}`,
      action: { kind: "disarmEntry", entryId },
      lifetime: "menu",
    },
  ]);
  return screenOf(rich, [...rows, [{ text: "Refresh", nav: "refresh" }, ...HOME_ROW]]);
}

const SYMBOL_CHARS_MAX = 8;

/** The example waits below the price of now: copied as it stands it must not be refused. */
export function entryPromptScreen(symbol: string, priceE9: bigint | null): Screen {
  const rich = new RichText().bold(`Limit buy of ${cleanField(symbol)}`);
  if (priceE9 !== null) rich.line(`Price now: ${price(priceE9)} SOL a token`);
  const example = priceE9 === null ? "0.0005" : price((priceE9 * 9n) / 10n).replaceAll(",", "");
  rich
    .line("Reply with a price in SOL a token, an amount in SOL and a time, for example:")
    .line()
    .code(`${example} 0.2 4h`)
    .line("Times are minutes, hours or days: 30m, 4h, 2d. You see it again before it is armed.")
    .line("/cancel ends this, and so do two minutes.");
  return { ...screenOf(rich), forceReply: true };
}

export function entryPreviewScreen(model: {
  symbol: string;
  triggerPriceE9: string;
  notionalLamports: string;
  forMs: number;
  priceE9: bigint | null;
  problems: readonly string[];
  action: TicketAction;
}): Screen {
  const symbol = cleanField(model.symbol);
  if (model.problems.length > 0) {
    const rich = new RichText().bold(`⛔ No limit buy of ${symbol}`).line();
    for (const problem of model.problems) rich.line(cleanText(problem));
    rich.line("Nothing was armed, bought or spent.");
    return screenOf(rich, [HOME_ROW]);
  }
  const now = model.priceE9 === null ? "" : ` (now ${price(model.priceE9)} SOL)`;
  const rich = new RichText()
    .bold(`Limit buy of ${symbol}`)
    .line()
    .line(`When the price is ${exactPrice(model.triggerPriceE9)} SOL or below${now},`)
    .line(`buy for ${exactSol(model.notionalLamports)} SOL, once.`)
    .line(`It waits for ${timeLeft(model.forMs)} from the press on.`)
    .line("No SOL is set aside. Limits, pauses and the kill switch decide when it fires; a buy of")
    .plain(" the same token before it does not stop it.")
    .line("Nothing is armed until you press.");
  const arm: ScreenButton = {
    text: "Arm this limit buy",
    action: model.action,
    lifetime: "menu",
    style: "success",
  };
  return screenOf(rich, [[arm], HOME_ROW]);
}
