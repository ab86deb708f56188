import { PUMP_SDK } from "@pump-fun/pump-sdk";
import fc from "fast-check";
import { describe, test } from "vitest";
import { eventTag } from "./discriminator.ts";
import { AMM_IDL, PUMP_IDL, encodedStruct, fieldsOf, inOurTerms } from "./idl-fixture.ts";
import type { Encoded } from "./idl-fixture.ts";
import {
  readCompleteEvent,
  readCreateEvent,
  readMigrationEvent,
  readTradeEvent,
} from "./pump-events.ts";
import { readCreatePoolEvent, readSwapBuyEvent, readSwapSellEvent } from "./swap-events.ts";

type Fields = readonly [string, Encoded][];

function eventBytes(name: string, fields: Fields): Uint8Array {
  return Uint8Array.from([...eventTag(name), ...fields.flatMap(([, { bytes }]) => bytes)]);
}

function valuesOf(fields: Fields): Record<string, unknown> {
  return Object.fromEntries(fields.map(([name, { value }]) => [name, value]));
}

interface EventCase {
  name: string;
  idl: typeof PUMP_IDL;
  struct: string;
  ours: (bytes: Uint8Array) => object | undefined;
  theirs: ((payload: Buffer) => unknown) | undefined;
  /** Fields of the first version: fewer make no event. */
  first: number;
}

const EVENTS: readonly EventCase[] = [
  {
    name: "CreateEvent",
    idl: PUMP_IDL,
    struct: "createEvent",
    ours: readCreateEvent,
    theirs: (payload) => PUMP_SDK.decodeCreateEventBc(payload),
    first: 6,
  },
  {
    name: "TradeEvent",
    idl: PUMP_IDL,
    struct: "tradeEvent",
    ours: readTradeEvent,
    theirs: (payload) => PUMP_SDK.decodeTradeEventBc(payload),
    first: 8,
  },
  {
    name: "CompleteEvent",
    idl: PUMP_IDL,
    struct: "completeEvent",
    ours: readCompleteEvent,
    theirs: (payload) => PUMP_SDK.decodeCompleteEventBc(payload),
    first: 4,
  },
  {
    name: "CompletePumpAmmMigrationEvent",
    idl: PUMP_IDL,
    struct: "completePumpAmmMigrationEvent",
    ours: readMigrationEvent,
    // Their library has no reader for it; the description alone is the witness.
    theirs: undefined,
    first: 8,
  },
  {
    name: "CreatePoolEvent",
    idl: AMM_IDL,
    struct: "createPoolEvent",
    ours: readCreatePoolEvent,
    theirs: (payload) => PUMP_SDK.decodeCreatePoolEventAmm(payload),
    first: 19,
  },
  {
    name: "BuyEvent",
    idl: AMM_IDL,
    struct: "buyEvent",
    ours: readSwapBuyEvent,
    theirs: (payload) => PUMP_SDK.decodeBuyEventAmm(payload),
    first: 20,
  },
  {
    name: "SellEvent",
    idl: AMM_IDL,
    struct: "sellEvent",
    ours: readSwapSellEvent,
    theirs: (payload) => PUMP_SDK.decodeSellEventAmm(payload),
    first: 20,
  },
];

describe.each(EVENTS)("$name", ({ name, idl, struct, ours, theirs, first }) => {
  test("is read field by field as described, and as the makers' library reads it", ({ expect }) => {
    const property = fc.property(encodedStruct(idl, struct), (fields) => {
      const bytes = eventBytes(name, fields);
      expect(ours(bytes)).toEqual(valuesOf(fields));
      const payload = Buffer.from(bytes.subarray(8));
      if (theirs !== undefined) expect(inOurTerms(theirs(payload))).toEqual(valuesOf(fields));
    });
    fc.assert(property, { seed: 4_501, numRuns: 200 });
    const count = 200 * fieldsOf(idl, struct).length;
    process.stdout.write(`${name}: 200 events, ${count} fields equal\n`);
  });

  test("of any age has exactly the fields that are in it, whatever comes after", ({ expect }) => {
    const tail = fc.uint8Array({ maxLength: 40 });
    const property = fc.property(
      encodedStruct(idl, struct),
      fc.nat(),
      tail,
      (fields, draw, rest) => {
        const count = first + (draw % (fields.length - first + 1));
        const some = fields.slice(0, count);
        expect(ours(eventBytes(name, some))).toEqual(valuesOf(some));
        const longer = Uint8Array.from([...eventBytes(name, fields), ...rest]);
        expect(ours(longer)).toEqual(valuesOf(fields));
      },
    );
    fc.assert(property, { seed: 4_502, numRuns: 200 });
  });

  test("that ends before its first version did, or is another one, is none", ({ expect }) => {
    const property = fc.property(encodedStruct(idl, struct), (fields) => {
      const bytes = eventBytes(name, fields.slice(0, first));
      expect(ours(bytes.subarray(0, bytes.length - 1))).toBeUndefined();
      expect(ours(eventBytes("OtherEvent", fields))).toBeUndefined();
    });
    fc.assert(property, { seed: 4_503, numRuns: 50 });
  });
});

describe("where we read more than the makers' library", () => {
  test("a trade of 2024 is read, on which their reader throws", ({ expect }) => {
    const property = fc.property(encodedStruct(PUMP_IDL, "tradeEvent"), (fields) => {
      const old = fields.slice(0, 10);
      const bytes = eventBytes("TradeEvent", old);
      expect(bytes).toHaveLength(8 + 121);
      expect(readTradeEvent(bytes)).toEqual(valuesOf(old));
      // It pads sixteen zeros at most, and such an event lacks a hundred and more.
      expect(() => PUMP_SDK.decodeTradeEventBc(Buffer.from(bytes.subarray(8)))).toThrow();
    });
    fc.assert(property, { seed: 4_504, numRuns: 50 });
  });

  test("a list of shareholders that promises more than there is ends the event", ({ expect }) => {
    const property = fc.property(encodedStruct(PUMP_IDL, "tradeEvent"), (fields) => {
      const before = fields.findIndex(([name]) => name === "shareholders");
      const bytes = [...eventBytes("TradeEvent", fields.slice(0, before)), 255, 255, 255, 255];
      expect(readTradeEvent(Uint8Array.from(bytes))).toEqual(valuesOf(fields.slice(0, before)));
    });
    fc.assert(property, { seed: 4_505, numRuns: 50 });
  });
});
