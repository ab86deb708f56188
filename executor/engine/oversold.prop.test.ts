import fc from "fast-check";
import { describe, it } from "vitest";
import { createJournalInvariants } from "../invariants/journal-invariants.ts";
import { verifyJournal } from "../store/verify.ts";
import { MINT, USER } from "./trade-fixture.ts";
import { DEATH_PROOF, TradeStory } from "./trade-story-fixture.ts";

const SEED = 20_261_129;
/** So many rounds in which nothing is hidden must be enough for ledger and chain to agree. */
const CALM_ROUNDS = 12;

type Op =
  | { kind: "advance"; ms: number }
  | { kind: "land" | "bury" | "hush" | "tell"; at: number }
  | { kind: "sell" | "sold"; quantityBps: number }
  /** One bit for each transaction taken back, newest first: dead for good, and not heard of. */
  | { kind: "fork"; depth: number; dead: number; hushed: number }
  | { kind: "buy" | "finalize" | "kill" | "reconcile" | "bought" };

const at = fc.nat(9);
const quantityBps = fc.constantFrom(2_500, 5_000, 10_000);
const bits = fc.nat(15);
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("advance"), ms: fc.nat(9_000) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("land"), at }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom("hush", "tell", "bury"), at }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constantFrom("sell", "sold", "sold"), quantityBps }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("fork"),
      depth: fc.integer({ min: 1, max: 4 }),
      dead: bits,
      hushed: bits,
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom("buy", "bought", "bought") }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom("finalize", "kill", "reconcile") }),
  },
) as fc.Arbitrary<Op>;

/** One wallet that nobody else touches, forks, and news of them that come late and in any order. */
class Story extends TradeStory {
  readonly #hushed = new Set<string>();

  hush(...identities: readonly string[]): void {
    for (const identity of identities) this.#hushed.add(identity);
  }

  hear(identity: string): void {
    this.#hushed.delete(identity);
  }

  async begin(): Promise<void> {
    await this.desk.boot();
    await this.#startLoops();
  }

  async run(step: Op): Promise<void> {
    const { desk, chain } = this;
    switch (step.kind) {
      case "advance":
        return desk.clock.advance(step.ms);
      case "land":
        return this.#land(step.at);
      case "bury":
        return this.#bury(step.at);
      case "hush": {
        const one = chain.executed.at(-1 - (step.at % Math.max(chain.executed.length, 1)));
        if (one !== undefined) this.#hushed.add(one.identity);
        return;
      }
      case "tell":
        this.#hushed.delete([...this.#hushed][step.at % Math.max(this.#hushed.size, 1)] ?? "");
        return;
      case "buy":
        return this.buy();
      case "sell":
        return this.sell(step.quantityBps);
      case "bought":
        await this.buy();
        return this.#landNewest();
      case "sold":
        await this.sell(step.quantityBps);
        return this.#landNewest();
      case "fork":
        for (let taken = 0; taken < step.depth; taken++) this.#forkOne(step, 1 << taken);
        chain.slot += 1;
        return;
      case "finalize":
        return chain.finalize();
      case "reconcile":
        return this.reconcile();
      case "kill":
        await desk.crash();
        return this.#startLoops();
    }
  }

  async calm(): Promise<void> {
    this.#hushed.clear();
    await this.calmDown(CALM_ROUNDS, () => this.#land(0));
  }

  /** What would sell more than there is never gets into a block here. */
  #land(which: number): void {
    this.landOne(which, (identity) => this.chain.bury(identity));
  }

  /** What was ordered last is executed at once and the desk hears of it. */
  async #landNewest(): Promise<void> {
    this.#land(this.chain.undecided.length - 1);
    await this.desk.clock.advance(1_500);
  }

  #forkOne({ dead, hushed }: { dead: number; hushed: number }, bit: number): void {
    const taken = this.chain.fork();
    if (taken === undefined) return;
    if ((hushed & bit) !== 0) this.#hushed.add(taken.identity);
    if ((dead & bit) !== 0) this.chain.bury(taken.identity);
  }

  async #bury(which: number): Promise<void> {
    const { undecided } = this.chain;
    const one = undecided[which % Math.max(undecided.length, 1)];
    if (one !== undefined) this.chain.bury(one.identity);
  }

  async #startLoops(): Promise<void> {
    const { desk, chain } = this;
    desk.venue.script = {
      ...chain.script(),
      fetchWalletViews: () => {
        const { lamports, tokens, slot } = chain;
        const report = { lamports, tokens: new Map(tokens), slot };
        return ["node-1", "node-2"].map((provider) => ({ provider, report }));
      },
      fetchSettlement: (identity) =>
        this.#hushed.has(identity)
          ? { state: "pending", evidence: { identity } }
          : chain.settlement(identity),
      fetchAttempt: ({ identity }) => {
        if (this.#hushed.has(identity)) return { state: "pending", detail: "not found" };
        const report = chain.report(identity);
        return report.state === "dead" ? { ...report, proof: DEATH_PROOF } : report;
      },
    };
    desk.engine.settlement.start();
    await desk.clock.settle();
  }
}

