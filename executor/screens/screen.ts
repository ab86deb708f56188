import type { MessageEntity, TicketAction } from "@raptor/shared/domain/rows.ts";
import type { RichText } from "./rich-text.ts";

export type ButtonStyle = "danger" | "success" | "primary";

/** Where navigation buttons lead; each carries no ticket and may be pressed for ever. */
export const NAV_OPS = {
  home: "h",
  positions: "p",
  sell: "e",
  status: "s",
  help: "l",
  wallet: "w",
  refresh: "r",
  customBuy: "x",
  /** The card of the token that the pressed message is about. */
  token: "k",
  askPanic: "q",
  /** The story of the message's order, or another page of a story. */
  why: "y",
  /** The story of one trade of the list, by its place in it; without a place the list itself. */
  whyTrade: "i",
  /** The story of a position, by the end of its id. */
  whyPosition: "b",
  pause: "z",
  /** The exit rules of a position, by the end of its id, or of the one that the message shows. */
  exits: "f",
  /** The plan without the rule at this place. */
  exitDrop: "d",
  /** The plan with one of the ready-made sets of rules, by its place. */
  exitPreset: "g",
  /** Asks for a rule. */
  exitAdd: "a",
  settings: "n",
  /** Asks for a limit buy of the token that the message shows. */
  limitBuy: "j",
  /** Limit buys that wait. */
  entries: "o",
} as const;
export type NavTarget = keyof typeof NAV_OPS;

export type ScreenButton =
  | { text: string; nav: NavTarget; arg?: string; style?: ButtonStyle }
  | { text: string; action: TicketAction; lifetime: "trade" | "menu"; style?: ButtonStyle }
  | { text: string; url: string }
  | { text: string; copyText: string };

/** A message before its tickets are issued. */
export interface Screen {
  text: string;
  entities: MessageEntity[];
  rows: ScreenButton[][];
  forceReply?: boolean;
}

/** Base 36, so that the two characters of a button's argument reach page 1,296. */
export function pageArg(page: number): string {
  return page.toString(36);
}

/**
 * Names a rule by its number, which it keeps while others fire. Rules of the first release have no
 * number: a leading zero and their place stand for it.
 */
export function ruleArg({ id }: { id?: string | undefined }, at: number): string {
  const number = /\d+$/.exec(id ?? "")?.[0];
  return number === undefined ? `0${pageArg(at)}` : pageArg(Number(number));
}

export function screenOf(rich: RichText, rows: ScreenButton[][] = []): Screen {
  return { text: rich.text, entities: rich.entities, rows };
}

/** Allows buys again, unless they were paused or halted after this button was made. */
export function resumeButton(nowMs: number): ScreenButton {
  return {
    text: "Resume entries",
    action: { kind: "resume", shownMs: nowMs },
    lifetime: "trade",
    style: "success",
  };
}
