import { findMint } from "./find-mint.ts";
import {
  AMOUNT_CHARS_MAX,
  parseCommand,
  parseTypedCommand,
  type TextMeaning,
} from "./parse-command.ts";
import { SENTENCES } from "../replies/sentences.ts";

export interface TypedText {
  text: string;
  /** Links that hide behind words; searched for an address like the text itself. */
  links: readonly string[];
  /** Set when the text answers one of the bot's own messages. */
  replyToMessageId: number | undefined;
  /** Our own name in lower case, when known. */
  botUsername: string | undefined;
}

/** Longest text that is taken for a typed number; amounts are shorter. */
const NUMBER_CHARS_MAX = 64;
const NUMBER_WORDS = /^[-+]?(nan|inf|infinity|all|max|half)\.?$/i;
const RULE_SHAPE = /^(tp|take profit|sl|stop loss|trail|be|time|initials|mc|limit)\s.*\d/i;
const ENTRY_SHAPE = /^[\d.]+\s+[\d.]+\s.*\d[mhd]$/i;
const NUMBER_SHAPE = /^[\p{N}\p{P}\p{S}\p{Z}eE]+(sol|lamports?|percent)?$/iu;

/** Decides what a person's text asks for. Undefined: it is meant for another bot. */
export function parseText(typed: TypedText): TextMeaning | undefined {
  const text = typed.text.toWellFormed().trim();
  const command = parseTypedCommand(text);
  if (command !== undefined) {
    const { addressee } = command;
    const isOurs = addressee === undefined || addressee === (typed.botUsername ?? addressee);
    return isOurs ? parseCommand(command) : undefined;
  }
  const mint = findMint([text, ...typed.links].join("\n"));
  if (mint !== undefined) return { kind: "request", request: { kind: "showToken", mint } };
  if (text === "") return { kind: "sentence", text: SENTENCES.textOnly };
  if (typed.replyToMessageId !== undefined) {
    if (text.length > AMOUNT_CHARS_MAX) return { kind: "sentence", text: SENTENCES.amountTooLong };
    const { replyToMessageId } = typed;
    return { kind: "request", request: { kind: "say", text, replyToMessageId } };
  }
  if (looksLikeNumber(text) || looksLikeRule(text))
    return { kind: "request", request: { kind: "say", text } };
  return { kind: "sentence", text: SENTENCES.notUnderstood };
}

/** True for what may answer the question for a rule or a limit buy: `tp 50 25`, `0.5 0.1 4h`. */
function looksLikeRule(text: string): boolean {
  if (text.length > NUMBER_CHARS_MAX) return false;
  return RULE_SHAPE.test(text) || ENTRY_SHAPE.test(text);
}

/**
 * True for what a person may mean as an amount, right or wrong: `0.5`, `-1`, `0,5`, `50%`, `NaN`,
 * `1e309`, digits of other scripts. The executor has the one parser and explains what is wrong.
 */
function looksLikeNumber(text: string): boolean {
  if (text.length > NUMBER_CHARS_MAX) return false;
  return NUMBER_WORDS.test(text) || (/\p{N}/u.test(text) && NUMBER_SHAPE.test(text));
}
