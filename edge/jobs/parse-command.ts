import { TRADING_STATES } from "@raptor/shared/domain/trading-state.ts";
import { API_SCOPES, WHY_CHARS_MAX, type ApiScope, type Job } from "@raptor/shared/wire/job.ts";
import { findMint } from "./find-mint.ts";
import { SENTENCES } from "../replies/sentences.ts";

type WithoutHead<J> = J extends Job ? Omit<J, "id" | "actor" | "createdMs" | "deadlineMs"> : never;

/** What a job asks for, before it knows whose it is. */
export type JobRequest = WithoutHead<Job>;

/** A typed text is one request to the executor, or one sentence back. */
export type TextMeaning =
  | { kind: "request"; request: JobRequest }
  | { kind: "sentence"; text: string };

const COMMAND_PATTERN = /^\/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{3,32}))?(?:\s+([\s\S]*))?$/;
export const AMOUNT_CHARS_MAX = 64;
const REASON_CHARS_MAX = 256;

export interface TypedCommand {
  name: string;
  /** The bot named after an `@`, in lower case. */
  addressee: string | undefined;
  rest: string;
}

export function parseTypedCommand(text: string): TypedCommand | undefined {
  const match = COMMAND_PATTERN.exec(text.trim());
  if (match === null) return undefined;
  const [, name = "", addressee, rest = ""] = match;
  return { name: name.toLowerCase(), addressee: addressee?.toLowerCase(), rest: rest.trim() };
}

/** Emergency words come first and need no argument. Unknown commands never guess. */
export function parseCommand(command: TypedCommand): TextMeaning {
  switch (command.name) {
    case "panic":
    case "fx":
      return request({ kind: "panic" });
    case "kill":
      return parseKill(command.rest);
    case "pause":
    case "stop":
      return request({ kind: "pause" });
    case "resume":
      return request({ kind: "resume" });
    case "sell":
      return parseSell(command.rest);
    case "buy":
      return parseBuy(command.rest);
    case "start":
      return request({ kind: "start" });
    case "home":
      return request({ kind: "showScreen", screen: "home" });
    case "help":
      return request({ kind: "showScreen", screen: "help" });
    case "status":
    case "health":
      return request({ kind: "showScreen", screen: "status" });
    case "positions":
    case "holdings":
    case "assets":
      return request({ kind: "showScreen", screen: "positions" });
    case "wallet":
      return request({ kind: "showScreen", screen: "wallet" });
    case "orders":
    case "limit":
      return request({ kind: "showScreen", screen: "orders" });
    case "settings":
    case "exits":
      return request({ kind: "showScreen", screen: "settings" });
    case "why":
      if (command.rest.length > WHY_CHARS_MAX) return sentence(SENTENCES.whyTooLong);
      return request({ kind: "why", about: command.rest });
    case "token":
      return parseToken(command.rest);
    case "cancel":
      // Whether a prompt is open is known to the executor alone.
      return request({ kind: "say", text: "/cancel" });
    default:
      return { kind: "sentence", text: SENTENCES.unknownCommand };
  }
}

function parseSell(rest: string): TextMeaning {
  if (rest === "") return request({ kind: "showScreen", screen: "sell" });
  const { first, others } = splitFirst(rest);
  const mint = findMint(first);
  if (mint === undefined) return { kind: "sentence", text: SENTENCES.sellNeedsMint };
  if (others.length > AMOUNT_CHARS_MAX) return { kind: "sentence", text: SENTENCES.amountTooLong };
  return request({ kind: "sell", mint, percentText: others === "" ? "100" : others });
}

function parseBuy(rest: string): TextMeaning {
  const { first, others } = splitFirst(rest);
  const mint = findMint(first);
  if (mint === undefined || others === "") return { kind: "sentence", text: SENTENCES.buyUsage };
  if (others.length > AMOUNT_CHARS_MAX) return { kind: "sentence", text: SENTENCES.amountTooLong };
  return request({ kind: "buy", mint, amountText: others });
}

/** Anything that is not a known state is the reason, and the state is the safest one. */
function parseKill(rest: string): TextMeaning {
  const { first, others } = splitFirst(rest);
  const state = TRADING_STATES.find((known) => known === first.toLowerCase());
  const typed = state === undefined ? rest : others;
  const reason = typed === "" ? "/kill in Telegram" : typed.slice(0, REASON_CHARS_MAX);
  return request({
    kind: "setTradingState",
    state: state ?? "halted",
    reason: reason.toWellFormed(),
  });
}

function parseToken(rest: string): TextMeaning {
  const words = rest
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((word) => word !== "");
  if (words[0] === "revoke" && words.length === 1) return request({ kind: "revokeTokens" });
  const scopes: ApiScope[] = [];
  for (const word of words) {
    const scope = API_SCOPES.find((known) => known === word);
    if (scope === undefined) return { kind: "sentence", text: SENTENCES.tokenUsage };
    if (!scopes.includes(scope)) scopes.push(scope);
  }
  return request({ kind: "issueToken", scopes: scopes.length === 0 ? [...API_SCOPES] : scopes });
}

function sentence(text: string): TextMeaning {
  return { kind: "sentence", text };
}

function request(wanted: JobRequest): TextMeaning {
  return { kind: "request", request: wanted };
}

function splitFirst(text: string): { first: string; others: string } {
  const at = text.search(/\s/);
  if (at === -1) return { first: text, others: "" };
  return { first: text.slice(0, at), others: text.slice(at).trim() };
}
