import type { OrderRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { PriceUpdate } from "../ports/market.ts";
import type { Tx } from "../ports/store.ts";
import type { PreparedAttempt, Route } from "../ports/venue.ts";
import { type LifetimeChoice, chooseLifetime } from "./attempt-lifetime.ts";
import type { AttemptTracker } from "./attempt-tracker.ts";
import type { ArmedTrigger } from "./armed-trigger.ts";
import type { EngineContext } from "./context.ts";
import { appendExitTrigger, decideTrigger, exitOrderOf } from "./exit-trigger.ts";
import { attemptIdOf, mintOf } from "./ids.ts";
import { journalAttempt, type Journaled } from "./journal-attempt.ts";
import type { OrderDriver } from "./order-driver.ts";
import { openSellOf } from "./orders.ts";
import { protectOf } from "./order-protect.ts";
import { NETWORK_FEE_LAMPORTS_MIN } from "./small-sells.ts";
import { fallRuleOf, priceCheckOf } from "./price-doubt.ts";

interface Draft {
  order: OrderRow;
  wallet: WalletRow;
  wrapped: string;
  route: Route;
  choice: Extract<LifetimeChoice, { kind: "use" }>;
}

/** At hand it takes about a millisecond. */
const PREPARE_MS_MAX = 500;

/** What came of a crossed rule on the fast way. */
export type FastOutcome =
  /** Nothing was at hand, or something spoke against it: the slow way decides. */
  | { kind: "slow" }
  /** Its decision is journaled: without an order, or with one that is driven on from here. */
  | { kind: "decided"; orderId: string | undefined };

/**
 * A crossed rule to signed bytes in one step: the attempt is made from what is at hand while
 * nothing is journaled yet, and then trigger, order and attempt are committed together. Nothing
 * leaves before that commit, and what does not fit by then is thrown away: it was never sent.
 */
export class FastExit {
  readonly #context: EngineContext;
  /** The person is told with the sending, a moment later: the sell does not wait for a message. */
  readonly #quiet: EngineContext;
  readonly #tracker: AttemptTracker;
  readonly #driver: Pick<OrderDriver, "start">;
  readonly #abort = new AbortController();

  constructor(context: EngineContext, tracker: AttemptTracker, driver: Pick<OrderDriver, "start">) {
    this.#context = context;
    this.#quiet = { ...context, notices: { ...context.notices, order: () => {} } };
    this.#tracker = tracker;
    this.#driver = driver;
  }

  async fire(trigger: ArmedTrigger, update: PriceUpdate): Promise<FastOutcome> {
    const draft = this.#draft(trigger, update);
    const attempt = draft === undefined ? undefined : await this.#prepareInTime(draft);
    if (draft === undefined || attempt === undefined) return { kind: "slow" };
    const { store, metrics } = this.#context;
    let journaled: Journaled | undefined;
    const orderId = await store.transact((tx) => {
      // Nobody would follow what is journaled after the drain; the next start fires it anew.
      if (this.#abort.signal.aborted) return undefined;
      // What came in between is not overtaken in silence; the next price decides.
      if (openSellOf(tx, trigger.positionId) !== undefined) return undefined;
      const id = appendExitTrigger(this.#quiet, tx, trigger, update);
      journaled = id === undefined ? undefined : this.#journal(tx, id, draft, attempt);
      return id;
    });
    if (orderId !== undefined && journaled === "journaled") {
      metrics.count("exits_fast_total", {});
      try {
        await this.#tracker.submit(attemptIdOf(orderId, 1));
        // No lane took it yet, so that no sending has told of it.
        if (store.attempt(attemptIdOf(orderId, 1))?.submittedMs === null) await this.#tell(orderId);
      } finally {
        // Whatever becomes of the first try, its order is driven from here on.
        this.#driver.start(orderId);
      }
    } else if (orderId !== undefined) {
      this.#driver.start(orderId);
      await this.#tell(orderId);
    }
    return { kind: "decided", orderId };
  }

  #tell(orderId: string): Promise<void> {
    const { store, notices } = this.#context;
    return store.transact((tx) => notices.order(tx, orderId));
  }

  /** No new decisions; what is signed by then is thrown away. */
  stop(): void {
    this.#abort.abort();
  }

  /** What was decided in the transaction may be another sell than the one that was prepared. */
  #journal(tx: Tx, orderId: string, { order }: Draft, attempt: PreparedAttempt): Journaled {
    const decided = tx.order(orderId);
    const isSame = decided?.orderId === order.orderId && decided.quantity === order.quantity;
    if (decided === undefined || !isSame) return "again";
    return journalAttempt(this.#quiet, tx, decided, 1, attempt, undefined);
  }

  /** Undefined where anything is missing that would have to be asked for. */
  #draft(trigger: ArmedTrigger, update: PriceUpdate): Draft | undefined {
    const { store, clock, settings, venue } = this.#context;
    const decision = decideTrigger(store, trigger, update, clock.nowMs());
    if (decision === undefined || decision.quantity === 0n) return undefined;
    // Whoever waits for that sell is told how it ended, which takes the slow way.
    if (decision.replaces !== undefined) return undefined;
    const order = exitOrderOf(this.#context, decision);
    const wallet = store.wallet(order.walletId);
    const wrapped = store.vault(order.walletId);
    if (wallet === undefined || wrapped === undefined) return undefined;
    const held = venue.holdingAtHand(wallet.address, mintOf(order.instrument));
    if (held === undefined || held.quantity < BigInt(order.quantity)) return undefined;
    const choice = chooseLifetime(this.#context, order);
    if (choice.kind === "wait" || choice.joins !== undefined) return undefined;
    const slippageBps = settings.exitSlippageRampBps[0] as number;
    const route = venue.routeAtHand({
      wallet: wallet.address,
      mint: mintOf(order.instrument),
      side: "sell",
      quantityIn: BigInt(order.quantity),
      slippageBps,
      priceCheck: priceCheckOf(this.#context, order, slippageBps),
      ...fallRuleOf(settings, order),
      ...protectOf(store, order),
    });
    // Whether so little is worth a transaction takes more than one look.
    if (route === undefined || route.quantityOut <= NETWORK_FEE_LAMPORTS_MIN) return undefined;
    return { order, wallet, wrapped, route, choice };
  }

  /**
   * Where something has to be asked for after all, the decision must not stay in memory for long:
   * the slow way journals it first.
   */
  async #prepareInTime(draft: Draft): Promise<PreparedAttempt | undefined> {
    const limit = new AbortController();
    const late = this.#context.clock.sleep(PREPARE_MS_MAX, limit.signal).then(() => undefined);
    try {
      return await Promise.race([this.#prepare(draft), late]);
    } finally {
      limit.abort();
    }
  }

  /** Undefined where it cannot be had now; the slow way tells why, if it fails there too. */
  async #prepare(draft: Draft): Promise<PreparedAttempt | undefined> {
    const { order, wallet, wrapped, route, choice } = draft;
    const { venue, log } = this.#context;
    try {
      const made = await venue.prepare(order, wallet, wrapped, route, 1, choice.lifetime);
      if (made.outcome === "prepared") return made.attempt;
      log.info({ orderId: order.orderId, reason: made.reason }, "an exit goes the slow way");
      return undefined;
    } catch (error) {
      if (!isRaptorError(error) || error.code === "RAPTOR_SIGNER__GONE") throw error;
      log.info({ orderId: order.orderId, code: error.code }, "an exit goes the slow way");
      return undefined;
    }
  }
}
