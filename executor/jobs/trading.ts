import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { OrderRow, View } from "@raptor/shared/domain/rows.ts";
import { assert, isRaptorError, sentenceOf } from "@raptor/shared/errors/raptor-error.ts";
import type { Job, JobOf } from "@raptor/shared/wire/job.ts";
import { replacedBy } from "../engine/group-end.ts";
import { deriveJobOrderId, instrumentOf, slotOf } from "../engine/ids.ts";
import { appendClosed } from "../engine/journal-attempt.ts";
import type { OrderDriver } from "../engine/order-driver.ts";
import {
  initializeOrder,
  initializeSell,
  openSellOf,
  sellPayloadOf,
  type SellWish,
} from "../engine/orders.ts";
import type { EngineSettings } from "../engine/settings.ts";
import type { Notices } from "../ports/notices.ts";
import type { Store, Tx } from "../ports/store.ts";
import type { InstrumentReport, Venue } from "../ports/venue.ts";
import { noticeScreen } from "../screens/plain.ts";
import { promptScreen } from "../screens/token.ts";
import { parsePercent, parseSolAmount } from "./amounts.ts";
import type { Presenter } from "./presenter.ts";

interface Target {
  userId: number;
  chatId: number;
  key: string;
  messageId: number | null;
}

export interface BuyRequest {
  mint: string;
  notionalLamports: bigint;
  slippageBpsMax: number;
  guardOverride: boolean;
}

/** How long a prompt for a custom amount waits for its answer. */
const PROMPT_TTL_MS = 60_000;

/** Makes orders out of commands and pressed buttons. */
export class Trading {
  readonly #store: Store;
  readonly #venue: Venue;
  readonly #clock: Clock;
  readonly #driver: OrderDriver;
  readonly #notices: Notices;
  readonly #presenter: Presenter;
  readonly #settings: EngineSettings;

  constructor(deps: {
    store: Store;
    venue: Venue;
    clock: Clock;
    driver: OrderDriver;
    notices: Notices;
    presenter: Presenter;
    settings: EngineSettings;
  }) {
    this.#store = deps.store;
    this.#venue = deps.venue;
    this.#clock = deps.clock;
    this.#driver = deps.driver;
    this.#notices = deps.notices;
    this.#presenter = deps.presenter;
    this.#settings = deps.settings;
  }

  /** Goes on with the order that this job has made already, if any; says which one. */
  resume(job: Job): string | undefined {
    const orderId = deriveJobOrderId(job.id, 0);
    if (this.#store.order(orderId) === undefined) return undefined;
    this.#driver.start(orderId);
    return `order ${orderId}`;
  }

  async buyTyped(target: Target, job: Job, mint: string, amountText: string): Promise<string> {
    const amount = parseSolAmount(amountText);
    if (!amount.ok) return this.#tell(target, ["Not bought", amount.sentence]);
    return this.buy(target, job, {
      mint,
      notionalLamports: amount.value,
      slippageBpsMax: this.#settings.buySlippageBps,
      guardOverride: false,
    });
  }

  /** One buy order for this job; its message is the pressed card, or a new one. */
  async buy(target: Target, job: Job, request: BuyRequest): Promise<string> {
    const orderId = deriveJobOrderId(job.id, 0);
    let instrument: InstrumentReport;
    try {
      instrument =
        this.#venue.instrumentAtHand(request.mint) ??
        (await this.#venue.fetchInstrument(request.mint));
    } catch (error) {
      if (!isRaptorError(error)) throw error;
      return this.#tell(target, [
        "Not bought",
        `Cause: ${sentenceOf(error)}`,
        "Nothing was sent and no SOL left the wallet. Paste the token again in a moment.",
      ]);
    }
    if (instrument.refusals.length > 0) {
      const last = "Nothing was sent and no SOL left the wallet.";
      return this.#tell(target, ["Not bought", ...instrument.refusals, last]);
    }
    await this.#store.transact((tx) => this.#initializeBuy(tx, target, job, request, instrument));
    this.#driver.start(orderId);
    return `order ${orderId}`;
  }

