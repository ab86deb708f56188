import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import type { FakeChain } from "../engine/fake-chain.ts";
import { USER, type TestDesk } from "../engine/engine-fixture.ts";
import { slotOf } from "../engine/ids.ts";

function promise(isKept: boolean, what: string): void {
  if (!isKept) throw new Error(`a promise was broken: ${what}`);
}

/** Reads the journal as a stranger would, and trusts none of the folded tables. */
class JournalView {
  readonly #claims = new Map<string, string>();
  readonly #ordersOfCause = new Map<string, string>();
  readonly #orders = new Map<string, { side: string; slot: string; notional: bigint }>();
  readonly #attempts = new Map<string, { orderId: string; identity: string; isOpen: boolean }>();
  #tradingState = "active";
  #isPaused = false;
  #isPanic = false;

  read(event: JournalEvent, chain: FakeChain): void {
    switch (event.kind) {
      case "TicketClaimed": {
        const { ticket, jobId } = event.payload;
        promise(!this.#claims.has(ticket), `ticket ${ticket} is claimed once`);
        this.#claims.set(ticket, jobId);
        return;
      }
      case "TradingStateChanged":
        this.#tradingState = event.payload.state;
        return;
      case "UserPausedChanged":
        this.#isPaused = event.payload.paused;
        return;
      case "PanicOpened":
        this.#isPanic = true;
        return;
      case "PanicClosed":
        this.#isPanic = false;
        return;
      case "OrderClosed":
      case "OrderDenied": {
        const { payload } = event;
        const words = "reasons" in payload ? payload.reasons.join() : payload.reason;
        promise(words !== "", `the end of ${payload.orderId} has a reason`);
        promise(this.#openOf(payload.orderId).length === 0, `${payload.orderId} ends decided`);
        return;
      }
      case "OrderInitialized":
        return this.#readOrder(event.payload);
      default:
        return this.#readAttempt(event, chain);
    }
  }

  #readOrder(order: Extract<JournalEvent, { kind: "OrderInitialized" }>["payload"]): void {
    const cause = JSON.stringify(order.source);
    if (order.source.kind === "job") {
      promise(!this.#ordersOfCause.has(cause), `${cause} makes one order`);
    }
    this.#ordersOfCause.set(cause, order.orderId);
    const slot = slotOf(order);
    this.#orders.set(order.orderId, {
      side: order.side,
      slot,
      notional: BigInt(order.notionalLamports),
    });
  }

  #readAttempt(event: JournalEvent, chain: FakeChain): void {
    switch (event.kind) {
      case "AttemptPrepared": {
        const { attemptId, orderId, identity, slot } = event.payload;
        const order = this.#orders.get(orderId);
        promise(order !== undefined && order.slot === slot, `${attemptId} is in its slot`);
        if (order?.side === "buy") {
          promise(this.#tradingState === "active", `no entry is prepared: ${this.#tradingState}`);
          promise(!this.#isPaused && !this.#isPanic, "no entry is prepared while paused");
        }
        const inSlot = [...this.#attempts.values()].filter(
          (other) => other.isOpen && this.#orders.get(other.orderId)?.slot === slot,
        );
        promise(inSlot.length === 0, `slot ${slot} holds one undecided attempt`);
        this.#attempts.set(attemptId, { orderId, identity, isOpen: true });
        return;
      }
      case "FillRecorded": {
        const { attemptId, evidence, quantity } = event.payload;
        const identity = this.#end(attemptId, evidence);
        const report = chain.report(identity);
        promise(report.state === "landed", `${attemptId} is booked because it landed`);
        const landed = report.state === "landed" ? report.quantity.toString() : "";
        promise(landed === quantity, `${attemptId} is booked as the chain has it`);
        return;
      }
      case "AttemptDead": {
        const identity = this.#end(event.payload.attemptId, event.payload.proof);
        promise(chain.report(identity).state === "dead", `${identity} is called dead when it is`);
        return;
      }
      case "AttemptRejected": {
        const identity = this.#end(event.payload.attemptId, event.payload.evidence);
        promise(chain.report(identity).state === "dead", `${identity} is rejected for good`);
        return;
      }
      case "AttemptFailed": {
        const identity = this.#end(event.payload.attemptId, event.payload.evidence);
        promise(chain.report(identity).state === "reverted", `${identity} was reverted`);
        return;
      }
      default:
        return;
    }
  }

  /** An attempt ends once, was journaled before, and its end carries evidence. */
  #end(attemptId: string, evidence: object): string {
    const attempt = this.#attempts.get(attemptId);
    if (attempt === undefined) throw new Error(`${attemptId} ended and was never prepared`);
    promise(attempt.isOpen, `${attemptId} ends once`);
    promise(Object.keys(evidence).length > 0, `the end of ${attemptId} carries evidence`);
    attempt.isOpen = false;
    return attempt.identity;
  }

