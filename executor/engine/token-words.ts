import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import type { PositionRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import type { FoundNotice } from "../ports/notices.ts";
import type { Reader, Tx } from "../ports/store.ts";
import type { InstrumentReport, WalletView } from "../ports/venue.ts";
import { truthOf } from "./compare-wallet.ts";
import type { EngineContext } from "./context.ts";
import { costAtEntry } from "./entry-price.ts";
import { fetchReport, valueOf } from "./found-tokens.ts";
import { derivePositionId, instrumentOf } from "./ids.ts";
import { applyAdoption } from "./positions.ts";
import { armExits } from "./exit-arming.ts";

/** What a person pressed: so many base units of a token, as the notice showed them. */
export interface TokenWish {
  jobId: string;
  userId: number;
  walletId: string;
  mint: string;
  quantity: bigint;
}

/** What the wallet's history says of attempts of ours that were called over. */
export type OwnPast = "clear" | "doubted" | "unread";

export type AdoptOutcome =
  | { ok: true; change: EventPayloads["PositionChanged"]; adopted: EventPayloads["TokensAdopted"] }
  /** In words why nothing was changed. */
  | { ok: false; reason: string };

export interface Adoption {
  /** The question as it stands now, to be asked again; undefined when the token is not known. */
  shown: FoundNotice | undefined;
  /** Decides again and books, inside the transaction that ends the job. */
  apply(tx: Tx): AdoptOutcome;
}

/**
 * Reads what is needed to take tokens in: what all nodes show, and what they are worth. Nothing is
 * booked on one node's word, and never more than the person saw.
 * @param past "doubted": an attempt of ours that was called over stands in the wallet's history,
 * not all nodes bear it out, and the tokens may be its own.
 */
export async function prepareAdoption(
  context: EngineContext,
  wish: TokenWish,
  past: OwnPast,
): Promise<Adoption> {
  const { store, venue } = context;
  const wallet = store.wallet(wish.walletId);
  if (wallet === undefined || wallet.userId !== wish.userId) {
    return { shown: undefined, apply: () => refuse("This wallet is not yours.") };
  }
  const [views, report] = await Promise.all([
    venue.fetchWalletViews(wallet.address),
    fetchReport(context, wish.mint),
  ]);
  const facts = { wallet, views, report, past };
  return {
    shown: describe(store, wish, facts),
    apply: (tx) => adopt(context, tx, wish, facts),
  };
}

/** The question about tokens as it stands now; undefined when nobody tells of the token. */
export async function askAgain(
  context: Pick<EngineContext, "store" | "venue">,
  about: Pick<TokenWish, "walletId" | "mint" | "quantity">,
): Promise<FoundNotice | undefined> {
  return describe(context.store, about, { report: await fetchReport(context, about.mint) });
}

function describe(
  reader: Reader,
  { walletId, mint, quantity }: Pick<TokenWish, "walletId" | "mint" | "quantity">,
  { report }: Pick<Facts, "report">,
): FoundNotice | undefined {
  const held = reader.openPositionOf(walletId, instrumentOf(mint));
  const token = held ?? report;
  if (token === undefined) return undefined;
  const value = report === undefined ? undefined : valueOf(report, quantity);
  return {
    walletId,
    mint,
    symbol: token.symbol,
    decimals: token.decimals,
    quantity: quantity.toString(),
    valueLamports: value?.toString() ?? null,
    isHeld: held !== undefined,
    links: [],
  };
}

interface Facts {
  wallet: WalletRow;
  views: WalletView[];
  report: InstrumentReport | undefined;
  past: OwnPast;
}

function adopt(context: EngineContext, tx: Tx, wish: TokenWish, facts: Facts): AdoptOutcome {
  const { wallet, report } = facts;
  const { walletId, userId, mint, jobId } = wish;
  const held = tx.openPositionOf(walletId, instrumentOf(mint));
  const token = held ?? report;
  if (token === undefined) return refuse("The token could not be looked up just now.");
  const quantity = takeableOf(tx, wish, facts, held);
  if (typeof quantity === "string") return refuse(quantity);
  const value = report === undefined ? undefined : valueOf(report, quantity);
  const basis = basisOf(held, quantity, value);
  const { symbol, decimals, tokenProgram } = token;
  const seed = {
    positionId: derivePositionId(`adopted|${jobId}`),
    userId,
    walletId,
    venue: context.venue.id,
    instrument: instrumentOf(mint),
    symbol,
    decimals,
    tokenProgram,
  };
  const change = applyAdoption(held ?? seed, held, { quantity, ...basis, jobId });
  const { positionId } = change;
  const adopted: EventPayloads["TokensAdopted"] = {
    walletId: wallet.walletId,
    userId,
    mint,
    quantity: quantity.toString(),
    positionId,
    cost: basis.cost,
    costLamports: basis.costLamports.toString(),
    jobId,
  };
  const stream = `position:${positionId}`;
  tx.append({ stream, kind: "TokensAdopted", payload: adopted });
  tx.append({ stream, kind: "PositionChanged", payload: change });
  armExits(context, tx, change, { added: quantity });
  return { ok: true, change, adopted };
}

/** Without a price, they count like the others of their position: its exits stay where they are. */
function basisOf(
  held: PositionRow | undefined,
  quantity: bigint,
  value: bigint | undefined,
): { cost: EventPayloads["TokensAdopted"]["cost"]; costLamports: bigint } {
  if (value !== undefined) return { cost: "market", costLamports: value };
  if (held === undefined || held.quantity === "0") return { cost: "unknown", costLamports: 0n };
  return { cost: "entry", costLamports: costAtEntry(held, quantity) };
}

/** What all nodes show beyond the ledger, at most what the person was shown. */
function takeableOf(
  reader: Reader,
  wish: TokenWish,
  { wallet, views, past }: Facts,
  held: PositionRow | undefined,
): bigint | string {
  if (past === "doubted") {
    return "A trade of this token stands in the history and is not decided yet.";
  }
  if (past === "unread") {
    return "Not every node told the wallet's history just now. Press again in a few seconds.";
  }
  const truth = truthOf(reader, wallet, views, instrumentOf(wish.mint));
  if (truth === undefined) return "A trade of this token is under way or not final yet.";
  if (truth.least === undefined || !truth.isWhole) return "Not every node could be read just now.";
  const ledger = BigInt(held?.quantity ?? "0");
  const surplus = truth.least - ledger;
  if (surplus <= 0n && truth.most !== undefined && truth.most > ledger) {
    return "Not every node shows these tokens yet. Press again in a few seconds.";
  }
  if (surplus <= 0n) return "The wallet holds no more of this token than the ledger says.";
  return surplus < wish.quantity ? surplus : wish.quantity;
}

/** Remembers that so many tokens are left apart; they come up again only when there are more. */
export function leaveApart(tx: Tx, wish: TokenWish): boolean {
  const { walletId, userId, mint, jobId } = wish;
  if (tx.wallet(walletId)?.userId !== userId) return false;
  const quantity = wish.quantity.toString();
  const payload = { walletId, userId, mint, quantity, jobId };
  tx.append({ stream: `wallet:${walletId}`, kind: "TokensIgnored", payload });
  return true;
}

function refuse(reason: string): AdoptOutcome {
  return { ok: false, reason };
}
