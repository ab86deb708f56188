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
    for (let tries = 0; tries < 4; tries += 1) drought.noteTry("AttemptDead");
    expect(drought.canMeet("FillRecorded")).toBe(false);
    expect(drought.canMeet("AttemptUnknown")).toBe(true);
    expect(drought.isOverdue).toBe(false);
    pass(14_001);
    expect(drought.isOverdue).toBe(true);
    drought.end();
    expect(drought.canMeet("FillRecorded")).toBe(true);
  });

  it("begins with two deaths at what its fork took back, which comes once", ({ expect }) => {
    const { drought } = droughtAt();
    expect(drought.canMeet("FillReversed")).toBe(false);
    drought.begin();
    for (let tries = 0; tries < 2; tries += 1) {
      expect(drought.canMeet("FillReversed")).toBe(true);
      expect(drought.canMeet("AttemptUnknown")).toBe(false);
      drought.noteTry("FillReversed");
    }
    expect(drought.canMeet("AttemptUnknown")).toBe(true);
  });

  it("is what proofs of death take, from when blockhashes ran out to soon after it", ({
    expect,
  }) => {
    const { drought, pass } = droughtAt();
    expect(drought.canMeet("AttemptDead")).toBe(false);
    drought.begin();
    for (let tries = 0; tries < 2; tries += 1) drought.noteTry("FillReversed");
    expect(drought.canMeet("AttemptDead")).toBe(false);
    pass(9_001);
    expect(drought.canMeet("AttemptDead")).toBe(true);
    expect(drought.canMeet("FillReversed")).toBe(true);
    drought.end();
    pass(3_999);
    drought.end();
    expect(drought.canMeet("FillReversed")).toBe(true);
    pass(1);
    expect(drought.canMeet("FillReversed")).toBe(false);
  });

  it("ends without them after eight deaths at other points", ({ expect }) => {
    const { drought, pass } = droughtAt();
    drought.begin();
    pass(60_000);
    for (let tries = 0; tries < 7; tries += 1) drought.noteTry("AttemptUnknown");
    expect(drought.isOverdue).toBe(false);
    drought.noteTry("AttemptUnknown");
    expect(drought.isOverdue).toBe(true);
  });

  it("goes on until four deaths were planned at proofs of death, however long these take", ({
    expect,
  }) => {
    const { drought, pass } = droughtAt();
    drought.begin();
    pass(60_000);
    drought.noteTry("AttemptDead");
    drought.noteTry("AttemptUnknown");
    drought.noteTry("FillReversed");
    drought.noteTry("FillReversed");
    expect(drought.isOverdue).toBe(false);
    expect(drought.canMeet("AttemptDead")).toBe(true);
    drought.noteTry("FillReversed");
    expect(drought.isOverdue).toBe(true);
    drought.end();
    drought.begin();
    pass(60_000);
    expect(drought.isOverdue).toBe(false);
  });
});
