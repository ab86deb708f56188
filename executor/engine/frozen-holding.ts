import type { WalletView } from "../ports/venue.ts";

/**
 * `whole`: every node says that what this wallet holds of a token is frozen. `part`: all that
 * answered and show it do, and somebody did not answer.
 */
export type Freeze = "none" | "part" | "whole";

/** Looks at a freeze in a row that not every node vouches for; then the sell is tried. */
export const PART_FREEZES_MAX = 2;

/**
 * For so long what all nodes called frozen is frozen, while one of them is silent and no other one
 * says something else: each try of it would cost its fee and revert.
 */
export const FREEZE_KNOWN_MS = 120_000;

const CAUSES: Readonly<Record<Exclude<Freeze, "none">, string>> = {
  whole: "The token's maker has frozen it in this wallet, so that nobody can move it.",
  part: "A node says that the token's maker has frozen it, and not every node has answered.",
};

/** What all nodes together say. `isCalled`: one of them has said so a moment ago. */
export function freezeOf(views: readonly WalletView[], mint: string, isCalled: boolean): Freeze {
  if (!isCalled && !views.some(({ report }) => report?.frozen?.has(mint))) return "none";
  const holders = views.flatMap(({ report }) => (report?.tokens.has(mint) ? [report] : []));
  // One node alone must not keep anybody from selling, and neither must a silent one.
  if (holders.some(({ frozen }) => frozen?.has(mint) !== true)) return "none";
  if (views.some(({ report }) => report === null)) return "part";
  return holders.length === 0 ? "none" : "whole";
}

export function freezeCauseOf(freeze: Exclude<Freeze, "none">): string {
  return CAUSES[freeze];
}
