import fc from "fast-check";
import { describe, it } from "vitest";
import { canonicalJson } from "./canonical-json.ts";
import { chainHash, GENESIS_HASH } from "./hash-chain.ts";

const jsonValue = fc.jsonValue({ maxDepth: 4 }).filter(isExact);

function isExact(value: unknown): boolean {
  if (typeof value === "number") {
    return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
  }
  if (typeof value === "object" && value !== null) return Object.values(value).every(isExact);
  return true;
}

describe("canonical JSON", () => {
  it("reads back as the same value", ({ expect }) => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { seed: 1 },
    );
  });

  it("does not depend on the order in which fields were set", ({ expect }) => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer()), (fields) => {
        const turned = Object.fromEntries(Object.entries(fields).toReversed());
        expect(canonicalJson(turned)).toBe(canonicalJson(fields));
      }),
      { seed: 2 },
    );
  });

  it("refuses what JSON would change in silence", ({ expect }) => {
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    const wrong = [Number.NaN, Infinity, -Infinity, 2 ** 53, 10n, () => 1, Symbol("x"), cycle];
    for (const value of wrong) expect(() => canonicalJson({ value })).toThrow("expected");
  });

  it("leaves out absent fields", ({ expect }) => {
    expect(canonicalJson({ b: 1, a: undefined })).toBe('{"b":1}');
  });
});

describe("the hash of an event", () => {
  it("changes with every one of its parts", ({ expect }) => {
    const event = {
      prevHash: GENESIS_HASH,
      seq: 1,
      tsMs: 2,
      stream: "job:1",
      kind: "JobFinished",
      version: 1,
      payload: "{}",
    };
    const changed = [
      { prevHash: "1".repeat(64) },
      { seq: 2 },
      { tsMs: 3 },
      { stream: "job:2" },
      { kind: "JobRefused" },
      { version: 2 },
      { payload: '{"a":1}' },
    ].map((part) => chainHash({ ...event, ...part }));
    expect(new Set([chainHash(event), ...changed]).size).toBe(8);
  });
});
