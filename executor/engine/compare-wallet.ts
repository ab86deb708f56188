import type { PositionRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import type { Drift } from "@raptor/shared/wire/read.ts";
import type { Reader, Tx } from "../ports/store.ts";
import type { WalletView } from "../ports/venue.ts";
import type { EngineContext } from "./context.ts";
import { bookExternalLoss, holdEntries, reopenReturned, reportDispute } from "./external-loss.ts";
import { instrumentOf, mintOf, slotOf } from "./ids.ts";
import { settleOversold } from "./oversold.ts";
import { heldKeyOf } from "./small-sells.ts";
import { isDisputed, tokenTruthOf, type TokenTruth } from "./wallet-truth.ts";

/** Wrapped SOL is money on its way in a swap, not a position. */
const WSOL_MINT = "So11111111111111111111111111111111111111112";
/** Anybody may send anybody tokens, so only so many that are nobody's are reported. */
const ORPHANS_MAX = 20;

export interface SeenBalances {
  wallet: WalletRow;
  views: WalletView[];
  /** By mint: transactions of strangers that moved it, as far as they were asked for. */
  movedBy: ReadonlyMap<string, readonly string[]>;
}

/** Compares one wallet with the ledger and books what all nodes say. */
export function compareWallet(context: EngineContext, tx: Tx, seen: SeenBalances): Drift[] {
  const { wallet, views } = seen;
  const moving = movingOf(tx, wallet);
  settleOversold(tx, wallet, (instrument) => truthOf(tx, wallet, views, instrument, moving));
  const open = openOf(tx, wallet);
  const drift: Drift[] = [];
  for (const position of open) {
    const found = comparePosition(context, tx, { ...seen, moving }, position);
    if (found !== undefined) drift.push(found);
  }
  const lost = drift.filter((one) => one.class === "external");
  if (lost.length > 0) holdEntries(context, tx, wallet.userId, lost);
  const known = new Set(open.map((position) => mintOf(position.instrument)));
  return [...drift, ...compareOthers(context, tx, { ...seen, moving }, known)];
}

/** Open positions of which all nodes together show less than the ledger, before it is booked. */
export function missingTokens(
  reader: Reader,
  wallet: WalletRow,
  views: readonly WalletView[],
): PositionRow[] {
  const moving = movingOf(reader, wallet);
  return openOf(reader, wallet).filter((position) => {
    const ledger = BigInt(position.quantity);
    const truth = truthOf(reader, wallet, views, position.instrument, moving);
    return truth?.least !== undefined && truth.least < ledger && !isDisputed(truth, ledger);
  });
}

/** Whether nodes contradict each other about a position of this wallet. */
export function isWalletDisputed(
  reader: Reader,
  wallet: WalletRow,
  views: readonly WalletView[],
): boolean {
  const moving = movingOf(reader, wallet);
  return openOf(reader, wallet).some((position) => {
    const truth = truthOf(reader, wallet, views, position.instrument, moving);
    return truth !== undefined && isDisputed(truth, BigInt(position.quantity));
  });
}

type Compared = SeenBalances & { moving: ReadonlySet<string> };

function comparePosition(
  context: EngineContext,
  tx: Tx,
  { wallet, views, movedBy, moving }: Compared,
  position: PositionRow,
): Drift | undefined {
  const mint = mintOf(position.instrument);
  const ledger = BigInt(position.quantity);
  const truth = truthOf(tx, wallet, views, position.instrument, moving);
  if (truth?.least === undefined || truth.most === undefined) return undefined;
  const { least, most } = truth;
  if (least >= ledger) {
    // A node that runs ahead is believed once the others have followed.
    if (least - ledger <= leftApart(tx, wallet, mint)) return undefined;
    return driftOf(wallet, mint, ledger, least, "adopt");
  }
  if (isDisputed(truth, ledger)) return reportDispute(context, tx, wallet, position, truth);
  const lost = bookExternalLoss(tx, position, { address: wallet.address, quantity: most });
  const signatures = movedBy.get(mint) ?? [];
  return signatures.length === 0 ? lost : { ...lost, movedBy: [...signatures] };
}

/** Tokens without an open position: those of one that had lost them, and nobody's. */
function compareOthers(
  context: EngineContext,
  tx: Tx,
  { wallet, views, moving }: Compared,
  known: ReadonlySet<string>,
): Drift[] {
  const drift: Drift[] = [];
  let orphans = 0;
  for (const mint of mintsOf(views)) {
    if (known.has(mint) || mint === WSOL_MINT) continue;
    const instrument = instrumentOf(mint);
    const truth = truthOf(tx, wallet, views, instrument, moving);
    if (truth?.least === undefined) continue;
    // What was left apart must not come back as the position whose tokens had left.
    const apart = leftApart(tx, wallet, mint);
    if (truth.least <= apart) continue;
    const returned = reopenReturned(context, tx, wallet, instrument, truth.least - apart);
    if (returned !== undefined) drift.push(returned);
    else if (orphans++ < ORPHANS_MAX) drift.push(driftOf(wallet, mint, 0n, truth.least, "orphan"));
  }
  return drift;
}

/** Base units beyond the ledger that their owner does not want to hear of. */
export function leftApart(reader: Reader, { walletId }: WalletRow, mint: string): bigint {
  const said = reader.tokenWord(walletId, mint);
  return said?.word === "ignored" ? BigInt(said.quantity) : 0n;
}

/**
 * Instruments of this wallet's orders under way, and those with a fill that a fork may still take
 * back; read once for all that a wallet holds. A sell that is held back, of which nothing is
 * undecided, moves nothing, and may wait for days until it is worth its fee.
 */
function movingOf(reader: Reader, { walletId, userId }: WalletRow): Set<string> {
  const own = reader.openOrders().filter((order) => {
    const isHeld = reader.outbox(heldKeyOf(order.orderId)) !== undefined;
    const isAtRest = isHeld && reader.unresolvedInSlot(slotOf(order)) === undefined;
    return order.walletId === walletId && !isAtRest;
  });
  const moving = reader.unsettledInstruments(userId);
  for (const { instrument } of own) moving.add(instrument);
  return moving;
}

/**
 * An order under way changes balances by itself, so does a fill that a fork may still take back,
 * and a balance read before the newest fill says nothing about it: all are judged at a later run.
 */
export function truthOf(
  reader: Reader,
  wallet: WalletRow,
  views: readonly WalletView[],
  instrument: string,
  moving: ReadonlySet<string> = movingOf(reader, wallet),
): TokenTruth | undefined {
  const { userId } = wallet;
  if (moving.has(instrument)) return undefined;
  return tokenTruthOf(reader, views, { userId, instrument, mint: mintOf(instrument) });
}

export function openOf(reader: Reader, wallet: WalletRow): PositionRow[] {
  return reader
    .openPositions(wallet.userId)
    .filter((position) => position.walletId === wallet.walletId);
}

/** Sorted, so that the same wallet gives the same report, however a node orders it. */
function mintsOf(views: readonly WalletView[]): string[] {
  const mints = new Set(views.flatMap(({ report }) => [...(report?.tokens.keys() ?? [])]));
  return [...mints].toSorted();
}

function driftOf(
  wallet: WalletRow,
  mint: string,
  ledger: bigint,
  chain: bigint,
  kind: Drift["class"],
): Drift {
  return {
    userId: wallet.userId,
    wallet: wallet.address,
    mint,
    ledgerQuantity: ledger.toString(),
    chainQuantity: chain.toString(),
    class: kind,
  };
}
