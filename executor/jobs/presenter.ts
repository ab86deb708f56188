import type { NonceAccountRow, View } from "@raptor/shared/domain/rows.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { presetOf } from "../engine/exit-arming.ts";
import { instrumentOf } from "../engine/ids.ts";
import type { ReadModels } from "../engine/read-models.ts";
import { askAgain } from "../engine/token-words.ts";
import type { EngineSettings } from "../engine/settings.ts";
import type { PriceFeed } from "../ports/market.ts";
import type { Store, Tx } from "../ports/store.ts";
import type { InstrumentReport, Venue, WalletReport } from "../ports/venue.ts";
import { foundScreen } from "../screens/drift.ts";
import { homeScreen, walletScreen } from "../screens/home.ts";
import { helpScreen, noticeScreen, panicConfirmScreen, statusScreen } from "../screens/plain.ts";
import { positionsScreen } from "../screens/positions.ts";
import type { Screen } from "../screens/screen.ts";
import { tokenScreen } from "../screens/token.ts";
import { valueLamports } from "@raptor/shared/values/money.ts";
import { renderEntries } from "./entry-desk.ts";
import { renderExits } from "./exit-screens.ts";
import { Stories } from "./stories.ts";
import type { TicketIssuer } from "./tickets.ts";
import { closedFor, fetchRoundTrip, shownPriceOf, tokenProblem } from "./token-card.ts";

export interface PresenterDeps {
  store: Store;
  venue: Venue;
  feed: PriceFeed;
  reads: ReadModels;
  clock: Clock;
  tickets: TicketIssuer;
  settings: EngineSettings;
  presetsLamports: readonly bigint[];
}

/** Dollars are only for orientation; older than this they would mislead. */
const SOL_USD_KEPT_MS = 600_000;

/** Collects what a screen needs and renders it. Only reads; never moves money. */
export class Presenter {
  readonly #deps: PresenterDeps;
  readonly #stories: Stories;
  #solUsd: { value: number; atMs: number } | undefined;

  constructor(deps: PresenterDeps) {
    this.#deps = deps;
    this.#stories = new Stories(deps);
  }

  get stories(): Pick<Stories, "viewOf" | "viewOfPress"> {
    return this.#stories;
  }

