import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { LedgerRecord } from "../models/ledger-chain.ts";
import type { FaultTargets } from "./fault-driver.ts";
import type { ForkFaults } from "./fork-faults.ts";
import type { Plots } from "./plots.ts";
import { SLOT_MS } from "./settings.ts";

type Prepared = EventPayloads["AttemptPrepared"];
type HeightBound = Extract<Prepared["bound"], { kind: "blockHeight" }>;

/** Longer than the deadline of a buy, and mostly shorter than a blockhash lives. */
const AWAY_MS_MIN = 33_000;
const AWAY_MS_MAX = 47_000;
/** Blocks before its bound in which a late landing happens, at most. */
const LAST_BLOCKS = 40;
/** Further back than a finalized block above the bound is ahead of such a landing. */
const OLDER_SLOTS = 190;
/** The archive stands still some time before the landing, and until the desk has asked for it. */
const OLDER_BEFORE_BLOCKS = 30;
const OLDER_AFTER_MS = 9_000;
const LOOK_MS = 1_000;
const OLDER_LOOKS_MAX = 160;
const HELD_UP_MAX = 4;
/** Shorter than until a dearer copy is sent, or long enough for a few of them. */
const BRIEF_MS = { min: 800, max: 3_500 };
const LONG_MS = { min: 7_000, max: 16_000 };
const FALL = { there: 4_000, back: 25_000 };
/** Just before the end, or so early that other exits fire while this one stands. */
const FALL_BEFORE_MS = 300;
const FALL_EARLY_MS = 1_000;
/** From the end of a hold-up until prices are back: the desk learns of a revert in between. */
const BACK_MS = { min: 2_500, max: 7_000 };

export interface PlotTargets extends Pick<
  FaultTargets,
  "world" | "chain" | "onAway" | "onFault" | "onTrace"
> {
  executor: Pick<FaultTargets["executor"], "kill">;
  forks: Pick<ForkFaults, "takeBackFrom">;
}

interface HeldUp {
  account: string;
  /** Where the first attempt on that account failed. */
  revertedSlot: number | undefined;
}

/** Tells the plots of a seed, each step at the moment that the one before has prepared. */
export class FaultPlots {
  readonly #plots: Plots;
  readonly #prng: Prng;
  readonly #at: PlotTargets;
  #isOn = true;
  #wasAway = false;
  #isHistoryOld = false;
  #underWay = 0;
  #heldUp: HeldUp | undefined;
  #heldUpCount = 0;

  constructor(plots: Plots, prng: Prng, targets: PlotTargets) {
    this.#plots = plots;
    this.#prng = prng;
    this.#at = targets;
  }

  /** What was begun is told to its end before faults are off. */
  get isUnderWay(): boolean {
    return this.#underWay > 0;
  }

  stop(): void {
    this.#isOn = false;
    this.#at.chain.chain.releaseAll();
  }

