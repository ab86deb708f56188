import type { ExitSpec } from "@raptor/shared/domain/exit-rules.ts";
import { describe, it } from "vitest";
import { BOUGHT, withRules } from "./exit-rules-fixture.ts";
import { MINT, orderRow, startSell, USER } from "./trade-fixture.ts";

const RULES: ExitSpec[] = [
  { kind: "takeProfit", gainBps: 5_000, shareBps: 2_500 },
  { kind: "stopLoss", lossBps: 3_000 },
];

describe("a part whose place is taken", () => {
  it("while its wallet is read as empty does not end the process", async ({ expect }) => {
    await withRules(RULES, async (rules) => {
      const { desk, chain } = rules;
      chain.tokens.set(MINT, 0n);
      const gate = Promise.withResolvers<void>();
      let reads = 0;
      desk.venue.script = {
        ...chain.script(),
        fetchWalletViews: async () => {
          reads += 1;
          if (reads === 2) await gate.promise;
          const { lamports, slot } = chain;
          const report = { lamports, tokens: new Map<string, bigint>(), slot };
          return ["node-1", "node-2"].map((provider) => ({ provider, report }));
        },
      };
      await startSell(desk, rules.position, "ord_hand", 5_000);
      await desk.clock.advance(10_000);
      expect(reads).toBe(2);
      await rules.percent(60);
      expect(orderRow(desk, "ord_hand").status).toBe("canceled");
      gate.resolve();
      await desk.clock.settle();
      expect(desk.fatal.map(String)).toEqual([]);
    });
  });

  it("is taken also when it came while the stop was prepared, without a next price", async ({
    expect,
  }) => {
    await withRules(RULES, async (rules) => {
      const { desk, chain } = rules;
      const { prepare } = chain.script();
      const gate = Promise.withResolvers<void>();
      desk.venue.script = {
        ...chain.warmScript(),
        prepare: async (order, ...rest) => {
          if (order.source.kind !== "exit") {
            return { outcome: "refused", reason: "too little", alert: false };
          }
          await gate.promise;
          return prepare(order, ...rest);
        },
      };
      await rules.percent(60);
      await startSell(desk, rules.position, "ord_hand", 5_000);
      gate.resolve();
      await desk.clock.settle();
      for (let n = 0; n < 60; n++) await desk.clock.advance(1_000);
      expect(orderRow(desk, "ord_hand").status).toBe("canceled");
      expect(rules.sells).toEqual([`stopLoss2 1 ${BOUGHT}`]);
    });
  });

  it("by a panic does not come before it any more", async ({ expect }) => {
    await withRules(RULES, async (rules) => {
      const { desk, chain } = rules;
      const { prepare } = chain.script();
      const gate = Promise.withResolvers<void>();
      desk.venue.script = {
        ...chain.script(),
        prepare: async (order, ...rest) => {
          if (order.source.kind === "exit") await gate.promise;
          else await desk.clock.forProcess(() => true).sleep(100);
          return prepare(order, ...rest);
        },
      };
      await rules.percent(150);
      await desk.transact((tx) => desk.engine.panic.open(tx, USER, "tg:1:77"));
      void desk.engine.panic.advance(USER);
      await desk.clock.settle();
      gate.resolve();
      await desk.clock.settle();
      await desk.clock.advance(30_000);
      expect(chain.undecided.map(({ quantityIn }) => quantityIn)).toEqual([BOUGHT]);
    });
  });
});
