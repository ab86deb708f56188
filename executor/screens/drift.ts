import { cleanField } from "@raptor/shared/values/safe-text.ts";
import { sol, tokens } from "./numbers.ts";
import { RichText } from "./rich-text.ts";
import { screenOf, type Screen, type ScreenButton } from "./screen.ts";

const AFTER_ROW: ScreenButton[] = [
  { text: "Positions", nav: "positions", arg: "0" },
  { text: "Home", nav: "home" },
];

export interface LostToken {
  symbol: string;
  /** Null when the token is not known any more: quantities are base units then. */
  decimals: number | null;
  ledgerQuantity: string;
  chainQuantity: string;
  /** Transactions that took them, on an explorer; empty where none was found. */
  links: readonly string[];
}

/** Tokens that left a wallet without an order of ours. */
const LOST_SHOWN_MAX = 10;

export function driftScreen(lost: readonly LostToken[], shownMs: number): Screen {
  const rich = new RichText().bold("⚠️ The wallet differs from the ledger").line();
  for (const one of lost.slice(0, LOST_SHOWN_MAX)) {
    const { ledgerQuantity, chainQuantity, decimals } = one;
    const unit = decimals === null ? " base units" : "";
    const expected = tokens(ledgerQuantity, decimals ?? 0);
    const found = tokens(chainQuantity, decimals ?? 0);
    rich.line(`${cleanField(one.symbol)}: expected ${expected}, found ${found}${unit}`);
    addLinks(rich, "gone by", one.links);
  }
  if (lost.length > LOST_SHOWN_MAX) rich.line(`and ${lost.length - LOST_SHOWN_MAX} more`);
  rich.line().line("These tokens left without an order of Raptor. If that was not you, move what");
  rich.plain(" is left to another wallet.");
  rich.line("Positions and exits now follow what the wallet holds. New buys wait for your word.");
  return screenOf(rich, [
    [
      {
        text: "I know, allow buys again",
        action: { kind: "releaseEntries", shownMs },
        lifetime: "menu",
        style: "primary",
      },
    ],
    AFTER_ROW,
  ]);
}

export interface FoundToken {
  walletId: string;
  mint: string;
  symbol: string;
  decimals: number;
  quantity: string;
  valueLamports: string | null;
  isHeld: boolean;
  links: readonly string[];
}

/** `refusal`: why what was pressed before could not be done. */
export function foundScreen(found: FoundToken, refusal?: string): Screen {
  const { walletId, mint, quantity, decimals, isHeld, valueLamports } = found;
  const symbol = cleanField(found.symbol);
  const rich = new RichText().bold(`🔎 ${symbol} came without an order of Raptor`).line();
  if (refusal !== undefined) {
    rich.line(`Not done: ${refusal} Nothing was changed; you can press again.`).line();
  }
  const worth =
    valueLamports === null ? "no price is known" : `worth about ${sol(valueLamports)} SOL now`;
  rich.line(`${tokens(quantity, decimals)} ${symbol} more than the ledger knows, ${worth}.`);
  rich.line().code(mint);
  addLinks(rich, "came by", found.links);
  rich.line().line("They are yours and stay in the wallet. Nothing sells them until you say so.");
  rich.line(isHeld ? addingText(valueLamports) : adoptingText(valueLamports));
  rich.line("If you did not expect them, leave them alone: gifts of strangers are often bait.");
  const tokensOf = { walletId, mint, quantity };
  return screenOf(rich, [
    [
      {
        text: isHeld ? "Add to position" : "Adopt",
        action: { kind: "adoptTokens", ...tokensOf },
        lifetime: "menu",
        style: "primary",
      },
      {
        text: isHeld ? "Leave apart" : "Ignore",
        action: { kind: "ignoreTokens", ...tokensOf },
        lifetime: "menu",
      },
    ],
    AFTER_ROW,
  ]);
}

function adoptingText(valueLamports: string | null): string {
  return valueLamports === null
    ? "Adopt makes them a position of unknown cost, without exits: you would sell it by hand."
    : "Adopt makes them a position with the usual exits; its cost is what they are worth then.";
}

function addingText(valueLamports: string | null): string {
  return valueLamports === null
    ? "Added, they count as bought at the position's own price, and its exits sell them too."
    : "Added, they count as bought at today's price; the exits move with the new average.";
}

export interface AdoptedTokens {
  symbol: string;
  decimals: number;
  quantity: string;
  cost: "market" | "entry" | "unknown";
  costLamports: string;
  hasExits: boolean;
}

export function adoptedScreen(adopted: AdoptedTokens): Screen {
  const { decimals, quantity, cost, costLamports, hasExits } = adopted;
  const symbol = cleanField(adopted.symbol);
  const rich = new RichText().bold(`✅ ${symbol} is part of your positions`).line();
  rich.line(`${tokens(quantity, decimals)} ${symbol} were taken in; nothing was sent or sold.`);
  const costs = {
    market: `Cost: ${sol(costLamports)} SOL, what they are worth now.`,
    entry: `Cost: ${sol(costLamports)} SOL, counted at the position's own price.`,
    unknown: "Cost: unknown, counted as nothing; all of a sale will show as profit.",
  };
  rich.line(costs[cost]);
  rich.line(
    hasExits
      ? "Exits are armed and sell them with the rest."
      : "No exit is armed, because no price is known: sell them by hand when you want to.",
  );
  return screenOf(rich, [AFTER_ROW]);
}

export function apartScreen(symbol: string): Screen {
  const rich = new RichText().bold(`${cleanField(symbol)} is left apart`).line();
  rich.line("It stays in the wallet and nothing sells it.");
  rich.line("You hear of it again only when there is more of it.");
  return screenOf(rich, [AFTER_ROW]);
}

function addLinks(rich: RichText, word: string, links: readonly string[]): void {
  if (links.length === 0) return;
  rich.line(`${word} `);
  links.forEach((url, at) => {
    if (at > 0) rich.plain(", ");
    rich.link(links.length === 1 ? "this transaction" : `transaction ${at + 1}`, url);
  });
}