/** What must be true after every step, whatever the desk has heard of the chain by then. */
function problemsOf({ desk }: Story): string[] {
  const problems: string[] = [];
  const invariants = createJournalInvariants(({ name, detail }) => {
    problems.push(`${name}: ${detail}`);
  });
  const positions = new Map<string, bigint>();
  for (const event of desk.events()) {
    invariants.take(event);
    if (event.kind !== "PositionChanged") continue;
    const { positionId, quantity, oversold = "0", cause } = event.payload;
    positions.set(positionId, BigInt(quantity) - BigInt(oversold));
    // Nobody else moves anything here: what is missing or found is a wrong ledger.
    if (cause.kind === "external") problems.push(`${positionId}: ${cause.detail}`);
  }
  invariants.settle();
  const fills = desk.store.fillsPage(USER, 1_000, null);
  const counting = fills.filter(({ state }) => state !== "reversed");
  const signed = counting.map(({ side, quantity }) =>
    side === "buy" ? BigInt(quantity) : -BigInt(quantity),
  );
  const [fromFills, held] = [sumOf(signed), sumOf([...positions.values()])];
  if (fromFills !== held) problems.push(`the fills give ${fromFills}, the positions ${held}`);
  return problems;
}

function sumOf(values: readonly bigint[]): bigint {
  return values.reduce((sum, value) => sum + value, 0n);
}

describe("the ledger, whatever the order of fills and forks and the news of them", () => {
  it("is the sum of the fills that count, and in the end what the chain holds", async ({
    expect,
  }) => {
    let oversold = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(op, { minLength: 10, maxLength: 60 }), async (steps) => {
        const story = new Story();
        const { desk, chain } = story;
        try {
          await story.begin();
          for (const step of steps) {
            await story.run(step);
            expect(problemsOf(story)).toEqual([]);
          }
          await story.calm();
          expect(problemsOf(story)).toEqual([]);
          const held = desk.store.openPositions(USER).map(({ quantity }) => BigInt(quantity));
          expect(sumOf(held)).toBe(chain.tokens.get(MINT) ?? 0n);
          expect(desk.engine.reconciler.lastRun?.drift).toEqual([]);
          expect(desk.payloads("EntriesHeld")).toEqual([]);
          const changes = desk.payloads("PositionChanged");
          if (changes.some((change) => change.oversold !== undefined)) oversold += 1;
          desk.kill();
          expect(verifyJournal(desk.nextPath)).toMatchObject({ problem: null, violation: null });
        } finally {
          desk.close();
        }
      }),
      { numRuns: 150, seed: SEED },
    );
    // A test of what never happened would show nothing.
    expect(oversold).toBeGreaterThan(0);
  }, 480_000);

  it("is that sum where what a reopened position owes is paid, which it is once", async ({
    expect,
  }) => {
    const story = new Story();
    const { desk, chain } = story;
    try {
      await story.begin();
      for (const kind of ["bought", "bought", "finalize"] as const) await story.run({ kind });
      await desk.clock.advance(6_000);
      await story.run({ kind: "sold", quantityBps: 10_000 });
      await story.run({ kind: "bought" });
      await story.run({ kind: "bought" });
      await story.run({ kind: "sold", quantityBps: 2_500 });
      await story.run({ kind: "sell", quantityBps: 10_000 });
      const ids = chain.executed.slice(-4).map(({ identity }) => identity);
      const [all, opening, joining, part] = ids as [string, string, string, string];
      // The fork takes all four, and only of the buy that opened the position is heard.
      for (let taken = 0; taken < 4; taken++) chain.fork();
      story.hush(all, part, joining);
      chain.bury(opening);
      await desk.clock.advance(6_000);
      chain.land(joining);
      const rest = chain.undecided.find(({ quantityIn }) => quantityIn === 750_000_000n);
      chain.land(rest?.identity ?? "");
      chain.slot += 1;
      await desk.clock.advance(2_000);
      // Its order tries again and lands: the position is open once more, and still owes.
      chain.land(chain.undecided.find(({ side }) => side === "buy")?.identity ?? "");
      chain.slot += 1;
      await desk.clock.advance(2_000);
      chain.bury(all);
      story.hear(all);
      await desk.clock.advance(8_000);
      expect(problemsOf(story)).toEqual([]);
      expect(desk.payloads("PositionChanged").some((one) => one.oversold !== undefined)).toBe(true);
    } finally {
      desk.close();
    }
  });
});
