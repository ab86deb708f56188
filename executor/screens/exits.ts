import type { ExitSpec } from "@raptor/shared/domain/exit-rules.ts";
import type { MevChoice, MevProtect } from "@raptor/shared/domain/mev-protect.ts";
import type { TicketAction } from "@raptor/shared/domain/rows.ts";
import type { ExitRuleView } from "@raptor/shared/wire/read.ts";
import { cleanField, cleanText } from "@raptor/shared/values/safe-text.ts";
import { ruleWords, shortRule, shortSpec, specWords } from "./exit-words.ts";
import { duration, price, timeOfDay, tokens } from "./numbers.ts";
import { RichText } from "./rich-text.ts";
import { pageArg, ruleArg, screenOf, type Screen, type ScreenButton } from "./screen.ts";

export interface ExitsModel {
  symbol: string;
  decimals: number;
  quantity: string;
  entryPriceE9: string;
  markPriceE9: string | null;
  markAgeMs: number | null;
  isStale: boolean;
  rules: readonly ExitRuleView[];
  /** Rules that have fired. */
  doneCount: number;
  /** The highest price that a trailing stop has seen. */
  peakE9: bigint;
  moonBag: bigint;
  isSelling: boolean;
  presets: readonly string[];
  nowMs: number;
}

/** The rules of one position, each with a button that takes it away. */
export function exitsScreen(model: ExitsModel): Screen {
  const rich = new RichText().bold(`Exits of ${cleanField(model.symbol)}`).line();
  rich.line(`Entry ${price(model.entryPriceE9)} SOL`);
  if (model.markPriceE9 !== null) {
    const age = `${duration(model.markAgeMs ?? 0)} ago`;
    rich.plain(` · now ${price(model.markPriceE9)} SOL (${age})`);
  }
  if (model.isStale) rich.line("⚠️ This price is old: rules wait until a fresh one arrives.");
  addRules(rich, model);
  if (model.isSelling) {
    rich.line("⏳ A sell is under way; an edit does not stop it. Other rules wait until it ended.");
  }
  rich.line(`As of ${timeOfDay(model.nowMs)}`);
  const drops = model.rules.map((rule, at): ScreenButton[] => [
    { text: `✖ ${shortRule(rule)}`, nav: "exitDrop", arg: ruleArg(rule, at) },
  ]);
  return screenOf(rich, [...drops, ...changeRows(model.presets), LAST_ROW]);
}

const LAST_ROW: ScreenButton[] = [
  { text: "Refresh", nav: "refresh" },
  { text: "Positions", nav: "positions", arg: "0" },
  { text: "Home", nav: "home" },
];

function changeRows(presets: readonly string[]): ScreenButton[][] {
  const choices = presets.map((text, at): ScreenButton => ({
    text,
    nav: "exitPreset",
    arg: pageArg(at),
  }));
  return [[{ text: "Add or change a rule", nav: "exitAdd", style: "primary" }], choices];
}

function addRules(
  rich: RichText,
  model: Pick<ExitsModel, "rules" | "doneCount" | "moonBag" | "peakE9" | "symbol" | "decimals">,
): void {
  const { rules, doneCount, moonBag, peakE9, symbol, decimals } = model;
  if (rules.length === 0) rich.line("⚠️ No exit is armed: nothing is sold by itself.");
  for (const rule of rules) rich.line(ruleWords(rule, peakE9));
  if (moonBag > 0n) {
    const bag = `${tokens(moonBag, decimals)} ${cleanField(symbol)}`;
    rich.line(`🌙 Moon bag: the ladder never sells the last ${bag}`);
  }
  if (doneCount > 0) rich.line(`✔ ${doneCount} fired before`);
}

export interface PresetModel {
  specs: readonly ExitSpec[];
  /** The person has set nothing yet. */
  isStandard: boolean;
  presets: readonly string[];
  protect: ProtectModel;
  nowMs: number;
}

export interface ProtectModel {
  choice: MevChoice;
  /** Of the desk, for who has chosen nothing. */
  standard: MevProtect;
  /** False: no lane keeps orders, so that a protected buy is refused. */
  isPossible: boolean;
}

/** What every new position of this person gets. */
export function settingsScreen(model: PresetModel): Screen {
  const rich = new RichText().bold("Settings").line();
  rich.line("Exits of new positions");
  rich.plain(model.isStandard ? " (the desk's standard):" : ":");
  if (model.specs.length === 0) rich.line("⚠️ None: nothing would be sold by itself.");
  for (const spec of model.specs) rich.line(specWords(spec));
  rich.line().line("Open positions keep the rules that they have.");
  describeProtect(rich, model.protect);
  rich.line(`As of ${timeOfDay(model.nowMs)}`);
  const drops = model.specs.map((spec, at): ScreenButton[] => [
    { text: `✖ ${shortSpec(spec).slice(0, DROP_CHARS_MAX)}`, nav: "exitDrop", arg: pageArg(at) },
  ]);
  const protects = protectRows(model.protect);
  return screenOf(rich, [...drops, ...changeRows(model.presets), ...protects, HOME_ROW]);
}

