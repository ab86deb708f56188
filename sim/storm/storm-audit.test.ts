import { describe, it } from "vitest";
import type { ChatMessage } from "../scenarios/person.ts";
import { findUnheard, wordOf } from "./storm-audit.ts";

const SAID = [1, 2, 3].map((updateId) => ({ chatId: 7, updateId }));
const jobs = (...ids: number[]) => ids.map((id) => ({ job_id: `tg:9:${id}` }));

function chat(...texts: string[]): ReadonlyMap<number, readonly ChatMessage[]> {
  const from = { id: 9, is_bot: true };
  return new Map([[7, texts.map((text, at) => ({ message_id: at + 1, from, text }))]]);
}

describe("a command that left no trace in the journal", () => {
  it("is lost when nobody was told so", ({ expect }) => {
    const [problem = ""] = findUnheard(SAID, "tg:9", jobs(1, 3), chat("Queued: it runs later"));
    expect(problem).toContain("tg:9:2");
    expect(findUnheard(SAID, "tg:9", jobs(1, 2, 3), chat())).toEqual([]);
  });

  it("is not lost when the person was told not to count on it", ({ expect }) => {
    for (const told of ["Not accepted: the desk is down", "Not confirmed: check /positions"]) {
      expect(findUnheard(SAID, "tg:9", jobs(1, 3), chat(told))).toEqual([]);
      expect(findUnheard(SAID, "tg:9", jobs(1), chat(told))).toHaveLength(1);
    }
  });
});

describe("the word on the journal", () => {
  const problem = { kind: "hole", seq: 7, expectedSeq: 6 } as const;
  const violation = { seq: 11_591, name: "4 fills and positions", detail: "41 more" };

  it("is that it holds when both the file and its story do", ({ expect }) => {
    expect(wordOf({ problem: null, violation: null })).toBe("holds");
  });

  it("is what is wrong with the file, with its story, or with both", ({ expect }) => {
    expect(wordOf({ problem, violation: null })).toContain("hole");
    expect(wordOf({ problem: null, violation })).toContain("4 fills and positions");
    const both = wordOf({ problem, violation });
    expect(both).toContain("hole");
    expect(both).toContain("11591");
  });
});
