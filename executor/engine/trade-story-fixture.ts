import { TestDesk } from "./engine-fixture.ts";
import { FakeChain } from "./fake-chain.ts";
import { initializeOrder, initializeSell, openSellOf } from "./orders.ts";
import { buyOf, MINT, USER } from "./trade-fixture.ts";

type Swap = FakeChain["undecided"][number];

/** One desk on one chain, and what every story of trades, forks and wallets does with them. */
export class TradeStory {
  readonly desk = new TestDesk();
  readonly chain = new FakeChain();
  #count = 0;

  async buy(): Promise<void> {
    const { desk } = this;
    const orderId = `ord_buy${++this.#count}`;
    const source = { kind: "job" as const, jobId: `tg:3:${this.#count}` };
    await desk.transact((tx) => initializeOrder(tx, buyOf(desk, orderId, { source })));
    desk.engine.driver.start(orderId);
    await desk.clock.settle();
  }

  /** Sells of the open position, unless there is none or a sell is under way. */
  async sell(quantityBps: number): Promise<void> {
    const { desk } = this;
    const orderId = `ord_sell${++this.#count}`;
    const isMade = await desk.transact((tx) => {
      const [position] = tx.openPositions(USER);
      if (position === undefined || openSellOf(tx, position.positionId) !== undefined) return false;
      const source = { kind: "job" as const, jobId: `tg:2:${this.#count}` };
      const options = { orderId, position, quantityBps, slippageBpsMax: 1_200, source };
      initializeSell(tx, { ...options, noticeKey: `order:${orderId}` });
      return true;
    });
    if (isMade) desk.engine.driver.start(orderId);
    await desk.clock.settle();
  }

  async reconcile(): Promise<void> {
    const run = this.desk.engine.reconciler.run("schedule");
    await this.desk.clock.advance(3_000);
    await run;
  }

  /** What the chain could take is taken; of a sell of more than there is the story decides. */
  landOne(at: number, onUncovered: (identity: string) => void): Swap | undefined {
    const { chain } = this;
    const open = chain.undecided.filter(({ identity }) => chain.canLand(identity));
    const one = open[at % Math.max(open.length, 1)];
    if (one === undefined) return undefined;
    const isCovered = one.side === "buy" || (chain.tokens.get(MINT) ?? 0n) >= one.quantityIn;
    if (isCovered) chain.land(one.identity);
    else onUncovered(one.identity);
    chain.slot += 1;
    return one;
  }

  /** Rounds in which everything lands, becomes final and is looked at. */
  async calmDown(rounds: number, land: () => void): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      land();
      await this.desk.clock.advance(6_000);
      this.chain.finalize();
      await this.desk.clock.advance(6_000);
      this.chain.slot += 2;
      await this.reconcile();
    }
  }
}

const NODE_PROOF = { height: 1_000, slot: 2_000, historySlot: 2_001 };

/** What two nodes say of a transaction that can no longer land. */
export const DEATH_PROOF = { providers: { "node-1": NODE_PROOF, "node-2": NODE_PROOF } };
