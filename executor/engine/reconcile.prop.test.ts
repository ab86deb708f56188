import fc from "fast-check";
import { describe, it } from "vitest";
import type { WalletReport, WalletView } from "../ports/venue.ts";
import { createJournalInvariants } from "../invariants/journal-invariants.ts";
import { ADDRESS } from "./engine-fixture.ts";
import { MINT, USER } from "./trade-fixture.ts";
import { DEATH_PROOF, TradeStory } from "./trade-story-fixture.ts";
import { WalletWatch } from "./wallet-watch.ts";

const SEED = 20_261_122;
/** So many rounds without faults must be enough for ledger and chain to agree. */
const CALM_ROUNDS = 30;

/** How the second node tells of the wallet. */
type Mood = "honest" | "behind" | "empty" | "silent";

type Op =
  | { kind: "advance"; ms: number }
  | { kind: "land"; at: number }
  | { kind: "sell"; quantityBps: number }
  | { kind: "take" | "give"; share: number }
  | { kind: "node"; mood: Mood }
  | { kind: "hide"; provider: string }
  | { kind: "buy" | "lie" | "fork" | "finalize" | "kill" | "reconcile" | "break" };

const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("advance"), ms: fc.nat(9_000) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("land"), at: fc.nat(9) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("sell"),
      quantityBps: fc.constantFrom(2_500, 10_000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom("take", "give"),
      share: fc.integer({ min: 1, max: 100 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("node"),
      mood: fc.constantFrom("honest", "behind", "empty", "silent"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("hide"),
      provider: fc.constantFrom("node-1", "node-2"),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constantFrom("buy", "reconcile", "finalize", "fork") }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("kill", "lie", "break") }) },
) as fc.Arbitrary<Op>;

/** One desk and one chain, of which the second node may tell what it likes. */
class Story extends TradeStory {
  hasLied = false;
  #mood: Mood = "honest";
  #old: WalletReport | undefined;
  #isLying = false;

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
      case "buy":
        return this.buy();
      case "sell":
        return this.sell(step.quantityBps);
      case "take":
      case "give":
        return this.#move(step.kind, step.share);
      case "node":
        this.#old = this.#report();
        this.#mood = step.mood;
        return;
      case "hide": {
        const identities = chain.executed.map(({ identity }) => identity);
        chain.hidden.set(step.provider, new Set(identities));
        return;
      }
      case "lie":
        this.#isLying = true;
        this.hasLied = true;
        await desk.clock.advance(1_500);
        this.#isLying = false;
        return;
      case "fork":
        return this.#fork();
      case "finalize":
        return chain.finalize();
      case "reconcile":
        return this.reconcile();
      case "break":
        desk.venue.announceWallet(undefined);
        return desk.clock.advance(1_000);
      case "kill":
        await desk.crash();
        return this.#startLoops();
    }
  }

  /** A sell of more than there is does nothing here. */
  #land(at: number): void {
    const one = this.landOne(at, (identity) => this.chain.revert(identity));
    if (one !== undefined) this.desk.venue.announceWallet(one.slot);
  }

  async calm(): Promise<void> {
    this.#mood = "honest";
    this.chain.hidden.clear();
    await this.calmDown(CALM_ROUNDS, () => this.#land(0));
  }

  held(): bigint {
    return this.desk.store
      .openPositions(USER)
      .reduce((sum, { quantity }) => sum + BigInt(quantity), 0n);
  }

  #report(): WalletReport {
    const { lamports, tokens, slot } = this.chain;
    return { lamports, tokens: new Map(tokens), slot };
  }

  #views(): WalletView[] {
    const report = this.#report();
    const told: Record<Mood, WalletReport | null> = {
      honest: report,
      behind: this.#old ?? report,
      empty: { ...report, tokens: new Map() },
      silent: null,
    };
    return [
      { provider: "node-1", report },
      { provider: "node-2", report: told[this.#mood] },
    ];
  }

  async #startLoops(): Promise<void> {
    const { desk, chain } = this;
    desk.venue.script = {
      ...chain.script(),
      fetchWalletViews: () => this.#views(),
      fetchSettlement: (identity) => chain.settlement(identity),
      fetchAttempt: ({ identity }) => {
        const report = chain.report(identity);
        const isLie = this.#isLying && report.state === "pending";
        return isLie ? { state: "dead", proof: DEATH_PROOF } : report;
      },
    };
    const { reconciler, settlement, context } = desk.engine;
    settlement.start();
    new WalletWatch(context, () => reconciler.runAnew("watch")).start();
    await desk.clock.settle();
  }

  /** What somebody moved stands on what was executed before: no fork takes that back. */
  async #move(kind: "take" | "give", share: number): Promise<void> {
    const { chain, desk } = this;
    const tokens = chain.tokens.get(MINT) ?? 0n;
    const change = (tokens * BigInt(share)) / 100n;
    if (change === 0n) return;
    chain.finalize();
    const at = kind === "take" ? ADDRESS : `${ADDRESS}/${MINT}`;
    chain.moveOutside(MINT, kind === "take" ? -change : change, at);
    desk.venue.announceWallet(chain.slot - 1);
    await desk.clock.settle();
  }

  /** A sale whose tokens were bought on the same fork is taken back first. */
  async #fork(): Promise<void> {
    this.chain.fork();
    this.chain.slot += 1;
    await this.desk.clock.settle();
  }
}

/** What must be true after every step. */
function problemsOf(story: Story, seenSeq: number): string[] {
  const { desk, chain } = story;
  const problems: string[] = [];
  const invariants = createJournalInvariants(({ name, detail }) => {
    // Two fills of one order are what all nodes together lied into being: the truth is booked.
    if (!(name.startsWith("1 ") && story.hasLied)) problems.push(`${name}: ${detail}`);
  });
  for (const event of desk.events()) {
    invariants.take(event);
    if (event.seq <= seenSeq || event.kind !== "PositionChanged") continue;
    const { cause, quantity } = event.payload;
    const shown = chain.tokens.get(MINT) ?? 0n;
    if (cause.kind === "external" && BigInt(quantity) < shown) {
      problems.push(`${quantity} were left of a position whose wallet holds ${shown}`);
    }
  }
  for (const { positionId } of desk.store.openPositions(USER)) {
    if (desk.store.exitPlan(positionId)?.state !== "armed") problems.push(`${positionId} is bare`);
  }
  return problems;
}

describe("reconciliation", () => {
  it("brings the ledger to the chain, and takes nothing on one node's word", async ({ expect }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(op, { minLength: 5, maxLength: 40 }), async (steps) => {
        const story = new Story();
        try {
          await story.begin();
          for (const step of steps) {
            const seq = story.desk.store.headSeq();
            await story.run(step);
            expect(problemsOf(story, seq)).toEqual([]);
          }
          await story.calm();
          expect(problemsOf(story, story.desk.store.headSeq())).toEqual([]);
          const onChain = story.chain.tokens.get(MINT) ?? 0n;
          const named = story.desk.engine.reconciler.lastRun?.drift ?? [];
          // What came without an order is nobody's until somebody says so, and it is named.
          const surplus = onChain - story.held();
          expect(surplus >= 0n).toBe(true);
          expect(named.map(({ chainQuantity }) => chainQuantity)).toEqual(
            surplus === 0n ? [] : [onChain.toString()],
          );
          const fills = story.desk.payloads("FillRecorded").length;
          const reversed = story.desk.payloads("FillReversed").length;
          expect(fills - reversed).toBe(story.chain.effects.length);
        } finally {
          story.desk.close();
        }
      }),
      { numRuns: 80, seed: SEED },
    );
  }, 480_000);
});
