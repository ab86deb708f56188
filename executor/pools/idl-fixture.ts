import { getPumpAmmProgram, getPumpFeeProgram, getPumpProgram } from "@pump-fun/pump-sdk";
import { Connection } from "@solana/web3.js";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import fc from "fast-check";
import { keyBytes } from "./program-address.ts";

/**
 * The programs' published interface descriptions, and bytes made from them: an encoder that knows
 * nothing but the description, against which the decoders here are held field by field.
 */
type IdlType =
  | string
  | { array: [IdlType, number] }
  | { vec: IdlType }
  | { option: IdlType }
  | { defined: { name: string } };

interface IdlField {
  name: string;
  type: IdlType;
}

interface Idl {
  types: { name: string; type: { kind: string; fields?: (IdlField | IdlType)[] } }[];
  accounts: { name: string; discriminator: number[] }[];
  events: { name: string; discriminator: number[] }[];
  instructions: { name: string; discriminator: number[] }[];
}

// Never connected: building and decoding need no node, and a closed port answers nothing.
const offline = new Connection("http://offline.invalid");
const pump = getPumpProgram(offline);
const amm = getPumpAmmProgram(offline);

export const PUMP_IDL: Idl = JSON.parse(JSON.stringify(pump.idl));
export const AMM_IDL: Idl = JSON.parse(JSON.stringify(amm.idl));
export const FEES_IDL: Idl = JSON.parse(JSON.stringify(getPumpFeeProgram(offline).idl));

/** A value as a decoder of ours gives it, and the bytes it stands for. */
export interface Encoded {
  value: unknown;
  bytes: number[];
}

const INTEGERS: Readonly<Record<string, [bytes: number, isSigned: boolean]>> = {
  u8: [1, false],
  u16: [2, false],
  u32: [4, false],
  u64: [8, false],
  i64: [8, true],
  u128: [16, false],
  i128: [16, true],
};

/** Every field of a struct with its bytes, in order. Enums and unknown types are refused. */
export function encodedStruct(idl: Idl, name: string): fc.Arbitrary<[string, Encoded][]> {
  const fields = fieldsOf(idl, name);
  return fc
    .tuple(...fields.map((field) => encoded(idl, field.type)))
    .map((values) => values.map((value, at) => [fields[at]?.name ?? "", value]));
}

export function fieldsOf(idl: Idl, name: string): IdlField[] {
  const found = idl.types.find((type) => type.name === name)?.type;
  if (found?.kind !== "struct") throw new TypeError(`expected a struct called ${name}`);
  return (found.fields ?? []).map((field, at) =>
    typeof field === "object" && "name" in field ? field : { name: String(at), type: field },
  );
}

function encoded(idl: Idl, type: IdlType): fc.Arbitrary<Encoded> {
  if (typeof type === "string") return encodedPrimitive(type);
  if ("array" in type) {
    const [inner, length] = type.array;
    return listOf(fc.tuple(...Array.from({ length }, () => encoded(idl, inner))));
  }
  if ("vec" in type) {
    const items = listOf(fc.array(encoded(idl, type.vec), { maxLength: 5 }));
    return items.map(({ value, bytes }) => ({
      value,
      bytes: [...littleEndian(BigInt(Array.isArray(value) ? value.length : 0), 4), ...bytes],
    }));
  }
  if ("defined" in type) {
    return encodedStruct(idl, type.defined.name).map((fields) => ({
      value: Object.fromEntries(fields.map(([name, { value }]) => [name, value])),
      bytes: fields.flatMap(([, { bytes }]) => bytes),
    }));
  }
  throw new TypeError(`expected a type that accounts and events use, was ${JSON.stringify(type)}`);
}

/** A struct with these values; what is not given is zero. Keys are base58, lists are arrays. */
export function encodeStruct(
  idl: Idl,
  name: string,
  values: Readonly<Record<string, unknown>>,
): number[] {
  const fields = fieldsOf(idl, name);
  const unknown = Object.keys(values).filter((key) => !fields.some((one) => one.name === key));
  if (unknown.length > 0) throw new TypeError(`expected fields of ${name}, was ${unknown.join()}`);
  return fields.flatMap((field) => encodeValue(idl, field.type, values[field.name]));
}

function encodeValue(idl: Idl, type: IdlType, value: unknown): number[] {
  if (typeof type === "object" && "defined" in type) {
    return encodeStruct(idl, type.defined.name, Object(value ?? {}));
  }
  if (typeof type === "object" && "array" in type) {
    const [inner, length] = type.array;
    const items: readonly unknown[] = Array.isArray(value) ? value : [];
    return Array.from({ length }, (_, at) => encodeValue(idl, inner, items[at])).flat();
  }
  if (typeof type === "object" && "vec" in type) {
    const items: readonly unknown[] = Array.isArray(value) ? value : [];
    const count = littleEndian(BigInt(items.length), 4);
    return [...count, ...items.flatMap((item) => encodeValue(idl, type.vec, item))];
  }
  if (type === "pubkey") {
    return [...(typeof value === "string" ? keyBytes(value) : new Uint8Array(32))];
  }
  const size = type === "bool" ? 1 : INTEGERS[String(type)]?.[0];
  if (size === undefined) throw new TypeError(`expected a type of fixed size, was ${String(type)}`);
  const isNumeric = typeof value === "bigint" || typeof value === "number";
  return littleEndian(value === true ? 1n : isNumeric ? BigInt(value) : 0n, size);
}

function listOf(items: fc.Arbitrary<Encoded[]>): fc.Arbitrary<Encoded> {
  return items.map((list) => ({
    value: list.map((item) => item.value),
    bytes: list.flatMap((item) => item.bytes),
  }));
}

function encodedPrimitive(type: string): fc.Arbitrary<Encoded> {
  if (type === "bool") {
    return fc.boolean().map((value) => ({ value, bytes: [value ? 1 : 0] }));
  }
  if (type === "pubkey") {
    return fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((bytes) => ({ value: encodeBase58(bytes), bytes: [...bytes] }));
  }
  if (type === "string") {
    return fc.string({ maxLength: 40, unit: "grapheme" }).map((value) => {
      const text = [...Buffer.from(value)];
      return { value, bytes: [...littleEndian(BigInt(text.length), 4), ...text] };
    });
  }
  const integer = INTEGERS[type];
  if (integer === undefined) throw new TypeError(`expected a primitive type, was ${type}`);
  const [size, isSigned] = integer;
  const bits = BigInt(size * 8 - (isSigned ? 1 : 0));
  const max = 2n ** bits - 1n;
  return fc.bigInt({ min: isSigned ? -max - 1n : 0n, max }).map((value) => ({
    // Our decoders count with bigint from eight bytes on.
    value: size < 8 ? Number(value) : value,
    bytes: littleEndian(value, size),
  }));
}

export function littleEndian(value: bigint, size: number): number[] {
  const unsigned = BigInt.asUintN(size * 8, value);
  return Array.from({ length: size }, (_, at) => Number((unsigned >> BigInt(at * 8)) & 0xffn));
}

/** What a library of the makers decoded, in our terms: big numbers as bigint, keys as base58. */
export function inOurTerms(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOurTerms);
  if (typeof value !== "object" || value === null) return value;
  if ("toBase58" in value && typeof value.toBase58 === "function") return value.toBase58();
  if ("toArrayLike" in value) return BigInt(String(value));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, inOurTerms(one)]));
}