  /** An attempt was committed this moment and nothing of it has left. */
  onPrepared(attempt: Prepared): void {
    if (attempt.voids !== undefined) return;
    const { bound, slot } = attempt;
    const isBuy = slot.startsWith("open:");
    if (isBuy && this.#plots.isBackLate && !this.#wasAway && this.#coin()) return this.#leave();
    if (bound.kind === "blockHeight") {
      if (this.#plots.isHistoryOlder && !this.#isHistoryOld) this.#landBehind(attempt, bound);
    } else if (!isBuy && this.#mayHoldUp()) this.#holdUp(bound.account);
  }

  /** A transaction was executed this moment. */
  onLanded({ err, transaction, block }: LedgerRecord): void {
    const held = this.#heldUp;
    if (held === undefined || err === null) return;
    if (transaction.staticKeys.includes(held.account)) held.revertedSlot ??= block.slot;
  }

  /** The machine is lost, and another one takes its time. */
  #leave(): void {
    this.#wasAway = true;
    const ms = this.#between(AWAY_MS_MIN, AWAY_MS_MAX);
    this.#at.executor.kill("crash before the first send, away for long", ms);
    this.#at.onAway(ms);
  }

  /** The block that takes it comes late, and every archive later still. */
  #landBehind({ identity }: Prepared, { lastValidBlockHeight }: HeightBound): void {
    this.#isHistoryOld = true;
    const landing = lastValidBlockHeight - this.#upTo(LAST_BLOCKS);
    const { chain, nodes } = this.#at.chain;
    chain.holdBack(identity, landing);
    this.#note("plot/landing held back", `chain: ${identity} waits for block ${landing}`);
    this.#underWay += 1;
    const finalizedHeight = (): number =>
      chain.slots.blockAt(chain.slots.head.finalizedSlot).height;
    const hasCome = (height: number): boolean => chain.slots.head.height >= height;
    this.#when(
      () => hasCome(landing - OLDER_BEFORE_BLOCKS),
      () => {
        this.#note(
          "plot/all histories older",
          `rpc: all histories are ${OLDER_SLOTS} slots behind`,
        );
        for (const node of nodes) node.historyLagSlots = OLDER_SLOTS;
        this.#when(
          () => finalizedHeight() > lastValidBlockHeight,
          () =>
            this.#later(OLDER_AFTER_MS, () => {
              this.#underWay -= 1;
              for (const node of nodes) node.historyLagSlots = 0;
            }),
        );
      },
    );
  }

  #mayHoldUp(): boolean {
    if (this.#heldUp !== undefined || this.#heldUpCount >= HELD_UP_MAX) return false;
    return this.#plots.heldUp > 0 && this.#prng.nextFloat() < this.#plots.heldUp;
  }

  /**
   * Everybody wants the accounts of this sell, and for a while no block takes it. When one does,
   * prices have fallen below what it asks for; then they are back, and a fork may take its failure
   * back.
   */
  #holdUp(account: string): void {
    const held: HeldUp = { account, revertedSlot: undefined };
    this.#heldUp = held;
    this.#heldUpCount += 1;
    this.#underWay += 1;
    const span = this.#coin() ? BRIEF_MS : LONG_MS;
    const ms = this.#between(span.min, span.max);
    const { chain, market } = this.#at.chain;
    chain.holdBack(account, chain.slots.head.height + Math.ceil(ms / SLOT_MS));
    this.#note("plot/sell held up", `chain: for ${ms} ms no block takes what uses ${account}`);
    const moveAll = (bps: number): void => {
      for (const { mint } of market.tokens()) market.move(mint, bps);
    };
    const isFalling = this.#prng.nextFloat() < 0.8;
    const fallMs = span === LONG_MS && this.#coin() ? FALL_EARLY_MS : ms - FALL_BEFORE_MS;
    if (isFalling) {
      this.#later(fallMs, () => {
        this.#note("plot/prices fall", `market: all prices times ${FALL.there / 10_000}`);
        moveAll(FALL.there);
      });
    }
    const isForked = this.#coin();
    this.#later(ms + this.#between(BACK_MS.min, BACK_MS.max), () => {
      this.#heldUp = undefined;
      this.#underWay -= 1;
      if (isFalling) moveAll(FALL.back);
      const { revertedSlot } = held;
      if (revertedSlot === undefined || !isForked) return;
      if (!this.#at.forks.takeBackFrom(revertedSlot)) return;
      this.#note("plot/revert taken back", `chain: the failure in slot ${revertedSlot} is undone`);
    });
  }

  /** Looks every second, not for ever. */
  #when(isTime: () => boolean, act: () => void, looks = OLDER_LOOKS_MAX): void {
    if (isTime() || looks === 0) return act();
    this.#later(LOOK_MS, () => this.#when(isTime, act, looks - 1));
  }

  #later(ms: number, act: () => void): void {
    this.#at.world.after(ms, () => {
      if (this.#isOn) act();
    });
  }

  #note(name: string, text: string): void {
    this.#at.onFault(name);
    this.#at.onTrace(text);
  }

  #coin(): boolean {
    return this.#prng.nextFloat() < 0.5;
  }

  #between(min: number, max: number): number {
    return min + this.#upTo(max - min);
  }

  #upTo(bound: number): number {
    return this.#prng.nextInt(bound);
  }
}
