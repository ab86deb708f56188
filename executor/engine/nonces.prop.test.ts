import fc from "fast-check";
import { describe, it } from "vitest";
import { TestDesk } from "./engine-fixture.ts";
import { unknown, type FakeChain } from "./fake-chain.ts";
import { answerFrom, nonceChainOf, problemsOf, settledPosition } from "./nonce-fixture.ts";
import { openSellOf } from "./orders.ts";
import { buyOf, INSTRUMENT, MINT, USER } from "./trade-fixture.ts";
import { initializeOrder, initializeSell } from "./orders.ts";

const SEED = 20_261_121;
const OTHER = "other.SOLANA";
/** So many rounds without faults must be enough for everything to come to its end. */
const CALM_ROUNDS = 60;

type Op =
  | { kind: "advance"; ms: number }
  | { kind: "land" | "revert"; at: number }
  | { kind: "sell"; quantityBps: number }
  | { kind: "fork" | "finalize" | "panic" | "kill" | "buy" | "lose" };

const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("advance"), ms: fc.nat(9_000) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("land", "revert"), at: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("fork") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("finalize") }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("sell"),
      quantityBps: fc.constantFrom(2_500, 5_000, 10_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("panic", "buy", "lose") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("kill") }) },
) as fc.Arbitrary<Op>;

/** One desk, one chain, and a count of what was asked for. */
class Story {
  readonly desk = new TestDesk();
  chain!: FakeChain;
  readonly #counts = { sells: 0, buys: 0 };

  async begin(): Promise<void> {
    await this.desk.boot();
    this.chain = await nonceChainOf(this.desk, { nonceBuyLamportsMin: 0n });
    await settledPosition(this.desk, this.chain);
  }

  async run(step: Op): Promise<void> {
    const { desk, chain } = this;
    switch (step.kind) {
      case "advance":
        return desk.clock.advance(step.ms);
      case "land":
      case "revert":
        return this.execute(step.kind, step.at);
      case "fork":
        chain.fork();
        return;
      case "finalize":
        return chain.finalize();
      case "lose":
        chain.onSubmit = chain.onSubmit === lose ? accept : lose;
        return;
      case "sell":
        return this.#sell(step.quantityBps);
      case "buy":
        return this.#buy();
      case "panic":
        await desk.transact((tx) => desk.engine.panic.open(tx, USER, "tg:1:99"));
        void desk.engine.panic.advance(USER);
        return desk.clock.settle();
      case "kill":
        await desk.crash();
        return this.#startLoops();
    }
  }

  /** The chain takes one of what it could take; a sell of more than there is fails. */
  async execute(kind: "land" | "revert", at: number): Promise<void> {
    const { chain } = this;
    const open = chain.undecided.filter(({ identity }) => chain.canLand(identity));
    const one = open[at % Math.max(open.length, 1)];
    if (one === undefined) return;
    const isCovered = one.side === "buy" || (chain.tokens.get(one.mint) ?? 0n) >= one.quantityIn;
    if (kind === "land" && isCovered) chain.land(one.identity);
    else chain.revert(one.identity);
    // Wallets that are read from now on know of it.
    chain.slot += 1;
  }

  /** Faults are over: what was sent is executed, and what was executed becomes final. */
  async calm(): Promise<void> {
    this.chain.onSubmit = accept;
    for (let round = 0; round < CALM_ROUNDS && !this.isAtRest(); round++) {
      await this.execute("land", 0);
      await this.desk.clock.advance(3_000);
      this.chain.finalize();
      await this.desk.clock.advance(6_000);
    }
  }

  isAtRest(): boolean {
    const { store } = this.desk;
    const isPanic = (store.user(USER)?.panicId ?? null) !== null;
    const isOpen = store.openOrders().length + store.unresolvedAttempts().length > 0;
    return !isPanic && !isOpen && store.unsettledFills().length === 0;
  }

  async #startLoops(): Promise<void> {
    answerFrom(this.desk, this.chain);
    this.desk.engine.settlement.start();
    this.desk.engine.pool.start();
    await this.desk.clock.settle();
  }

  async #sell(quantityBps: number): Promise<void> {
    const { desk } = this;
    const orderId = `ord_sell${++this.#counts.sells}`;
    const isMade = await desk.transact((tx) => {
      const position = tx.openPositions(USER).find((one) => one.instrument === INSTRUMENT);
      if (position === undefined || openSellOf(tx, position.positionId) !== undefined) return false;
      const source = { kind: "job" as const, jobId: `tg:2:${this.#counts.sells}` };
      const options = { orderId, position, quantityBps, slippageBpsMax: 1_200, source };
      initializeSell(tx, { ...options, noticeKey: `order:${orderId}` });
      return true;
    });
    if (isMade) desk.engine.driver.start(orderId);
    await desk.clock.settle();
  }

  async #buy(): Promise<void> {
    const { desk } = this;
    const orderId = `ord_other${++this.#counts.buys}`;
    const source = { kind: "job" as const, jobId: `tg:3:${this.#counts.buys}` };
    const payload = buyOf(desk, orderId, { instrument: OTHER, source });
    await desk.transact((tx) => initializeOrder(tx, payload));
    desk.engine.driver.start(orderId);
    await desk.clock.settle();
  }
}

function accept() {
  return { outcome: "accepted" as const, lanes: ["node-1"], evidence: { node: "node-1" } };
}

function lose() {
  return unknown("nobody answered");
}

describe("attempts on nonces", () => {
  it("take effect once and come to an end, whatever lands, forks or dies", async ({ expect }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(op, { minLength: 5, maxLength: 40 }), async (steps) => {
        const story = new Story();
        try {
          await story.begin();
          for (const step of steps) {
            await story.run(step);
            expect(problemsOf(story.desk, story.chain)).toEqual([]);
          }
          await story.calm();
          expect(problemsOf(story.desk, story.chain)).toEqual([]);
          expect(story.isAtRest()).toBe(true);
          const { store } = story.desk;
          for (const mint of [MINT, "other"]) {
            const held = store
              .openPositions(USER)
              .filter(({ instrument }) => instrument === `${mint}.SOLANA`)
              .reduce((sum, { quantity }) => sum + BigInt(quantity), 0n);
            expect(held).toBe(story.chain.tokens.get(mint) ?? 0n);
          }
        } finally {
          story.desk.close();
        }
      }),
      { numRuns: 120, seed: SEED },
    );
  }, 480_000);
});
