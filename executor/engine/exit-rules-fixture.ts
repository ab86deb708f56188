import type { ExitSpec } from "@raptor/shared/domain/exit-rules.ts";
import type { ExitEdit, ExitPlanRow, PositionRow } from "@raptor/shared/domain/rows.ts";
import { INSTRUMENT, SETTINGS, USER, withDesk, type TestDesk } from "./engine-fixture.ts";
import { changeExits } from "./exit-edit.ts";
import type { FakeChain } from "./fake-chain.ts";
import type { EngineSettings } from "./settings.ts";
import { chainOf, openPosition } from "./trade-fixture.ts";

const LAMPORTS_E9 = 1_000_000_000n;
/** What a whole token costs when the position is opened. */
export const ENTRY_LAMPORTS = 1_000_000n;
/** Base units of the position: half a SOL's worth of a token with six decimals. */
export const BOUGHT = 500_000_000n;
export const LADDER: ExitSpec[] = [
  { kind: "takeProfit", gainBps: 5_000, shareBps: 2_500 },
  { kind: "takeProfit", gainBps: 10_000, shareBps: 2_500 },
  { kind: "takeProfit", gainBps: 20_000, shareBps: 2_500 },
  { kind: "stopLoss", lossBps: 3_000 },
];
export const TRAIL: ExitSpec[] = [{ kind: "trailingStop", dropBps: 2_000, fromGainBps: 0 }];

/** A desk with one position under the given rules. */
export class RulesDesk {
  readonly desk: TestDesk;
  readonly chain: FakeChain;
  readonly positionId: string;

  constructor(desk: TestDesk, chain: FakeChain, positionId: string) {
    this.desk = desk;
    this.chain = chain;
    this.positionId = positionId;
  }

  /** The price in percent of the entry, told to the exits and true on the chain. */
  async percent(percent: number, more: { slot?: number; isStale?: boolean } = {}): Promise<void> {
    const lamports = (ENTRY_LAMPORTS * BigInt(Math.round(percent * 100))) / 10_000n;
    this.chain.price = lamports;
    this.desk.engine.feed.emit(lamports * LAMPORTS_E9, INSTRUMENT, more);
    await this.desk.clock.settle();
  }

  /** Everything that is on its way lands. */
  async land(): Promise<void> {
    if (this.chain.undecided.length > 0) this.chain.land();
    await this.desk.clock.advance(1_000);
    this.chain.slot += 10;
  }

  get plan(): ExitPlanRow {
    const plan = this.desk.store.exitPlan(this.positionId);
    if (plan === undefined) throw new Error("expected a plan");
    return plan;
  }

  get position(): PositionRow {
    const position = this.desk.store.position(this.positionId);
    if (position === undefined) throw new Error("expected a position");
    return position;
  }

  /** The sells of exits so far: rule, number and base units. */
  get sells(): string[] {
    return this.desk
      .payloads("OrderInitialized")
      .flatMap(({ side, source, quantity }) =>
        side === "sell" && source.kind === "exit"
          ? [`${source.ruleId} ${source.n} ${quantity}`]
          : [],
      );
  }

  get armed(): string[] {
    return this.plan.rules.map(({ id }) => id ?? "");
  }
}

export async function withRules(
  specs: readonly ExitSpec[],
  use: (rules: RulesDesk) => Promise<void>,
  over: Partial<EngineSettings> = {},
): Promise<void> {
  await withDesk(async (desk) => {
    desk.settings = { ...SETTINGS, ...over };
    await desk.crash();
    const chain = chainOf(desk);
    await setPreset(desk, specs);
    const { positionId } = await openPosition(desk, chain);
    await use(new RulesDesk(desk, chain, positionId));
  });
}

export function setPreset(desk: TestDesk, specs: readonly ExitSpec[]): Promise<void> {
  const payload = { userId: USER, specs: [...specs], jobId: "ui:1" };
  return desk.transact((tx) =>
    tx.append({ stream: `user:${USER}`, kind: "ExitPresetChanged", payload }),
  );
}

/** A press that changes the rules, at this price of now. @returns what speaks against it */
export function edit(rules: RulesDesk, wish: ExitEdit, priceE9?: bigint): Promise<string[]> {
  const { desk, positionId, plan } = rules;
  const { version } = plan;
  return desk.transact((tx) =>
    changeExits(desk.engine.context, tx, {
      positionId,
      userId: USER,
      edit: wish,
      version,
      priceE9,
    }),
  );
}
