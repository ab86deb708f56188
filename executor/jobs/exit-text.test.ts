import { describe, it } from "vitest";
import { RULE_EXAMPLES } from "../screens/exits.ts";
import { parseExitText } from "./exit-text.ts";

const HOUR_MS = 3_600_000;

describe("a typed rule", () => {
  const GOOD: [string, object][] = [
    ["tp 50 25", { kind: "takeProfit", gainBps: 5_000, shareBps: 2_500 }],
    ["Take profit +50 %: sell 25 %", { kind: "takeProfit", gainBps: 5_000, shareBps: 2_500 }],
    ["tp 0.5", { kind: "takeProfit", gainBps: 50, shareBps: 10_000 }],
    ["sl 30", { kind: "stopLoss", lossBps: 3_000 }],
    ["SL -30%", { kind: "stopLoss", lossBps: 3_000 }],
    ["sl +10", { kind: "stopLoss", lossBps: -1_000 }],
    ["trail 20", { kind: "trailingStop", dropBps: 2_000, fromGainBps: 0 }],
    ["trail 20% from +50%", { kind: "trailingStop", dropBps: 2_000, fromGainBps: 5_000 }],
    ["be 40", { kind: "breakeven", gainBps: 4_000 }],
    ["time 90m", { kind: "timeLimit", afterMs: 1.5 * HOUR_MS, belowGainBps: null }],
    ["time 4h below -5", { kind: "timeLimit", afterMs: 4 * HOUR_MS, belowGainBps: -500 }],
    ["initials 2x", { kind: "initialsOut", gainBps: 10_000 }],
    ["initials 1.5x", { kind: "initialsOut", gainBps: 5_000 }],
    ["initials 80", { kind: "initialsOut", gainBps: 8_000 }],
    ["mc 1.5m 50", { kind: "marketCap", direction: "above", capUsd: "1500000", shareBps: 5_000 }],
    [
      "mc below $200k",
      { kind: "marketCap", direction: "below", capUsd: "200000", shareBps: 10_000 },
    ],
    ["limit 0.0005 SOL 40", { kind: "limitSell", priceE9: "500000000000000", shareBps: 4_000 }],
  ];
  it.for(GOOD)("%s is understood", ([text, rule], { expect }) => {
    expect(parseExitText(text)).toEqual({ ok: true, rule });
  });

  const BAD = ["", "hello", "tp", "tp x", "tp 50 25 10", "sl 30 5", "tp -5", "tp 1e9", "sl ٣٠"];
  const WORSE = ["trail", "time 4", "time 4h above 3", "mc 1q", "limit", "be 5 5", "tp 0.001"];
  it.for([...BAD, ...WORSE])(
    "%s is refused with an example, and nothing changes",
    (text, { expect }) => {
      const typed = parseExitText(text);
      expect(typed).toMatchObject({ ok: false });
      if (!typed.ok) expect(typed.sentence).toMatch(/Nothing was changed or sold\.$/);
    },
  );

  it("may be written as every example on the screen", ({ expect }) => {
    for (const [example] of RULE_EXAMPLES) expect(parseExitText(example).ok).toBe(true);
  });
});
