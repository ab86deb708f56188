import fc from "fast-check";
import { MEV_PROTECTS } from "@raptor/shared/domain/mev-protect.ts";
import type { ExitsModel, PresetModel, PreviewModel } from "./exits.ts";
import { amount, hostile, rule, spec } from "./models-fixture.ts";

const text = amount.map(String);
const presets = fc.constant(["Simple", "Ladder"]);
const nowMs = fc.nat();

export const exitsModel: fc.Arbitrary<ExitsModel> = fc.record({
  symbol: hostile,
  decimals: fc.integer({ min: 0, max: 18 }),
  quantity: text,
  entryPriceE9: text,
  markPriceE9: fc.option(text),
  markAgeMs: fc.option(fc.nat()),
  isStale: fc.boolean(),
  rules: fc.array(rule, { maxLength: 12 }),
  doneCount: fc.nat({ max: 12 }),
  peakE9: amount,
  moonBag: amount,
  isSelling: fc.boolean(),
  presets,
  nowMs,
});

export const presetModel: fc.Arbitrary<PresetModel> = fc.record({
  specs: fc.array(spec, { maxLength: 12 }),
  isStandard: fc.boolean(),
  presets,
  protect: fc.record({
    choice: fc.constantFrom("default" as const, ...MEV_PROTECTS),
    standard: fc.constantFrom(...MEV_PROTECTS),
    isPossible: fc.boolean(),
  }),
  nowMs,
});

export const previewModel: fc.Arbitrary<PreviewModel> = fc.record({
  symbol: fc.option(hostile),
  lines: fc.array(hostile, { maxLength: 12 }),
  problems: fc.array(hostile, { maxLength: 5 }),
  losesStops: fc.boolean(),
  action: fc.constant({ kind: "setExitPreset" as const, specs: [] }),
});