const PROTECT_WORDS: Readonly<Record<MevProtect, string>> = {
  off: "nothing is kept back: orders go to every lane at once",
  entries: "buys go only to lanes that show them to nobody before they land, or are refused",
  all:
    "buys and sells go only to such lanes; a buy that finds none is refused, a sell without one " +
    "and a sell that is late goes everywhere",
};
const PROTECT_BUTTONS: readonly [MevChoice, string][] = [
  ["default", "Desk's choice"],
  ["off", "Off"],
  ["entries", "Buys"],
  ["all", "Buys and sells"],
];

function describeProtect(rich: RichText, { choice, standard, isPossible }: ProtectModel): void {
  const protect = choice === "default" ? standard : choice;
  rich.line().line("MEV protection");
  rich.plain(choice === "default" ? " (the desk's choice):" : ":");
  rich.line(`🛡 ${PROTECT_WORDS[protect]}`);
  if (protect === "off" || isPossible) return;
  rich.line("⚠️ No lane of this desk would take them: none is set up, or its tip is above what a ");
  rich.plain("trade may pay; protected buys are refused, sells go everywhere.");
}

function protectRows({ choice, isPossible }: ProtectModel): ScreenButton[][] {
  if (!isPossible && choice === "default") return [];
  const button = ([protect, name]: (typeof PROTECT_BUTTONS)[number]): ScreenButton => ({
    text: protect === choice ? `• 🛡 ${name}` : `🛡 ${name}`,
    action: { kind: "chooseProtect", protect },
    lifetime: "menu",
  });
  const buttons = PROTECT_BUTTONS.map(button);
  return [buttons.slice(0, 2), buttons.slice(2)];
}

const HOME_ROW: ScreenButton[] = [{ text: "Home", nav: "home" }];
/** What fits on a button that has a row of its own. */
const DROP_CHARS_MAX = 36;

export interface PreviewModel {
  /** Null: of the preset for new positions. */
  symbol: string | null;
  /** What would be armed, in words. */
  lines: readonly string[];
  /** Why it cannot be. */
  problems: readonly string[];
  /** Nothing would protect this position from a fall any more. */
  losesStops: boolean;
  action: TicketAction;
}

/** The whole plan as it would be, before anything is armed. */
export function exitPreviewScreen(model: PreviewModel): Screen {
  const of = model.symbol === null ? "new positions" : cleanField(model.symbol);
  if (model.problems.length > 0) {
    const rich = new RichText().bold(`⛔ Not changed: exits of ${of}`).line();
    for (const problem of model.problems) rich.line(cleanText(problem));
    rich.line("Nothing was changed or sold; the rules are armed as they were.");
    rich.line("Press Back and try another value.");
    return screenOf(rich, [[{ text: "Back", nav: "exits" }, ...HOME_ROW]]);
  }
  const rich = new RichText().bold(`Exits of ${of} after this change`).line();
  if (model.lines.length === 0) rich.line("None: nothing would be sold by itself.");
  for (const line of model.lines) rich.line(cleanText(line));
  if (model.losesStops)
    rich.line("⚠️ No stop would be left: a fall to nothing would sell nothing.");
  rich.line().line("Nothing is changed until you press.");
  const arm: ScreenButton = {
    text: model.losesStops ? "Yes, without a stop" : "Arm these rules",
    action: model.action,
    lifetime: "menu",
    style: model.losesStops ? "danger" : "success",
  };
  return screenOf(rich, [[arm], [{ text: "Back", nav: "exits" }, ...HOME_ROW]]);
}

/** Every kind of rule as it is typed, with an example that works. */
export const RULE_EXAMPLES: readonly (readonly [string, string])[] = [
  ["tp 50 25", "at +50 % sell 25 % of what was bought"],
  ["sl 30", "sell all at -30 %; sl +10 keeps a profit"],
  ["trail 20 from 50", "20 % below the highest price, from +50 % on"],
  ["be 40", "at +40 % the stop moves to the entry"],
  ["time 4h below 10", "after 4 h, at +10 % or below; time 90m: at any price"],
  ["initials 2x", "at twice the entry sell what brings the cost back"],
  ["mc 1m 50", "at a market cap of $1M sell 50 %; mc below 200k sells all"],
  ["limit 0.0005 40", "at 0.0005 SOL a token sell 40 %"],
];

export function exitPromptScreen(symbol: string | null): Screen {
  const of = symbol === null ? "new positions" : cleanField(symbol);
  const rich = new RichText().bold(`A rule for ${of}`).line("Reply with one rule:");
  for (const [example, meaning] of RULE_EXAMPLES) rich.line().code(example).plain(` ${meaning}`);
  rich.line("You see the whole plan before it is armed. /cancel ends it, and so do two minutes.");
  return { ...screenOf(rich), forceReply: true };
}