  #openOf(orderId: string): string[] {
    return [...this.#attempts]
      .filter(([, attempt]) => attempt.orderId === orderId && attempt.isOpen)
      .map(([attemptId]) => attemptId);
  }

  get openAttempts(): string[] {
    return [...this.#attempts].filter(([, { isOpen }]) => isOpen).map(([attemptId]) => attemptId);
  }
}

/** Checks what must hold after every step, whatever has happened. */
export function checkAlways(desk: TestDesk, chain: FakeChain): void {
  const { store } = desk;
  const view = new JournalView();
  for (const event of desk.events()) view.read(event, chain);
  const open = store.unresolvedAttempts().map(({ attemptId }) => attemptId);
  promise(open.toSorted().join() === view.openAttempts.toSorted().join(), "tables are the journal");
  checkEffects(desk, chain);
  checkSpending(desk, chain);
  checkNotices(desk);
}

/** One order, one effect; nothing takes effect that the journal does not know. */
function checkEffects(desk: TestDesk, chain: FakeChain): void {
  const known = new Set(desk.payloads("AttemptPrepared").map(({ identity }) => identity));
  const byOrder = new Map<string, number>();
  for (const { identity, orderId } of chain.effects) {
    promise(known.has(identity), `${identity} was journaled before it took effect`);
    byOrder.set(orderId, (byOrder.get(orderId) ?? 0) + 1);
  }
  for (const [orderId, count] of byOrder) promise(count === 1, `${orderId} took effect once`);
}

/** Spent and still in flight stay inside the person's limits, and no order exceeds itself. */
function checkSpending(desk: TestDesk, chain: FakeChain): void {
  const { store, settings } = desk;
  const notionals = new Map(
    desk.payloads("OrderInitialized").map((order) => [order.orderId, order.notionalLamports]),
  );
  let total = 0n;
  for (const { side, orderId, quantityIn } of chain.effects) {
    if (side !== "buy") continue;
    promise(quantityIn <= BigInt(notionals.get(orderId) ?? "0"), `${orderId} spent its notional`);
    total += quantityIn;
  }
  const decided = new Set(chain.effects.map(({ identity }) => identity));
  for (const attempt of store.unresolvedAttempts()) {
    const order = store.order(attempt.orderId);
    if (order?.side !== "buy" || decided.has(attempt.identity)) continue;
    total += BigInt(order.notionalLamports);
  }
  promise(total <= BigInt(settings.limits.dailyLamportsMax), `${total} stays in the day's limit`);
  const most = settings.limits.openPositionsMax;
  promise(store.openPositions(USER).length <= most, `at most ${most} positions are open`);
}

function checkNotices(desk: TestDesk): void {
  for (const { orderId, noticeKey } of desk.payloads("OrderInitialized")) {
    const text = desk.store.outbox(noticeKey)?.content.text ?? "";
    if (!/✅|🎯 Take profit sold|🛑 Stop loss sold|🚨 Panic sold/u.test(text)) continue;
    promise(desk.store.fillsOf(orderId).length > 0, `'${text.slice(0, 20)}' has its fill`);
  }
}

/** Checks what must hold once every fault is over and time has passed. */
export function checkAtRest(desk: TestDesk, chain: FakeChain, accepted: ReadonlySet<string>): void {
  const { store } = desk;
  promise(store.openOrders().length === 0, `no order is stuck: ${store.openOrders()[0]?.orderId}`);
  promise(store.unresolvedAttempts().length === 0, "no attempt is undecided");
  promise(store.user(USER)?.panicId === null, "panic has come to its end");
  for (const jobId of accepted) {
    promise(store.job(jobId)?.state === "done", `acknowledged job ${jobId} is final`);
  }
  const open = store.openPositions(USER);
  const held = new Map(open.map(({ instrument, quantity }) => [instrument, BigInt(quantity)]));
  for (const [mint, quantity] of chain.tokens) {
    promise((held.get(`${mint}.SOLANA`) ?? 0n) === quantity, `ledger and chain agree on ${mint}`);
  }
  for (const { positionId } of open) {
    promise(store.exitPlan(positionId)?.state === "armed", `exits of ${positionId} are armed`);
  }
}
