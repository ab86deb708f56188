import { ByteReader } from "./byte-reader.ts";
import { eventTag, startsWith } from "./discriminator.ts";

/** What one field of an event can be. `shares` is a list of who gets which part. */
interface FieldTypes {
  u8: number;
  u16: number;
  bool: boolean;
  u64: bigint;
  i64: bigint;
  i128: bigint;
  key: string;
  text: string;
  shares: readonly Share[];
}

export interface Share {
  readonly address: string;
  readonly shareBps: number;
}

type FieldType = keyof FieldTypes;
/** Name to type, in the order of the bytes. */
type Fields = Readonly<Record<string, FieldType>>;
type Read<F extends Fields> = { readonly [Name in keyof F]: FieldTypes[F[Name]] };

/** `first` was in every version of the event; what came later is there or not. */
export type EventOf<First extends Fields, Later extends Fields> = Read<First> &
  Partial<Read<Later>>;

const SHARES_MAX = 64;
const SHARE_BYTES = 34;

/**
 * A reader of one event. Programs add fields at the end and never take one away, so an older
 * event is shorter: the fields it lacks are left out, and bytes behind the last known field are
 * not read. The reader gives `undefined` for another event and for one that ends before its first
 * version did.
 */
export function eventReader<const First extends Fields, const Later extends Fields>(
  name: string,
  first: First,
  later: Later,
): (bytes: Uint8Array) => EventOf<First, Later> | undefined {
  const tag = eventTag(name);
  return (bytes) => {
    if (!startsWith(bytes, tag)) return undefined;
    const reader = new ByteReader(bytes, tag.length);
    const found: Record<string, unknown> = {};
    readFields(reader, first, found);
    if (reader.ranOut) return undefined;
    readFields(reader, later, found);
    return isWhole<First, Later>(found, first) ? found : undefined;
  };
}

function readFields(reader: ByteReader, fields: Fields, into: Record<string, unknown>): void {
  for (const [name, type] of Object.entries(fields)) {
    const value = READ[type](reader);
    if (reader.ranOut) return;
    into[name] = value;
  }
}

/** Tells the compiler what `readFields` has done: every first field is there. */
function isWhole<First extends Fields, Later extends Fields>(
  found: object,
  first: First,
): found is EventOf<First, Later> {
  return Object.keys(first).every((name) => Object.hasOwn(found, name));
}

const READ: { [T in FieldType]: (reader: ByteReader) => FieldTypes[T] } = {
  u8: (reader) => reader.u8(),
  u16: (reader) => reader.u16(),
  bool: (reader) => reader.bool(),
  u64: (reader) => reader.u64(),
  i64: (reader) => reader.i64(),
  i128: (reader) => reader.i128(),
  key: (reader) => reader.key(),
  text: (reader) => reader.text(),
  shares: readShares,
};

/** A count that does not fit the bytes is read as an event that ends here. */
function readShares(reader: ByteReader): readonly Share[] {
  const count = reader.u32();
  if (count > SHARES_MAX || count * SHARE_BYTES > reader.remaining) {
    reader.skip(Number.MAX_SAFE_INTEGER);
    return [];
  }
  return Array.from({ length: count }, () => ({ address: reader.key(), shareBps: reader.u16() }));
}
