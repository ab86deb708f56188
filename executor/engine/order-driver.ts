import type { RiskInputs } from "@raptor/shared/domain/events.ts";
import { FINAL_ORDER_STATUSES, UNRESOLVED_ATTEMPT_STATES } from "@raptor/shared/domain/order.ts";
import type { OrderStatus } from "@raptor/shared/domain/order.ts";
import type { AttemptRow, OrderRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import { assert, isRaptorError, sentenceOf } from "@raptor/shared/errors/raptor-error.ts";
import type { Tx } from "../ports/store.ts";
import type { PreparedAttempt, Route, WalletReport } from "../ports/venue.ts";
import type { AttemptTracker } from "./attempt-tracker.ts";
import type { EngineContext } from "./context.ts";
import { checkEntryGate } from "./entry-gate.ts";
import { attemptIdOf, closingSlotOf, mintOf, openingSlotOf } from "./ids.ts";
import { checkEntryRisk } from "./risk.ts";
import { gatherRiskInputs } from "./risk-inputs.ts";
import { ENTRY_ATTEMPTS_MAX, ENTRY_BACKOFF_MS, EXIT_BACKOFF_MS } from "./settings.ts";

type Step = { next: "stop" } | { next: "again"; cause: string };
const STOP: Step = { next: "stop" };
/** An exit that fails for this long is shouted about; it goes on regardless. */
const JOURNAL_TROUBLE = "the journal cannot be written";
const STUCK_ALERTS_MS: readonly number[] = [5_000, 30_000, 120_000];

/** Moves orders forward: route, risk, attempt, submission. One drive per order at a time. */
export class OrderDriver {
  readonly #context: EngineContext;
  readonly #tracker: AttemptTracker;
  readonly #driving = new Map<string, Promise<void>>();
  /** Orders that were asked for while their drive was ending: they are looked at once more. */
  readonly #askedAgain = new Set<string>();
  #isStopping = false;

  constructor(context: EngineContext, tracker: AttemptTracker) {
    this.#context = context;
    this.#tracker = tracker;
    tracker.onResolved((orderId) => this.start(orderId));
  }

  /** Drives an order in the background until it waits for the venue or is final. */
  start(orderId: string): void {
    if (this.#isStopping) return;
    if (this.#driving.has(orderId)) {
      this.#askedAgain.add(orderId);
      return;
    }
    const drive = this.#drive(orderId)
      .catch((error: unknown) => this.#context.onFatal(error))
      .finally(() => {
        this.#driving.delete(orderId);
        if (this.#askedAgain.delete(orderId)) this.start(orderId);
      });
    this.#driving.set(orderId, drive);
  }

  /** No new attempts; resolves when those under way have reached the journal. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#driving.values());
  }

  async #drive(orderId: string): Promise<void> {
    const startedMs = this.#context.clock.monotonicMs();
    for (let tries = 0; !this.#isStopping; tries++) {
      const order = this.#context.store.order(orderId);
      if (order === undefined || FINAL_ORDER_STATUSES.includes(order.status)) return;
      const step = await this.#step(order, tries);
      if (step.next === "stop") return;
      await this.#alertIfStuck(order, startedMs, step.cause);
      const waits = order.side === "buy" ? ENTRY_BACKOFF_MS : EXIT_BACKOFF_MS;
      await this.#context.clock.sleep(waits[Math.min(tries, waits.length - 1)] as number);
    }
  }

  async #step(order: OrderRow, tries: number): Promise<Step> {
    const attempts = this.#context.store.attemptsOf(order.orderId);
    const open = attempts.find((attempt) => UNRESOLVED_ATTEMPT_STATES.includes(attempt.state));
    if (open !== undefined) {
      this.#tracker.track(open.attemptId);
      return STOP;
    }
    const ended = this.#checkEnd(order, attempts);
    if (ended !== undefined) return this.#close(order, ended.status, ended.reason);
    try {
      return await this.#attempt(order, attempts);
    } catch (error) {
      return this.#afterVenueError(order, tries, error);
    }
  }

  #checkEnd(
    order: OrderRow,
    attempts: readonly AttemptRow[],
  ): { status: OrderStatus; reason: string } | undefined {
    const { store, clock } = this.#context;
    if (order.side === "sell") {
      const position = order.positionId === null ? undefined : store.position(order.positionId);
      if (position !== undefined && position.state === "open") return undefined;
      return { status: "canceled", reason: "Nothing is left to sell." };
    }
    const last = attempts.at(-1);
    if (last?.state === "failed") {
      return { status: "rejected", reason: last.cause ?? "The transaction was reverted." };
    }
    if (last?.state === "rejected") {
      return { status: "rejected", reason: last.cause ?? "The venue refused the transaction." };
    }
    if (attempts.length >= ENTRY_ATTEMPTS_MAX) {
      return { status: "expired", reason: "The network did not take it in several tries." };
    }
    return checkEntryGate(store, order, clock.nowMs(), this.#context.entryHold());
  }

  async #attempt(order: OrderRow, attempts: readonly AttemptRow[]): Promise<Step> {
    const { store, venue } = this.#context;
    const wallet = store.wallet(order.walletId);
    const wrapped = store.vault(order.walletId);
    assert(wallet !== undefined && wrapped !== undefined, `order ${order.orderId} has no wallet`);
    const quote = await this.#quote(order, wallet, attempts.length);
    if (quote === undefined) {
      this.#context.doubtLedger();
      return this.#close(order, "canceled", "The wallet holds none of this token any more.");
    }
    if (order.side === "buy" && !(await this.#approve(order, quote, attempts.length))) return STOP;
    const n = attempts.length + 1;
    const prepared = await venue.prepare(order, wallet, wrapped, quote.route, n);
    if (prepared.outcome === "refused") return this.#afterRefusal(order, prepared);
    if (!(await this.#journalAttempt(order, n, prepared.attempt))) return STOP;
    await this.#tracker.submit(attemptIdOf(order.orderId, n));
    return STOP;
  }

  async #quote(
    order: OrderRow,
    wallet: WalletRow,
    attemptCount: number,
  ): Promise<{ route: Route; report: WalletReport } | undefined> {
    const { venue, settings } = this.#context;
    const mint = mintOf(order.instrument);
    if (order.side === "buy") {
      const [route, report] = await Promise.all([
        venue.fetchRoute({
          wallet: wallet.address,
          mint,
          side: "buy",
          quantityIn: BigInt(order.notionalLamports),
          slippageBps: order.slippageBpsMax,
        }),
        venue.fetchWallet(wallet.address),
      ]);
      return { route, report };
    }
    const report = await venue.fetchWallet(wallet.address);
    const onChain = report.tokens.get(mint) ?? 0n;
    const wanted = BigInt(order.quantity);
    const quantityIn = wanted < onChain ? wanted : onChain;
    if (quantityIn === 0n) return undefined;
    const ramp = settings.exitSlippageRampBps;
    const slippageBps = ramp[Math.min(attemptCount, ramp.length - 1)] as number;
    const request = {
      wallet: wallet.address,
      mint,
      side: "sell" as const,
      quantityIn,
      slippageBps,
    };
    return { route: await venue.fetchRoute(request), report };
  }

  /** The risk check; its inputs are journaled, so that the decision can be made again. */
  #approve(
    order: OrderRow,
    quote: { route: Route; report: WalletReport },
    attemptCount: number,
  ): Promise<boolean> {
    const { store, settings, clock, notices, metrics } = this.#context;
    return store.transact((tx) => {
      const inputs: RiskInputs = gatherRiskInputs(tx, order, quote, settings, clock.nowMs());
      const reasons = checkEntryRisk(inputs);
      const stream = `order:${order.orderId}`;
      if (reasons.length === 0) {
        if (attemptCount === 0) {
          tx.append({ stream, kind: "OrderApproved", payload: { orderId: order.orderId, inputs } });
        }
        return true;
      }
      const { orderId } = order;
      tx.append({ stream, kind: "OrderDenied", payload: { orderId, reasons, inputs } });
      notices.order(tx, orderId);
      metrics.count("orders_total", { side: order.side, outcome: "denied" });
      return false;
    });
  }

  /** Journals the attempt; judged again on the state of this very transaction. */
  #journalAttempt(order: OrderRow, n: number, attempt: PreparedAttempt): Promise<boolean> {
    const { store, clock, notices, venue } = this.#context;
    return store.transact((tx) => {
      const hold = this.#context.entryHold();
      const gate =
        order.side === "buy" ? checkEntryGate(tx, order, clock.nowMs(), hold) : undefined;
      const slot = slotOf(order);
      const taken = tx.unresolvedInSlot(slot);
      if (gate !== undefined || taken !== undefined) {
        const reason = gate?.reason ?? "Another order of this token is not decided yet.";
        appendClosed(tx, order, gate?.status ?? "canceled", reason);
        notices.order(tx, order.orderId);
        return false;
      }
      tx.append({
        stream: `order:${order.orderId}`,
        kind: "AttemptPrepared",
        payload: {
          attemptId: attemptIdOf(order.orderId, n),
          orderId: order.orderId,
          n,
          venue: venue.id,
          identity: attempt.identity,
          payload: attempt.payload,
          bound: attempt.bound,
          exclusionGroup: attempt.exclusionGroup,
          slot,
          costCapLamports: attempt.costCapLamports.toString(),
          quantityOutMin: attempt.quantityOutMin.toString(),
          route: attempt.route,
          witness: {
            lamports: attempt.witness.lamports.toString(),
            quantity: attempt.witness.quantity.toString(),
          },
          epoch: tx.epoch(),
        },
      });
      notices.order(tx, order.orderId);
      return true;
    });
  }

  async #afterRefusal(order: OrderRow, refusal: { reason: string; alert: boolean }): Promise<Step> {
    const { log, metrics } = this.#context;
    if (refusal.alert) {
      metrics.count("alerts_total", { kind: "unsafe-transaction" });
      log.error(
        { orderId: order.orderId, reason: refusal.reason },
        "a transaction that would do more than the order says was refused before signing",
      );
      this.#context.shout(`Unsafe transaction refused for ${order.orderId}: ${refusal.reason}`);
    }
    const told = refusal.alert
      ? `Refused before signing, the operator was alerted: ${refusal.reason}.`
      : `Not sent: ${refusal.reason}.`;
    if (order.side === "sell") return { next: "again", cause: told };
    return this.#close(order, "rejected", told);
  }

  async #afterVenueError(order: OrderRow, tries: number, error: unknown): Promise<Step> {
    if (!isRaptorError(error)) throw error;
    if (error.code === "RAPTOR_SIGNER__GONE") throw error;
    // What cannot be journaled is not sent: the order waits until the disk takes writes again.
    if (error.code.startsWith("RAPTOR_JOURNAL")) {
      this.#context.log.error(
        { orderId: order.orderId, code: error.code },
        "nothing can be recorded",
      );
      this.#context.shout(error.message);
      return { next: "again", cause: JOURNAL_TROUBLE };
    }
    this.#context.log.warn(
      { orderId: order.orderId, code: error.code, ...error.context },
      "venue trouble",
    );
    const isFinal = error.code === "RAPTOR_VENUE__NO_ROUTE" || tries >= ENTRY_BACKOFF_MS.length - 1;
    if (order.side === "buy" && isFinal) return this.#close(order, "rejected", sentenceOf(error));
    return { next: "again", cause: sentenceOf(error) };
  }

  async #close(order: OrderRow, status: OrderStatus, reason: string): Promise<Step> {
    const { store, notices, metrics } = this.#context;
    await store.transact((tx) => {
      appendClosed(tx, order, status, reason);
      notices.order(tx, order.orderId);
    });
    metrics.count("orders_total", { side: order.side, outcome: status });
    this.#tracker.announceClosed(order.userId);
    return STOP;
  }

  async #alertIfStuck(order: OrderRow, startedMs: number, cause: string): Promise<void> {
    if (order.side === "buy" || cause === JOURNAL_TROUBLE) return;
    const { store, notices, clock, metrics, log } = this.#context;
    const elapsedMs = clock.monotonicMs() - startedMs;
    const passed = STUCK_ALERTS_MS.filter((limitMs) => elapsedMs >= limitMs).at(-1);
    const key = `stuck:${order.orderId}:${passed ?? 0}`;
    if (passed === undefined || store.outbox(key) !== undefined) return;
    log.error({ orderId: order.orderId, elapsedMs, cause }, "an exit is stuck");
    metrics.count("alerts_total", { kind: "stuck-exit" });
    this.#context.shout(`Exit ${order.orderId} is stuck for ${Math.round(elapsedMs / 1000)} s`);
    await store.transact((tx) =>
      notices.alert(tx, order.userId, key, [
        `Selling ${order.symbol} does not get through (${Math.round(elapsedMs / 1000)} s).`,
        `Cause: ${cause}`,
        "You still hold the tokens. It goes on trying; nothing is sold twice.",
      ]),
    );
  }
}

export function slotOf(order: OrderRow): string {
  if (order.side === "buy") return openingSlotOf(order.walletId, order.instrument);
  assert(order.positionId !== null, `sell ${order.orderId} has no position`);
  return closingSlotOf(order.positionId);
}

function appendClosed(tx: Tx, order: OrderRow, status: OrderStatus, reason: string): void {
  tx.append({
    stream: `order:${order.orderId}`,
    kind: "OrderClosed",
    payload: { orderId: order.orderId, status, reason },
  });
}
