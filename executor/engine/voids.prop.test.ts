import fc from "fast-check";
import { describe, it } from "vitest";
import { TestDesk } from "./engine-fixture.ts";
import { accepted, unknown, type FakeChain } from "./fake-chain.ts";
import { isNonceFree } from "./nonce-accounts.ts";
import { answerFrom, problemsOf } from "./nonce-fixture.ts";
import { initializeOrder } from "./orders.ts";
import { buyOf, MINT, setTrading, USER } from "./trade-fixture.ts";
import { voidChainOf } from "./void-fixture.ts";

const SEED = 20_261_122;
/** So many rounds without faults must be enough for everything to come to its end. */
const CALM_ROUNDS = 40;

type Op =
  | { kind: "advance"; ms: number }
  | { kind: "kill"; awayMs: number }
  | { kind: "land" | "revert"; at: number }
  | { kind: "switch"; state: "active" | "halted" }
  | { kind: "pause"; paused: boolean }
  | { kind: "fork" | "finalize" | "buy" | "hold" | "lose" };

const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("advance"), ms: fc.nat(20_000) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("kill"), awayMs: fc.nat(150_000) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom("land", "revert"), at: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("fork", "finalize") }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("switch"),
      state: fc.constantFrom("active", "halted"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("pause"), paused: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("buy", "hold", "lose") }) },
) as fc.Arbitrary<Op>;

/** Buys on nonces only, and every way in which they may be kept from going on. */
class Story {
  readonly desk = new TestDesk();
  chain!: FakeChain;
  /** What was prepared stays inside, as in a process that dies before the first sending. */
  #isHeld = false;
  #buys = 0;

  async begin(isHeld: boolean): Promise<void> {
    this.#isHeld = isHeld;
    await this.desk.boot();
    this.chain = await voidChainOf(this.desk);
    await this.#startLoops();
    await this.#buy();
  }

  async run(step: Op): Promise<void> {
    const { desk, chain } = this;
    switch (step.kind) {
      case "advance":
        return desk.clock.advance(step.ms);
      case "kill":
        desk.kill();
        await desk.clock.advance(step.awayMs);
        await desk.boot();
        return this.#startLoops();
      case "land":
      case "revert":
        return this.execute(step.kind, step.at);
      case "fork":
        return void chain.fork();
      case "finalize":
        return chain.finalize();
      case "switch":
        return setTrading(desk, step.state);
      case "pause":
        return this.#pause(step.paused);
      case "hold":
        this.#isHeld = !this.#isHeld;
        return;
      case "lose":
        chain.onSubmit = chain.onSubmit === lose ? accepted : lose;
        return;
      case "buy":
        return this.#buy();
    }
  }

  async execute(kind: "land" | "revert", at: number): Promise<void> {
    const { chain } = this;
    const open = chain.undecided.filter(({ identity }) => chain.canLand(identity));
    const one = open[at % Math.max(open.length, 1)];
    if (one === undefined) return;
    if (kind === "land") chain.land(one.identity);
    else chain.revert(one.identity);
    chain.slot += 1;
  }

  /** Faults are over; what is executed of a group is still anybody's guess. */
  async calm(at: number): Promise<void> {
    this.#isHeld = false;
    this.chain.onSubmit = accepted;
    for (let round = 0; round < CALM_ROUNDS && !this.isAtRest(); round++) {
      await this.execute("land", at);
      await this.desk.clock.advance(3_000);
      this.chain.finalize();
      await this.desk.clock.advance(6_000);
    }
  }

  isAtRest(): boolean {
    const { store } = this.desk;
    const undecided = store.openOrders().length + store.unresolvedAttempts().length;
    return undecided === 0 && store.unsettledFills().length === 0;
  }

  async #startLoops(): Promise<void> {
    const { engine } = this.desk;
    answerFrom(this.desk, this.chain);
    engine.context.isMirrored = () => Promise.resolve(!this.#isHeld);
    engine.settlement.start();
    engine.pool.start();
    await this.desk.clock.settle();
  }

  #pause(paused: boolean): Promise<void> {
    const payload = { userId: USER, paused, jobId: "tg:1:50" };
    return this.desk.transact((tx) =>
      tx.append({ stream: `user:${USER}`, kind: "UserPausedChanged", payload }),
    );
  }

  async #buy(): Promise<void> {
    const { desk } = this;
    const orderId = `ord_buy${++this.#buys}`;
    const source = { kind: "job" as const, jobId: `tg:3:${this.#buys}` };
    const payload = buyOf(desk, orderId, { source });
    await desk.transact((tx) => initializeOrder(tx, payload));
    desk.engine.driver.start(orderId);
    await desk.clock.settle();
  }
}

function lose() {
  return unknown("nobody answered");
}

describe("buys on nonces that may not go on", () => {
  it("end, and let go of their nonces, wherever the process died", async ({ expect }) => {
    const ends = { voided: 0, filled: 0 };
    const story = fc.array(op, { minLength: 4, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(story, fc.boolean(), fc.nat(4), async (steps, isHeld, at) => {
        const story = new Story();
        try {
          await story.begin(isHeld);
          for (const step of steps) {
            await story.run(step);
            expect(problemsOf(story.desk, story.chain)).toEqual([]);
          }
          await story.calm(at);
          expect(problemsOf(story.desk, story.chain)).toEqual([]);
          expect(story.isAtRest()).toBe(true);
          const { store } = story.desk;
          for (const { account } of store.nonceAccounts(null)) {
            expect(isNonceFree(store, account)).toBe(true);
          }
          const held = store
            .openPositions(USER)
            .reduce((sum, { quantity }) => sum + BigInt(quantity), 0n);
          expect(held).toBe(story.chain.tokens.get(MINT) ?? 0n);
          ends.filled += story.desk.payloads("FillRecorded").length;
          ends.voided += story.desk
            .payloads("AttemptFailed")
            .filter(({ isVoid }) => isVoid === true).length;
        } finally {
          story.desk.close();
        }
      }),
      { numRuns: 120, seed: SEED },
    );
    expect(ends.voided).toBeGreaterThan(12);
    expect(ends.filled).toBeGreaterThan(12);
  }, 480_000);
});
