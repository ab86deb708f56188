import fc from "fast-check";
import { describe, it } from "vitest";
import { cleanField, cleanText, FIELD_CHARS_MAX } from "./safe-text.ts";

/** The dangerous ones come often: controls, bidi, zero-width, tags, lone surrogates. */
const dangerous = fc.constantFrom(
  ..."\u0000\u001b\n\r\t\u0085\u200b\u200d\u200e\u202a\u202e\u2066\u2069\u2028\u2029\ufeff\u00ad",
  "\ud800",
  "\udc00",
  "\u{e0041}",
  "\u0301\u0301\u0301\u0301",
  "\ufffd",
  "\u3164",
);
const anyText = fc
  .array(fc.oneof(dangerous, fc.string({ unit: "binary", maxLength: 8 }), fc.string()), {
    maxLength: 20,
  })
  .map((parts) => parts.join(""));

describe("a cleaned field", () => {
  it("holds nothing that hides, reorders or breaks text, whatever came in", ({ expect }) => {
    fc.assert(
      fc.property(anyText, (text) => {
        const clean = cleanField(text);
        expect(clean).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u);
        expect(clean.isWellFormed()).toBe(true);
        expect([...clean].length).toBeGreaterThan(0);
        expect([...clean].length).toBeLessThanOrEqual(FIELD_CHARS_MAX);
        expect(clean).toBe(clean.trim());
      }),
      { seed: 7, numRuns: 2_000 },
    );
  });

  it("stays as it is when it is cleaned again", ({ expect }) => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(cleanField(cleanField(text))).toBe(cleanField(text));
      }),
      { seed: 8, numRuns: 2_000 },
    );
  });

  it("leaves ordinary names alone", ({ expect }) => {
    for (const name of ["Dogwifhat", "PEPE 2", "日本語", "Überraschung", "🦖"]) {
      expect(cleanField(name)).toBe(name);
    }
  });

  it("gives nothing to tap: no command, mention or link", ({ expect }) => {
    for (const name of ["/kill", "x/kill", "@bot", "me@x.io", "claim-sol.xyz", "t.me/x", "a.b.c"]) {
      expect(cleanField(name)).not.toMatch(/[/@]|\S\.\S/);
      expect(cleanField(name)).toHaveLength(name.length);
    }
    expect(cleanField("Mr. Dog Jr.")).toBe("Mr. Dog Jr.");
    expect(cleanText("Send /resume; see t.me/x.")).toBe("Send /resume; see t.me/x.");
  });

  it("shows a mark for a name that cannot be seen", ({ expect }) => {
    for (const name of ["", "  ", "\u3164\u115f\uffa0\u2800", "\u200b\u202e", "\ufffd"]) {
      expect(cleanField(name)).toBe("?");
    }
  });

  it("counts an accent and its letter as one", ({ expect }) => {
    expect(cleanField("e\u0301".repeat(40))).toBe("\u00e9".repeat(FIELD_CHARS_MAX));
  });
});
