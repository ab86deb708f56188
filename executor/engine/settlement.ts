import type { EventPayloads, Evidence } from "@raptor/shared/domain/events.ts";
import type { AttemptRow, FillRow, PositionRow } from "@raptor/shared/domain/rows.ts";
import { formatDecimal } from "@raptor/shared/values/decimal.ts";
import { assert, isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Reader, Tx } from "../ports/store.ts";
import type { AttemptReport } from "../ports/venue.ts";
import type { AttemptTracker } from "./attempt-tracker.ts";
import type { EngineContext } from "./context.ts";
import { recallLoss } from "./external-loss.ts";
import { buryGroup } from "./group-end.ts";
import type { OrderDriver } from "./order-driver.ts";
import { applyOwed, applyReversal, applyReversalInto, givenBack } from "./reversed-fills.ts";
import { armExits, disarmExits } from "./exit-arming.ts";
import { bookFill } from "./settle.ts";

type Landed = Extract<AttemptReport, { state: "landed" }>;

const SETTLEMENT_INTERVAL_MS = 5_000;
/** Far more than one position has; where there are more, the plain difference must do. */
const FILLS_BACK_MAX = 500;

/** Watches booked fills until the chain can no longer take them back. */
export class Settlement {
  readonly #context: EngineContext;
  readonly #driver: OrderDriver;
  readonly #tracker: AttemptTracker;
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(context: EngineContext, driver: OrderDriver, tracker: AttemptTracker) {
    this.#context = context;
    this.#driver = driver;
    this.#tracker = tracker;
  }