  #initializeBuy(
    tx: Tx,
    target: Target,
    job: Job,
    request: BuyRequest,
    instrument: InstrumentReport,
  ): void {
    const { userId, chatId, messageId } = target;
    const orderId = deriveJobOrderId(job.id, 0);
    const wallet = tx.walletOf(userId);
    assert(wallet !== undefined, `user ${userId} has no wallet`);
    const noticeKey = `order:${orderId}`;
    initializeOrder(tx, {
      orderId,
      userId,
      walletId: wallet.walletId,
      venue: this.#venue.id,
      instrument: instrumentOf(request.mint),
      symbol: instrument.symbol,
      decimals: instrument.decimals,
      tokenProgram: instrument.tokenProgram,
      side: "buy",
      source: { kind: "job", jobId: job.id },
      notionalLamports: request.notionalLamports.toString(),
      quantity: "0",
      slippageBpsMax: request.slippageBpsMax,
      positionId: null,
      entryPriceE9: instrument.priceE9?.toString() ?? null,
      deadlineMs: job.deadlineMs ?? this.#pressDeadlineMs(tx, job),
      guardOverride: request.guardOverride,
      noticeKey,
    });
    if (messageId !== null) {
      const view: View = { kind: "order", orderId };
      const content = { text: "…", entities: [], keyboard: [] };
      tx.putOutbox({ key: noticeKey, chatId, messageId, content, view });
    }
    this.#notices.order(tx, orderId);
  }

  /** Counted from the press, so that a job found after a long stop does not buy much later. */
  #pressDeadlineMs(tx: Tx, job: Job): number {
    const receivedMs = tx.job(job.id)?.receivedMs ?? this.#clock.nowMs();
    return receivedMs + this.#settings.buyDeadlineMs;
  }

  async sellTyped(target: Target, job: JobOf<"sell">): Promise<string> {
    const percent = parsePercent(job.percentText);
    if (!percent.ok) return this.#tell(target, ["Not sold", percent.sentence]);
    const wallet = this.#store.walletOf(target.userId);
    const instrument = instrumentOf(job.mint);
    const position =
      wallet === undefined ? undefined : this.#store.openPositionOf(wallet.walletId, instrument);
    if (position === undefined) {
      return this.#tell(target, ["Not sold", "You have no open position in this token."]);
    }
    return this.sell(target, job, position.positionId, Number(percent.value));
  }

  async sell(target: Target, job: Job, positionId: string, quantityBps: number): Promise<string> {
    const orderId = deriveJobOrderId(job.id, 0);
    const problem = await this.#store.transact((tx) => {
      if (tx.order(orderId) !== undefined) return undefined;
      const position = tx.position(positionId);
      if (position === undefined || position.state !== "open") return "This position is closed.";
      if (position.userId !== target.userId) return "This position is not yours.";
      const held = openSellOf(tx, positionId);
      const wish: SellWish = {
        orderId,
        position,
        quantityBps,
        slippageBpsMax: this.#settings.exitSlippageRampBps.at(-1) as number,
        source: { kind: "job", jobId: job.id },
        noticeKey: `order:${orderId}`,
      };
      if (held !== undefined && !this.#mayReplace(tx, held, wish)) {
        return "A sell of this position is already under way; its message shows how it goes.";
      }
      initializeSell(tx, wish);
      this.#notices.order(tx, orderId);
      if (held !== undefined) {
        appendClosed(tx, held, "canceled", replacedBy(wish));
        this.#notices.order(tx, held.orderId);
      }
      return undefined;
    });
    if (problem !== undefined) {
      const fresh: Target = { ...target, key: `job:${job.id}`, messageId: null };
      return this.#tell(fresh, ["Not sold", problem]);
    }
    this.#driver.start(orderId);
    return `order ${orderId}`;
  }

  /** An exit that is held back as too small makes way for a sell of more than it would sell. */
  #mayReplace(tx: Tx, held: OrderRow, wish: SellWish): boolean {
    const isIdle = held.source.kind === "exit" && tx.unresolvedInSlot(slotOf(held)) === undefined;
    const isMore = BigInt(sellPayloadOf(wish).quantity) > BigInt(held.quantity);
    return isIdle && isMore && this.#driver.isHeldSmall(held.orderId);
  }

  /** Asks for a custom amount; the answer is bound to this chat and expires. */
  async prompt(target: Target, mint: string): Promise<string> {
    let symbol = mint.slice(0, 6);
    try {
      symbol = (await this.#venue.fetchInstrument(mint)).symbol;
    } catch (error) {
      if (!isRaptorError(error)) throw error;
    }
    const expiresMs = this.#clock.nowMs() + PROMPT_TTL_MS;
    const view: View = { kind: "prompt", mint, expiresMs };
    await this.#store.transact((tx) => this.#presenter.put(tx, target, view, promptScreen(symbol)));
    return "asked for an amount";
  }

  showOrder(tx: Tx, orderId: string): void {
    if (tx.order(orderId) !== undefined) this.#notices.order(tx, orderId);
  }

  async #tell(target: Target, lines: readonly string[]): Promise<string> {
    const screen = noticeScreen(lines);
    await this.#store.transact((tx) => this.#presenter.put(tx, target, { kind: "notice" }, screen));
    return lines.join(" ").slice(0, 200);
  }
}
