import { BPS_ONE } from "@raptor/shared/values/money.ts";
import type { TrailTrigger } from "./armed-trigger.ts";
import type { EngineContext } from "./context.ts";
import { appendMarks } from "./exit-trigger.ts";
import { isJournalTrouble, reportJournalTrouble } from "./journal-trouble.ts";
import type { TriggerIndex } from "./trigger-index.ts";

interface MovedMark {
  trigger: TrailTrigger;
  markE9: bigint;
}

/** A smaller rise is not worth a record: the stop itself is journaled exactly when it decides. */
const MOVE_BPS_MIN = 50n;
/** Marks in one event: what a burst writes at a time, so that exits never wait long behind it. */
const MARKS_MAX = 256;

/**
 * Journals the highest prices of trailing stops in batches, so that a restart knows them. What a
 * crash can lose are the rises of the last moments; a stop that fires brings its own mark along.
 */
export class MarkKeeper {
  readonly #context: EngineContext;
  readonly #index: TriggerIndex;
  readonly #abort = new AbortController();
  /** What the disk has refused: nobody tells of it again before the next rise. */
  #unsaved: MovedMark[] = [];
  #isWaiting = false;

  constructor(context: EngineContext, index: TriggerIndex) {
    this.#context = context;
    this.#index = index;
  }

  /** A mark has moved: it is saved with all others after a moment. */
  noteMoved(): void {
    if (this.#isWaiting || this.#abort.signal.aborted) return;
    this.#isWaiting = true;
    void this.#saveLater().catch((error: unknown) => this.#context.onFatal(error));
  }

  stop(): void {
    this.#abort.abort();
  }

  async #saveLater(): Promise<void> {
    const { clock, settings } = this.#context;
    await clock.sleep(settings.markSaveMs, this.#abort.signal);
    this.#isWaiting = false;
    if (this.#abort.signal.aborted) return;
    const moved = this.#withUnsaved(this.#takeMoved());
    for (let at = 0; at < moved.length; at += MARKS_MAX) {
      if (await this.#save(moved.slice(at, at + MARKS_MAX))) continue;
      this.#unsaved = moved.slice(at);
      return this.noteMoved();
    }
  }

  /** Each trigger once, with its newest mark. */
  #withUnsaved(moved: readonly MovedMark[]): MovedMark[] {
    const newest = new Map<TrailTrigger, bigint>();
    for (const { trigger, markE9 } of [...this.#unsaved, ...moved]) newest.set(trigger, markE9);
    this.#unsaved = [];
    return [...newest]
      .filter(([trigger]) => !trigger.isDead)
      .map(([trigger, markE9]) => ({ trigger, markE9 }));
  }

  #takeMoved(): MovedMark[] {
    const moved: MovedMark[] = [];
    for (const book of this.#index.books()) {
      book.trails.takeMoved((trigger, markE9) => {
        const { persistedE9 } = trigger;
        const isWorth = (markE9 - persistedE9) * BPS_ONE >= persistedE9 * MOVE_BPS_MIN;
        if (isWorth && markE9 > persistedE9) moved.push({ trigger, markE9 });
      });
    }
    return moved;
  }

  /** @returns false when it could not be written. */
  async #save(moved: readonly MovedMark[]): Promise<boolean> {
    const { store } = this.#context;
    try {
      await store.transact((tx) => {
        const marks = moved
          .map(({ trigger, markE9 }) => ({ positionId: trigger.positionId, markE9 }))
          .filter(({ positionId, markE9 }) => {
            const plan = tx.exitPlan(positionId);
            return plan?.state === "armed" && BigInt(plan.markE9) < markE9;
          });
        if (marks.length > 0) appendMarks(tx, marks);
      });
    } catch (error) {
      if (!isJournalTrouble(error)) throw error;
      reportJournalTrouble(this.#context, error);
      return false;
    }
    for (const { trigger, markE9 } of moved) trigger.persistedE9 = markE9;
    return true;
  }
}