  start(): void {
    this.#loop = this.#run().catch((error: unknown) => this.#context.onFatal(error));
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { clock, store } = this.#context;
    while (!this.#abort.signal.aborted) {
      for (const fill of store.unsettledFills()) {
        if (this.#abort.signal.aborted) return;
        await this.#check(fill);
      }
      await clock.sleep(SETTLEMENT_INTERVAL_MS, this.#abort.signal);
    }
  }

  async #check(fill: FillRow): Promise<void> {
    const { store, venue } = this.#context;
    const attempt = store.attempt(fill.attemptId);
    assert(attempt !== undefined, `fill ${fill.fillId} has no attempt`);
    try {
      const found = await venue.fetchSettlement(attempt.identity, attempt.bound, fill.venueSlot);
      if (found.state === "gone") {
        await this.#reverse(fill, found.evidence);
      } else if (found.state === "settled") {
        // After a fork the same bytes may have been executed again, with other amounts.
        const isElsewhere = (found.venueSlot ?? fill.venueSlot) !== fill.venueSlot;
        const landed = isElsewhere ? await venue.fetchAttempt(attempt) : undefined;
        if (landed !== undefined && landed.state !== "landed") return;
        const ended = await store.transact((tx) => {
          if (landed !== undefined) correctFill(this.#context, tx, fill, attempt, landed);
          return settleFill(this.#context, tx, fill, attempt, found.evidence);
        });
        this.#tracker.announceEnded(ended);
      }
    } catch (error) {
      if (!isRaptorError(error)) throw error;
      this.#context.log.debug({ fillId: fill.fillId, code: error.code }, "settlement not known");
    }
  }

  async #reverse(fill: FillRow, evidence: Readonly<Record<string, unknown>>): Promise<void> {
    const { store, metrics } = this.#context;
    const isTaken = await store.transact((tx) => {
      // A copy on the same nonce may have taken its place in the meantime.
      if (tx.fill(fill.fillId)?.state === "reversed") return false;
      if (isSoldUnsettled(tx, fill)) return false;
      reverseFill(this.#context, tx, fill, evidence);
      return true;
    });
    if (!isTaken) return;
    // The attempt is undecided again: it is followed until its death is proven.
    this.#driver.start(fill.orderId);
    metrics.count("alerts_total", { kind: "fill-reversed" });
    this.#context.shout(`Fill ${fill.fillId} was rolled back by the network`);
  }
}

/**
 * Whether tokens of this buy are booked as sold by what may be taken back as well. The same fork
 * took both, and the sell goes first: a position cannot give back what it does not hold any more.
 */
function isSoldUnsettled(reader: Reader, { side, positionId, quantity }: FillRow): boolean {
  if (side !== "buy") return false;
  const held = BigInt(reader.position(positionId)?.quantity ?? "0");
  return (
    held < BigInt(quantity) &&
    reader.unsettledFills().some((fill) => fill.side === "sell" && fill.positionId === positionId)
  );
}

/** Final for good: with it the copies on the same nonce value are dead. */
export function settleFill(
  context: EngineContext,
  tx: Tx,
  { fillId, orderId }: FillRow,
  attempt: AttemptRow,
  evidence: Evidence,
): string[] {
  // It may have been taken back, or replaced by a copy, since the venue was asked.
  if (tx.fill(fillId)?.state === "reversed") return [];
  const payload = { fillId, evidence };
  tx.append({ stream: `order:${orderId}`, kind: "FillSettled", payload });
  return buryGroup(context, tx, attempt, "filled", evidence);
}

/**
 * Books what stands on the chain for good in the place of what stood there before a fork, in one
 * transaction: what was sold meanwhile was sold of the same tokens. Where the amounts are the same,
 * nothing is to be corrected.
 */
function correctFill(
  context: EngineContext,
  tx: Tx,
  fill: FillRow,
  attempt: AttemptRow,
  landed: Landed,
): void {
  if (tx.fill(fill.fillId)?.state === "reversed") return;
  const isSame =
    landed.quantity === BigInt(fill.quantity) &&
    landed.notionalLamports === BigInt(fill.notionalLamports);
  if (isSame) return;
  const order = tx.order(fill.orderId);
  assert(order !== undefined, `fill ${fill.fillId} has no order`);
  appendReversal(tx, fill, landed.evidence);
  // No moment has less than nothing: a buy comes before what it replaces goes, a sell after.
  if (fill.side === "sell") takeBack(context, tx, fill);
  bookFill(context, tx, order, attempt, landed);
  if (fill.side === "buy") takeBack(context, tx, fill);
}

/** Takes a booked fill back, with everything that followed from it. */
export function reverseFill(
  context: EngineContext,
  tx: Tx,
  fill: FillRow,
  evidence: Evidence,
): void {
  const { positionId, quantity } = fill;
  const sinceMs = tx.attempt(fill.attemptId)?.preparedMs ?? 0;
  if (fill.side === "buy")
    recallLoss(context, tx, tx.position(positionId), BigInt(quantity), sinceMs);
  appendReversal(tx, fill, evidence);
  const owedBefore = owedOf(tx, fill);
  const held = takeBack(context, tx, fill);
  context.notices.order(tx, fill.orderId);
  context.notices.alert(tx, fill.userId, `reversed:${fill.fillId}`, [
    `The network took back a ${fill.side} of ${held.symbol} that it had confirmed.`,
    takenBackWords(fill, held, owedBefore - owedOf(tx, fill)),
  ]);
}

/** All that was sold beyond positions of the same token and has not been explained. */
function owedOf(tx: Reader, { positionId }: FillRow): bigint {
  const held = tx.position(positionId);
  if (held === undefined) return 0n;
  return tx
    .oversoldOf(held.walletId)
    .filter(({ instrument }) => instrument === held.instrument)
    .reduce((sum, { oversold }) => sum + BigInt(oversold), 0n);
}

/** `paid`: tokens that another sell has taken already, because this one had not happened. */
function takenBackWords(
  { side, quantity }: FillRow,
  { symbol, decimals }: PositionRow,
  paid: bigint,
): string {
  if (side === "buy" || paid <= 0n) {
    return "The ledger was corrected; the tokens and SOL are as before that trade.";
  }
  const told = (units: bigint): string => `${formatDecimal(units, decimals)} ${symbol}`;
  const left = BigInt(quantity) - paid;
  const rest = left > 0n ? `${told(left)} are back in the position` : "none come back";
  return (
    `Of its ${told(BigInt(quantity))}, ${told(paid)} were sold by a later sell, whose SOL you ` +
    `keep; ${rest}. The SOL of this sell was not paid. The ledger was corrected; /positions shows it.`
  );
}

function appendReversal(tx: Tx, fill: FillRow, evidence: Evidence): void {
  const { fillId, attemptId } = fill;
  const stream = `order:${fill.orderId}`;
  tx.append({ stream, kind: "FillReversed", payload: { fillId, attemptId, evidence } });
}

/** Undoes what a fill made of the positions. @returns the position that it concerned */
function takeBack(context: EngineContext, tx: Tx, fill: FillRow): PositionRow {
  const held = tx.position(fill.positionId);
  assert(held !== undefined, `fill ${fill.fillId} has no position`);
  for (const change of changesOf(tx, held, fill)) {
    const { positionId } = change;
    tx.append({ stream: `position:${positionId}`, kind: "PositionChanged", payload: change });
    if (change.state === "closed") disarmExits(tx, positionId, "fill rolled back");
    else armExits(context, tx, change, { added: takenBack(fill), reversed: fill });
  }
  return held;
}

function takenBack(fill: FillRow): bigint {
  return fill.side === "buy" ? -BigInt(fill.quantity) : 0n;
}

/** The other fills of the position of this one that count. */
function othersOf(tx: Reader, { fillId, positionId, userId }: FillRow): FillRow[] {
  return tx
    .fillsPage(userId, FILLS_BACK_MAX, null)
    .filter((one) => one.positionId === positionId && one.fillId !== fillId);
}

/** What taking a fill back makes of the positions that it concerns. */
export function changesOf(
  tx: Reader,
  held: PositionRow,
  fill: FillRow,
): EventPayloads["PositionChanged"][] {
  if (fill.side === "buy") return [applyReversal(held, fill, undefined, othersOf(tx, fill))];
  const { owed, tokens } = givenBack(held, BigInt(fill.quantity));
  const others = owedBesides(tx, held, fill, tokens);
  const left = tokens - others.given;
  const back = { owed, tokens: left };
  const open = tx.openPositionOf(held.walletId, held.instrument);
  const isElsewhere = open !== undefined && open.positionId !== held.positionId;
  if (!isElsewhere || left === 0n) return [...others.changes, applyReversal(held, fill, back)];
  const paid = others.changes.find(({ positionId }) => positionId === open.positionId);
  const owing = paid === undefined ? open : { ...open, oversold: paid.oversold ?? "0" };
  const merged = applyReversalInto(held, owing, fill, back);
  return [...others.changes, merged.closed, merged.open];
}

/** Whatever position was sold beyond what it held: the wallet's tokens of one kind are one heap. */
function owedBesides(
  tx: Reader,
  held: PositionRow,
  fill: FillRow,
  tokens: bigint,
): { changes: EventPayloads["PositionChanged"][]; given: bigint } {
  const changes: EventPayloads["PositionChanged"][] = [];
  let given = 0n;
  for (const other of tx.oversoldOf(held.walletId)) {
    const isOther = other.instrument === held.instrument && other.positionId !== held.positionId;
    const { owed } = givenBack(other, tokens - given);
    if (!isOther || owed === 0n) continue;
    changes.push(applyOwed(other, owed, fill));
    given += owed;
  }
  return { changes, given };
}
