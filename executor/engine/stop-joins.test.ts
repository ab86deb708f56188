import type { ExitSpec } from "@raptor/shared/domain/exit-rules.ts";
import { describe, it } from "vitest";
import { withDesk } from "./engine-fixture.ts";
import { BOUGHT, RulesDesk, setPreset } from "./exit-rules-fixture.ts";
import { nonceChainOf, problemsOf, settledPosition, statesOf } from "./nonce-fixture.ts";
import { orderRow, startSell } from "./trade-fixture.ts";

const RULES: ExitSpec[] = [
  { kind: "takeProfit", gainBps: 5_000, shareBps: 2_500 },
  { kind: "stopLoss", lossBps: 3_000 },
];
const PART = BOUGHT / 4n;
const LEVEL = `takeProfit1 1 ${PART}`;
const STOP = `stopLoss2 2 ${BOUGHT}`;

/** A position whose exits stand on nonces. */
async function withNonces(use: (rules: RulesDesk) => Promise<void>): Promise<void> {
  await withDesk(async (desk) => {
    const chain = await nonceChainOf(desk);
    await setPreset(desk, RULES);
    const { positionId } = await settledPosition(desk, chain);
    await use(new RulesDesk(desk, chain, positionId));
    const problems = problemsOf(desk, chain);
    if (problems.length > 0) throw new Error(problems.join("\n"));
  });
}

/** Its level is on the way and does not land while the price falls to the stop. */
async function withStuckLevel(
  use: (rules: RulesDesk, ids: { level: string; stop: string }) => Promise<void>,
): Promise<void> {
  await withNonces(async (rules) => {
    await rules.percent(150);
    await rules.percent(60);
    await rules.desk.clock.advance(7_000);
    const [level, stop] = rules.desk
      .payloads("OrderInitialized")
      .filter(({ side }) => side === "sell")
      .map(({ orderId }) => orderId);
    if (level === undefined || stop === undefined) throw new Error("expected both sells");
    await use(rules, { level, stop });
  });
}

describe("a stop while a level on a nonce may still land", () => {
  it("waits as long as a level usually takes", async ({ expect }) => {
    await withNonces(async (rules) => {
      await rules.percent(150);
      await rules.percent(60);
      await rules.desk.clock.advance(3_000);
      expect(rules.sells).toEqual([LEVEL]);
      rules.chain.land();
      await rules.desk.clock.advance(1_500);
      expect(rules.sells).toEqual([LEVEL, `stopLoss2 2 ${BOUGHT - PART}`]);
    });
  });

  it("then joins its nonce value with a dearer sell of everything", async ({ expect }) => {
    await withStuckLevel(async (rules, { level, stop }) => {
      const { desk, chain } = rules;
      expect(rules.sells).toEqual([LEVEL, STOP]);
      const [own] = desk.store.attemptsOf(stop);
      expect(own?.exclusionGroup).toBe(desk.store.attemptsOf(level)[0]?.exclusionGroup);
      const last = chain.undecided.at(-1);
      expect(last?.quantityIn).toBe(BOUGHT);
      expect(last?.tipLamports).toBeGreaterThan(chain.undecided[0]?.tipLamports ?? 0n);
    });
  });

  it("joins it too where the price fell for good while the lanes still had to answer", async ({
    expect,
  }) => {
    await withNonces(async (rules) => {
      const { desk, chain } = rules;
      const answered = Promise.withResolvers<void>();
      const { submit } = chain.script();
      desk.venue.script = {
        ...chain.warmScript(),
        submit: async (attempt) => {
          const outcome = await submit(attempt);
          await answered.promise;
          return outcome;
        },
      };
      await rules.percent(150);
      await rules.percent(60);
      await desk.clock.advance(3_000);
      desk.venue.script = chain.warmScript();
      answered.resolve();
      await desk.clock.advance(30_000);
      expect(rules.sells).toEqual([LEVEL, STOP]);
    });
  });

  it("sells everything when it lands, and the level is over", async ({ expect }) => {
    await withStuckLevel(async ({ desk, chain, ...rules }, { level, stop }) => {
      chain.land(chain.undecided.at(-1)?.identity);
      await desk.clock.advance(1_000);
      chain.finalize();
      await desk.clock.advance(6_000);
      expect(orderRow(desk, stop).status).toBe("filled");
      expect(orderRow(desk, level)).toMatchObject({ status: "canceled" });
      expect(desk.store.position(rules.positionId)?.state).toBe("closed");
      expect(chain.effects.filter(({ side }) => side === "sell")).toHaveLength(1);
    });
  });

  it("sells the rest when the level lands after all", async ({ expect }) => {
    await withStuckLevel(async ({ desk, chain, positionId }, { level, stop }) => {
      chain.land(chain.undecided[0]?.identity);
      await desk.clock.advance(1_000);
      expect(orderRow(desk, level).status).toBe("filled");
      chain.finalize();
      chain.slot += 10;
      await desk.clock.advance(8_000);
      expect([statesOf(desk, stop)[0], statesOf(desk, stop).at(-1)]).toEqual(["dead", "submitted"]);
      expect(chain.undecided.at(-1)?.quantityIn).toBe(BOUGHT - PART);
      chain.land(chain.undecided.at(-1)?.identity);
      await desk.clock.advance(2_000);
      expect(desk.store.position(positionId)?.state).toBe("closed");
    });
  });

  it("goes on alone after a final revert, over a death of the process", async ({ expect }) => {
    await withStuckLevel(async ({ desk, chain }, { level, stop }) => {
      await desk.crash();
      desk.engine.settlement.start();
      chain.revert(chain.undecided[0]?.identity);
      chain.finalize();
      await desk.clock.advance(6_000);
      expect(orderRow(desk, level).status).toBe("canceled");
      expect([statesOf(desk, stop)[0], statesOf(desk, stop).at(-1)]).toEqual(["dead", "submitted"]);
      const identity = chain.undecided.at(-1)?.identity;
      expect(chain.canLand(identity ?? "")).toBe(true);
      chain.land(identity);
      await desk.clock.advance(2_000);
      expect(orderRow(desk, stop).status).toBe("filled");
    });
  });
});

it("a stop does not join a sell of everything, nor a level a part by hand", async ({ expect }) => {
  for (const [bps, percent] of [
    [10_000, 60],
    [5_000, 150],
  ] as const) {
    await withNonces(async (rules) => {
      await startSell(rules.desk, rules.position, "ord_hand", bps);
      await rules.percent(percent);
      await rules.desk.clock.advance(20_000);
      expect(rules.sells).toEqual([]);
    });
  }
});