  /** The screen of a view as it is now, or undefined for views that do not refresh. */
  async render(userId: number, view: View): Promise<Screen | undefined> {
    const { clock, reads } = this.#deps;
    switch (view.kind) {
      case "home":
        return this.#home(userId);
      case "help":
        return helpScreen();
      case "status":
        return statusScreen({
          view: reads.status(),
          ownPositions: this.#deps.store.openPositions(userId).length,
          nowMs: clock.nowMs(),
        });
      case "positions":
      case "sell":
        return positionsScreen({
          positions: reads.positions(userId),
          page: view.kind === "positions" ? view.page : 0,
          nowMs: clock.nowMs(),
        });
      case "wallet":
        return this.#wallet(userId);
      case "token":
        return this.#token(userId, view.mint);
      case "why":
      case "trades":
        return this.#stories.render(userId, view);
      case "found": {
        const { walletId, mint, quantity } = view;
        const asked = await askAgain(this.#deps, { walletId, mint, quantity: BigInt(quantity) });
        return asked === undefined ? undefined : foundScreen(asked);
      }
      case "entries":
        return renderEntries(this.#deps, userId);
      case "exits":
        return renderExits(this.#deps, userId, view.positionId);
      case "panicConfirm":
        return panicConfirmScreen(this.#deps.store.openPositions(userId).length);
      default:
        return undefined;
    }
  }

  /** Queues a screen: as an edit of `messageId`, or as a new message under `key`. */
  put(
    tx: Tx,
    target: { userId: number; chatId: number; key: string; messageId: number | null },
    view: View,
    screen: Screen,
  ): void {
    const { userId, chatId, key, messageId } = target;
    const content = this.#deps.tickets.issue(tx, userId, chatId, screen);
    tx.putOutbox({ key, chatId, messageId, content, view });
  }

  async #home(userId: number): Promise<Screen> {
    const { store, reads, clock } = this.#deps;
    const user = store.user(userId);
    const wallet = store.walletOf(userId);
    const report = wallet === undefined ? null : await this.#walletReport(wallet.address);
    const positions = reads.positions(userId);
    const isValued = positions.every((position) => position.valueLamports !== null);
    const pnl = positions.reduce(
      (sum, one) => sum + BigInt(one.valueLamports ?? "0") - BigInt(one.costLamports),
      0n,
    );
    const realised = positions.reduce((sum, one) => sum + BigInt(one.realisedLamports), 0n);
    return homeScreen({
      name: user?.name ?? "",
      address: wallet?.address ?? "",
      lamports: report?.lamports ?? null,
      solUsd: this.#solUsdNow(),
      openPositions: positions.length,
      openPnlLamports: isValued ? pnl : null,
      realisedLamports: realised + store.realisedClosedLamports(userId),
      tradingState: store.control().tradingState,
      tradingStateReason: store.control().reason,
      paused: user?.paused ?? false,
      heldReason: user?.heldReason ?? "",
      panicOpen: (user?.panicId ?? null) !== null,
      dependencies: reads.dependencies(),
      exitSpecs: presetOf(this.#deps, store, userId),
      nowMs: clock.nowMs(),
    });
  }

  async #wallet(userId: number): Promise<Screen | undefined> {
    const wallet = this.#deps.store.walletOf(userId);
    if (wallet === undefined) return undefined;
    const report = await this.#walletReport(wallet.address);
    const nowMs = this.#deps.clock.nowMs();
    const rows = this.#deps.store.nonceAccounts(wallet.walletId);
    const ready = rows.filter(({ state }) => state === "ready");
    return walletScreen({
      address: wallet.address,
      lamports: report?.lamports ?? null,
      nonces: {
        count: ready.length,
        lamports: ready.reduce((sum, row) => sum + BigInt(row.lamports), 0n),
        isMoving: rows.some(({ state }) => state === "wanted" || state === "reclaiming"),
      },
      nowMs,
    });
  }

  async #token(userId: number, mint: string): Promise<Screen> {
    const { store, venue, settings, clock, feed, presetsLamports } = this.#deps;
    const wallet = store.walletOf(userId);
    let report: InstrumentReport;
    try {
      report = await venue.fetchInstrument(mint);
    } catch (error) {
      if (!isRaptorError(error)) throw error;
      return noticeScreen(tokenProblem(error));
    }
    if (wallet !== undefined) {
      venue.warm({ wallet: wallet.address, mint, tokenProgram: report.tokenProgram });
    }
    if (report.solUsd !== null) this.#solUsd = { value: report.solUsd, atMs: clock.monotonicMs() };
    const [walletReport, roundTrip] = await Promise.all([
      wallet === undefined ? null : this.#walletReport(wallet.address),
      wallet === undefined ? null : fetchRoundTrip(this.#deps, wallet.address, mint),
    ]);
    const held = walletReport?.tokens.get(mint) ?? 0n;
    const shown = shownPriceOf(report, feed.latest(instrumentOf(mint)), clock.monotonicMs());
    const { priceE9 } = shown;
    return tokenScreen({
      ...report,
      ...shown,
      walletLamports: walletReport?.lamports ?? null,
      reserveLamports: BigInt(settings.limits.reserveLamports),
      nonceRentLamports: wallet === undefined ? null : this.#nonceRentOf(wallet.walletId),
      roundTrip,
      held:
        held === 0n
          ? null
          : {
              quantity: held,
              valueLamports:
                priceE9 === null ? null : valueLamports(held, report.decimals, priceE9),
            },
      positionId:
        wallet === undefined
          ? null
          : (store.openPositionOf(wallet.walletId, instrumentOf(mint))?.positionId ?? null),
      closed: closedFor(store, userId),
      presetsLamports,
      slippageBpsMax: settings.buySlippageBps,
      guardOverride: false,
      nowMs: clock.nowMs(),
    });
  }

  /** What the first buy of a wallet sets aside; said once, before anything is paid. */
  #nonceRentOf(walletId: string): bigint | null {
    const { store, venue, settings } = this.#deps;
    const isPaid = ({ state }: NonceAccountRow): boolean => state === "wanted" || state === "ready";
    if (settings.nonceAccountsMax === 0) return null;
    return store.nonceAccounts(walletId).some(isPaid) ? null : venue.nonceRentLamports;
  }

  /** The dollar price of SOL that came with the last token card, unless that was long ago. */
  #solUsdNow(): number | null {
    const known = this.#solUsd;
    if (known === undefined) return null;
    const ageMs = this.#deps.clock.monotonicMs() - known.atMs;
    return ageMs < SOL_USD_KEPT_MS ? known.value : null;
  }

  /** Null when the chain cannot be read: a screen says so instead of failing. */
  async #walletReport(address: string): Promise<WalletReport | null> {
    try {
      return await this.#deps.venue.fetchWallet(address);
    } catch (error) {
      if (!isRaptorError(error)) throw error;
      return null;
    }
  }
}
