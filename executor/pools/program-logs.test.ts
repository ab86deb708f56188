import { describe, test } from "vitest";
import { PUMP_EVENT_AUTHORITY } from "./curve-instruction.ts";
import { selfCallTag } from "./discriminator.ts";
import { ownLogEvents, ownSelfCalls } from "./program-logs.ts";
import { ATA_PROGRAM, PUMP_PROGRAM, SYSTEM_PROGRAM } from "./programs.ts";

const OTHER = ATA_PROGRAM;
const EVENT = Uint8Array.of(1, 2, 3, 4);
const DATA = `Program data: ${Buffer.from(EVENT).toString("base64")}`;
const invoke = (program: string, depth: number): string => `Program ${program} invoke [${depth}]`;
const success = (program: string): string => `Program ${program} success`;

describe("an event in a log", () => {
  test("counts inside the program's own frame, also when another program called it", ({
    expect,
  }) => {
    const logs = [
      invoke(OTHER, 1),
      invoke(PUMP_PROGRAM, 2),
      "Program log: Instruction: Buy",
      invoke(SYSTEM_PROGRAM, 3),
      success(SYSTEM_PROGRAM),
      DATA,
      `Program ${PUMP_PROGRAM} consumed 4242 of 200000 compute units`,
      success(PUMP_PROGRAM),
      success(OTHER),
    ];
    expect(ownLogEvents(logs, PUMP_PROGRAM)).toEqual({ payloads: [EVENT], isCut: false });
  });

  test("does not count when another program logs the same bytes", ({ expect }) => {
    const before = [invoke(OTHER, 1), DATA, success(OTHER)];
    const inside = [
      invoke(PUMP_PROGRAM, 1),
      invoke(OTHER, 2),
      DATA,
      success(OTHER),
      success(PUMP_PROGRAM),
    ];
    const after = [invoke(PUMP_PROGRAM, 1), success(PUMP_PROGRAM), DATA];
    for (const logs of [before, inside, after]) {
      expect(ownLogEvents(logs, PUMP_PROGRAM).payloads).toEqual([]);
    }
  });

  test("does not count when a program prints lines that look like the runtime's", ({ expect }) => {
    const logs = [
      invoke(OTHER, 1),
      `Program log: ${invoke(PUMP_PROGRAM, 2)}`,
      `Program log: x\n${invoke(PUMP_PROGRAM, 2)}`,
      DATA,
      `Program log: ${success(OTHER)}`,
      DATA,
      success(OTHER),
    ];
    expect(ownLogEvents(logs, PUMP_PROGRAM)).toEqual({ payloads: [], isCut: false });
  });

  test("does not count in a transaction that failed", ({ expect }) => {
    const logs = [
      invoke(PUMP_PROGRAM, 1),
      DATA,
      success(PUMP_PROGRAM),
      invoke(OTHER, 1),
      `Program ${OTHER} failed: custom program error: 0x1`,
    ];
    expect(ownLogEvents(logs, PUMP_PROGRAM).payloads).toEqual([]);
  });

  test("is possibly not the only one when the node cut the log", ({ expect }) => {
    const logs = [invoke(PUMP_PROGRAM, 1), DATA, "Log truncated", DATA];
    expect(ownLogEvents(logs, PUMP_PROGRAM)).toEqual({ payloads: [EVENT], isCut: true });
  });

  test("does not count in a log whose depths do not add up", ({ expect }) => {
    const logs = [invoke(OTHER, 1), invoke(PUMP_PROGRAM, 3), DATA];
    expect(ownLogEvents(logs, PUMP_PROGRAM)).toEqual({ payloads: [], isCut: true });
  });
});

describe("an event that a program hands to itself", () => {
  const data = Uint8Array.from([...selfCallTag(), ...EVENT]);
  const own = { programId: PUMP_PROGRAM, accounts: [PUMP_EVENT_AUTHORITY], data };

  test("is taken from the inner instruction without its mark", ({ expect }) => {
    expect(ownSelfCalls([own], PUMP_PROGRAM, PUMP_EVENT_AUTHORITY)).toEqual([EVENT]);
  });

  test("is none of another program, authority or instruction", ({ expect }) => {
    const foreign = { ...own, programId: OTHER };
    const unsigned = { ...own, accounts: [OTHER] };
    const trade = { ...own, data: Uint8Array.from([...EVENT, ...EVENT, ...EVENT]) };
    const inner = [foreign, unsigned, trade];
    expect(ownSelfCalls(inner, PUMP_PROGRAM, PUMP_EVENT_AUTHORITY)).toEqual([]);
  });
});
