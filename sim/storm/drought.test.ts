import { describe, it } from "vitest";
import { Drought } from "./drought.ts";

function droughtAt(): { drought: Drought; pass(ms: number): void } {
  let nowMs = 5_000;
  return { drought: new Drought(() => nowMs), pass: (ms) => void (nowMs += ms) };
}

describe("a drought", () => {
  it("keeps the desk from what needs a landing, as long as it lasts", ({ expect }) => {
    const { drought, pass } = droughtAt();
    expect(drought.canMeet("FillRecorded")).toBe(true);
    drought.begin();
    expect(drought.canMeet("FillRecorded")).toBe(false);
    expect(drought.canMeet("AttemptUnknown")).toBe(true);
    expect(drought.isOverdue).toBe(false);
    pass(14_001);
    expect(drought.isOverdue).toBe(true);
    drought.end();
    expect(drought.canMeet("FillRecorded")).toBe(true);
  });

  it("is what proofs of death take, from when blockhashes ran out to soon after it", ({
    expect,
  }) => {
    const { drought, pass } = droughtAt();
    expect(drought.canMeet("AttemptDead")).toBe(false);
    drought.begin();
    expect(drought.canMeet("AttemptDead")).toBe(false);
    pass(9_001);
    expect(drought.canMeet("FillReversed")).toBe(true);
    drought.end();
    pass(8_998);
    expect(drought.canMeet("FillReversed")).toBe(true);
    pass(2);
    expect(drought.canMeet("FillReversed")).toBe(false);
  });
});
