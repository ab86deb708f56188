import fc from "fast-check";
import { describe, test } from "vitest";
import { createFakeChain, SIGNATURE } from "./fake-chain.ts";
import type { FakeAnswer } from "./fake-net.ts";
import type { Landing, Lane, LaneWord } from "./lane.ts";
import { LaneSet } from "./lanes.ts";
import { TIP_TAKERS, type TipTaker } from "./tip-accounts.ts";

interface Spec {
  taker: TipTaker;
  word: LaneWord;
  state: "ready" | "barred" | "held";
  isProtected: boolean;
}

const spec: fc.Arbitrary<Spec> = fc.record({
  taker: fc.constantFrom(...TIP_TAKERS),
  word: fc.constantFrom<LaneWord>("accepted", "refused", "unclear"),
  state: fc.constantFrom<Spec["state"]>("ready", "ready", "barred", "held"),
  isProtected: fc.boolean(),
});
const nodeWord = fc.constantFrom<LaneWord>("accepted", "refused", "unclear");

const ANSWERS: Readonly<Record<LaneWord, FakeAnswer>> = {
  accepted: { result: SIGNATURE },
  refused: { error: { code: -32_003, message: "Transaction signature verification failure" } },
  unclear: { failure: "timeout" },
};

function laneOf({ taker, word, state, isProtected }: Spec, at: number): Lane {
  return {
    name: `${taker} ${at}`,
    taker,
    isProtected,
    check(landing) {
      if (landing.isProtected && !isProtected) return "the order is protected";
      return state === "barred" ? "no tip for it" : undefined;
    },
    hold: () => (state === "held" ? "it rests" : undefined),
    send: async () => ({ word, detail: word, isLimited: false }),
  };
}

describe("any answers of any lanes", () => {
  test("accept, reject and leave open exactly what they prove", async ({ expect }) => {
    const ends = { accepted: 0, rejected: 0, unknown: 0, held: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(spec, { maxLength: 5 }),
        fc.tuple(nodeWord, nodeWord),
        fc.boolean(),
        async (specs, nodeWords, isProtected) => {
          const { rpc, clock, nodes } = createFakeChain();
          nodes.forEach((node, at) => {
            node.broken.set("sendTransaction", ANSWERS[nodeWords[at] ?? "unclear"]);
          });
          const lanes = specs.map(laneOf);
          const set = new LaneSet({ rpc, lanes, clock, slotNow: () => undefined });
          const landing: Landing = { isProtected, plainAfterSlots: undefined, tips: [] };
          const submitted = set.submit("bytes", SIGNATURE, landing);
          await clock.advance(2_000);
          const outcome = await submitted;
          ends[outcome.outcome] += 1;

          const plain = isProtected
            ? []
            : nodeWords.map((word, at) => ({ word, who: `node${at}` }));
          const allowed = specs.filter(
            (one) => one.state !== "barred" && (one.isProtected || !isProtected),
          );
          const asked = [
            ...plain,
            ...allowed
              .filter(({ state }) => state === "ready")
              .map(({ word, taker }) => ({ word, who: taker })),
          ];
          const isAccepted = asked.some(({ word }) => word === "accepted");
          const isProven =
            allowed.every(({ state }) => state === "ready") &&
            asked.every(({ word }) => word === "refused") &&
            new Set(asked.map(({ who }) => who)).size >= 2;
          const undecided = asked.length === 0 ? "held" : "unknown";
          const expected = isAccepted ? "accepted" : isProven ? "rejected" : undecided;
          expect(outcome.outcome).toBe(expected);
          if (outcome.outcome === "rejected" || outcome.outcome === "held") return;
          const words = asked.filter(({ word }) => !isAccepted || word === "accepted");
          expect(outcome.lanes).toHaveLength(words.length);
        },
      ),
      { numRuns: 2_000, seed: 20_261_121 },
    );
    process.stdout.write(`lanes: ${JSON.stringify(ends)}, seed 20261121\n`);
    for (const count of Object.values(ends)) expect(count).toBeGreaterThan(20);
  });
});
