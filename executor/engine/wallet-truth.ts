import type { Drift } from "@raptor/shared/wire/read.ts";
import type { Reader } from "../ports/store.ts";
import type { WalletReport, WalletView } from "../ports/venue.ts";

/** Fills looked back on: far more than land between two reads of a wallet. */
const FILLS_BACK_MAX = 50;

/** One node's word on one token. A quantity of null: no answer, or one from before a fill. */
export interface TokenView {
  provider: string;
  quantity: bigint | null;
}

/** What all nodes together say about one token of one wallet. */
export interface TokenTruth {
  views: TokenView[];
  /** Every node answered, each after the newest fill of this token. */
  isWhole: boolean;
  /** Over the nodes that count; undefined when none does. */
  least: bigint | undefined;
  most: bigint | undefined;
}

interface NewestFills {
  /** Of the tables that they were read from. */
  changeCount: number;
  slots: ReadonlyMap<string, number>;
}

/** One run of reconcile asks for each token of a person, and the tables rarely change meanwhile. */
const newestFills = new WeakMap<Reader, Map<number, NewestFills>>();

/** A balance read at or before the newest fill's slot says nothing about that fill. */
export function isReadTooEarly(
  reader: Reader,
  userId: number,
  instrument: string,
  slot: number,
): boolean {
  const newest = newestFillSlots(reader, userId).get(instrument);
  return newest !== undefined && slot <= newest;
}

function newestFillSlots(reader: Reader, userId: number): ReadonlyMap<string, number> {
  const changeCount = reader.changeCount();
  const known = newestFills.get(reader) ?? new Map<number, NewestFills>();
  newestFills.set(reader, known);
  const found = known.get(userId);
  if (found?.changeCount === changeCount) return found.slots;
  const slots = new Map<string, number>();
  for (const { instrument, venueSlot } of reader.fillsPage(userId, FILLS_BACK_MAX, null)) {
    slots.set(instrument, Math.max(venueSlot, slots.get(instrument) ?? 0));
  }
  known.set(userId, { changeCount, slots });
  return slots;
}

export function tokenTruthOf(
  reader: Reader,
  views: readonly WalletView[],
  token: { userId: number; instrument: string; mint: string },
): TokenTruth {
  const { userId, instrument, mint } = token;
  const isUsable = ({ slot }: WalletReport): boolean =>
    !isReadTooEarly(reader, userId, instrument, slot);
  const words = views.map(({ provider, report }) => ({
    provider,
    quantity: report !== null && isUsable(report) ? (report.tokens.get(mint) ?? 0n) : null,
  }));
  const known = words.flatMap(({ quantity }) => (quantity === null ? [] : [quantity]));
  const [first] = known;
  return {
    views: words,
    isWhole: views.length > 0 && known.length === views.length,
    least:
      first === undefined
        ? undefined
        : known.reduce((least, one) => (one < least ? one : least), first),
    most: first === undefined ? undefined : largest(known),
  };
}

/** Somebody shows less than the ledger says, and not everybody does. */
export function isDisputed(truth: TokenTruth, ledger: bigint): boolean {
  const { least, most, isWhole } = truth;
  if (least === undefined || most === undefined || least >= ledger) return false;
  return !isWhole || most >= ledger;
}

/** The most that any node shows, whatever it knows of newer fills. */
export function mostShown(views: readonly WalletView[], mint: string): bigint {
  return largest(views.map(({ report }) => report?.tokens.get(mint) ?? 0n));
}

export function describeViews(views: readonly TokenView[]): NonNullable<Drift["views"]> {
  return views.map(({ provider, quantity }) => ({
    provider,
    quantity: quantity === null ? null : quantity.toString(),
  }));
}

function largest(values: readonly bigint[]): bigint {
  return values.reduce((most, one) => (one > most ? one : most), 0n);
}
