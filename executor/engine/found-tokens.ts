import type { PositionRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { valueLamports } from "@raptor/shared/values/money.ts";
import type { Drift } from "@raptor/shared/wire/read.ts";
import type { FoundNotice } from "../ports/notices.ts";
import type { Reader } from "../ports/store.ts";
import type { InstrumentReport } from "../ports/venue.ts";
import { leftApart } from "./compare-wallet.ts";
import type { EngineContext } from "./context.ts";
import { instrumentOf } from "./ids.ts";
import { isJournalTrouble } from "./journal-trouble.ts";
import type { WalletHistory } from "./wallet-history.ts";

/** What is worth less would not pay for the transaction that sells it, with its rent. */
const DUST_LAMPORTS = 10_000_000n;
/** Of a token that is held already and has no price: less than this share of it is dust. */
const DUST_SHARE = 100n;
/** Anybody may send a wallet tokens every minute; a chat hears of so many of them a day. */
const NOTICES_PER_DAY_MAX = 5;
const DAY_MS = 24 * 3_600_000;
/** Prices asked for in one run. */
const JUDGED_MAX = 5;
/** A token that was dust is looked at again after this, or when there is more of it. */
const JUDGED_AGAIN_MS = 3_600_000;
const JUDGED_REMEMBERED_MAX = 1_000;

/** Tokens beyond the ledger. */
export interface Surplus {
  wallet: WalletRow;
  mint: string;
  quantity: bigint;
  held: PositionRow | undefined;
}

/**
 * Asks people what to do with tokens that came without an order. Such tokens take nothing away, so
 * entries go on meanwhile: otherwise a stranger could stop a desk's trading with a gift.
 */
export class FoundTokens {
  readonly #context: EngineContext;
  readonly #history: Pick<WalletHistory, "explain" | "readOwn">;
  /** By the key of the question, which is another one after each word of the person. */
  readonly #judged = new Map<string, { quantity: bigint; atMs: number }>();
  readonly #toldMs = new Map<number, number[]>();
  #isLooking = false;

  constructor(context: EngineContext, history: Pick<WalletHistory, "explain" | "readOwn">) {
    this.#context = context;
    this.#history = history;
  }

  /** Looks in the background, one run at a time: the next run finds again what this one missed. */
  look(drift: readonly Drift[]): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    void this.#look(drift)
      .catch((error: unknown) => this.#context.onFatal(error))
      .finally(() => (this.#isLooking = false));
  }

  async #look(drift: readonly Drift[]): Promise<void> {
    let judged = 0;
    for (const one of drift) {
      if (one.class !== "orphan" && one.class !== "adopt") continue;
      const surplus = this.#surplusOf(one);
      if (surplus === undefined || !this.#isNews(surplus)) continue;
      if (judged++ >= JUDGED_MAX) return;
      await this.#judge(surplus);
    }
  }

  #surplusOf({ userId, wallet: address, mint, chainQuantity }: Drift): Surplus | undefined {
    const { store } = this.#context;
    const wallet = store.wallets().find((one) => one.userId === userId && one.address === address);
    if (wallet === undefined) return undefined;
    const held = store.openPositionOf(wallet.walletId, instrumentOf(mint));
    const quantity = BigInt(chainQuantity) - BigInt(held?.quantity ?? "0");
    return quantity <= leftApart(store, wallet, mint)
      ? undefined
      : { wallet, mint, quantity, held };
  }

  #isNews({ wallet, mint, quantity }: Surplus): boolean {
    const { store, clock } = this.#context;
    if (quantity <= shownOf(store, wallet, mint)) return false;
    const known = this.#judged.get(noticeKeyOf(store, wallet, mint));
    if (known === undefined || quantity > known.quantity) return true;
    return clock.monotonicMs() - known.atMs >= JUDGED_AGAIN_MS;
  }

  async #judge(surplus: Surplus): Promise<void> {
    const { wallet, mint, quantity, held } = surplus;
    const { store, clock, venue } = this.#context;
    if (this.#judged.size >= JUDGED_REMEMBERED_MAX) this.#judged.clear();
    const key = noticeKeyOf(store, wallet, mint);
    this.#judged.set(key, { quantity, atMs: clock.monotonicMs() });
    const report = await fetchReport(this.#context, mint);
    if (report === undefined || !isWorthAsking(surplus, report)) return;
    // They may be what an attempt of ours has bought that was called over.
    const doubted = await this.#history.readOwn(wallet, mint);
    // Nodes that tell nothing now may tell it at the next run.
    if (doubted === undefined) return void this.#judged.delete(key);
    if (doubted.length > 0 || !this.#mayTell(wallet.userId)) return;
    const { symbol, decimals, tokenProgram } = report;
    const movedBy = await this.#history.explain(wallet, { mint, tokenProgram });
    const notice: FoundNotice = {
      walletId: wallet.walletId,
      mint,
      symbol,
      decimals,
      quantity: quantity.toString(),
      valueLamports: valueOf(report, quantity)?.toString() ?? null,
      isHeld: held !== undefined,
      links: movedBy.map((identity) => venue.explorerUrl(identity)),
    };
    if (await this.#tell(surplus, notice)) this.#noteTold(wallet.userId);
    else this.#judged.delete(key);
  }

  /** @returns false where the person was not asked: the next reconcile looks again. */
  async #tell({ wallet, mint, quantity, held }: Surplus, notice: FoundNotice): Promise<boolean> {
    const { store, notices } = this.#context;
    try {
      return await store.transact((tx) => {
        // What was booked meanwhile may be these: the next reconcile sees what is left.
        const now = tx.openPositionOf(wallet.walletId, instrumentOf(mint));
        if (now?.quantity !== held?.quantity) return false;
        if (quantity <= leftApart(tx, wallet, mint)) return false;
        notices.found(tx, wallet.userId, noticeKeyOf(tx, wallet, mint), notice);
        return true;
      });
    } catch (error) {
      if (!isJournalTrouble(error)) throw error;
      return false;
    }
  }

  #mayTell(userId: number): boolean {
    return this.#toldToday(userId).length < NOTICES_PER_DAY_MAX;
  }

  #noteTold(userId: number): void {
    this.#toldMs.set(userId, [...this.#toldToday(userId), this.#context.clock.monotonicMs()]);
  }

  #toldToday(userId: number): number[] {
    const nowMs = this.#context.clock.monotonicMs();
    return (this.#toldMs.get(userId) ?? []).filter((atMs) => nowMs - atMs < DAY_MS);
  }
}

/** One message per token, edited when there is more of it; a new one after each word on it. */
function noticeKeyOf(reader: Reader, { walletId }: WalletRow, mint: string): string {
  const saidMs = reader.tokenWord(walletId, mint)?.saidMs ?? 0;
  return `surplus:${walletId}:${mint}:${saidMs}`;
}

/** As many base units as the person was asked about already. */
function shownOf(reader: Reader, wallet: WalletRow, mint: string): bigint {
  const view = reader.outbox(noticeKeyOf(reader, wallet, mint))?.view;
  return view?.kind === "found" ? BigInt(view.quantity) : 0n;
}

/** A stranger's token that one would not be allowed to buy is bait, and nobody is asked about it. */
function isWorthAsking({ quantity, held }: Surplus, report: InstrumentReport): boolean {
  const value = valueOf(report, quantity);
  if (held === undefined) {
    return report.refusals.length === 0 && value !== undefined && value >= DUST_LAMPORTS;
  }
  if (value !== undefined) return value >= DUST_LAMPORTS;
  return quantity * DUST_SHARE >= BigInt(held.quantity);
}

export function valueOf(
  { priceE9, decimals }: Pick<InstrumentReport, "priceE9" | "decimals">,
  quantity: bigint,
): bigint | undefined {
  if (priceE9 === null || priceE9 <= 0n) return undefined;
  return valueLamports(quantity, decimals, priceE9);
}

/** Undefined while nobody tells of the token: whatever it is, it can wait. */
export async function fetchReport(
  { venue }: Pick<EngineContext, "venue">,
  mint: string,
): Promise<InstrumentReport | undefined> {
  try {
    return await venue.fetchInstrument(mint);
  } catch (error) {
    if (!isRaptorError(error)) throw error;
    return undefined;
  }
}
